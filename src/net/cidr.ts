/** Networks of addresses: "192.168.1.0/24", "fd00::/8". */

/** A test for whether an address lies in a network. */
export type InNetwork = (address: string) => boolean;

/**
 * Reads a network as address/prefix-length; without a length, the one address.
 * @throws {RangeError} if it is none
 */
export function network(text: string): InNetwork {
  const slash = text.indexOf("/");
  const base = bits(slash < 0 ? text : text.slice(0, slash));
  const size = base?.length ?? 0;
  const length = slash < 0 ? `${size}` : text.slice(slash + 1);
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  if (base === null || prefix > size) throw new RangeError(`${text}: no network`);
  const wanted = base.slice(0, prefix);
  return (address) => {
    // An IPv4 client of an IPv6 listener appears as ::ffff:a.b.c.d.
    const plain = size === 32 && address.startsWith("::ffff:") ? address.slice(7) : address;
    const found = bits(plain);
    return found !== null && found.length === size && found.startsWith(wanted);
  };
}

/** An address as its 32 or 128 binary digits; null if it is none. */
function bits(address: string): string | null {
  if (!address.includes(":")) return quad(address);
  const [left = "", right, more] = address.replace(/%.*/, "").split("::");
  if (more !== undefined) return null;
  const head = words(left, right === undefined);
  const tail = right === undefined ? "" : words(right, true);
  if (head === null || tail === null) return null;
  const gap = 128 - head.length - tail.length;
  if (right === undefined ? gap !== 0 : gap < 16) return null;
  return head + "0".repeat(gap) + tail;
}

/** The digits of a part of an IPv6 address; where it is the `last`, a dotted quad may end it. */
function words(text: string, last: boolean): string | null {
  if (text === "") return "";
  let digits = "";
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    const word = /^[0-9a-f]{1,4}$/i.test(part)
      ? parseInt(part, 16).toString(2).padStart(16, "0")
      : last && i === parts.length - 1
      ? quad(part)
      : null;
    if (word === null) return null;
    digits += word;
  }
  return digits;
}

/** The digits of an IPv4 address; null if it is none. */
function quad(text: string): string | null {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return null;
  const parts = text.split(".").map(Number);
  if (parts.some((part) => part > 255)) return null;
  return parts.map((part) => part.toString(2).padStart(8, "0")).join("");
}
