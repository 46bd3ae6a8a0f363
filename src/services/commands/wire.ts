/** What sessions of commands read and write: lines that come in pieces, answers that have to wait. */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { LF } from "../../bytes/bytes.ts";
import type { Socket } from "../../net/socket.ts";

/** Lines, as they come. */
export class LineReader {
  readonly #in = new ByteBuffer(1024);

  /** How many bytes wait. */
  get length(): number {
    return this.#in.length;
  }
  append(bytes: Uint8Array): void {
    this.#in.append(bytes, 0, bytes.length);
  }
  /** Takes the first line, without its end; null: it is not whole. */
  take(): Uint8Array | null {
    const { bytes, length } = this.#in;
    const end = bytes.subarray(0, length).indexOf(LF);
    if (end < 0) return null;
    const line = bytes.slice(0, end);
    const rest = bytes.slice(end + 1, length);
    this.#in.clear();
    this.#in.append(rest, 0, rest.length);
    return line;
  }
}

/** What waits to be sent. */
export class Outbox {
  #pieces: Uint8Array[] = [];
  constructor(readonly socket: Pick<Socket, "write">) {}

  get empty(): boolean {
    return this.#pieces.length === 0;
  }
  push(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
  }
  /** Gives up what waits. */
  clear(): void {
    this.#pieces = [];
  }
  /**
   * Sends what the socket takes.
   * @param onSent called after each piece
   * @returns whether all has gone
   */
  flush(onSent: () => void = () => {}): boolean {
    while (this.#pieces.length > 0) {
      const bytes = this.#pieces[0]!;
      const taken = this.socket.write(bytes, 0, bytes.length);
      if (taken < 0) return false;
      if (taken < bytes.length) {
        this.#pieces[0] = bytes.subarray(taken);
        return false;
      }
      this.#pieces.shift();
      onSent();
    }
    return true;
  }
}
