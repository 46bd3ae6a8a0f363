/** Patterns that are integers and ranges of them (manual, chapter 7.1.2). */
import { maxInteger, minInteger, type Sample } from "../sample.ts";
import { Key } from "./entries.ts";
import { type PatternIndex, PatternMistake } from "./pattern.ts";

/** An integer of 64 bits; a bigint only where a number is not exact. */
type Integer = number | bigint;

/** Both ends belong to it. */
interface Range {
  readonly low: Integer;
  readonly high: Integer;
}

const operators = new Map<string, (value: bigint) => [low: bigint, high: bigint]>([
  ["eq", (value) => [value, value]],
  ["ge", (value) => [value, maxInteger]],
  ["gt", (value) => [value + 1n, maxInteger]],
  ["le", (value) => [minInteger, value]],
  ["lt", (value) => [minInteger, value - 1n]],
]);

const hint = "a number, min:max, min:, :max, or a number behind eq, ge, gt, le or lt";

function integer(text: string, whole: string): bigint {
  const value = /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace(/^\+/, "")) : null;
  if (value !== null && value >= minInteger && value <= maxInteger) return value;
  const what = /^[^:-]+$/.test(whole) ? "number" : "valid number range";
  throw new PatternMistake(`'${whole}' is not a ${what}`, hint);
}

const lessened = (value: bigint): Integer => {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
};

/**
 * Reads "5", "1:5", "1-5", ":5", "-5" (which is that, as in HAProxy), "5:", "gt 5".
 * @throws {PatternMistake}
 */
function parseRange(text: string): Range {
  const operator = /^(eq|ge|gt|le|lt)\s+(.*)$/.exec(text);
  let low: bigint;
  let high: bigint;
  if (operator !== null && /^[+-]?\d+$/.test(operator[2]!)) {
    [low, high] = operators.get(operator[1]!)!(integer(operator[2]!, text));
  } else {
    const range = operator?.[1] === "eq" ? operator[2]! : text;
    const at = range.search(/[:-]/);
    const first = at < 0 ? range : range.slice(0, at);
    const last = at < 0 ? range : range.slice(at + 1);
    if (first === "" && last === "") integer("", text);
    low = first === "" ? minInteger : integer(first, text);
    high = last === "" ? maxInteger : integer(last, text);
  }
  if (low > high) throw new PatternMistake(`'${text}' is not a valid number range`, hint);
  return { low: lessened(low), high: lessened(high) };
}

/**
 * Rewrites a pattern of versions, "3.1" or "3:3.1", as "req.ssl_ver" has them, as one of integers
 * (manual: "req.ssl_ver").
 * @throws {PatternMistake}
 */
export function versionPattern(text: string): string {
  return text.replace(/\d+(\.\d+)?/g, (version) => {
    const [major = "", minor = "0"] = version.split(".");
    if (Number(major) > 65535 || Number(minor) > 65535) {
      throw new PatternMistake(`'${version}' is not a version`);
    }
    return String(Number(major) * 65536 + Number(minor));
  });
}

/** An index of integers; which one of a sample's it is, `valueOf` says. */
export class Numbers implements PatternIndex {
  readonly #singles = new Map<Integer, Key>();
  #ranges: (Range & { readonly text: string; readonly id: number; readonly order: number })[] = [];
  /** Ends of the ranges, ascending; null: they have changed. */
  #points: Integer[] | null = null;
  /** The first range below the first point, at it, between it and the next one, and so on; -1: none. */
  #owners = new Int32Array(1);
  #added = 0;

  constructor(readonly valueOf: (sample: Sample) => Integer) {}

  add(text: string, id: number): void {
    const range = parseRange(text);
    const order = this.#added++;
    if (range.low === range.high) {
      let key = this.#singles.get(range.low);
      if (key === undefined) this.#singles.set(range.low, key = new Key(none));
      key.add(id, order);
    } else {
      this.#ranges.push({ ...range, text, id, order });
      this.#points = null;
    }
  }

  remove(text: string, id: number): void {
    const range = parseRange(text);
    if (range.low === range.high) {
      const key = this.#singles.get(range.low);
      if (key?.remove(id) && key.isDead) this.#singles.delete(range.low);
    } else {
      const at = this.#ranges.findIndex((each) => each.id === id && each.text === text);
      if (at >= 0) this.#ranges.splice(at, 1);
      this.#points = null;
    }
  }

  find(sample: Sample): number {
    const value = this.valueOf(sample);
    const single = this.#singles.get(value);
    if (this.#ranges.length === 0) return single === undefined ? -1 : single.id;
    const range = this.#ranges[this.#owner(value)];
    if (range === undefined) return single === undefined ? -1 : single.id;
    return single !== undefined && single.order < range.order ? single.id : range.id;
  }

  /** The number of the first range that a value lies in; -1: it lies in none. */
  #owner(value: Integer): number {
    const points = this.#points ??= this.#index();
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = low + high >> 1;
      if (points[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    // `low` points are at the value or below it.
    const isPoint = low > 0 && points[low - 1] === value;
    return this.#owners[isPoint ? 2 * low - 1 : 2 * low]!;
  }

  /** Gives each point and gap to the first range that it lies in. */
  #index(): Integer[] {
    const points = [...new Set(this.#ranges.flatMap(({ low, high }) => [low, high]))]
      .sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
    const place = new Map(points.map((point, i) => [point, 2 * i + 1]));
    const owners = this.#owners = new Int32Array(2 * points.length + 1).fill(-1);
    // The next one, from each on, that has no owner yet.
    const next = Int32Array.from({ length: owners.length + 1 }, (_, i) => i);
    const free = (at: number): number => {
      let to = at;
      while (next[to] !== to) to = next[to]!;
      for (let i = at; i !== to;) {
        const after = next[i]!;
        next[i] = to;
        i = after;
      }
      return to;
    };
    this.#ranges.forEach(({ low, high }, number) => {
      const last = place.get(high)!;
      for (let at = free(place.get(low)!); at <= last; at = free(at)) {
        owners[at] = number;
        next[at] = at + 1;
      }
    });
    return points;
  }
}
const none = new Uint8Array(0);
