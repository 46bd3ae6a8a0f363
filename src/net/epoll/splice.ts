/** Bytes that go from socket to socket unseen, on an event loop of our own (Linux, Bun). */
import { inbox } from "./inbox.ts";
import { lastErrno, sendBytes } from "../linux/libc.ts";
import { closePipe, makePipe, move, type Pipe } from "../linux/splice.ts";
import { EAGAIN, EINVAL } from "../linux/constants.ts";
import type { Socket, SpliceEvents } from "../socket.ts";

/** Pipes that are kept with nothing in them, and for how long when none is asked for, ms. */
const mostEmpty = 32;
const keepTime = 1000;

/** From so many bytes a read on, it is cheaper not to copy them. */
const bulkRead = 16_384;
/** Moved at once, at first and when the target was full: so much waits for a slow reader. */
const leastMoved = 65_536;
/** Reads in a row; then it is the others' turn. */
const mostReads = 4;

/** The pipes of a loop. One is lent for as long as bytes are in it. */
export class Pipes {
  readonly #empty: Pipe[] = [];
  #made = 0;
  /** One was lent in the present {@linkcode keepTime}. */
  #used = false;
  #watching = false;

  /**
   * @param most with bytes in them or not
   * @param size of each, in bytes. It takes that much however small the pieces of memory are, which
   * come from the network; with the kernel's own 64 KiB bulk data costs a third more CPU than with
   * 1 MiB
   * @param schedule arms a timer, as a clock's
   */
  constructor(
    readonly most: number,
    readonly size: number,
    readonly schedule: (delay: number, callback: () => void) => void,
  ) {}

  /** @returns null: there is none to be had */
  acquire(): Pipe | null {
    this.#used = true;
    const pipe = this.#empty.pop();
    if (pipe !== undefined) return pipe;
    const made = this.#made < this.most ? makePipe(this.size) : null;
    if (made !== null) this.#made++;
    return made;
  }
  /** Takes one back that is empty. */
  release(pipe: Pipe): void {
    if (this.#empty.length >= mostEmpty) return this.discard(pipe);
    this.#empty.push(pipe);
    if (!this.#watching) this.#watch();
  }
  #watch(): void {
    this.#watching = true;
    this.#used = false;
    this.schedule(keepTime, () => {
      this.#watching = false;
      if (this.#used) this.#watch();
      else this.close();
    });
  }
  /** Closes one; what is in it is lost. */
  discard(pipe: Pipe): void {
    this.#made--;
    closePipe(pipe);
  }
  /** Closes those that are empty. */
  close(): void {
    for (const pipe of this.#empty.splice(0)) this.discard(pipe);
  }
}

/** A socket of the loop, as bytes are passed on from or to it. */
interface SplicedSocket {
  readonly fd: number;
  /** A call on it has failed with this error. @returns -1 */
  fail(errno: number): -1;
}

/** The one that they come from. */
export interface SpliceSource extends SplicedSocket, Socket {
  spliceFrom: SpliceTransfer | null;
  /** There may be something to read, and it is to be read. */
  readonly isRead: boolean;
  /** Reads into {@linkcode inbox}. @returns how much; -1: an error */
  receive(most: number): number;
  /** A read has shown that there is nothing more now. */
  hasNoMore(): void;
  /** Reads on, in another turn. */
  readLater(): void;
  /** Reads again, soon, if {@linkcode isRead}. */
  readMore(): void;
  /** An owner has thrown. */
  fault(error: unknown): void;
}

/** The one that they go to. */
export interface SpliceTarget extends SplicedSocket {
  spliceTo: SpliceTransfer | null;
  /** It takes nothing now. */
  readonly isFull: boolean;
  /** It has taken nothing, and says when there is room. */
  awaitRoom(): void;
}

/**
 * What {@linkcode Socket.splice} has begun. Large reads go through a pipe of the kernel's,
 * small ones through our memory, which costs less for them, and more for all else.
 */
export class SpliceTransfer {
  readonly #source: SpliceSource;
  readonly #target: SpliceTarget;
  readonly #events: SpliceEvents;
  readonly #pipes: Pipes;
  /** Bytes still to be read. */
  #left: number;
  /** Bytes read that the target has not taken: in the pipe, else from `#start` of `#bytes` on. */
  #held = 0;
  #pipe: Pipe | null = null;
  #bytes: Uint8Array = inbox;
  #start = 0;
  /** How much is moved at once: more each time, as long as the target takes it. */
  #most = leastMoved;
  /** Whether the next read goes through a pipe, and whether any may. */
  #bulk: boolean;
  #movable = true;
  /** The `waits` that was reported last. */
  #waits = false;

  constructor(
    source: SpliceSource,
    target: SpliceTarget,
    count: number,
    events: SpliceEvents,
    pipes: Pipes,
  ) {
    this.#source = source;
    this.#target = target;
    this.#left = count;
    this.#events = events;
    this.#pipes = pipes;
    // The length of an endless stream is unknown; its first read shows how much comes.
    this.#bulk = count >= bulkRead && count !== Infinity;
    source.spliceFrom = target.spliceTo = this;
  }

  /** Bytes wait for the target, which is full. */
  get waits(): boolean {
    return this.#held > 0;
  }

  /**
   * Passes on what the source has and the target takes; the set has reported an event of one of
   * them.
   */
  pump(): void {
    const source = this.#source;
    let passed = 0;
    let reads = 0;
    for (;;) {
      if (this.#held > 0) {
        if (this.#target.isFull) {
          this.#keep();
          break;
        }
        const taken = this.#hand();
        if (taken < 0) return this.stop();
        passed += taken;
      } else {
        if (this.#left === 0 || !source.isRead) break;
        if (reads++ === mostReads) {
          source.readLater();
          break;
        }
        if (!this.#take()) break;
      }
    }
    if (this.#held === 0) this.#putPipeBack();
    // Before the call, which may throw.
    if (this.#held === 0 && this.#left === 0) this.#detach();
    const waits = this.#held > 0;
    if (passed === 0 && waits === this.#waits) return;
    this.#waits = waits;
    try {
      this.#events.spliced(source, passed, waits);
    } catch (error) {
      // The event may have been the target's, which has another owner.
      source.fault(error);
    }
  }

  /** Hands to the target what is held. @returns how much it took; -1: it is broken */
  #hand(): number {
    const target = this.#target;
    const taken = this.#pipe === null
      ? sendBytes(target.fd, this.#bytes, this.#start, this.#start + this.#held)
      : move(this.#pipe.output, target.fd, this.#held);
    if (taken < 0) {
      const errno = lastErrno();
      if (errno !== EAGAIN) return target.fail(errno);
      target.awaitRoom();
      this.#most = leastMoved;
      return 0;
    }
    this.#held -= taken;
    this.#start += taken;
    return taken;
  }
  /** What is held, and was read to where others read too, is copied. */
  #keep(): void {
    if (this.#pipe !== null || this.#bytes !== inbox) return;
    this.#bytes = inbox.slice(this.#start, this.#start + this.#held);
    this.#start = 0;
  }

  /** Reads from the source. @returns whether there was something */
  #take(): boolean {
    const source = this.#source;
    if (this.#bulk && this.#movable) this.#pipe ??= this.#pipes.acquire();
    else this.#putPipeBack();
    const most = Math.min(this.#left, this.#pipe === null ? inbox.length : this.#most);
    const length = this.#pipe === null
      ? source.receive(most)
      : move(source.fd, this.#pipe.input, most);
    if (length <= 0) return this.#end(length);
    this.#bytes = inbox;
    this.#start = 0;
    this.#held = length;
    this.#left -= length;
    this.#bulk = length >= bulkRead;
    if (length === this.#most) this.#most = Math.min(2 * length, this.#pipes.size);
    return true;
  }
  /** Nothing was read. @returns whether to try again */
  #end(length: number): boolean {
    const errno = length < 0 ? lastErrno() : 0;
    if (errno === EINVAL && this.#pipe !== null) {
      // There are sockets that cannot be read into a pipe.
      this.#movable = false;
      return true;
    }
    const source = this.#source;
    if (errno === EAGAIN) source.hasNoMore();
    else if (errno !== 0) source.fail(errno);
    // The source finds its end itself.
    if (source.isRead) this.stop();
    return false;
  }

  /** It is over, with the loss of what is held. */
  stop(): void {
    if (this.#pipe !== null && this.#held > 0) {
      this.#pipes.discard(this.#pipe);
      this.#pipe = null;
    }
    this.#held = 0;
    this.#putPipeBack();
    this.#detach();
  }
  #putPipeBack(): void {
    if (this.#pipe !== null) this.#pipes.release(this.#pipe);
    this.#pipe = null;
  }
  #detach(): void {
    if (this.#source.spliceFrom !== this) return;
    this.#source.spliceFrom = this.#target.spliceTo = null;
    this.#source.readMore();
  }
}
