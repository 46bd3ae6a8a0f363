import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  addToRate,
  rateWords,
  readRate,
  restoreRate,
  saveRate,
  setRate,
} from "#src/stick-table/rate.ts";
import { test } from "../testing.ts";

/**
 * The same counter by its definition, in exact arithmetic: periods follow one another from the first
 * event; one in which there was none at all ends the row.
 */
class Reference {
  #began: number | null = null;
  #current = 0n;
  #past = 0n;

  constructor(readonly period: number) {}

  #roll(now: number): void {
    if (this.#began === null) {
      this.#began = now - now % 2;
      return;
    }
    if (now - this.#began < this.period) return;
    const next = now - this.#began < 2 * this.period;
    this.#past = next ? this.#current : 0n;
    this.#current = 0n;
    const began = next ? this.#began + this.period : now;
    this.#began = began - began % 2;
  }
  add(now: number, events: number): void {
    this.#roll(now);
    this.#current += BigInt(events);
  }
  read(now: number): number {
    if (this.#began === null) return 0;
    const elapsed = now - this.#began;
    let [current, past, left] = [this.#current, this.#past, this.period - elapsed];
    if (left < 0) {
      left += this.period;
      [past, current] = [left < 0 ? 0n : current, 0n];
    }
    if (current === 0n && past <= 1n) return Number(past);
    return Number(current + past * BigInt(left) / BigInt(this.period));
  }
}

test("rate: at any time as many as HAProxy's arithmetic has", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100_000 }),
    fc.array(
      fc.tuple(
        fc.oneof(fc.nat(20), fc.nat(1000), fc.nat(300_000)),
        fc.oneof(fc.nat(3), fc.nat(2 ** 30)),
      ),
      { maxLength: 30 },
    ),
    fc.integer({ min: 2, max: 2 ** 32 }),
    (period, events, start) => {
      const words = new Int32Array(rateWords + 2);
      const reference = new Reference(period);
      let now = start;
      for (const [after, count] of events) {
        now += after;
        assertEquals(readRate(words, 1, now | 0, period), reference.read(now));
        addToRate(words, 1, now | 0, period, count);
        reference.add(now, count);
        assertEquals(readRate(words, 1, now | 0, period), reference.read(now) % 2 ** 32);
        if (reference.read(now) >= 2 ** 31) break;
      }
      assertEquals([words[0], words[4]], [0, 0], "what is beside it");
    },
  ));
});

test("rate: 10 events in a period of 10 s fade in the next, and are gone after it", () => {
  const words = new Int32Array(rateWords);
  for (let i = 0; i < 10; i++) addToRate(words, 0, 1000 + i, 10_000, 1);
  const at = (now: number) => readRate(words, 0, 1000 + now, 10_000);
  assertEquals([at(9), at(9999), at(10_000)], [10, 10, 10]);
  assertEquals([at(11_000), at(15_000), at(19_000), at(19_999)], [9, 5, 1, 0]);
  assertEquals([at(20_001), at(60_000)], [0, 0]);
  addToRate(words, 0, 16_000, 10_000, 3);
  assertEquals(readRate(words, 0, 16_000, 10_000), 3 + 5);
});

test("rate: one event stays one for two periods, across the wrap of the clock", () => {
  const words = new Int32Array(rateWords);
  const now = 2 ** 31 - 5;
  addToRate(words, 0, now | 0, 1000, 1);
  const at = (later: number) => readRate(words, 0, (now + later) | 0, 1000);
  assertEquals([at(0), at(500), at(1500), at(1990), at(2100)], [1, 1, 1, 1, 0]);
});

test("rate: a thread whose time is a little behind counts in the same period", () => {
  const words = new Int32Array(rateWords);
  addToRate(words, 0, 5000, 1000, 4);
  addToRate(words, 0, 4998, 1000, 1);
  assertEquals(readRate(words, 0, 4999, 1000), 5);
  assertEquals(readRate(words, 0, 5001, 1000), 5);
});

test("rate: large ones are exact", () => {
  const words = new Int32Array(rateWords);
  setRate(words, 0, 1000, 2 ** 32 - 1);
  assertEquals(readRate(words, 0, 1000, 2 ** 31 - 1), 2 ** 32 - 1);
  restoreRate(words, 0, 1000, { age: 500_000_000, current: 0, previous: 2 ** 32 - 1 });
  const share = BigInt(2 ** 32 - 1) * BigInt(2 ** 31 - 1 - 500_000_000) / BigInt(2 ** 31 - 1);
  assertEquals(BigInt(readRate(words, 0, 1000, 2 ** 31 - 1)), share);
});

test("rate: what is saved and restored goes on as it would have", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(1500), fc.nat(9)), { minLength: 1, maxLength: 10 }),
    fc.nat(3000),
    fc.integer(),
    (events, pause, shift) => {
      const [one, other] = [new Int32Array(rateWords), new Int32Array(rateWords)];
      let now = 10_000;
      for (const [after, count] of events) addToRate(one, 0, now += after, 1000, count);
      const even = shift & ~1;
      restoreRate(other, 0, (now + even) | 0, saveRate(one, 0, now));
      now += pause;
      const difference = readRate(one, 0, now, 1000) - readRate(other, 0, (now + even) | 0, 1000);
      assert(difference === 0, String(difference));
    },
  ));
});
