import type { Socket } from "../net/socket.ts";

/** A client's session, as {@linkcode SessionList} knows it. */
export interface Listed {
  readonly socket: Socket;
  /** Its place in the list, which is the list's to write; -1: it is in none. */
  place: number;
  /** The connection is gone: the session lets go of all it holds. */
  closed(): void;
}

/** The sessions of an instance. Coming and going costs two writes, a Set's hashing far more. */
export class SessionList {
  readonly #sessions: Listed[] = [];

  add(session: Listed): void {
    session.place = this.#sessions.push(session) - 1;
  }

  remove(session: Listed): void {
    const last = this.#sessions.pop()!;
    if (last !== session) {
      this.#sessions[session.place] = last;
      last.place = session.place;
    }
    session.place = -1;
  }

  /** Closes all connections. */
  closeAll(): void {
    for (const session of [...this.#sessions]) {
      session.socket.close();
      session.closed();
    }
  }
}
