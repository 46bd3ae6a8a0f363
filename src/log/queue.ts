/**
 * Log lines on their way to the kernel: those of one turn of the event loop leave together, those
 * for which there is no room wait in bounded memory, and those which find none are counted.
 */
import type { Clock } from "../time/clock.ts";
import { putLine } from "./frame.ts";
import type { Transport } from "./transport.ts";

/** Bytes that may wait, and the first size of the buffer. */
const capacity = 1 << 20;
const initialSize = 1 << 14;
/** ms until a full transport is tried again; doubled for each failed attempt, up to the second. */
const firstRetry = 1;
const lastRetry = 64;
/** ms between two reports of dropped lines. */
const reportInterval = 1000;
/** At the end of the process: ms of one wait for room, and how many may fail. */
const lastWait = 50;
const lastWaits = 20;

/** What a queue needs from outside. */
export interface QueueDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Calls back at the end of this turn of the event loop. */
  readonly defer: (callback: () => void) => void;
  /** Makes the line which says that so many lines were dropped. */
  readonly dropLine: (count: number) => string;
  /** Longest such line, in bytes without the newline. */
  readonly dropLimit: number;
  /** Called with the reason when lines cannot be delivered, once until it works again. */
  readonly onFailure: (reason: string) => void;
}

/** See above. */
export interface LineQueue {
  /** Takes a line; `limit`: bytes at most, without the newline. */
  put(line: string, limit: number): void;
  /** Hands over now what the transport takes. */
  flush(): void;
  /** Hands over what can be within a second, then closes the transport. */
  close(): void;
  /** Lines dropped since the start. */
  readonly dropped: number;
}

/** Makes a queue before a transport. */
export function createQueue(deps: QueueDeps): LineQueue {
  const { transport, clock, defer } = deps;
  let bytes = new Uint8Array(new ArrayBuffer(initialSize));
  const ends: number[] = [];
  let used = 0;
  let dropped = 0;
  /** How many of them have been reported; and the last line that did so, while it waits here. */
  let reported = 0;
  let reportedAt = -Infinity;
  let reportIndex = -1;
  let reportCount = 0;
  let failing = false;
  /** A flush is due at the end of this turn, or when the retry timer fires. */
  let scheduled = false;
  /** The transport had no room last time. */
  let stalled = false;
  let retryDelay = firstRetry;
  let closed = false;

  function hasRoom(size: number): boolean {
    if (used + size > bytes.length && bytes.length < capacity) {
      const larger = new Uint8Array(
        new ArrayBuffer(Math.min(capacity, Math.max(2 * bytes.length, used + size))),
      );
      larger.set(bytes.subarray(0, used));
      bytes = larger;
    }
    return used + size <= bytes.length;
  }

  /** @returns whether there was room */
  function append(line: string, limit: number): boolean {
    if (!hasRoom(Math.min(limit, 3 * line.length) + 1)) return false;
    used = putLine(bytes, used, line, limit);
    ends.push(used);
    return true;
  }

  function remove(count: number): void {
    if (count === 0) return;
    reportIndex = Math.max(-1, reportIndex - count);
    if (count === ends.length) {
      ends.length = 0;
      used = 0;
      return;
    }
    const start = ends[count - 1]!;
    bytes.copyWithin(0, start, used);
    used -= start;
    ends.splice(0, count);
    for (let i = 0; i < ends.length; i++) ends[i]! -= start;
  }

  function lose(index: number): void {
    if (index === reportIndex) reported -= reportCount;
    else dropped++;
  }

  /** @returns whether anything was delivered */
  function sendAll(): boolean {
    let delivered = false;
    let broken = false;
    let from = 0;
    while (from < ends.length) {
      const taken = transport.send(bytes, ends, from, ends.length);
      if (taken === 0) break;
      broken = taken < 0;
      if (broken) lose(from);
      else delivered = true;
      from += broken ? 1 : taken;
    }
    stalled = from < ends.length;
    remove(from);
    if (broken && !failing) deps.onFailure(transport.failure);
    if (from > 0) failing = broken;
    return delivered;
  }

  function report(): void {
    const now = clock.now();
    const count = dropped - reported;
    if (count === 0 || reportIndex >= 0 || now - reportedAt < reportInterval) return;
    if (!append(deps.dropLine(count), deps.dropLimit)) return;
    reportIndex = ends.length - 1;
    reportCount = count;
    reported = dropped;
    reportedAt = now;
  }

  function flush(): void {
    if (closed) return;
    // Only a target that takes lines again gets the report of those that it did not take.
    if (sendAll()) {
      retryDelay = firstRetry;
      report();
    }
    if (ends.length > 0 && !scheduled) {
      scheduled = true;
      clock.schedule(retryDelay, run);
      retryDelay = Math.min(2 * retryDelay, lastRetry);
    }
  }

  function run(): void {
    scheduled = false;
    flush();
  }

  return {
    put(line, limit) {
      if (closed) {
        dropped++;
        return;
      }
      if (!append(line, limit)) {
        if (!stalled) flush();
        if (stalled || !append(line, limit)) dropped++;
      }
      if (!scheduled) {
        scheduled = true;
        defer(run);
      }
    },
    flush,
    close() {
      if (closed) return;
      sendAll();
      reportedAt = -Infinity;
      report();
      sendAll();
      for (let failed = 0; ends.length > 0 && failed < lastWaits; failed++) {
        transport.wait(lastWait);
        if (sendAll()) failed = 0;
      }
      if (ends.length > 0) deps.onFailure(`${ends.length} lines not delivered at the end`);
      for (let i = 0; i < ends.length; i++) lose(i);
      remove(ends.length);
      closed = true;
      transport.close();
    },
    get dropped() {
      return dropped;
    },
  };
}
