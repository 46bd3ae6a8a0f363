import type { Http2Session } from "../../../http/h2/session.ts";
import type { Http2Stream } from "../../../http/h2/stream.ts";
import { type BufferOwner, retain } from "../../stream/send-buffer.ts";

const nothing = new Uint8Array(0);

/** Content on its way out on a stream, as far as the peer may not be sent it yet. */
export class OutgoingContent {
  /** What waits: pending[from, to). */
  #pending: Uint8Array = nothing;
  #from = 0;
  #to = 0;
  /** There may be more room in it. */
  #isOwn = false;

  /** Nothing waits. */
  get empty(): boolean {
    return this.#from === this.#to;
  }

  /** Sends bytes[from, to), after what waits. @param owner keeps them beyond the call */
  send(
    session: Http2Session,
    stream: Http2Stream,
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: BufferOwner | null,
  ): void {
    if (!this.empty) return this.#append(bytes, from, to);
    const taken = session.sendData(stream, bytes, from, to);
    if (from + taken === to) return;
    this.#pending = retain(bytes, from + taken, to, owner);
    this.#from = 0;
    this.#to = this.#pending.length;
    this.#isOwn = false;
  }

  /** Sends what waits, as there is room. @returns whether nothing waits any more */
  goOn(session: Http2Session, stream: Http2Stream): boolean {
    if (this.empty) return true;
    this.#from += session.sendData(stream, this.#pending, this.#from, this.#to);
    if (!this.empty) return false;
    this.drop();
    return true;
  }

  /** Adds to what waits. The room doubles: a read may bring thousands of chunks. */
  #append(bytes: Uint8Array, from: number, to: number): void {
    const length = this.#to - this.#from + to - from;
    if (!this.#isOwn || this.#to + to - from > this.#pending.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#pending.subarray(this.#from, this.#to));
      this.#to -= this.#from;
      this.#from = 0;
      this.#pending = larger;
      this.#isOwn = true;
    }
    this.#pending.set(bytes.subarray(from, to), this.#to);
    this.#to += to - from;
  }

  drop(): void {
    this.#pending = nothing;
    this.#from = this.#to = 0;
    this.#isOwn = false;
  }
}
