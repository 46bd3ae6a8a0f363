/**
 * Takes content out of the chunked coding (RFC 9112, chapter 7) that has been looked at already: it is
 * as scanChunked() passes it on, without extensions, every line ended by CRLF. For a next hop that
 * frames content in another way.
 */
import { CR } from "../../bytes/bytes.ts";

/** Where in the coding it is. */
const SIZE = 0;
const SIZE_LF = 1;
const DATA = 2;
const DATA_CR = 3;
const DATA_LF = 4;
const TRAILERS = 5;
const DONE = 6;

const noBytes = new Uint8Array(0);

/** A content that is being taken out. */
export class Unchunker {
  #state = SIZE;
  #left = 0;
  /** The trailer section as far as it has come: trailers[0, length). */
  trailers: Uint8Array = noBytes;
  trailersLength = 0;

  begin(): void {
    this.#state = SIZE;
    this.#left = 0;
    this.trailers = noBytes;
    this.trailersLength = 0;
  }

  /** Its last byte has been read. */
  get done(): boolean {
    return this.#state === DONE;
  }

  /**
   * Reads on through bytes[from, to).
   * @param each takes what is content, bytes[from, to)
   */
  read(
    bytes: Uint8Array,
    from: number,
    to: number,
    each: (bytes: Uint8Array, from: number, to: number) => void,
  ): void {
    let i = from;
    while (i < to) {
      switch (this.#state) {
        case DATA: {
          const end = Math.min(to, i + this.#left);
          this.#left -= end - i;
          if (this.#left === 0) this.#state = DATA_CR;
          each(bytes, i, end);
          i = end;
          break;
        }
        case SIZE: {
          const c = bytes[i++]!;
          if (c === CR) this.#state = SIZE_LF;
          else this.#left = this.#left * 16 + (c <= 57 ? c - 48 : (c | 32) - 87);
          break;
        }
        case SIZE_LF:
          i++;
          this.#state = this.#left > 0 ? DATA : TRAILERS;
          break;
        case DATA_CR:
          i++;
          this.#state = DATA_LF;
          break;
        case DATA_LF:
          i++;
          this.#state = SIZE;
          break;
        case TRAILERS:
          this.#keep(bytes, i, to);
          i = to;
          break;
        default:
          return;
      }
    }
  }

  /** Keeps what comes of the trailer section, which ends with an empty line. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    const length = this.trailersLength + to - from;
    if (length > this.trailers.length) {
      const larger = new Uint8Array(length);
      larger.set(this.trailers.subarray(0, this.trailersLength));
      this.trailers = larger;
    }
    this.trailers.set(bytes.subarray(from, to), this.trailersLength);
    this.trailersLength = length;
    const isEmpty = length === 2;
    if (
      isEmpty || length >= 4 && this.trailers[length - 4] === CR && this.trailers[length - 2] === CR
    ) {
      this.#state = DONE;
    }
  }
}
