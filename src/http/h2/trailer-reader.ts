/** A trailer section of HTTP/2 as the end of a content in the chunked coding. */
import { bytesOf, COLON } from "../../bytes/bytes.ts";
import { filterTrailers } from "../h1/trailers.ts";
import { FieldLines, isForbidden } from "./field-lines.ts";
import type { FieldSink } from "./hpack-decoder.ts";

const lastChunk = bytesOf("0\r\n");
const lineEnd = bytesOf("\r\n");
const noNames: readonly string[] = [];

/** Reads one section after the other: the one before is gone then. */
export class TrailerReader implements FieldSink {
  readonly #lines = new FieldLines(1024);
  readonly #out = new FieldLines(1024);
  #limit = 0;
  /** It breaks RFC 9113, section 8.1, or is too large. */
  malformed = false;

  /** Begins. @param limit of its size, in bytes */
  begin(limit: number): this {
    this.#lines.clear();
    this.#limit = limit;
    this.malformed = false;
    return this;
  }

  field(token: number, bytes: Uint8Array, from: number, nameEnd: number, end: number): void {
    if (this.malformed) return;
    const lines = this.#lines;
    this.malformed = bytes[from] === COLON || lines.length + end - from > this.#limit ||
      isForbidden(token, bytes, from, nameEnd, end) ||
      !lines.addField(bytes, from, nameEnd, end);
  }

  /**
   * What ends the content: the last chunk, the fields that may pass (h1/trailers.ts), an empty line.
   */
  finish(): FieldLines {
    const out = this.#out;
    out.clear();
    out.append(lastChunk);
    this.#lines.append(lineEnd);
    filterTrailers(this.#lines.bytes, noNames, (bytes, from, to) => out.append(bytes, from, to));
    out.append(lineEnd);
    return out;
  }
}
