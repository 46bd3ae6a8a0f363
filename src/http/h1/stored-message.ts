/** Responses that are kept ready to be sent again and again: error files, redirections. */
import { bytesOf, textOf } from "../../bytes/bytes.ts";
import { createHead, INCOMPLETE } from "../head.ts";
import { canonicalHead } from "./canonical.ts";
import { parseResponse } from "./parse.ts";

/** A response in HTTP/1, whole. */
export interface StoredMessage {
  /** Its head and its content; empty: there is no response, the connection is closed instead. */
  readonly whole: Uint8Array;
  /** Its head alone, for a HEAD. */
  readonly head: Uint8Array;
}

/** What stands in for a response where there must be none (manual: "errorfile", /dev/null). */
export const noMessage: StoredMessage = { whole: new Uint8Array(0), head: new Uint8Array(0) };

const closeLine = bytesOf("Connection: close\r\n");

/**
 * Reads the response in a file, as HAProxy takes it: lines may end in LF alone, any version will do.
 * Without a Content-Length its end is the end of the connection.
 * @param headLimit how long its head may be, in bytes
 * @returns it as it is sent; or why it is none
 */
export function storedMessage(bytes: Uint8Array, headLimit: number): StoredMessage | string {
  if (bytes.length === 0) return noMessage;
  const head = createHead();
  const end = parseResponse(head, bytes, 0, bytes.length);
  if (end === INCOMPLETE) return "its head is not complete: an empty line must follow the fields";
  if (end < 0) {
    const begins = /^\s*HTTP\/\d\.\d[ \t]/.test(textOf(bytes, 0, Math.min(bytes.length, 100)));
    return begins ? `its head is not valid: ${head.error}` : "it does not begin as a response";
  }
  if (head.status < 200) return `a response of status ${head.status} is not the last one`;
  if (head.chunked) return "its content is chunked, which is not supported";
  const length = bytes.length - end;
  const bodiless = head.status === 204 || head.status === 304;
  if (bodiless && length > 0) return `a response of status ${head.status} has no content`;
  const { contentLength } = head;
  if (!bodiless && contentLength >= 0 && contentLength !== length) {
    return `its content has ${length} bytes, its Content-Length says ${contentLength}`;
  }
  head.minor = 1;
  const lines = canonicalHead(head, bytes);
  // Said in a field, for the answer to a HEAD shall not differ.
  const close = bodiless || contentLength >= 0 || head.close ? noMessage.whole : closeLine;
  const size = lines.length + close.length;
  if (size > headLimit) return `its head is longer than ${headLimit} bytes`;
  const whole = new Uint8Array(size + length);
  whole.set(lines.subarray(0, lines.length - 2));
  whole.set(close, lines.length - 2);
  whole.set(bytesOf("\r\n"), size - 2);
  whole.set(bytes.subarray(end), size);
  return { whole, head: whole.subarray(0, size) };
}
