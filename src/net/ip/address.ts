/** IP addresses and networks as text (RFC 4291, section 2.2; RFC 5952, section 4). */

/** What an IPv4 address is preceded by in an IPv6 one (RFC 4291, section 2.5.5.2). */
const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/** The bytes of an IPv4 (4) or IPv6 (16) address; null if the text is neither. */
export function parseIp(text: string): Uint8Array | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** Whether the text is an IPv4 or IPv6 address. */
export function isIp(text: string): boolean {
  return parseIp(text) !== null;
}

/** Whether the text is a host name (RFC 1123, section 2.1, and underscores). */
export function isHostName(text: string): boolean {
  // All digits and dots is a mistyped address, not a name.
  return text.length <= 253 && !/^[0-9.]+$/.test(text) &&
    /^(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/.test(text);
}

/**
 * A network as address/prefix-length, with the host's bits zero: from an address alone, with a
 * prefix length, or with a dotted mask; null if the text is none of these. As in HAProxy, an IPv4
 * network may leave out trailing zero bytes: 10/8.
 */
export function parseNetwork(text: string): string | null {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const missing = slash < 0 ? 0 : 4 - address.split(".").length;
  const shortened = missing > 0 && !address.includes(":");
  const bytes = parseIp(shortened ? address + ".0".repeat(missing) : address);
  if (bytes === null) return null;
  const length = slash < 0
    ? bytes.length * 8
    : parsePrefixLength(text.slice(slash + 1), bytes.length * 8);
  if (length === null) return null;
  const network = bytes.map((byte, i) =>
    byte & (0xff00 >> Math.max(0, Math.min(8, length - i * 8)))
  );
  return `${formatIp(network)}/${length}`;
}

/** The text of an address; IPv6 in its shortest form, an IPv4 client of it as such (section 5). */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (mapped.every((byte, i) => bytes[i] === byte)) {
    return `::ffff:${bytes.subarray(mapped.length).join(".")}`;
  }
  const groups = Array.from(
    { length: 8 },
    (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const zeros = groups.join(":").match(/(?<![0-9a-f])0(:0)+(?![0-9a-f])/g) ?? [];
  const longest = zeros.reduce((best, run) => run.length > best.length ? run : best, "");
  if (longest === "") return groups.join(":");
  const text = groups.join(":");
  const at = text.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`));
  const before = text.slice(0, at).replace(/:$/, "");
  const after = text.slice(at + longest.length).replace(/^:/, "");
  return `${before}::${after}`;
}

function parsePrefixLength(text: string, bits: number): number | null {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= bits ? Number(text) : null;
  const mask = bits === 32 ? parseIpv4(text) : null;
  if (mask === null) return null;
  const binary = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(binary) ? binary.replace(/0/g, "").length : null;
}

function parseIpv4(text: string): Uint8Array | null {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return null;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) ? Uint8Array.from(bytes) : null;
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, i) => groupsOf(half, i === halves.length - 1));
  if (head === null || head === undefined || tail === null) return null;
  if (tail === undefined) return head.length === 16 ? Uint8Array.from(head) : null;
  // "::" stands for at least one group of zeros.
  const gap = 16 - head.length - tail.length;
  return gap < 2 ? null : Uint8Array.from([...head, ...new Array<number>(gap).fill(0), ...tail]);
}

/** The bytes of groups between colons; an IPv4 address may end the `last` ones; null if bad. */
function groupsOf(text: string, last: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    const ipv4 = last && index === groups.length - 1 ? parseIpv4(group) : null;
    if (ipv4 !== null) {
      bytes.push(...ipv4);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else {
      return null;
    }
  }
  return bytes;
}
