/** Domain names as text and on the wire (RFC 1035, sections 3.1 and 4.1.4). */

/** The most bytes that a name takes on the wire, its root label included; and a label. */
const longestName = 255;
const longestLabel = 63;

/**
 * A name on the wire, in lower case, without compression, the root label included; null if it is
 * none. A dot at its end is as good as none.
 */
export function encodeName(name: string): Uint8Array | null {
  const labels = name.replace(/\.$/, "").toLowerCase().split(".");
  const bytes = new Uint8Array(longestName);
  let at = 0;
  for (const label of labels) {
    const { length } = label;
    if (length === 0 || length > longestLabel || at + length + 2 > longestName) return null;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) {
      const code = label.charCodeAt(i);
      if (code > 0x7f) return null;
      bytes[at++] = code;
    }
  }
  return bytes.subarray(0, at + 1);
}

/** A name that was read, and where what follows it begins. */
export interface ReadName {
  /** In lower case, without a dot at the end; "" is the root. */
  readonly name: string;
  readonly end: number;
}

/**
 * Reads a name at `from`, following its compression; null if it is none: cut off, too long, or
 * compressed in a circle. A pointer leads to what stands before the name, so that no circle can be.
 */
export function readName(bytes: Uint8Array, from: number): ReadName | null {
  const labels: string[] = [];
  let size = 1;
  let end = -1;
  let at = from;
  /** Pointers must point before this. */
  let before = from;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return null;
    if (length >= 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined) return null;
      if (end < 0) end = at + 2;
      at = (length & 0x3f) << 8 | low;
      if (at >= before) return null;
      before = at;
    } else if (length === 0) {
      return { name: labels.join("."), end: end < 0 ? at + 1 : end };
    } else {
      size += length + 1;
      if (length > longestLabel || size > longestName || at + length >= bytes.length) return null;
      labels.push(labelOf(bytes, at + 1, at + 1 + length));
      at += length + 1;
    }
  }
}

/** A label as text; a byte that could be taken for something else, a dot say, as \DDD. */
function labelOf(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) {
    const code = bytes[i]!;
    const plain = code > 0x20 && code < 0x7f && code !== 0x2e && code !== 0x5c;
    text += plain ? String.fromCharCode(code).toLowerCase() : `\\${String(code).padStart(3, "0")}`;
  }
  return text;
}
