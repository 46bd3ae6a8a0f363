/**
 * The PROXY protocol as an origin needs it (HAProxy's proxy-protocol.txt), read apart from the
 * proxy's own parser: who judges the proxy should not lean on it.
 */
import { formatIp } from "../net/ip/address.ts";
import type { Wire } from "./wire.ts";

/** Section 2.1: a line. */
const line = /^PROXY (?:UNKNOWN|TCP[46] (\S+) \S+ \d+ \d+)[^\r\n]*\r\n/;
/** Section 2.2: a signature, then two bytes of kinds and two of length, then addresses. */
const signature = "\r\n\r\n\0\r\nQUIT\n";
const fixed = 16;

/**
 * Takes the header that a connection begins with.
 * @returns the client's address; null: none is told
 */
export async function readBehalf(wire: Wire): Promise<string | null> {
  for (;;) {
    const { pending } = wire;
    if (pending.startsWith(signature)) {
      const size = fixed + pending.charCodeAt(14) * 256 + pending.charCodeAt(15);
      if (pending.length >= fixed && pending.length >= size) return sourceOf(wire.take(size));
    } else if (pending.startsWith("PROXY ")) {
      const found = line.exec(pending);
      if (found !== null) {
        wire.take(found[0].length);
        return found[1] ?? null;
      }
    } else if (pending !== "" && !signature.startsWith(pending) && !"PROXY ".startsWith(pending)) {
      return null;
    }
    if (wire.over) return null;
    await wire.change();
  }
}

/** Commands and families: version 2, PROXY; TCP over IPv4 and over IPv6. */
function sourceOf(header: string): string | null {
  const length = header.charCodeAt(13) === 0x11 ? 4 : header.charCodeAt(13) === 0x21 ? 16 : 0;
  if (header.charCodeAt(12) !== 0x21 || length === 0) return null;
  const bytes = Uint8Array.from(header.slice(fixed, fixed + length), (each) => each.charCodeAt(0));
  return formatIp(bytes);
}
