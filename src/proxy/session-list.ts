import type { Socket } from "../net/socket.ts";
import type { SessionFacts } from "../services/control.ts";

/** Why a session is ended: by an operator; since its server went down, or others came up. */
export type KillCause = "K" | "D" | "U";

/** A client's session, as {@linkcode SessionList} knows it. */
export interface Session {
  readonly socket: Socket;
  /** Of which frontend. */
  readonly frontend: object;
  /** Its number among all that this thread ever had; the list's to write. */
  serial: number;
  /** Its place in the list, which is the list's to write; -1: it is in none. */
  place: number;
  /** The connection is gone: the session releases all that it holds. */
  closed(): void;
  /** It is in no state to go on: the connection is reset, and all that it holds released. */
  abandon(): void;
  /** What operators see of it. */
  facts(): Omit<SessionFacts, "thread" | "serial">;
  /**
   * Ends it, whatever it does.
   * @param server only if it is on this one; null: in any case
   * @param cause for the log
   */
  kill(server: object | null, cause: KillCause): void;
  /** The proxy stops: a session that only waits for more to do need not be waited for. */
  softStop(): void;
}

/** The sessions of an instance. Coming and going costs two writes, a Set's hashing far more. */
export class SessionList {
  readonly #sessions: Session[] = [];
  #last = 0;

  add(session: Session): void {
    session.serial = this.#last = (this.#last + 1) | 0;
    session.place = this.#sessions.push(session) - 1;
  }

  remove(session: Session): void {
    const last = this.#sessions.pop()!;
    if (last !== session) {
      this.#sessions[session.place] = last;
      last.place = session.place;
    }
    session.place = -1;
  }

  get empty(): boolean {
    return this.#sessions.length === 0;
  }

  /** Those that are there now; `each` may end them. */
  forEach(each: (session: Session) => void): void {
    for (const session of [...this.#sessions]) each(session);
  }

  /** Closes all connections. */
  closeAll(): void {
    this.forEach((session) => {
      session.socket.close();
      session.closed();
    });
  }
}

/** ms until a deadline; null: there is none. */
export function remaining(deadline: number, now: number): number | null {
  return deadline === Infinity ? null : Math.max(0, deadline - now);
}
