/** The version of SSL or TLS in the first bytes of a client (manual: "req.ssl_ver"). */

/** A record of TLS, at most: its content, and what ciphers add. */
const largestRecord = 2 ** 14 + 2048;

/**
 * Of a record of SSL 3.0 or later, or of a hello of SSL 2.0, in bytes[from, to).
 * @param most as much of it as ever will be there, bytes
 * @returns major * 65536 + minor; 0: it is neither; null: more must come first
 */
export function sslVersion(
  bytes: Uint8Array,
  from: number,
  to: number,
  most: number,
): number | null {
  const left = to - from;
  const word = (at: number) => bytes[from + at]! << 8 | bytes[from + at + 1]!;
  if (left === 0) return null;
  const first = bytes[from]!;
  if (first >= 0x14 && first <= 0x17 || first === 0xff) {
    if (left < 5) return null;
    const size = word(3);
    if (bytes[from + 1]! < 3 || size < 1 || size > largestRecord) return 0;
    if (left < 5 + Math.min(size, most)) return null;
    // A ClientHello says which version is wanted; its record has an old one.
    const at = first === 0x16 && size >= 6 && bytes[from + 5] === 1 ? from + 9 : from + 1;
    return bytes[at]! * 65536 + bytes[at + 1]!;
  }
  // A header of two bytes, or of three, of which the last one is how much padding there is.
  const short = (first & 0x80) !== 0;
  const start = short ? 2 : 3;
  if (left < start + 1) return null;
  if (bytes[from + start] !== 1) return 0;
  if (left < start + 9) return null;
  const size = short ? (first & 0x7f) << 8 | bytes[from + 1]! : (first & 0x3f) << 8 | word(0) & 255;
  const [ciphers, session, challenge] = [word(start + 3), word(start + 5), word(start + 7)];
  if (ciphers % 3 !== 0 || session !== 0 && session !== 16) return 0;
  if (challenge < 16 || challenge > 32 || size !== 9 + ciphers + session + challenge) return 0;
  const rest = ciphers + session + challenge + (short ? 0 : bytes[from + 2]!);
  if (left < start + 9 + Math.min(rest, most)) return null;
  return bytes[from + start + 1]! * 65536 + bytes[from + start + 2]!;
}
