/**
 * What may follow the addresses in a header of version 2 of the PROXY protocol (section 2.2.3):
 * TLVs, each a type, a length of two bytes and a value. None of them concerns us but the checksum.
 */

/** The type of a checksum of the whole header: its CRC-32C (RFC 3720, appendix B.4). */
const CRC32C = 3;
const checksumLength = 4;
const headLength = 3;

/**
 * Whether the TLVs from `at` to the end of the header are whole, and a checksum is right. There is
 * one at most, so that each byte of the header is read twice at most, whatever its sender wrote.
 */
export function areSound(header: Uint8Array, at: number): boolean {
  let checksum = -1;
  while (at < header.length) {
    const value = at + headLength;
    const end = value + (header[at + 1]! << 8 | header[at + 2]!);
    if (value > header.length || end > header.length) return false;
    if (header[at] === CRC32C) {
      if (checksum >= 0 || end - value !== checksumLength) return false;
      checksum = value;
    }
    at = end;
  }
  return checksum < 0 || isChecksum(header, checksum);
}

/** One of them. */
export function tlv(type: number, value: Iterable<number>): number[] {
  const bytes = [...value];
  return [type, bytes.length >> 8, bytes.length & 255, ...bytes];
}

/** A checksum that is still to be worked out: see {@linkcode setChecksum}. */
export const emptyChecksum: readonly number[] = tlv(CRC32C, [0, 0, 0, 0]);

/** Works out the checksum of a whole header, which is {@linkcode emptyChecksum} at `at`. */
export function setChecksum(header: Uint8Array, at: number): void {
  const crc = ~checksumOf(~0, header, 0, header.length) >>> 0;
  new DataView(header.buffer, header.byteOffset + at + headLength).setUint32(0, crc);
}

/** Whether what stands at `at` is the header's checksum, for which it counts as zeros itself. */
function isChecksum(header: Uint8Array, at: number): boolean {
  let crc = checksumOf(~0, header, 0, at);
  crc = checksumOf(crc, zeros, 0, checksumLength);
  crc = checksumOf(crc, header, at + checksumLength, header.length);
  return (~crc >>> 0) === new DataView(header.buffer, header.byteOffset + at).getUint32(0);
}
const zeros = new Uint8Array(checksumLength);

/** CRC-32C of a byte alone, by that byte: reflected, of the polynomial 0x1edc6f41. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0x82f6_3b78 : 0);
  return crc;
});

/** `crc` carried on over bytes[from, to). */
function checksumOf(crc: number, bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) crc = crc >>> 8 ^ table[(crc ^ bytes[i]!) & 255]!;
  return crc;
}
