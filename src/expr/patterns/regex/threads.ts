/**
 * Where a program matches, by all of its ways at once, one step a byte (Pike's machine): linear in the
 * input, whatever the expression. Slower than going back, so it runs only where that takes too long.
 * It finds what PCRE finds, but for a repetition of what may be empty, as in "(a??)+": PCRE ends it at the
 * first empty turn, and this may take a later one.
 */
import {
  AT_END,
  AT_LAST_NEWLINE,
  BEFORE_OTHER,
  BEFORE_START,
  CHECK,
  holds,
  JUMP,
  kindOf,
  MATCH,
  type Program,
  SAVE,
  SPLIT,
} from "./program.ts";

/** The ways that are under way, the best one first. */
class Ways {
  readonly counters: Int32Array;
  readonly slots: Int32Array;
  count = 0;

  constructor(length: number, slots: number) {
    this.counters = new Int32Array(length);
    this.slots = new Int32Array(length * slots);
  }
}

/** See the head of this file. */
export class Threads {
  #now: Ways;
  #next: Ways;
  readonly #seen: Int32Array;
  #round = 0;
  readonly #slots: Int32Array;
  readonly #found: Int32Array;

  constructor(readonly program: Program) {
    const { length } = program.ops;
    this.#now = new Ways(length, program.slots);
    this.#next = new Ways(length, program.slots);
    this.#seen = new Int32Array(length);
    this.#slots = new Int32Array(program.slots);
    this.#found = new Int32Array(program.slots);
  }

  /**
   * The first match in bytes[from, to): the places of the whole and of its groups, -1 where a group is
   * not part of it; null: none. The result is good until the next call.
   * @param begins whether `from` is a start
   */
  exec(bytes: Uint8Array, from: number, to: number, begins: boolean): Int32Array | null {
    const { ops, x, sets, slots } = this.program;
    let found = false;
    let before = begins ? BEFORE_START : BEFORE_OTHER;
    this.#now.count = 0;
    for (let i = from;; i++) {
      const now = this.#now;
      const next = i === to
        ? AT_END
        : i === to - 1 && bytes[i] === 10
        ? AT_LAST_NEWLINE
        : bytes[i]!;
      // Ways wait before what takes no byte until the byte behind it is known.
      this.#next.count = 0;
      this.#round++;
      for (let way = 0; way < now.count; way++) {
        const base = way * slots;
        for (let slot = 0; slot < slots; slot++) this.#slots[slot] = now.slots[base + slot]!;
        this.#follow(now.counters[way]!, i, before, next);
      }
      if (!found) {
        this.#slots.fill(-1);
        this.#slots[0] = i;
        this.#follow(0, i, before, next);
      }
      const ready = this.#next;
      this.#next = now;
      this.#now = ready;
      // Takes the byte, in place: a way keeps its rank.
      let kept = 0;
      for (let way = 0; way < ready.count; way++) {
        const at = ready.counters[way]!;
        const base = way * slots;
        if (ops[at] === MATCH) {
          found = true;
          for (let slot = 0; slot < slots; slot++) this.#found[slot] = ready.slots[base + slot]!;
          this.#found[1] = i;
          break;
        }
        if (i === to || sets[x[at]!]![bytes[i]!] === 0) continue;
        ready.counters[kept] = at + 1;
        if (kept !== way) ready.slots.copyWithin(kept * slots, base, base + slots);
        kept++;
      }
      ready.count = kept;
      if (i === to || found && kept === 0) return found ? this.#found : null;
      before = kindOf(bytes[i]!);
    }
  }

  /** Adds to the next ways what an instruction leads to without a byte, the best first. */
  #follow(at: number, i: number, before: number, next: number): void {
    if (this.#seen[at] === this.#round) return;
    this.#seen[at] = this.#round;
    const { ops, x, y, places, slots } = this.program;
    switch (ops[at]) {
      case SPLIT:
        this.#follow(x[at]!, i, before, next);
        this.#follow(y[at]!, i, before, next);
        return;
      case JUMP:
        this.#follow(x[at]!, i, before, next);
        return;
      case CHECK:
        if (holds(places[x[at]!]!, before, next)) this.#follow(at + 1, i, before, next);
        return;
      case SAVE: {
        const slot = x[at]!;
        const old = this.#slots[slot]!;
        this.#slots[slot] = i;
        this.#follow(at + 1, i, before, next);
        this.#slots[slot] = old;
        return;
      }
      default: {
        const ways = this.#next;
        ways.counters[ways.count] = at;
        const base = ways.count++ * slots;
        for (let slot = 0; slot < slots; slot++) ways.slots[base + slot] = this.#slots[slot]!;
      }
    }
  }
}
