/**
 * What may follow the addresses in a header of version 2 of the PROXY protocol (section 2.2.3):
 * TLVs, each a type, a length of two bytes and a value. None of them concerns us but the checksum.
 */

/** The type of a checksum of the whole header: its CRC-32C (RFC 3720, appendix B.4). */
const CRC32C = 3;
const checksumLength = 4;
const headLength = 3;

/** Whether the TLVs from `at` to the end of the header are whole, and a checksum is right. */
export function areSound(header: Uint8Array, at: number): boolean {
  while (at < header.length) {
    const value = at + headLength;
    const end = value + (header[at + 1]! << 8 | header[at + 2]!);
    if (value > header.length || end > header.length) return false;
    if (header[at] === CRC32C && !isChecksum(header, value, end)) return false;
    at = end;
  }
  return true;
}

/** Whether header[from, to) is the header's checksum, for which it counts as zeros itself. */
function isChecksum(header: Uint8Array, from: number, to: number): boolean {
  if (to - from !== checksumLength) return false;
  let crc = ~0;
  for (let i = 0; i < header.length; i++) {
    crc ^= i >= from && i < to ? 0 : header[i]!;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return (~crc >>> 0) === new DataView(header.buffer, header.byteOffset + from).getUint32(0);
}
