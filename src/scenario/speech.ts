/** What comes on a connection that need not be HTTP: lines of text, or the hello of TLS. */
import type { Wire } from "./wire.ts";

/** RFC 8446, sections 5.1 and 6: a record of type 21, a fatal alert, handshake_failure (40). */
export const refusal = "\x15\x03\x01\x00\x02\x02\x28";

/** RFC 8446, section 5.1: the type of a record that carries a handshake. */
export const handshake = "\x16";
/** Bytes of a record before its content. */
const recordHeader = 5;

const requestLine = /^[A-Z]+ \S+ HTTP\/1\.[01]\r?$/;

/** Waits until it shows what is spoken; "lines" also where the peer ends before that. */
export async function protocolOn(
  wire: Wire,
  { lines, hellos }: { readonly lines: boolean; readonly hellos: boolean },
): Promise<"http" | "tls" | "lines"> {
  for (;;) {
    const { pending } = wire;
    if (hellos && pending.startsWith(handshake)) return "tls";
    if (!lines && pending !== "") return "http";
    const end = pending.indexOf("\n");
    if (end >= 0) return requestLine.test(pending.slice(0, end)) ? "http" : "lines";
    if (wire.over) return "lines";
    await wire.change();
  }
}

/** The next line, without its end; null if there is none. What the peer's end cuts off is one. */
export async function lineOn(wire: Wire): Promise<string | null> {
  for (;;) {
    const end = wire.pending.indexOf("\n");
    if (end >= 0) return wire.take(end + 1).replace(/\r?\n$/, "");
    if (wire.over) return wire.pending === "" ? null : wire.take(wire.pending.length);
    await wire.change();
  }
}

/** Takes a whole ClientHello. @returns false if it does not come to its end */
export async function readHello(wire: Wire): Promise<boolean> {
  for (;;) {
    const { pending } = wire;
    const size = recordHeader + pending.charCodeAt(3) * 256 + pending.charCodeAt(4);
    if (pending.length >= recordHeader && pending.length >= size) {
      wire.take(size);
      return true;
    }
    if (wire.over) return false;
    await wire.change();
  }
}
