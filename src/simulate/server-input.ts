/**
 * What may come on a connection to a server that need not be HTTP: lines of text, the hello of TLS,
 * a header of the PROXY protocol. Read apart from the proxy's own parsers: what judges the proxy
 * must not lean on them.
 */
import { formatIp } from "../net/ip/address.ts";
import type { Connection } from "./connection.ts";

/** RFC 8446, sections 5.1 and 6: a record of type 21, a fatal alert, handshake_failure (40). */
export const tlsAlert = "\x15\x03\x01\x00\x02\x02\x28";

/** RFC 8446, section 5.1: the type of a record that carries a handshake. */
export const handshake = "\x16";
/** Bytes of a record before its content. */
const recordHeader = 5;

const requestLine = /^[A-Z]+ \S+ HTTP\/1\.[01]\r?$/;

/** Waits until it shows what is spoken; "lines" also where the peer ends before that. */
export async function protocolOn(
  connection: Connection,
  { lines, tls }: { readonly lines: boolean; readonly tls: boolean },
): Promise<"http" | "tls" | "lines"> {
  let protocol: "http" | "tls" | "lines" = "lines";
  await connection.until(() => {
    const { received } = connection;
    const end = received.indexOf("\n");
    if (tls && received.startsWith(handshake)) protocol = "tls";
    else if (!lines && received !== "") protocol = "http";
    else if (end < 0) return false;
    else if (requestLine.test(received.slice(0, end))) protocol = "http";
    return true;
  });
  return protocol;
}

/** The next line, without its end; null if there is none. What the peer's end cuts off is one. */
export async function readLine(connection: Connection): Promise<string | null> {
  await connection.until(() => connection.received.includes("\n"));
  const { received } = connection;
  if (received === "") return null;
  return connection.take(received.indexOf("\n") + 1 || received.length).replace(/\r?\n$/, "");
}

/** Takes a whole ClientHello. @returns false if it does not come to its end */
export async function readHello(connection: Connection): Promise<boolean> {
  let size = Infinity;
  const whole = await connection.until(() => {
    const { received } = connection;
    size = recordHeader + received.charCodeAt(3) * 256 + received.charCodeAt(4);
    return received.length >= recordHeader && received.length >= size;
  });
  if (whole) connection.take(size);
  return whole;
}

/** HAProxy's proxy-protocol.txt, section 2.1: a line. */
const proxyLine = /^PROXY (?:UNKNOWN|TCP[46] (\S+) \S+ \d+ \d+)[^\r\n]*\r\n/;
/** Section 2.2: a signature, then two bytes of kinds and two of length, then addresses. */
const signature = "\r\n\r\n\0\r\nQUIT\n";
const fixed = 16;

/**
 * Takes the header of the PROXY protocol that a connection begins with.
 * @returns the client's address; null: none is told
 */
export async function readProxyHeader(connection: Connection): Promise<string | null> {
  let size = 0;
  await connection.until(() => {
    const { received } = connection;
    if (received.startsWith(signature)) {
      const length = fixed + received.charCodeAt(14) * 256 + received.charCodeAt(15);
      if (received.length >= fixed && received.length >= length) size = length;
    } else if (received.startsWith("PROXY ")) size = proxyLine.exec(received)?.[0].length ?? 0;
    else return !signature.startsWith(received) && !"PROXY ".startsWith(received);
    return size > 0;
  });
  const header = connection.take(size);
  return header.startsWith("PROXY ") ? proxyLine.exec(header)?.[1] ?? null : sourceOf(header);
}

/** Commands and families: version 2, PROXY; TCP over IPv4 and over IPv6. */
function sourceOf(header: string): string | null {
  const length = header.charCodeAt(13) === 0x11 ? 4 : header.charCodeAt(13) === 0x21 ? 16 : 0;
  if (header.charCodeAt(12) !== 0x21 || length === 0) return null;
  const bytes = Uint8Array.from(header.slice(fixed, fixed + length), (each) => each.charCodeAt(0));
  return formatIp(bytes);
}
