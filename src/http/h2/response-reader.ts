/** The head of a response in HTTP/2, as HTTP/1 writes it: so it is read like any other server's. */
import { bytesOf, COLON } from "../../bytes/bytes.ts";
import { reasonOf } from "../reason.ts";
import { FieldLines, isForbidden } from "./field-lines.ts";
import type { FieldSink } from "./hpack-decoder.ts";
import { CONTENT_LENGTH, STATUS } from "./static-table.ts";

const chunkedLine = bytesOf("transfer-encoding: chunked\r\n");
const noContentLine = bytesOf("content-length: 0\r\n");
const lineEnd = bytesOf("\r\n");

/** Reads one head after the other: the one before is gone then. */
export class ResponseFieldsReader implements FieldSink {
  readonly lines = new FieldLines(4096);
  #limit = 0;
  status = 0;
  /** What Content-Length says; -1: there is none. */
  length = -1;
  /** What is wrong; empty: nothing. */
  error = "";

  /** Begins. @param limit of the head's size, in bytes */
  begin(limit: number): this {
    this.lines.clear();
    this.#limit = limit;
    this.status = 0;
    this.length = -1;
    this.error = "";
    return this;
  }

  field(token: number, bytes: Uint8Array, from: number, nameEnd: number, end: number): void {
    if (this.error !== "") return;
    const { lines } = this;
    if (lines.length + end - from > this.#limit) this.error = "the head is too large";
    else if (bytes[from] === COLON) this.#onPseudo(token, bytes, nameEnd, end);
    else if (this.status === 0) this.error = "no :status";
    else if (isForbidden(token, bytes, from, nameEnd, end)) {
      this.error = "a field of the connection";
    } else if (!lines.addField(bytes, from, nameEnd, end)) this.error = "a field's name or value";
    else if (token === CONTENT_LENGTH) this.#onLength(bytes, nameEnd, end);
  }

  #onPseudo(token: number, bytes: Uint8Array, from: number, to: number): void {
    const status = to - from === 3 ? numberAt(bytes, from, to) : -1;
    if (token !== STATUS || this.status !== 0 || status < 100 || status === 101) {
      this.error = ":status";
      return;
    }
    this.status = status;
    this.lines.append(bytesOf(`HTTP/1.1 ${status} ${reasonOf(status)}\r\n`));
  }

  #onLength(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from > 15 ? -1 : numberAt(bytes, from, to);
    if (length < 0 || this.length >= 0 && length !== this.length) this.error = "content-length";
    this.length = length;
  }

  /**
   * The block is over.
   * @param ends no content follows
   * @param isBodiless it has none, whatever its fields say: the request was a HEAD
   * @returns false: it is malformed
   */
  finish(ends: boolean, isBodiless: boolean): boolean {
    const { status, lines } = this;
    if (this.error === "" && status === 0) this.error = "no :status";
    if (this.error !== "") return false;
    const has = status >= 200 && status !== 204 && status !== 304 && !isBodiless;
    if (has && this.length < 0) lines.append(ends ? noContentLine : chunkedLine);
    if (has && ends && this.length > 0) this.error = "a content-length without content";
    lines.append(lineEnd);
    return this.error === "";
  }

  /** It is the answer to a CONNECT: what follows is a tunnel. @param line in place of its first line */
  finishTunnel(line: Uint8Array): void {
    const { lines } = this;
    let at = 0;
    while (lines.bytes[at] !== 10) at++;
    const rest = lines.bytes.slice(at + 1, lines.length);
    lines.clear();
    lines.append(line);
    lines.append(rest);
    lines.append(lineEnd);
  }
}

/** Digits as a number; -1: there is something else. */
function numberAt(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return to > from ? value : -1;
}
