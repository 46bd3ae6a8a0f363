/**
 * Whether a program matches, by a deterministic automaton whose states are made when they are first
 * reached: one look into a table a byte, whatever the expression.
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
  TAKE,
} from "./program.ts";

/** Numbers in a state's row that are not states. */
const UNKNOWN = 0;
const YES = -1;
const NO = -2;

/** How large the tables of one expression may become; then they are begun anew. 4 bytes each. */
const maxCells = 65536;

/** See the head of this file. */
export class Automaton {
  /** Which bytes no set of the program tells apart, and how many such classes there are. */
  readonly #classes: Uint8Array;
  readonly #examples: number[] = [];
  readonly #width: number;
  readonly #checks: boolean;
  /** A row for each state, from 1 on: by class, and behind them AT_END, AT_LAST_NEWLINE. */
  #rows: Int32Array;
  #states: { readonly counters: readonly number[]; readonly before: number }[] = [];
  #byKey = new Map<string, number>();
  #first = new Int32Array(4);
  readonly #seen: Int32Array;
  #round = 0;

  /** @param anchored it can only match at the start */
  constructor(readonly program: Program, readonly anchored: boolean) {
    this.#checks = program.places.length > 0;
    const keys = new Map<string, number>();
    this.#classes = Uint8Array.from({ length: 256 }, (_, byte) => {
      const key = program.sets.map((set) => set[byte]).join("") +
        (this.#checks ? kindOf(byte) : "");
      let number = keys.get(key);
      if (number === undefined) {
        keys.set(key, number = keys.size);
        this.#examples.push(byte);
      }
      return number;
    });
    this.#width = keys.size + 2;
    this.#rows = new Int32Array(this.#width * 8);
    this.#seen = new Int32Array(program.ops.length);
  }

  /** Whether it matches anywhere in bytes[from, to). @param begins whether `from` is a start */
  test(bytes: Uint8Array, from: number, to: number, begins = true): boolean {
    const classes = this.#classes;
    const width = this.#width;
    let state = this.#start(begins ? BEFORE_START : BEFORE_OTHER);
    const last = to > from && bytes[to - 1] === 10 ? to - 1 : to;
    for (let i = from; i < last; i++) {
      const column = classes[bytes[i]!]!;
      let next = this.#rows[state * width + column]!;
      if (next === UNKNOWN) next = this.#step(state, column, bytes[i]!);
      if (next < 0) return next === YES;
      state = next;
    }
    if (last < to) {
      let next = this.#rows[state * width + width - 1]!;
      if (next === UNKNOWN) next = this.#step(state, width - 1, AT_LAST_NEWLINE);
      if (next < 0) return next === YES;
      state = next;
    }
    const end = this.#rows[state * width + width - 2]!;
    return (end === UNKNOWN ? this.#step(state, width - 2, AT_END) : end) === YES;
  }

  #start(before: number): number {
    return this.#first[before] ||= this.#intern([0], before);
  }

  #intern(counters: readonly number[], before: number): number {
    const key = `${before}:${counters.join()}`;
    let number = this.#byKey.get(key);
    if (number !== undefined) return number;
    number = this.#states.push({ counters, before });
    this.#byKey.set(key, number);
    if ((number + 1) * this.#width > this.#rows.length) {
      const rows = new Int32Array(this.#rows.length * 2);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    return number;
  }

  #forget(): void {
    this.#rows = new Int32Array(this.#width * 8);
    this.#states = [];
    this.#byKey.clear();
    this.#first = new Int32Array(4);
  }

  /** Finds out where a state goes by a symbol, and notes it. */
  #step(state: number, column: number, symbol: number): number {
    const { ops, x, sets } = this.program;
    const { counters, before } = this.#states[state - 1]!;
    const byte = symbol < AT_END ? this.#examples[column]! : symbol === AT_END ? -1 : 10;
    const reached: number[] = [];
    this.#round++;
    const matches = counters.some((counter) => this.#close(counter, before, symbol, reached));
    let next: number;
    if (matches) next = YES;
    else if (byte < 0) next = NO;
    else {
      const after = reached.filter((at) => ops[at] === TAKE && sets[x[at]!]![byte] === 1)
        .map((at) => at + 1);
      if (!this.anchored && !after.includes(0)) after.push(0);
      if (after.length === 0) next = NO;
      else {
        if (this.#states.length * this.#width > maxCells) {
          this.#forget();
          return this.#intern(after.sort((a, b) => a - b), this.#checks ? kindOf(byte) : 0);
        }
        next = this.#intern(after.sort((a, b) => a - b), this.#checks ? kindOf(byte) : 0);
      }
    }
    this.#rows[state * this.#width + column] = next;
    return next;
  }

  /** All that can be reached from an instruction without a byte. @returns whether a match can */
  #close(start: number, before: number, next: number, reached: number[]): boolean {
    const { ops, x, y, places } = this.program;
    const seen = this.#seen;
    const stack = [start];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (seen[at] === this.#round) continue;
      seen[at] = this.#round;
      const op = ops[at]!;
      if (op === MATCH) return true;
      if (op === TAKE) reached.push(at);
      else if (op === SPLIT) stack.push(y[at]!, x[at]!);
      else if (op === JUMP) stack.push(x[at]!);
      else if (op === SAVE || op === CHECK && holds(places[x[at]!]!, before, next)) {
        stack.push(at + 1);
      }
    }
    return false;
  }
}
