/** What bounds the compression of a process, and what is counted of it. */
import process from "node:process";
import type { Global } from "../config/model.ts";
import { type CompressionTuning, Compressors } from "../filters/compression/zlib.ts";
import type { SharedMemory } from "../shared/memory.ts";
import { RateLimit } from "../shared/rate-limit.ts";
import type { Rate } from "../shared/rate.ts";
import type { Clock } from "../time/clock.ts";

/** For so long, ms, what was found of the use of the processor holds. */
const lookEvery = 500;
const kilo = 1024;

/** See above, as one thread has it. */
export class Compression {
  readonly tuning: CompressionTuning;
  readonly compressors: Compressors;
  readonly #bytesIn: Float64Array;
  readonly #bytesOut: Float64Array;
  readonly #self: number;
  readonly rateIn: Rate;
  readonly rateOut: Rate;
  readonly #rateLimit: RateLimit;
  readonly #clock: Clock;
  readonly #busiest: number;
  readonly #threads: number;
  #lookedAt = -Infinity;
  #usedBefore = 0;
  #isBusy = false;

  /** @param limit bytes that are compressed a second at most; 0: no limit */
  constructor(
    { maxcompcpuusage, maxzlibmem, tuneCompMaxlevel, tuneZlibMemlevel, tuneZlibWindowsize }: Global,
    memory: SharedMemory,
    clock: Clock,
    rate: (count: () => number) => Rate,
    readonly limit: () => number,
  ) {
    this.tuning = {
      level: tuneCompMaxlevel,
      memLevel: tuneZlibMemlevel,
      windowBits: tuneZlibWindowsize,
    };
    this.#clock = clock;
    this.#busiest = maxcompcpuusage;
    this.#threads = memory.threads;
    this.#self = memory.self;
    const [bytesIn, bytesOut] = [memory.floats(memory.threads), memory.floats(memory.threads)];
    this.#bytesIn = bytesIn;
    this.#bytesOut = bytesOut;
    const sum = (numbers: Float64Array) => numbers.reduce((all, one) => all + one, 0);
    this.rateIn = rate(() => sum(bytesIn));
    this.rateOut = rate(() => sum(bytesOut));
    this.#rateLimit = new RateLimit(memory, limit);
    // In KiB, taken by all threads.
    const taken = memory.ints(1);
    const most = (maxzlibmem ?? 0) * kilo;
    this.compressors = new Compressors(
      this.tuning,
      most === 0 ? null : {
        take(bytes) {
          const size = Math.ceil(bytes / kilo);
          if (Atomics.add(taken, 0, size) + size <= most) return true;
          Atomics.sub(taken, 0, size);
          return false;
        },
        give: (bytes) => void Atomics.sub(taken, 0, Math.ceil(bytes / kilo)),
      },
    );
  }

  count(bytesIn: number, bytesOut: number): void {
    this.#bytesIn[this.#self]! += bytesIn;
    this.#bytesOut[this.#self]! += bytesOut;
    if (this.limit() > 0) this.#rateLimit.count(this.#clock.wall(), bytesIn);
  }

  /** As much is compressed a second as may be (manual: "maxcomprate"). */
  get isOverRate(): boolean {
    return this.limit() > 0 && this.#rateLimit.isReached(this.#clock.wall());
  }

  /** Nothing more is to be begun (manual: "maxcomprate", "maxcompcpuusage"). */
  get isExhausted(): boolean {
    return this.isOverRate || this.#busiest < 100 && this.#looksBusy();
  }

  /** Whether the threads are busier than they may be with compression. */
  #looksBusy(): boolean {
    const now = this.#clock.now();
    const elapsed = now - this.#lookedAt;
    if (elapsed < lookEvery) return this.#isBusy;
    const { user, system } = process.cpuUsage();
    const used = (user + system) / 1000;
    if (Number.isFinite(elapsed)) {
      this.#isBusy = 100 * (used - this.#usedBefore) / (elapsed * this.#threads) > this.#busiest;
    }
    this.#usedBefore = used;
    this.#lookedAt = now;
    return this.#isBusy;
  }
}
