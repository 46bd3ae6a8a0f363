/** A transport for the tests: keeps what it takes, and takes as much as the test says. */
import type { Transport } from "#src/log/transport.ts";

/** A {@linkcode Transport} under the test's control. */
export interface FakeTransport extends Transport {
  /** The lines taken, without their newlines. */
  readonly lines: string[];
  /** How many lines each call of send() was offered. */
  readonly offered: number[];
  /** How many lines a call takes at most; -1: it fails. Changed by the test at will. */
  takes: () => number;
  /** Waits asked for, in ms. */
  readonly waits: number[];
  closed: boolean;
}

/** Makes one that takes everything. */
export function fakeTransport(): FakeTransport {
  const fake: FakeTransport = {
    lines: [],
    offered: [],
    takes: () => Infinity,
    waits: [],
    closed: false,
    failure: "out of order",
    send(bytes, ends, from, to) {
      fake.offered.push(to - from);
      const taken = Math.min(to - from, fake.takes());
      for (let i = from; i < from + taken; i++) {
        const line = bytes.slice(i === 0 ? 0 : ends[i - 1], ends[i]);
        if (line.at(-1) !== 10) throw new Error("a line without its newline");
        fake.lines.push(new TextDecoder().decode(line.subarray(0, -1)));
      }
      return taken;
    },
    wait(ms) {
      fake.waits.push(ms);
    },
    close() {
      fake.closed = true;
    },
  };
  return fake;
}
