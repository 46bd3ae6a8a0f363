/**
 * Follows the content of a message through the bytes that carry it, to know where it ends
 * (RFC 9112, chapters 6 and 7). Data passes on as it came; of the chunked coding, what only matters
 * between two hops does not.
 */
import { type Head, METHOD_CONNECT, METHOD_HEAD } from "../head.ts";
import { type ChunkedContent, scanChunked, SIZE_FIRST } from "./chunked.ts";
import { namesOf } from "./trailers.ts";

/** How the end of the content is found. */
export const NONE = 0;
export const LENGTH = 1;
export const CHUNKED = 2;
export const UNTIL_CLOSE = 3;
/** Not content any more: after CONNECT or 101 both directions are a tunnel. */
export const TUNNEL = 4;

/** A content on its way. */
export interface Content extends ChunkedContent {
  /** One of NONE, LENGTH, ...; with LENGTH, `left` is what is left of the content. */
  kind: number;
}

const noBytes = new Uint8Array(0);
const noNames: readonly string[] = [];

/** A content to {@linkcode startContent}. */
export function createContent(): Content {
  return {
    kind: NONE,
    left: 0,
    state: SIZE_FIRST,
    line: 0,
    done: true,
    lenient: false,
    out: noBytes,
    outFrom: 0,
    outTo: 0,
    held: null,
    heldLength: 0,
    named: noNames,
    error: "",
  };
}

/**
 * Begins a content of the kind.
 * @param length in bytes, for LENGTH
 * @param head the message's head in `bytes`: of a response more is accepted than of a request, and
 * what its Connection names is left out of trailers
 */
export function startContent(
  content: Content,
  kind: number,
  length: number,
  head: Head,
  bytes: Uint8Array,
): void {
  content.kind = kind;
  content.left = kind === LENGTH ? length : 0;
  content.state = SIZE_FIRST;
  content.line = 0;
  content.done = kind === NONE || kind === LENGTH && length === 0;
  content.lenient = head.status > 0;
  content.named = kind === CHUNKED && head.hasNamed ? namesOf(head, bytes) : noNames;
  releaseContent(content);
}

/** Releases the bytes of the last scan. */
export function releaseContent(content: Content): void {
  content.out = noBytes;
  content.outFrom = content.outTo = 0;
  content.held = null;
  content.heldLength = 0;
}

/** The framing of a request (RFC 9112, section 6.3). */
export function requestFraming(head: Head): number {
  if (head.chunked) return CHUNKED;
  return head.contentLength > 0 ? LENGTH : NONE;
}

/**
 * The framing of a response to a request with `method` (RFC 9112, section 6.3); notes in the head
 * where that is in spite of its fields.
 * @returns one of NONE, ..., TUNNEL; -1 if it is ambiguous
 */
export function responseFraming(head: Head, method: number): number {
  const { status } = head;
  const tunnel = status === 101 || method === METHOD_CONNECT && status >= 200 && status < 300;
  if (tunnel || status < 200 || status === 204) {
    head.framingIgnored = head.chunked || head.contentLength >= 0;
    return tunnel ? TUNNEL : NONE;
  }
  if (head.chunked && (head.contentLength >= 0 || head.minor === 0)) return -1;
  if (status === 304 || method === METHOD_HEAD) return NONE;
  if (head.chunked) return CHUNKED;
  return head.contentLength >= 0 ? LENGTH : UNTIL_CLOSE;
}

/**
 * Reads on through bytes[from, to). What is to pass on is afterwards in `content.out`, from `outFrom`
 * to `outTo`: mostly that part of `bytes` itself, but bytes of their own where the chunked coding
 * is not passed on as it came; `bytes` does not change.
 * @returns the offset after the last byte that belongs to the content, `done` being set where it
 * ends; -1 if the chunked coding is broken: nothing of bytes[from, to) is to pass on, and
 * `content.error` says why
 */
export function scanContent(content: Content, bytes: Uint8Array, from: number, to: number): number {
  content.out = bytes;
  content.outFrom = content.outTo = from;
  if (content.done) return from;
  if (content.kind === CHUNKED) return scanChunked(content, bytes, from, to);
  if (content.kind !== LENGTH) return content.outTo = to;
  const end = Math.min(to, from + content.left);
  content.left -= end - from;
  content.done = content.left === 0;
  return content.outTo = end;
}

/** From so many bytes on it pays not to look at them: a peer that sends so many sends more. */
const manyLeft = 65536;
export const manyAtOnce = 16384;

/**
 * How many bytes of a content are to come that need not be looked at, where they are many: it may
 * be Infinity.
 * @param seen how many have come at once just now
 */
export function unseenContent(content: Content, seen: number): number {
  switch (content.kind) {
    case LENGTH:
      return content.left >= manyLeft ? content.left : 0;
    case UNTIL_CLOSE:
    case TUNNEL:
      return seen >= manyAtOnce ? Infinity : 0;
    default:
      return 0;
  }
}

/** So many of the {@linkcode unseenContent} have passed. */
export function passContent(content: Content, count: number): void {
  if (content.kind !== LENGTH) return;
  content.left -= count;
  content.done = content.left === 0;
}
