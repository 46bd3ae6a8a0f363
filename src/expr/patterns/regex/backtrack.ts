/**
 * Where a regular expression matches, by trying one way after the other, as PCRE does: the only one
 * that knows look-around, back references, atomic groups. It gives up after so many steps.
 */
import { folded } from "../entries.ts";
import { AT_END, AT_LAST_NEWLINE, BEFORE_OTHER, BEFORE_START, holds, kindOf } from "./program.ts";
import { type ByteSet } from "./sets.ts";
import {
  firstOf,
  isAnchored,
  lengthOf,
  type Node,
  type Parsed,
  type Repeat,
  some,
} from "./syntax.ts";

/** Goes on from a place. @returns whether all of the rest matches from there */
type Step = (at: number) => boolean;

/** Steps, and how deep they may be in each other: a stack holds some thousands. */
const maxDepth = 1200;

/** Thrown where it gives up. */
class TooLong extends Error {}
const tooLong = new TooLong("too many steps");

/** See the head of this file. */
export class Backtracking {
  #bytes: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;
  #begins = true;
  #left = 0;
  #depth = 0;
  #end = 0;
  #keep = -1;
  /** The end of what is looked for behind a place. */
  #target = 0;
  readonly #captures: Int32Array;
  readonly #opens: Int32Array;
  readonly #run: Step;
  readonly #first: ByteSet | null;
  readonly #anchored: boolean;
  readonly #least: number;

  constructor(parsed: Parsed) {
    this.#captures = new Int32Array(2 * parsed.groups + 2);
    this.#opens = new Int32Array(parsed.groups + 1);
    this.#run = this.#compile(parsed.node, (at) => {
      this.#end = at;
      return true;
    });
    this.#first = firstOf(parsed.node);
    this.#anchored = isAnchored(parsed.node);
    this.#least = lengthOf(parsed.node)[0];
  }

  /**
   * As Threads.exec().
   * @param budget the number of steps
   * @returns undefined: it takes more steps than that
   */
  exec(
    bytes: Uint8Array,
    from: number,
    to: number,
    begins: boolean,
    budget: number,
  ): Int32Array | null | undefined {
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    this.#begins = begins;
    this.#left = budget;
    this.#depth = 0;
    const captures = this.#captures;
    const first = this.#first;
    const last = this.#anchored ? from : to - this.#least;
    if (to - from < this.#least) return null;
    try {
      for (let at = from; at <= last; at++) {
        if (first !== null && (at === to || first[bytes[at]!] === 0)) continue;
        if (--this.#left < 0) return undefined;
        captures.fill(-1);
        this.#keep = at;
        if (!this.#run(at)) continue;
        captures[0] = this.#keep;
        captures[1] = this.#end;
        return captures;
      }
      return null;
    } catch (error) {
      // A stack that overflows is a way that is too long, too.
      if (error instanceof TooLong || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #spend(steps: number): void {
    if ((this.#left -= steps) < 0) throw tooLong;
  }

  #compile(node: Node, next: Step): Step {
    switch (node.kind) {
      case "empty":
        return next;
      case "set": {
        const { set } = node;
        return (at) => at < this.#to && set[this.#bytes[at]!] === 1 && next(at + 1);
      }
      case "sequence":
        return node.items.reduceRight((rest, item) => this.#compile(item, rest), next);
      case "choice": {
        const ways = node.items.map((item) => this.#compile(item, next));
        return (at) => {
          this.#spend(1);
          for (let i = 0; i < ways.length; i++) if (ways[i]!(at)) return true;
          return false;
        };
      }
      case "repeat":
        return node.body.kind === "set"
          ? this.#repeatSet(node, node.body.set, next)
          : this.#repeat(node, next);
      case "group":
        return this.#group(node.index, node.body, next);
      case "place": {
        const { place } = node;
        return (at) => holds(place, this.#before(at), this.#behind(at)) && next(at);
      }
      case "atomic": {
        const alone = this.#alone(node.body);
        const keeps = captures(node.body);
        return (at) => {
          const before = keeps ? this.#captures.slice() : null;
          const end = alone(at);
          if (end >= 0 && next(end)) return true;
          if (before !== null) this.#captures.set(before);
          return false;
        };
      }
      case "look":
        return this.#look(node.behind, node.negative, node.body, next);
      case "back":
        return this.#back(node.index, node.ignoreCase, next);
      case "keep":
        return (at) => {
          const before = this.#keep;
          this.#keep = at;
          if (next(at)) return true;
          this.#keep = before;
          return false;
        };
    }
  }

  #before(at: number): number {
    if (at > this.#from) return kindOf(this.#bytes[at - 1]!);
    return this.#begins ? BEFORE_START : BEFORE_OTHER;
  }

  #behind(at: number): number {
    if (at === this.#to) return AT_END;
    const byte = this.#bytes[at]!;
    return byte === 10 && at === this.#to - 1 ? AT_LAST_NEWLINE : byte;
  }

  /** A part by itself: the first way that it matches counts. @returns its end; -1: it does not match */
  #alone(body: Node): (at: number) => number {
    let end = -1;
    const run = this.#compile(body, (at) => {
      end = at;
      return true;
    });
    return (at) => {
      this.#spend(1);
      return run(at) ? end : -1;
    };
  }

  #group(index: number, body: Node, next: Step): Step {
    const opens = this.#opens;
    const captures = this.#captures;
    const close: Step = (at) => {
      const from = captures[2 * index]!;
      const to = captures[2 * index + 1]!;
      captures[2 * index] = opens[index]!;
      captures[2 * index + 1] = at;
      if (next(at)) return true;
      captures[2 * index] = from;
      captures[2 * index + 1] = to;
      return false;
    };
    const run = this.#compile(body, close);
    return (at) => {
      const before = opens[index]!;
      opens[index] = at;
      if (run(at)) return true;
      opens[index] = before;
      return false;
    };
  }

  /** One byte of a set, several times: without a stack. */
  #repeatSet({ min, max, mode }: Repeat, set: ByteSet, next: Step): Step {
    if (mode === "lazy") {
      return (at) => {
        const bytes = this.#bytes;
        const least = at + min;
        const most = Math.min(this.#to, at + max);
        for (let i = at;; i++) {
          if (i >= least) {
            this.#spend(1);
            if (next(i)) return true;
          }
          if (i >= most || set[bytes[i]!] === 0) return false;
        }
      };
    }
    return (at) => {
      const bytes = this.#bytes;
      const most = Math.min(this.#to, at + max);
      let i = at;
      while (i < most && set[bytes[i]!] === 1) i++;
      this.#spend(1 + (i - at >> 3));
      const least = at + min;
      if (mode === "possessive") return i >= least && next(i);
      for (; i >= least; i--) {
        this.#spend(1);
        if (next(i)) return true;
      }
      return false;
    };
  }

  #repeat({ body, min, max, mode }: Repeat, next: Step): Step {
    if (mode === "possessive") {
      const greedy: Repeat = { kind: "repeat", body, min, max, mode: "greedy" };
      return this.#compile({ kind: "atomic", body: greedy }, next);
    }
    let count = 0;
    /** Where the time before began: one that takes nothing is the last. */
    let last = -1;
    const more: Step = (at) => {
      if (count >= max || count >= min && at === last) return false;
      const [oldCount, oldLast] = [count, last];
      count++;
      last = at;
      if (run(at)) return true;
      count = oldCount;
      last = oldLast;
      return false;
    };
    const enough: Step = (at) => {
      if (count < min) return false;
      // What comes next may be a repetition around this one, which begins it anew.
      const [oldCount, oldLast] = [count, last];
      if (next(at)) return true;
      count = oldCount;
      last = oldLast;
      return false;
    };
    const turn: Step = (at) => {
      this.#spend(1);
      if (++this.#depth > maxDepth) throw tooLong;
      const matches = mode === "lazy" ? enough(at) || more(at) : more(at) || enough(at);
      this.#depth--;
      return matches;
    };
    const run = this.#compile(body, turn);
    return (at) => {
      const [oldCount, oldLast] = [count, last];
      count = 0;
      last = -1;
      if (turn(at)) return true;
      count = oldCount;
      last = oldLast;
      return false;
    };
  }

  #look(behind: boolean, negative: boolean, body: Node, next: Step): Step {
    const [least, most] = behind ? lengthOf(body) : [0, 0];
    const run = this.#compile(body, (at) => !behind || at === this.#target);
    const looks: Step = (at) => {
      const target = this.#target;
      this.#target = at;
      let matches = false;
      for (let length = least; length <= most && !matches && at - length >= this.#from; length++) {
        this.#spend(1);
        matches = run(at - length);
      }
      this.#target = target;
      return matches;
    };
    const keeps = captures(body);
    return (at) => {
      const before = keeps ? this.#captures.slice() : null;
      // What was captured where nothing must be found does not count.
      if (looks(at) !== negative && next(at)) return true;
      if (before !== null) this.#captures.set(before);
      return false;
    };
  }

  #back(index: number, ignoreCase: boolean, next: Step): Step {
    return (at) => {
      const from = this.#captures[2 * index]!;
      const to = this.#captures[2 * index + 1]!;
      if (from < 0 || at + to - from > this.#to) return false;
      const bytes = this.#bytes;
      this.#spend(1 + (to - from >> 3));
      for (let i = 0; i < to - from; i++) {
        const [a, b] = [bytes[from + i]!, bytes[at + i]!];
        if (ignoreCase ? folded[a] !== folded[b] : a !== b) return false;
      }
      return next(at + to - from);
    };
  }
}

const captures = (node: Node): boolean => some(node, ({ kind }) => kind === "group");
