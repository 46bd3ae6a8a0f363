/**
 * Buffers for what fetches and converters make: a few a thread, used in turn. What is in one lasts
 * until as many others have been taken: longer than an expression's value is needed.
 */

const count = 8;
let size = 16384;
const buffers: Uint8Array[] = [];
let next = 0;

/**
 * Sets how long a value may be, bytes: "tune.bufsize". A converter whose result is longer has none,
 * as in HAProxy.
 */
export function setScratchSize(bytes: number): void {
  size = bytes;
  buffers.length = 0;
}

/** How long a value may be, bytes. */
export function scratchSize(): number {
  return size;
}

/** The next buffer, of {@linkcode scratchSize} bytes. Its content is whatever was there. */
export function takeScratch(): Uint8Array {
  next = (next + 1) % count;
  return buffers[next] ??= new Uint8Array(size);
}
