/**
 * How much a peer may send at once. Bun reads all that has come, up to 512 KB, into memory of its
 * own; what the owner cannot pass on stays there for as long as some reader stalls. So the receive
 * buffer of a connection that carries much is small, until its content has flowed on for a while.
 */
import { setOption } from "../linux/libc.ts";
import { SOL_SOCKET } from "../linux/constants.ts";

const SO_RCVBUF = 8;
/** Linux 5.15: whether the kernel leaves the size of a buffer to us; before, it always does. */
const SO_BUF_LOCK = 72;

/**
 * The size then; the kernel doubles it, and offers the peer about half. 700 readers that stall take
 * 83 MB with it, 300 without; with 32 KiB they take 71, and content on loopback is slower by half.
 */
const narrow = 49_152;
/** Bytes that have gone on without a stop, after which the reader is believed to be there. */
const proven = 8 << 20;

/** How long nothing more has become free before what has is collected, ms; and how much that is. */
const rest = 1000;
const worthwhile = 4 << 20;
let freed = 0;
let lately = false;
let waiting = false;

/**
 * So much memory, which owners had kept for readers that stalled, is free by now, or soon. The
 * garbage collector finds that out when as much is allocated again: that may be never.
 */
function becomesFree(count: number): void {
  freed += count;
  lately = true;
  if (waiting || freed < worthwhile) return;
  waiting = true;
  lately = false;
  setTimeout(collect, rest);
}
function collect(): void {
  if (lately) {
    lately = false;
    return void setTimeout(collect, rest);
  }
  waiting = false;
  freed = 0;
  Bun.gc(true);
}

/** The receive window of one connection. */
export class ReceiveWindow {
  #isNarrow = false;
  /** Bytes since the last stop. */
  #flowed = 0;
  /** What its owner has kept last. */
  #kept = 0;

  /** So many bytes came at once, which is much. */
  came(fd: number, count: number): void {
    this.#flowed += count;
    if (!this.#isNarrow) {
      if (this.#flowed < proven) this.#isNarrow = setOption(fd, SOL_SOCKET, SO_RCVBUF, narrow);
    } else if (this.#flowed >= proven) {
      // The kernel goes on to choose the size, as for connections whose buffers were never set.
      this.#isNarrow = !setOption(fd, SOL_SOCKET, SO_BUF_LOCK, 0);
    }
  }
  /** The owner has kept a piece of this size. */
  kept(size: number): void {
    this.#kept = size;
  }
  /** The connection is over. */
  ended(): void {
    if (this.#kept > 0) becomesFree(this.#kept);
    this.#kept = 0;
  }
  /** The owner reads no more for now. */
  stopped(fd: number): void {
    if (!this.#isNarrow && this.#flowed > 0) {
      this.#isNarrow = setOption(fd, SOL_SOCKET, SO_RCVBUF, narrow);
    }
    this.#flowed = 0;
  }
}
