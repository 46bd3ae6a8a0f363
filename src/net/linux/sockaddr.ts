/** Addresses as the kernel reads and writes them: struct sockaddr (ip(7), ipv6(7), unix(7)). */
import { formatIp, parseIp } from "../ip/address.ts";
import { type Endpoint, showEndpoint, SocketError } from "../socket.ts";

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** Room for every address, in bytes. */
export const addressSize = 128;

/** What a socket can be bound or connected to. */
export type Address = Exclude<Endpoint, { kind: "fd" }>;

/** The family of sockets that an address needs. */
export function familyOf(at: Address): number {
  return at.kind !== "ip" ? AF_UNIX : at.host.includes(":") ? AF_INET6 : AF_INET;
}

/**
 * Writes `at` into `into`, of {@linkcode addressSize} bytes or more.
 * @returns its length in bytes; EINVAL if it is no address
 */
export function encodeAddress(at: Address, into: Uint8Array): number | SocketError {
  if (at.kind !== "ip") {
    const text = at.kind === "unix" ? at.path : "\0" + at.name;
    const path = new TextEncoder().encode(text);
    if (path.length > 107) {
      return new SocketError("EINVAL", `${showEndpoint(at)}: longer than 107 bytes`);
    }
    into.fill(0);
    into[0] = AF_UNIX;
    into.set(path, 2);
    return 2 + path.length + (at.kind === "unix" ? 1 : 0);
  }
  const bytes = ipBytes(at.host);
  if (bytes === null) return new SocketError("EINVAL", `${at.host}: not an IP address`);
  const four = bytes.length === 4;
  into.fill(0, 0, 28);
  into[0] = four ? AF_INET : AF_INET6;
  into[2] = at.port >> 8;
  into[3] = at.port & 255;
  into.set(bytes, four ? 4 : 8);
  return four ? 16 : 28;
}

/** Reads an address of `length` bytes; null if it is none that can be written in a configuration. */
export function decodeAddress(bytes: Uint8Array, length: number): Address | null {
  const family = bytes[0]! | bytes[1]! << 8;
  const port = portIn(bytes);
  switch (family) {
    case AF_INET:
      return { kind: "ip", host: formatIp(bytes.subarray(4, 8)), port };
    case AF_INET6:
      return { kind: "ip", host: formatIp(bytes.subarray(8, 24)), port };
    case AF_UNIX:
      return unixAddress(new TextDecoder().decode(bytes.subarray(2, length)));
    default:
      return null;
  }
}

/** The host of an address in little room: of IPv4 a number, of IPv6 its bytes; null: it has none. */
export type PackedHost = number | Uint8Array | null;

/** What {@linkcode decodeAddress} reads, to be kept for each connection. */
export function packHost(bytes: Uint8Array): PackedHost {
  switch (bytes[0]! | bytes[1]! << 8) {
    case AF_INET:
      return bytes[4]! << 24 | bytes[5]! << 16 | bytes[6]! << 8 | bytes[7]!;
    case AF_INET6:
      return bytes.slice(8, 24);
    default:
      return null;
  }
}
/** The port of an address that has a host. */
export function portIn(bytes: Uint8Array): number {
  return bytes[2]! << 8 | bytes[3]!;
}
/** A {@linkcode packHost} as text; "" for none. */
export function showHost(host: PackedHost): string {
  if (host === null) return "";
  if (typeof host !== "number") return formatIp(host);
  return `${host >>> 24}.${host >>> 16 & 255}.${host >>> 8 & 255}.${host & 255}`;
}

function unixAddress(text: string): Address | null {
  if (text === "") return null;
  if (text.startsWith("\0")) return { kind: "abstract", name: text.slice(1) };
  return { kind: "unix", path: text.replace(/\0.*$/s, "") };
}

/** Parsed addresses: those of servers and sources come again with every connection. */
const parsed = new Map<string, Uint8Array>();
const mostParsed = 1024;

function ipBytes(host: string): Uint8Array | null {
  const known = parsed.get(host);
  if (known !== undefined) return known;
  const bytes = parseIp(host);
  if (bytes === null) return null;
  if (parsed.size >= mostParsed) parsed.clear();
  parsed.set(host, bytes);
  return bytes;
}
