/** One end of a connection as a test's script holds it: what it sends, what it has seen. */
import type { Socket, SocketError, SocketEvents } from "#src/net/socket.ts";
import { latin1, textOf } from "../latin1.ts";

/** A test's client, or a connection that a test's server has accepted. */
export class Peer implements SocketEvents {
  /** All that came, one character a byte. */
  received = "";
  /** The other side has ended its stream. */
  hasEnded = false;
  /** How the connection broke; null: it did not. */
  broke: SocketError["code"] | null = null;
  /** This side has closed or reset it. */
  isClosed = false;
  /** Told after each data call. */
  onData: (peer: Peer) => void = () => {};
  onEnd: (peer: Peer) => void = () => {};
  onGone: (peer: Peer) => void = () => {};
  socket!: Socket;
  #unsent: Uint8Array[] = [];
  #finIsDue = false;

  /** The connection carries nothing any more, in either direction. */
  get isOver(): boolean {
    return this.isClosed || this.broke !== null;
  }
  /** Bytes that the network has not taken yet. */
  get unsent(): number {
    return this.#unsent.reduce((sum, { length }) => sum + length, 0);
  }

  /** Sends text, as fast as the other side takes it. */
  send(text: string): this {
    if (text !== "") this.#unsent.push(latin1(text));
    this.#flush();
    return this;
  }
  /** Half-closes after what was sent. */
  fin(): this {
    this.#finIsDue = true;
    this.#flush();
    return this;
  }
  /** Stops reading. */
  stall(): this {
    this.socket.pause();
    return this;
  }
  /** Reads again. */
  read(): this {
    this.socket.resume();
    return this;
  }
  close(): void {
    if (this.isOver) return;
    this.isClosed = true;
    this.socket.close();
    this.onGone(this);
  }
  reset(): void {
    if (this.isOver) return;
    this.isClosed = true;
    this.socket.reset();
    this.onGone(this);
  }

  #flush(): void {
    if (this.isOver) return;
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      const taken = this.socket.write(first, 0, first.length);
      if (taken < first.length) {
        if (taken > 0) this.#unsent[0] = first.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
    if (this.#finIsDue) this.socket.shutdown();
  }

  opened(): void {
    this.#flush();
  }
  data(_socket: Socket, bytes: Uint8Array): void {
    this.received += textOf(bytes);
    this.onData(this);
  }
  drain(): void {
    this.#flush();
  }
  ended(): void {
    this.hasEnded = true;
    this.onEnd(this);
  }
  closed(_socket: Socket, { code }: SocketError): void {
    this.broke = code;
    this.onGone(this);
  }
}
