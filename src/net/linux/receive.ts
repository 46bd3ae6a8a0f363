/** recvmsg(2) on unix sockets, over which descriptors may come along (SCM_RIGHTS, unix(7)). */
import { C, libc } from "./calls.ts";

/** msg_flags: there was more than bytes, for which there is no room here. */
const MSG_CTRUNC = 8;

/** struct iovec: where, and how many bytes. */
const vector = new BigUint64Array(new ArrayBuffer(1024));
/** struct msghdr: no name, one vector, no room for anything but bytes. */
const message = new BigUint64Array(new ArrayBuffer(1024));
const count = new Uint32Array(vector.buffer, 8, 1);
const flags = new Uint32Array(message.buffer, 48, 1);

/** Where the bytes go, as in `vector`. */
let target: Uint8Array | null = null;

/**
 * As recv(2), of `most` bytes at most. Descriptors that came along never become ours: the kernel
 * closes them, as there is no room for them.
 * @param into a large array, which lasts as long as the thread
 */
export function receiveBytes(fd: number, into: Uint8Array, most: number): number {
  if (target !== into) {
    target = into;
    const { addressOf } = libc();
    vector[0] = BigInt(addressOf(into));
    message[2] = BigInt(addressOf(vector));
    message[3] = 1n;
  }
  count[0] = most;
  return C.recvmsg(fd, message, 0);
}

/** Whether descriptors came with the bytes last received: the read has ended there, short or not. */
export function endedAtDescriptors(): boolean {
  return (flags[0]! & MSG_CTRUNC) !== 0;
}
