import type { Source } from "../config/model.ts";
import { Lock } from "../shared/lock.ts";
import type { SharedMemory } from "../shared/memory.ts";

/** Most ports that one connection tries, where others hold them (as in HAProxy). */
const mostAttempts = 10;

/**
 * The local ports of the connections to a server (manual: "source" with a port or a range), of all
 * threads: each has one of its own. A port given back waits for its turn behind all others, so that
 * what is left of its last connection in the kernel can go. Taking and giving back are O(1).
 */
export class SourcePorts {
  /** How many of them are worth trying for one connection. */
  readonly attempts: number;
  readonly #lock: Lock;
  /** The place of the first free one in the ring, and how many there are; then the ring of them. */
  readonly #words: Int32Array;
  /** Which thread has a port, from 1; 0: it is free. */
  readonly #takers: Int32Array;
  readonly #first: number;
  readonly #size: number;
  readonly #self: number;

  constructor(memory: SharedMemory, first: number, last: number) {
    this.#first = first;
    this.#size = last - first + 1;
    this.#self = memory.self;
    this.#lock = new Lock(memory);
    this.#words = memory.ints(2 + this.#size);
    this.#takers = memory.ints(this.#size);
    this.attempts = Math.min(this.#size, mostAttempts);
    if (!memory.fresh) return;
    this.#words[1] = this.#size;
    for (let i = 0; i < this.#size; i++) this.#words[2 + i] = first + i;
  }

  /** The port that has been free for longest; 0: none is. */
  acquire(): number {
    const words = this.#words;
    this.#lock.lock();
    let port = 0;
    if (words[1]! > 0) {
      port = words[2 + words[0]!]!;
      words[0] = (words[0]! + 1) % this.#size;
      words[1]!--;
      this.#takers[port - this.#first] = this.#self + 1;
    }
    this.#lock.unlock();
    return port;
  }

  /** The connection is gone that had `port`. */
  release(port: number): void {
    this.#lock.lock();
    this.#free(port);
    this.#lock.unlock();
  }

  /** A thread has ended without releasing anything: its ports are free. */
  releaseThread(thread: number): void {
    this.#lock.releaseThread(thread);
    this.#lock.lock();
    for (let i = 0; i < this.#size; i++) {
      if (this.#takers[i] === thread + 1) this.#free(this.#first + i);
    }
    this.#lock.unlock();
  }

  #free(port: number): void {
    const words = this.#words;
    words[2 + (words[0]! + words[1]!) % this.#size] = port;
    words[1]!++;
    this.#takers[port - this.#first] = 0;
  }
}

/** The ports that `source` names; null: the kernel chooses. */
export function sourcePorts(source: Source | null, memory: SharedMemory): SourcePorts | null {
  if (source === null || source.port === 0) return null;
  return new SourcePorts(memory, source.port, source.lastPort ?? source.port);
}
