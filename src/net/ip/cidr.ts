/** Networks of addresses: "192.168.1.0/24", "fd00::/8". */
import { parseIp } from "./address.ts";

/** A test for whether an address lies in a network. */
export type InNetwork = (address: string) => boolean;

/**
 * Reads a network as address/prefix-length; without a length, the one address.
 * @throws {RangeError} if it is none
 */
export function network(text: string): InNetwork {
  const [host = "", length] = text.split(/\/(.*)/s);
  const base = parseIp(host);
  const size = base === null ? 0 : base.length * 8;
  const prefix = length === undefined ? size : /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  if (base === null || prefix > size) throw new RangeError(`${text}: no network`);
  return (address) => {
    const found = parseIp(plain(address, size));
    if (found === null || found.length !== base.length) return false;
    for (let bit = 0; bit < prefix; bit += 8) {
      const mask = 0xff00 >> Math.min(8, prefix - bit) & 0xff;
      if (((found[bit >> 3]! ^ base[bit >> 3]!) & mask) !== 0) return false;
    }
    return true;
  };
}

/** Without a zone; an IPv4 client of an IPv6 listener, ::ffff:a.b.c.d, as IPv4 if that is asked. */
function plain(address: string, size: number): string {
  const bare = address.replace(/%.*/, "");
  return size === 32 && bare.startsWith("::ffff:") ? bare.slice(7) : bare;
}
