/** The stick tables of a configuration, as each thread has them. */
import type { SharedMemory } from "../shared/memory.ts";
import type { Clock } from "../time/clock.ts";
import { mostCounters, Trackers } from "./counters.ts";
import type { TableDefinition } from "./definitions.ts";
import { ServerKeys } from "./server-keys.ts";
import { Table, type TableTime } from "./table.ts";

/** A clock that is behind or ahead by so much is set: the machine's time was changed. */
const largestDifference = 1500;
/** How often entries that have expired are removed, ms, and how many in a row with the lock taken. */
const sweepInterval = 1000;
const sweepBatch = 256;

/** See above. */
export class Tables implements TableTime {
  readonly all: readonly Table[];
  readonly trackers: Trackers;
  readonly serverKeys: ServerKeys;
  readonly #byName: ReadonlyMap<string, Table>;
  /** The tick of the thread that sweeps, and 1 if it has ever been set. */
  readonly #shared: Int32Array;
  /** What makes a tick of this thread's time. */
  #offset: number;

  /** @param connections clients of a thread at most */
  constructor(
    memory: SharedMemory,
    readonly definitions: readonly TableDefinition[],
    readonly clock: Clock,
    connections: number,
  ) {
    this.all = definitions.map(({ name, config, peers }) =>
      new Table(memory, name, config, randomSeed(), this, peers !== null)
    );
    this.#byName = new Map(this.all.map((table) => [table.name, table]));
    // A session and its stream have as many counters each.
    const perThread = this.all.length === 0 ? 0 : 2 * mostCounters * connections;
    this.trackers = new Trackers(memory, this.all, Math.min(perThread, 2 ** 22));
    for (const table of this.all) table.trackers = this.trackers;
    this.serverKeys = new ServerKeys(memory);
    this.#shared = memory.ints(2);
    this.#offset = clock.wall() - clock.now();
    if (this.#shared[1] === 1) {
      const ahead = (this.now() - this.#shared[0]!) | 0;
      if (Math.abs(ahead) > largestDifference) this.#offset -= ahead;
    }
  }

  /** The table of the section of this name. */
  get(name: string): Table | null {
    return this.#byName.get(name) ?? null;
  }

  /** The time for {@linkcode Table}s: a tick. */
  now(): number {
    return (this.clock.now() + this.#offset) | 0;
  }

  /** A thread has ended. */
  releaseThread(thread: number): void {
    if (this.all.length === 0) return;
    this.serverKeys.releaseThread(thread);
    this.trackers.releaseThread(thread, this.now());
  }

  /** For one thread: removes entries that have expired now and then. @returns what ends that */
  startSweeps(): () => void {
    if (this.all.length === 0) return () => {};
    let cancel = () => {};
    const next = () => {
      this.#shared[0] = this.now();
      this.#shared[1] = 1;
      this.sweep();
      cancel = this.clock.schedule(sweepInterval, next);
    };
    next();
    return () => cancel();
  }

  /** Removes entries that have expired: of each table so many, which others may want meanwhile. */
  sweep(): void {
    for (const table of this.all) {
      for (let more = true, batches = 0; more && batches < 64; batches++) {
        table.lock();
        more = table.expire(this.now(), sweepBatch);
        table.unlock();
      }
    }
  }
}

function randomSeed(): readonly [number, number] {
  const [a = 0, b = 0] = crypto.getRandomValues(new Int32Array(2));
  return [a, b];
}
