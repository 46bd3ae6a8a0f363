/**
 * The ClientHello (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2), as it is on the wire: in one record or in
 * several, of whatever sizes. It is read, not checked: that is OpenSSL's.
 */

/** A ClientHello; lists are read where they are asked for. */
export class ClientHello {
  readonly #body: Uint8Array;
  readonly #ciphers: Span;
  readonly #extensions: ReadonlyMap<number, Span>;

  /** @param body the message behind its header of four bytes */
  constructor(body: Uint8Array, ciphers: Span, extensions: ReadonlyMap<number, Span>) {
    this.#body = body;
    this.#ciphers = ciphers;
    this.#extensions = extensions;
  }

  /** `legacy_version`: 0x303 from TLS 1.2 on. */
  get legacyVersion(): number {
    return this.#word(0);
  }
  /** The name of the server, in lower case (RFC 6066, 3); null: none. */
  get serverName(): string | null {
    const at = this.#extensions.get(SERVER_NAME);
    // A list of names, of which only the first kind, host_name, was ever defined.
    if (at === undefined || at.to - at.from < 5 || this.#body[at.from + 2] !== 0) return null;
    const length = this.#word(at.from + 3);
    const from = at.from + 5;
    if (length === 0 || from + length > at.to) return null;
    return textOf(this.#body, from, from + length).toLowerCase();
  }
  /** The protocols that it offers by ALPN, in its order. */
  get protocols(): string[] {
    const at = this.#extensions.get(ALPN);
    const names: string[] = [];
    if (at === undefined) return names;
    for (let i = at.from + 2; i < at.to; i += 1 + this.#body[i]!) {
      const end = i + 1 + this.#body[i]!;
      if (end <= at.to) names.push(textOf(this.#body, i + 1, end));
    }
    return names;
  }
  /** The cipher suites, in its order. */
  get ciphers(): number[] {
    return this.#words(this.#ciphers);
  }
  /** The types of its extensions, in its order. */
  get extensions(): number[] {
    return [...this.#extensions.keys()];
  }
  /** `supported_versions`; empty: it has none, as before TLS 1.3. */
  get versions(): number[] {
    const at = this.#extensions.get(SUPPORTED_VERSIONS);
    return at === undefined ? [] : this.#words({ from: at.from + 1, to: at.to });
  }
  /** `signature_algorithms`; null: it has none. */
  get signatureAlgorithms(): number[] | null {
    const at = this.#extensions.get(SIGNATURE_ALGORITHMS);
    return at === undefined ? null : this.#words({ from: at.from + 2, to: at.to });
  }
  /** `supported_groups`: the elliptic curves, and groups of integers. */
  get groups(): number[] {
    const at = this.#extensions.get(SUPPORTED_GROUPS);
    return at === undefined ? [] : this.#words({ from: at.from + 2, to: at.to });
  }
  /** `ec_point_formats`. */
  get pointFormats(): number[] {
    const at = this.#extensions.get(EC_POINT_FORMATS);
    return at === undefined ? [] : [...this.#body.subarray(at.from + 1, at.to)];
  }
  /** The content of an extension; null: it has none. */
  extension(type: number): Uint8Array | null {
    const at = this.#extensions.get(type);
    return at === undefined ? null : this.#body.subarray(at.from, at.to);
  }
  /** The session that it would go on with, as servers before TLS 1.3 know it. */
  get sessionId(): Uint8Array {
    return this.#body.subarray(35, 35 + this.#body[34]!);
  }

  #word(at: number): number {
    return this.#body[at]! << 8 | this.#body[at + 1]!;
  }
  #words({ from, to }: Span): number[] {
    const words: number[] = [];
    for (let i = from; i + 1 < to; i += 2) words.push(this.#word(i));
    return words;
  }
}

/** A part of the message. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** What the first bytes of a connection are. */
export type FirstBytes =
  | { readonly kind: "hello"; readonly hello: ClientHello }
  /** More must come first. */
  | { readonly kind: "part" }
  /** They begin no TLS: some other protocol, or SSL 2.0. */
  | { readonly kind: "other" }
  /** They begin a handshake that OpenSSL would refuse too. */
  | { readonly kind: "malformed" };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const SUPPORTED_GROUPS = 10;
const EC_POINT_FORMATS = 11;
const SIGNATURE_ALGORITHMS = 13;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;
/** A record's content at most (RFC 8446, 5.1), and a message's that anybody sends as a hello. */
const mostContent = 16_384;

const part: FirstBytes = { kind: "part" };
const other: FirstBytes = { kind: "other" };
const malformed: FirstBytes = { kind: "malformed" };

/** Reads them. @param bytes from the connection's first on, as many as there are */
export function readClientHello(bytes: Uint8Array): FirstBytes {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return other;
  if (bytes.length > 1 && bytes[1] !== 3) return other;
  if (bytes.length < 5) return part;
  const first = bytes[3]! << 8 | bytes[4]!;
  if (first === 0 || first > mostContent) return malformed;
  if (bytes.length > 5 && bytes[5] !== CLIENT_HELLO) return malformed;
  // One record, as almost always: the message is where it came.
  const message = bytes.length >= 5 + first ? wholeOf(bytes, first) : part;
  if (!(message instanceof Uint8Array)) return message;
  return readBody(message);
}

/** The message without its header, put together from its records. */
function wholeOf(bytes: Uint8Array, first: number): Uint8Array | FirstBytes {
  if (first >= 4) {
    const length = bytes[6]! << 16 | bytes[7]! << 8 | bytes[8]!;
    if (length > mostContent) return malformed;
    if (4 + length <= first) return bytes.subarray(9, 9 + length);
  }
  const message = new Uint8Array(4 + mostContent);
  let got = 0;
  for (let at = 0;;) {
    const wanted = got < 4 ? 4 : 4 + (message[1]! << 16 | message[2]! << 8 | message[3]!);
    if (wanted > message.length) return malformed;
    if (got >= 4 && got >= wanted) return message.subarray(4, wanted);
    if (bytes.length < at + 5) return part;
    const length = bytes[at + 3]! << 8 | bytes[at + 4]!;
    if (bytes[at] !== HANDSHAKE || length === 0 || length > mostContent) return malformed;
    if (bytes.length < at + 5 + length) return part;
    const taken = Math.min(length, message.length - got);
    message.set(bytes.subarray(at + 5, at + 5 + taken), got);
    got += taken;
    at += 5 + length;
  }
}

function readBody(body: Uint8Array): FirstBytes {
  const word = (at: number) => body[at]! << 8 | body[at + 1]!;
  // Version and random, then the session's id, the ciphers, the compression methods.
  let at = 34;
  if (at + 1 > body.length) return malformed;
  at += 1 + body[at]!;
  if (at + 2 > body.length) return malformed;
  const ciphers = { from: at + 2, to: at + 2 + word(at) };
  at = ciphers.to;
  if (at + 1 > body.length) return malformed;
  at += 1 + body[at]!;
  const extensions = new Map<number, Span>();
  if (at === body.length) {
    return { kind: "hello", hello: new ClientHello(body, ciphers, extensions) };
  }
  if (at + 2 > body.length || at + 2 + word(at) !== body.length) return malformed;
  for (at += 2; at < body.length;) {
    if (at + 4 > body.length) return malformed;
    const from = at + 4;
    const to = from + word(at + 2);
    if (to > body.length) return malformed;
    if (!extensions.has(word(at))) extensions.set(word(at), { from, to });
    at = to;
  }
  return { kind: "hello", hello: new ClientHello(body, ciphers, extensions) };
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
