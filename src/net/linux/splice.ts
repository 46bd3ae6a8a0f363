/** pipe(7) and splice(2): bytes that go from socket to socket within the kernel. */
import { C } from "./libc.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from "./constants.ts";

const F_SETPIPE_SZ = 1031;
const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;

/** A pipe, by its two descriptors. */
export interface Pipe {
  readonly output: number;
  readonly input: number;
}

/** What pipe2() writes: the end to read from, the end to write to. */
const ends = new Int32Array(new ArrayBuffer(8));

/**
 * Makes a pipe of `size` bytes, or what else this user may have.
 * @returns null: there are no descriptors left
 */
export function makePipe(size: number): Pipe | null {
  if (C.pipe2(ends, SOCK_NONBLOCK | SOCK_CLOEXEC) < 0) return null;
  const pipe = { output: ends[0]!, input: ends[1]! };
  C.fcntl(pipe.input, F_SETPIPE_SZ, size);
  return pipe;
}

/** Closes a pipe; what is in it is lost. */
export function closePipe({ output, input }: Pipe): void {
  C.close(output);
  C.close(input);
}

/**
 * Moves up to `count` bytes from one descriptor to another, one of which is a pipe's, without
 * waiting.
 * @returns how many; 0: the end of the stream; -1: see lastErrno()
 */
export function move(from: number, to: number, count: number): number {
  return C.splice(from, null, to, null, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}
