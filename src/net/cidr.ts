/** Networks of addresses: "192.168.1.0/24", "fd00::/8". */

/** A test for whether an address lies in a network. */
export type InNetwork = (address: string) => boolean;

/**
 * Reads a network as address/prefix-length; without a length, the one address.
 * @throws {RangeError} if it is none
 */
export function network(text: string): InNetwork {
  const [host = "", length] = text.split("/");
  const base = bits(host);
  const size = base === null ? 0 : host.includes(":") ? 128 : 32;
  const prefix = length === undefined ? size : Number(length);
  if (base === null || !(prefix >= 0 && prefix <= size)) {
    throw new RangeError(`${text}: no network`);
  }
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
  if (!address.includes(":")) {
    const parts = address.split(".").map(Number);
    if (parts.length !== 4 || parts.some((p) => !(p >= 0 && p <= 255))) return null;
    return parts.map((p) => p.toString(2).padStart(8, "0")).join("");
  }
  const [left = "", right] = address.split("%")[0]!.split("::");
  const head = words(left);
  const tail = right === undefined ? [] : words(right);
  const gap = 8 - head.length - tail.length;
  if (right === undefined ? gap !== 0 : gap < 1) return null;
  const all = [...head, ...new Array<number>(gap).fill(0), ...tail];
  if (all.some((w) => !(w >= 0 && w <= 0xffff))) return null;
  return all.map((w) => w.toString(2).padStart(16, "0")).join("");
}

/** The 16-bit words of a part of an IPv6 address; a dotted quad counts for two. */
function words(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => {
    if (!part.includes(".")) return [/^[0-9a-f]{1,4}$/i.test(part) ? parseInt(part, 16) : -1];
    const [a = -1, b = -1, c = -1, d = -1] = part.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
