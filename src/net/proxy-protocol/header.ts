/**
 * The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): a header before all else on
 * a connection, with the addresses of the client that it was made for.
 */
import { formatIp, parseIp } from "../ip/address.ts";
import { areSound, emptyChecksum, setChecksum } from "./tlvs.ts";

/** Both ends of a client's connection. Addresses are without port; "" is that of a unix socket. */
export interface Addresses {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** What the client connected to. */
  readonly localAddress: string;
  readonly localPort: number;
  /** What else its PROXY header says (section 2.2.3); left out: nothing. */
  readonly tlvs?: Uint8Array;
  /**
   * Where it connected to before it was redirected here, asked of the kernel; null: it was not. Those
   * that came in a header have no such method: they are what counts.
   */
  originalDestination?(): { readonly host: string; readonly port: number } | null;
}

/** The versions of the protocol. */
export type ProxyVersion = "v1" | "v2";

/** What is wrong with what came in place of a header. */
export type ProxyHeaderFault = "no header" | "bad header" | "unknown protocol";

/** What the beginning of a connection turned out to be. */
export type ProxyHeader =
  /** More must come: room for so many bytes is enough as far as is known. */
  | { readonly kind: "incomplete"; readonly room: number }
  | { readonly kind: "invalid"; readonly fault: ProxyHeaderFault }
  /** A header, so many bytes long; `addresses` null: those of the connection itself count. */
  | { readonly kind: "header"; readonly length: number; readonly addresses: Addresses | null };

/** Longest header of version 2 that is accepted, as in HAProxy, whose buffer it has to fit. */
export const longestHeader = 16_384;
/** Longest line of version 1, its CRLF included (section 2.1). */
const longestLine = 107;

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");
const linePrefix = encoder.encode("PROXY ");
const signature = encoder.encode("\r\n\r\n\0\r\nQUIT\n");
/** Signature, version and command, family and transport, length. */
const fixedLength = 16;

const VERSION_2 = 0x20;
const LOCAL = 0;
const PROXY = 1;
const UNSPEC = 0;
const INET = 1;
const INET6 = 2;
const UNIX = 3;
const STREAM = 1;
const DGRAM = 2;
/** Both addresses and ports, by family. */
const addressLength: Readonly<Record<number, number>> = { [UNSPEC]: 0, [INET]: 12, [INET6]: 36 };
const unixLength = 216;

const noHeader: ProxyHeader = { kind: "invalid", fault: "no header" };
const badHeader: ProxyHeader = { kind: "invalid", fault: "bad header" };
const unknownProtocol: ProxyHeader = { kind: "invalid", fault: "unknown protocol" };

/** Reads the header at the beginning of `bytes`, which may go on behind it. Never throws. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (isBeginning(bytes, signature)) return parseBinary(bytes);
  return isBeginning(bytes, linePrefix) ? parseLine(bytes) : noHeader;
}

/** Whether `bytes` and `prefix` are alike as far as both go. */
function isBeginning(bytes: Uint8Array, prefix: Uint8Array): boolean {
  const length = Math.min(bytes.length, prefix.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}

/** Version 1: a line of text (section 2.1). */
function parseLine(bytes: Uint8Array): ProxyHeader {
  const end = bytes.subarray(0, longestLine).indexOf(10);
  if (end < 0 && bytes.length < longestLine) return { kind: "incomplete", room: longestLine };
  // A lone LF does not end the line.
  if (end < 1 || bytes[end - 1] !== 13) return badHeader;
  const length = end + 1;
  const line = decoder.decode(bytes.subarray(0, end - 1));
  if (/^PROXY UNKNOWN( |$)/.test(line)) return { kind: "header", length, addresses: null };
  if (!/^PROXY TCP[46] /.test(line)) return unknownProtocol;
  const [, family, source = "", destination = "", remotePort = "", localPort = ""] =
    /^PROXY TCP([46]) (\S+) (\S+) (\d+) (\d+)$/.exec(line) ?? [];
  // "010" would be 10 to one reader and 8 to another.
  if (/\b0\d+\.|\.0\d/.test(`${source} ${destination}`)) return badHeader;
  const size = family === "4" ? 4 : 16;
  const [remote, local] = [parseIp(source), parseIp(destination)];
  if (remote?.length !== size || local?.length !== size) return badHeader;
  if (!isPort(remotePort) || !isPort(localPort)) return badHeader;
  return header(length, remote, Number(remotePort), local, Number(localPort));
}

/** Leading zeros are not permitted. */
function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** Version 2: binary (section 2.2). Of what follows the addresses only the soundness counts. */
function parseBinary(bytes: Uint8Array): ProxyHeader {
  const [command = VERSION_2, family = 0] = [bytes[12], bytes[13]];
  // Another version is another protocol.
  if ((command & 0xf0) !== VERSION_2) return noHeader;
  if ((command & 15) > PROXY) return badHeader;
  if (bytes.length < fixedLength) return { kind: "incomplete", room: fixedLength };
  const size = (bytes[14]! << 8) | bytes[15]!;
  const length = fixedLength + size;
  if (length > longestHeader) return badHeader;
  if (bytes.length < length) return { kind: "incomplete", room: length };
  if (command === (VERSION_2 | LOCAL)) return { kind: "header", length, addresses: null };
  const [domain, transport] = [family >> 4, family & 15];
  if (domain > UNIX || transport > DGRAM) return badHeader;
  const ends = addressLength[domain] ?? unixLength;
  if (size < ends) return badHeader;
  // Without a family the end of the addresses is unknown.
  if (domain !== UNSPEC && !areSound(bytes.subarray(0, length), fixedLength + ends)) {
    return badHeader;
  }
  // What is no connection over TCP has no address to pass on.
  if ((domain !== INET && domain !== INET6) || transport !== STREAM) {
    return { kind: "header", length, addresses: null };
  }
  const width = domain === INET ? 4 : 16;
  const ports = fixedLength + 2 * width;
  return header(
    length,
    bytes.subarray(fixedLength, fixedLength + width),
    (bytes[ports]! << 8) | bytes[ports + 1]!,
    bytes.subarray(fixedLength + width, ports),
    (bytes[ports + 2]! << 8) | bytes[ports + 3]!,
    size > ends ? bytes.slice(fixedLength + ends, length) : null,
  );
}

function header(
  length: number,
  remote: Uint8Array,
  remotePort: number,
  local: Uint8Array,
  localPort: number,
  tlvs: Uint8Array | null = null,
): ProxyHeader {
  const [remoteAddress, localAddress] = [formatIp(remote), formatIp(local)];
  const ends = { remoteAddress, remotePort, localAddress, localPort };
  const addresses = tlvs === null ? ends : { ...ends, tlvs };
  return { kind: "header", length, addresses };
}

/** The bytes of an address, its zone (RFC 4007) left out; null for that of a unix socket. */
function bytesOf(address: string): Uint8Array | null {
  return parseIp(address.replace(/%.*/, ""));
}

/**
 * The header to begin a connection with.
 * @param addresses of the client that it is made for: they are passed on if both are of IPv4
 * or both of IPv6. Otherwise, as with null, for a connection of our own, the header has none:
 * "UNKNOWN" in version 1, LOCAL in version 2.
 * @param tlvs what follows the addresses in version 2
 * @param checksum whether there is one before that
 */
export function encodeProxyHeader(
  version: ProxyVersion,
  addresses: Addresses | null,
  tlvs: Uint8Array | null = null,
  checksum = false,
): Uint8Array {
  const remote = addresses === null ? null : bytesOf(addresses.remoteAddress);
  const local = addresses === null ? null : bytesOf(addresses.localAddress);
  const known = addresses !== null && remote !== null && remote.length === local?.length;
  if (!known) return version === "v1" ? unknownLine.slice() : localHeader.slice();
  const { remotePort, localPort } = addresses;
  if (version === "v1") {
    const family = remote.length === 4 ? "TCP4" : "TCP6";
    const words = ["PROXY", family, formatIp(remote), formatIp(local), remotePort, localPort];
    return encoder.encode(`${words.join(" ")}\r\n`);
  }
  const family = remote.length === 4 ? INET : INET6;
  const size = addressLength[family]!;
  const bytes = new Uint8Array(fixedLength + size);
  bytes.set(signature);
  bytes.set([VERSION_2 | PROXY, family << 4 | STREAM, 0, size], signature.length);
  bytes.set(remote, fixedLength);
  bytes.set(local, fixedLength + remote.length);
  const ports = [remotePort >> 8, remotePort & 255, localPort >> 8, localPort & 255];
  bytes.set(ports, fixedLength + 2 * remote.length);
  if (tlvs === null && !checksum) return bytes;
  const more = Uint8Array.of(...checksum ? emptyChecksum : [], ...tlvs ?? []);
  const whole = new Uint8Array(bytes.length + more.length);
  whole.set(bytes);
  whole.set(more, bytes.length);
  const length = size + more.length;
  whole.set([length >> 8, length & 255], fixedLength - 2);
  if (checksum) setChecksum(whole, bytes.length);
  return whole;
}

const unknownLine = encoder.encode("PROXY UNKNOWN\r\n");
const localHeader = Uint8Array.of(...signature, VERSION_2 | LOCAL, UNSPEC, 0, 0);
