import {
  type Content,
  createContent,
  NONE,
  passContent,
  releaseContent,
  responseFraming,
  scanContent,
  startContent,
  TUNNEL,
  unseenContent,
  UNTIL_CLOSE,
} from "../../http/h1/content.ts";
import { canonicalHead } from "../../http/h1/canonical.ts";
import { passesUpgrade } from "../../http/h1/hop-by-hop.ts";
import { parseResponse } from "../../http/h1/parse.ts";
import { createHead } from "../../http/head.ts";
import type { ServerEvents } from "../stream/endpoints.ts";
import { type BufferOwner, join, retain } from "../stream/send-buffer.ts";

/** Heads are parsed one at a time, within a call: one index serves all. */
const head = createHead();

/** Takes an HTTP/1 response apart, as its bytes come. */
export class ResponseReader {
  readonly #content: Content = createContent();
  /** The beginning of a head. */
  #carry: Uint8Array | null = null;
  #method = 0;
  #upgrade = false;
  /** The head of the final response has come. */
  answered = false;
  /** An interim response has come. */
  hasInterim = false;
  /** Bytes have come that belong to no response of this exchange. */
  surplus = false;
  /** The connection stays open behind the response, by what its head says. */
  persistent = false;

  constructor(readonly events: ServerEvents, readonly headLimit: number) {}

  /**
   * Begins with the response to a request.
   * @param method one of METHOD_...
   * @param upgrade whether the request offered to upgrade the connection
   */
  begin(method: number, upgrade: boolean): void {
    this.#method = method;
    this.#upgrade = upgrade;
    this.#carry = null;
    this.answered =
      this.hasInterim =
      this.surplus =
      this.persistent =
        false;
    startContent(this.#content, NONE, 0, head, noBytes);
  }

  /** Lets go of all bytes. */
  clear(): void {
    this.#carry = null;
    releaseContent(this.#content);
  }

  get done(): boolean {
    return this.answered && this.#content.done;
  }
  get isTunnel(): boolean {
    return this.answered && this.#content.kind === TUNNEL;
  }
  /** Nothing has come yet. */
  get untouched(): boolean {
    return !this.answered && !this.hasInterim && this.#carry === null;
  }
  /** Whether an end of the connection would be taken for the end of the content. */
  get untilClose(): boolean {
    return this.answered && this.#content.kind === UNTIL_CLOSE;
  }

  /** Reads bytes. */
  read(bytes: Uint8Array, owner: BufferOwner | null): void {
    if (!this.answered) return this.#readHead(bytes, owner);
    const content = this.#content;
    if (content.done) {
      this.surplus = true;
      return;
    }
    const end = scanContent(content, bytes, 0, bytes.length);
    if (end < 0) return this.events.onResponseInvalid(content.error, bytes);
    if (end < bytes.length) this.surplus = true;
    const { out, outFrom, outTo, done } = content;
    this.events.onResponseContent(out, outFrom, outTo, out === bytes ? owner : null, done);
    if (done) this.events.onResponseEnd();
  }

  #readHead(bytes: Uint8Array, owner: BufferOwner | null): void {
    if (this.#carry !== null) {
      bytes = join(this.#carry, bytes, 0, bytes.length);
      owner = null;
      this.#carry = null;
    }
    for (let from = 0;;) {
      const end = parseResponse(head, bytes, from, bytes.length);
      const size = (end > 0 ? end : bytes.length) - from;
      if (end < 0) return this.events.onResponseInvalid(head.error, bytes);
      if (size > this.headLimit) {
        return this.events.onResponseInvalid("the head is too large", bytes);
      }
      if (end === 0) {
        if (from < bytes.length) this.#carry = retain(bytes, from, bytes.length, owner);
        return;
      }
      let source = bytes;
      let sourceEnd = end;
      if (head.irregular) {
        // What has one meaning, but not for everybody, passes on in a form that has.
        source = canonicalHead(head, bytes);
        sourceEnd = parseResponse(head, source, 0, source.length);
      }
      const framing = responseFraming(head, this.#method);
      if (framing < 0) return this.events.onResponseInvalid("ambiguous framing", bytes);
      if (head.status >= 200 || head.status === 101) {
        return this.#begin(source, sourceEnd, framing, bytes, end, owner);
      }
      this.hasInterim = true;
      this.events.onInterim(head, source, sourceEnd, source === bytes ? owner : null);
      from = end;
    }
  }

  /** The head of the final response ends before source[sourceEnd]; bytes[end] follows it. */
  #begin(
    source: Uint8Array,
    sourceEnd: number,
    framing: number,
    bytes: Uint8Array,
    end: number,
    owner: BufferOwner | null,
  ): void {
    if (head.status === 101) {
      const fault = !this.#upgrade
        ? "an upgrade that was not asked for"
        : passesUpgrade(head, source)
        ? null
        : "an upgrade to nothing";
      if (fault !== null) return this.events.onResponseInvalid(fault, bytes);
    }
    const content = this.#content;
    startContent(content, framing, head.contentLength, head, source);
    const contentEnd = scanContent(content, bytes, end, bytes.length);
    if (contentEnd < 0) return this.events.onResponseInvalid(content.error, bytes);
    this.answered = true;
    const mayFollow = head.framingIgnored && (head.chunked || head.contentLength > 0);
    this.surplus = contentEnd < bytes.length || mayFollow;
    this.persistent = head.minor === 1 ? !head.close : head.keepAlive && !head.close;
    const { out, outFrom, outTo, done } = content;
    this.events.onResponse(
      head,
      source,
      sourceEnd,
      framing,
      out,
      outFrom,
      outTo,
      out === bytes ? owner : null,
      done,
    );
    if (done) this.events.onResponseEnd();
  }

  /** How many bytes need not be looked at: see unseenContent. */
  unseen(seen: number): number {
    return unseenContent(this.#content, seen);
  }
  /** So many of them have passed. */
  passed(count: number): void {
    passContent(this.#content, count);
    if (this.#content.done) this.events.onResponseEnd();
  }

  /** The connection has ended, and with it perhaps the content. @returns whether that is complete */
  ended(): boolean {
    if (!this.untilClose || this.#content.done) return this.done;
    this.#content.done = true;
    this.events.onResponseEnd();
    return true;
  }
}

const noBytes = new Uint8Array(0);
