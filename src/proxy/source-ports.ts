import type { Source } from "../config/model.ts";

/** Most ports that one connection tries, where others hold them (as in HAProxy). */
const mostAttempts = 10;

/**
 * The local ports of the connections to a server (manual: "source" with a port or a range): each
 * has one of its own. A port given back waits for its turn behind all others, so that what is left
 * of its last connection in the kernel can go. Taking and giving back are O(1).
 */
export class SourcePorts {
  /** How many of them are worth trying for one connection. */
  readonly attempts: number;
  /** A ring of the free ones. */
  readonly #free: Uint16Array;
  #first = 0;
  #count: number;

  constructor(first: number, last: number) {
    this.#count = last - first + 1;
    this.#free = new Uint16Array(this.#count).map((_, i) => first + i);
    this.attempts = Math.min(this.#count, mostAttempts);
  }

  /** The port that has been free for longest; 0: none is. */
  take(): number {
    if (this.#count === 0) return 0;
    const port = this.#free[this.#first]!;
    this.#first = (this.#first + 1) % this.#free.length;
    this.#count--;
    return port;
  }

  /** The connection is gone that had `port`. */
  give(port: number): void {
    this.#free[(this.#first + this.#count) % this.#free.length] = port;
    this.#count++;
  }
}

/** The ports that `source` names; null: the kernel chooses. */
export function sourcePorts(source: Source | null): SourcePorts | null {
  if (source === null || source.port === 0) return null;
  return new SourcePorts(source.port, source.lastPort ?? source.port);
}
