/** What a server has sent to a check, as far as it is of interest: to the size of a buffer. */
import { textOf } from "../bytes/bytes.ts";
import {
  CHUNKED,
  createContent,
  LENGTH,
  NONE,
  responseFraming,
  scanContent,
  startContent,
} from "../http/h1/content.ts";
import { parseResponse } from "../http/h1/parse.ts";
import { createHead, type Head, INVALID } from "../http/head.ts";

const nothing = new Uint8Array(0);

/** Bytes that came since the last were sent. */
export class Input {
  #bytes = nothing;
  #length = 0;
  /** No more will come: the server has ended its stream, or the connection is broken. */
  ended = false;

  /** @param limit how much of it is kept, in bytes (manual: "tune.bufsize") */
  constructor(readonly limit: number) {}

  /** What has come. Valid until more comes. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
  get length(): number {
    return this.#length;
  }
  /** Nothing more will be kept, or come. */
  get complete(): boolean {
    return this.ended || this.#length >= this.limit;
  }

  add(bytes: Uint8Array): void {
    const count = Math.min(bytes.length, this.limit - this.#length);
    if (this.#length + count > this.#bytes.length) {
      const size = Math.min(this.limit, Math.max(256, 2 * (this.#length + count)));
      const larger = new Uint8Array(size);
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(0, count), this.#length);
    this.#length += count;
  }

  /** Forgets what has come. */
  clear(): void {
    this.#length = 0;
  }

  /** As text, one character a byte. */
  get text(): string {
    return textOf(this.#bytes, 0, this.#length);
  }
}

/** A response, as far as it has come. */
export interface Response {
  readonly head: Head;
  /** What the head's offsets are of. */
  readonly bytes: Uint8Array;
  readonly status: number;
  readonly reason: string;
  /** What has come of the content, codings of transfer taken off. */
  readonly body: Uint8Array;
  /** There is no more of it. */
  readonly complete: boolean;
}

/**
 * The response that has come to a request with `method` (one of METHOD_...), by the rules that the
 * traffic's responses are read by.
 * @returns null: its head is not complete yet; undefined: it is none
 */
export function responseIn(input: Input, method: number): Response | null | undefined {
  const { bytes } = input;
  const head = createHead();
  const end = parseResponse(head, bytes, 0, bytes.length);
  if (end === INVALID) return undefined;
  if (end <= 0) return input.complete ? undefined : null;
  const framing = responseFraming(head, method);
  if (framing < 0) return undefined;
  const content = createContent();
  startContent(content, framing, head.contentLength, head, bytes);
  const after = scanContent(content, bytes, end, bytes.length);
  if (after < 0) return undefined;
  const body = framing === CHUNKED
    ? chunksIn(bytes, end)
    : framing === NONE
    ? nothing
    : bytes.subarray(end, framing === LENGTH ? after : bytes.length);
  return {
    head,
    bytes,
    status: head.status,
    reason: textOf(bytes, head.lineStart, head.lineEnd).replace(/^\S+\s+\d+\s*/, "").trimEnd(),
    body,
    complete: content.done || input.complete,
  };
}

/** The data of a sound chunked content, as far as it has come (RFC 9112, section 7.1). */
function chunksIn(bytes: Uint8Array, from: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = from; at < bytes.length;) {
    const line = bytes.indexOf(10, at);
    if (line < 0) break;
    const size = parseInt(textOf(bytes, at, line), 16);
    if (!(size > 0)) break;
    parts.push(bytes.subarray(line + 1, Math.min(bytes.length, line + 1 + size)));
    at = bytes.indexOf(10, line + 1 + size) + 1;
    if (at === 0) break;
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    whole.set(part, to);
    to += part.length;
  }
  return whole;
}
