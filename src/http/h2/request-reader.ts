/**
 * The head of a request in HTTP/2, as HTTP/1 writes it, with its index: so rules, logs and servers
 * find what they know. The target is in absolute form and the version is HTTP/2.0, as HAProxy shows
 * them; what goes to a server of HTTP/1 is edited (h1/hop-by-hop.ts).
 */
import {
  bytesOf,
  COLON,
  copy,
  isExactly,
  targetCharacter,
  tokenCharacter,
} from "../../bytes/bytes.ts";
import { hostEnd, sameAuthority } from "../authority.ts";
import { indexField } from "../h1/field-section.ts";
import { methodOf } from "../h1/parse.ts";
import {
  createHead,
  type Head,
  maxFields,
  METHOD_CONNECT,
  METHOD_OPTIONS,
  resetHead,
} from "../head.ts";
import { FieldLines, isForbidden, isValue } from "./field-lines.ts";
import type { FieldSink } from "./hpack-decoder.ts";
import { AUTHORITY, COOKIE, HOST, METHOD, PATH, SCHEME } from "./static-table.ts";

/** What a head is, once it is complete. */
export const SOUND = 0;
/** Malformed (RFC 9113, section 8.1.1): {@linkcode RequestReader.error} says how. */
export const MALFORMED = 1;
/** It is larger than heads may be. */
export const TOO_LARGE = 2;
/** It asks for a protocol that is not known here (RFC 8441). */
export const UNKNOWN_PROTOCOL = 3;

const version = bytesOf(" HTTP/2.0\r\nhost: ");
const versionAlone = bytesOf(" HTTP/2.0\r\n");
const authorityMark = bytesOf("://");
const lineEnd = bytesOf("\r\n");
const cookieName = bytesOf("cookie");
const cookieMark = bytesOf("; ");
const getMethod = bytesOf("GET");
const protocolName = bytesOf(":protocol");
const websocket = bytesOf("websocket");
const chunkedName = bytesOf("transfer-encoding");
const chunkedValue = bytesOf("chunked");
const http = bytesOf("http");
const https = bytesOf("https");
const space = bytesOf(" ");

/** Pseudo-header fields, as bits. */
const HAS_METHOD = 1;
const HAS_SCHEME = 2;
const HAS_AUTHORITY = 4;
const HAS_PATH = 8;
const HAS_PROTOCOL = 16;

/** Fields that open a WebSocket in HTTP/1, as a client of RFC 8441 has none of them. */
export type UpgradeFields = () => readonly (readonly [name: string, value: string])[];

/** Reads one head after the other: the one before is gone then. */
export class RequestReader implements FieldSink {
  readonly head: Head = createHead();
  readonly #lines = new FieldLines(4096);
  readonly #cookies = new FieldLines(1024);
  /** The pseudo-header fields: their values, one behind the other. */
  readonly #pseudo = new FieldLines(1024);
  #has = 0;
  readonly #from = new Int32Array(HAS_PROTOCOL + 1);
  readonly #to = new Int32Array(HAS_PROTOCOL + 1);
  #lineDone = false;
  #limit = 0;
  #tooLarge = false;
  error = "";
  /** It is a CONNECT of RFC 8441, which has become a GET with Upgrade. */
  isExtended = false;

  get bytes(): Uint8Array {
    return this.#lines.bytes;
  }
  /** Where the head ends in `bytes`. */
  get end(): number {
    return this.#lines.length;
  }

  /** Begins. @param limit of the head's size, in bytes */
  begin(limit: number): this {
    resetHead(this.head);
    this.#lines.clear();
    this.#cookies.clear();
    this.#pseudo.clear();
    this.#has = 0;
    this.#lineDone = this.#tooLarge = this.isExtended = false;
    this.#limit = limit;
    this.error = "";
    return this;
  }

  field(token: number, bytes: Uint8Array, from: number, nameEnd: number, end: number): void {
    if (this.error !== "" || this.#tooLarge) return;
    const lines = this.#lines;
    const size = lines.length + this.#cookies.length + this.#pseudo.length + end - from;
    if (size > this.#limit) {
      this.#tooLarge = true;
      return;
    }
    if (bytes[from] === COLON) return this.#onPseudo(token, bytes, from, nameEnd, end);
    if (!this.#lineDone && !this.#writeLine()) return;
    if (isForbidden(token, bytes, from, nameEnd, end)) {
      this.error = "a field of the connection";
    } else if (token === COOKIE) {
      this.#onCookie(bytes, nameEnd, end);
    } else if (token === HOST && this.#has & HAS_AUTHORITY) {
      this.#onHost(bytes, nameEnd, end);
    } else {
      this.#add(bytes, from, nameEnd, end);
    }
  }

  #add(bytes: Uint8Array, from: number, nameEnd: number, end: number): void {
    const lines = this.#lines;
    const start = lines.length;
    if (!lines.addField(bytes, from, nameEnd, end)) {
      this.error = "a field's name or value";
      return;
    }
    this.#index(start, start + nameEnd - from, lines.valueFrom, lines.length - 2);
  }

  #index(from: number, nameEnd: number, valueFrom: number, end: number): void {
    if (indexField(this.head, this.#lines.bytes, from, nameEnd, valueFrom, end)) return;
    if (this.head.count >= maxFields) this.#tooLarge = true;
    else this.error = this.head.error;
  }

  /** Section 8.2.3: crumbs are put together. */
  #onCookie(bytes: Uint8Array, from: number, to: number): void {
    const cookies = this.#cookies;
    if (!isValue(bytes, from, to)) this.error = "a cookie";
    else {
      if (cookies.length > 0) cookies.append(cookieMark);
      cookies.append(bytes, from, to);
    }
  }

  /** Section 8.3.1: it must not differ from `:authority`, whose line is there already. */
  #onHost(bytes: Uint8Array, from: number, to: number): void {
    const pseudo = this.#pseudo;
    const start = pseudo.length;
    pseudo.append(bytes, from, to);
    const [first, end] = [this.#from[HAS_AUTHORITY]!, this.#to[HAS_AUTHORITY]!];
    const good = hostEnd(bytes, from, to) > from &&
      sameAuthority(pseudo.bytes, first, end, start, pseudo.length, this.#defaultPort);
    if (!good || this.#hostSeen) this.error = "a Host that differs from :authority";
    this.#hostSeen = true;
    pseudo.length = start;
  }
  #hostSeen = false;

  get #defaultPort(): string {
    return this.#is(HAS_SCHEME, https) ? "443" : this.#is(HAS_SCHEME, http) ? "80" : "";
  }

  #is(bit: number, word: Uint8Array): boolean {
    return isExactly(this.#pseudo.bytes, this.#from[bit]!, this.#to[bit]!, word);
  }

  #onPseudo(token: number, bytes: Uint8Array, from: number, nameEnd: number, end: number): void {
    const bit = token === METHOD
      ? HAS_METHOD
      : token === PATH
      ? HAS_PATH
      : token === SCHEME
      ? HAS_SCHEME
      : token === AUTHORITY
      ? HAS_AUTHORITY
      : isExactly(bytes, from, nameEnd, protocolName)
      ? HAS_PROTOCOL
      : 0;
    if (bit === 0) this.error = "an unknown pseudo-header field";
    else if (this.#lineDone) this.error = "a pseudo-header field behind others";
    else if (this.#has & bit) this.error = "a pseudo-header field twice";
    else {
      this.#has |= bit;
      const pseudo = this.#pseudo;
      this.#from[bit] = pseudo.length;
      pseudo.append(bytes, nameEnd, end);
      this.#to[bit] = pseudo.length;
    }
  }

  /** Writes the request line and Host. @returns false: it is malformed */
  #writeLine(): boolean {
    this.#lineDone = true;
    this.#hostSeen = false;
    this.error = this.#checkPseudo();
    if (this.error !== "") return false;
    const lines = this.#lines;
    const { head } = this;
    const has = this.#has;
    head.lineStart = 0;
    if (this.isExtended) lines.append(getMethod);
    else this.#append(HAS_METHOD);
    head.method = methodOf(lines.bytes, 0, lines.length);
    lines.append(space);
    head.targetStart = lines.length;
    if (head.method === METHOD_CONNECT) {
      this.#append(HAS_AUTHORITY);
    } else {
      // "*" has no authority before it, as in HTTP/1.
      if ((has & HAS_AUTHORITY) !== 0 && this.#firstOf(HAS_PATH) === SLASH) {
        this.#append(HAS_SCHEME);
        lines.append(authorityMark);
        this.#append(HAS_AUTHORITY);
      }
      this.#append(HAS_PATH);
    }
    head.targetEnd = lines.length;
    head.lineEnd = lines.length + versionAlone.length - 2;
    head.minor = 1;
    head.major = 2;
    if ((has & HAS_AUTHORITY) === 0) {
      lines.append(versionAlone);
      return true;
    }
    lines.append(version);
    const from = lines.length;
    this.#append(HAS_AUTHORITY);
    const end = lines.length;
    lines.append(lineEnd);
    this.#index(from - 6, from - 2, from, end);
    return true;
  }

  #append(bit: number): void {
    this.#lines.append(this.#pseudo.bytes, this.#from[bit]!, this.#to[bit]!);
  }
  #firstOf(bit: number): number {
    return this.#pseudo.bytes[this.#from[bit]!]!;
  }

  /** Section 8.3.1. @returns what is wrong; empty: nothing */
  #checkPseudo(): string {
    const { bytes } = this.#pseudo;
    const has = this.#has;
    const [method, scheme, path, authority] = [HAS_METHOD, HAS_SCHEME, HAS_PATH, HAS_AUTHORITY];
    if (!(has & method)) return "no :method";
    if (!this.#holds(method, tokenCharacter)) return ":method";
    const connects = methodOf(bytes, this.#from[method]!, this.#to[method]!) === METHOD_CONNECT;
    if (has & authority) {
      const [from, to] = [this.#from[authority]!, this.#to[authority]!];
      const end = hostEnd(bytes, from, to);
      if (end <= from || connects && !(has & HAS_PROTOCOL) && end > to - 2) return ":authority";
    }
    if (has & HAS_PROTOCOL) {
      if (!connects || !(has & authority)) return ":protocol";
      this.isExtended = true;
    } else if (connects) {
      // Section 8.5.
      if (has & (scheme | path)) return "CONNECT with :scheme or :path";
      return has & authority ? "" : "no :authority";
    }
    if (!(has & scheme)) return "no :scheme";
    if (!isScheme(bytes, this.#from[scheme]!, this.#to[scheme]!)) return ":scheme";
    if (!(has & path)) return "no :path";
    if (!this.#holds(path, targetCharacter)) return ":path";
    if (this.#firstOf(path) === SLASH) return "";
    const isStar = this.#firstOf(path) === 42 && this.#to[path]! - this.#from[path]! === 1;
    const isOptions = methodOf(bytes, this.#from[method]!, this.#to[method]!) === METHOD_OPTIONS;
    return isStar && isOptions ? "" : ":path";
  }

  /** Whether the field has at least one byte, and none but such ones. */
  #holds(bit: number, characters: Uint8Array): boolean {
    const { bytes } = this.#pseudo;
    const to = this.#to[bit]!;
    for (let i = this.#from[bit]!; i < to; i++) if (characters[bytes[i]!] === 0) return false;
    return to > this.#from[bit]!;
  }

  /**
   * The block is over.
   * @param ends no content follows
   * @param upgrade what opens a WebSocket towards a server of HTTP/1
   * @returns what it is: SOUND, ...
   */
  finish(ends: boolean, upgrade: UpgradeFields): number {
    if (this.#tooLarge) return TOO_LARGE;
    const { head } = this;
    const lines = this.#lines;
    if (this.error === "" && !this.#lineDone) this.#writeLine();
    if (this.error !== "") return MALFORMED;
    if (this.isExtended && !this.#is(HAS_PROTOCOL, websocket)) return UNKNOWN_PROTOCOL;
    const cookies = this.#cookies;
    if (cookies.length > 0) this.#addLine(cookieName, cookies.bytes, cookies.length);
    if (this.isExtended) {
      for (const [name, value] of upgrade()) this.#addLine(bytesOf(name), bytesOf(value));
    }
    if (head.host < 0) this.error = "no :authority, and no Host";
    else if (head.repeatedHost) this.error = "more than one Host";
    else if (hostEnd(lines.bytes, ...this.#hostSpan()) < 0) this.error = "Host";
    const tunnels = head.method === METHOD_CONNECT || this.isExtended;
    if (ends && head.contentLength > 0) this.error = "a Content-Length without content";
    else if (tunnels && head.contentLength >= 0) this.error = "CONNECT with Content-Length";
    if (this.error !== "") return MALFORMED;
    if (!ends && !tunnels && head.contentLength < 0) this.#addLine(chunkedName, chunkedValue);
    head.emptyLine = lines.length;
    lines.append(lineEnd);
    return SOUND;
  }

  #hostSpan(): [number, number] {
    const { fields, host } = this.head;
    return [fields[5 * host + 3]!, fields[5 * host + 4]!];
  }

  #addLine(name: Uint8Array, value: Uint8Array, length = value.length): void {
    const joined = new Uint8Array(name.length + length);
    joined.set(name);
    copy(joined, name.length, value, 0, length);
    this.#add(joined, 0, name.length, joined.length);
  }
}

const SLASH = 47;

/** scheme of RFC 3986, section 3.1, in small letters. */
function isScheme(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const c = bytes[i]!;
    const letter = c >= 97 && c <= 122;
    const other = c >= 48 && c <= 57 || c === 43 || c === 45 || c === 46;
    if (!letter && (i === from || !other)) return false;
  }
  return to > from;
}
