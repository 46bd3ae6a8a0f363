/** Where an event loop of our own reads to. */

/** All sockets read into this buffer: its content is valid only during the call of `data`. */
export const inbox = new Uint8Array(new ArrayBuffer(65536));

/** Beginnings of the inbox, by their length, up to the usual size of messages. */
const longestKept = 4096;
const beginnings: (Uint8Array | null)[] = new Array(longestKept + 1).fill(null);

/** The first `length` bytes of the inbox. */
export function beginning(length: number): Uint8Array {
  if (length === inbox.length) return inbox;
  if (length > longestKept) return inbox.subarray(0, length);
  return beginnings[length] ??= inbox.subarray(0, length);
}
