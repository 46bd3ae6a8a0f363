/**
 * Regular expressions as programs of a non-deterministic automaton (Thompson's construction), which the
 * matchers of linear time run: automaton.ts and threads.ts.
 */
import { type ByteSet, wordSet } from "./sets.ts";
import type { Node, Place, Repeat } from "./syntax.ts";

/** Takes a byte of set x, goes on at the next instruction. */
export const TAKE = 0;
/** Goes on at x, or else at y. */
export const SPLIT = 1;
/** Goes on at x. */
export const JUMP = 2;
/** Notes the place as number x. */
export const SAVE = 3;
/** Goes on at the next instruction if the place is as x says. */
export const CHECK = 4;
export const MATCH = 5;

/** See the head of this file. */
export interface Program {
  readonly ops: Uint8Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly sets: readonly ByteSet[];
  readonly places: readonly Place[];
  /** Places to note: two a group, that of the whole match first. */
  readonly slots: number;
}

/** Programs longer than this are too slow to be worth it. */
const maxLength = 6000;

/** @returns null: it would be too long */
export function assemble(node: Node, groups: number): Program | null {
  const code: [op: number, x: number, y: number][] = [];
  const sets: ByteSet[] = [];
  const places: Place[] = [];
  let tooLong = false;
  const emit = (op: number, x = 0, y = 0): number => {
    if (code.length >= maxLength) tooLong = true;
    return code.push([op, x, y]) - 1;
  };
  /** A split whose other way is set later; `first`: the way that goes on with the next is better. */
  const fork = (first: boolean): (to: number) => void => {
    const at = emit(SPLIT);
    const next = at + 1;
    return (to) => {
      code[at] = first ? [SPLIT, next, to] : [SPLIT, to, next];
    };
  };
  const write = (part: Node): void => {
    if (tooLong) return;
    switch (part.kind) {
      case "set":
        sets.push(part.set);
        emit(TAKE, sets.length - 1);
        return;
      case "sequence":
        part.items.forEach(write);
        return;
      case "choice": {
        const jumps: number[] = [];
        part.items.forEach((item, i) => {
          if (i === part.items.length - 1) return write(item);
          const other = fork(true);
          write(item);
          jumps.push(emit(JUMP));
          other(code.length);
        });
        for (const jump of jumps) code[jump]![1] = code.length;
        return;
      }
      case "repeat":
        repeat(part);
        return;
      case "group":
        emit(SAVE, 2 * part.index);
        write(part.body);
        emit(SAVE, 2 * part.index + 1);
        return;
      case "place":
        places.push(part.place);
        emit(CHECK, places.length - 1);
        return;
      default:
        return;
    }
  };
  const repeat = ({ body, min, max, mode }: Repeat): void => {
    const greedy = mode !== "lazy";
    for (let i = 0; i < min && !tooLong; i++) write(body);
    if (max === Infinity) {
      const start = code.length;
      const end = fork(greedy);
      write(body);
      emit(JUMP, start);
      end(code.length);
      return;
    }
    const ends: ((to: number) => void)[] = [];
    for (let i = min; i < max && !tooLong; i++) {
      ends.push(fork(greedy));
      write(body);
    }
    for (const end of ends) end(code.length);
  };
  write(node);
  emit(MATCH);
  if (tooLong) return null;
  return {
    ops: Uint8Array.from(code, ([op]) => op),
    x: Int32Array.from(code, ([, x]) => x),
    y: Int32Array.from(code, ([, , y]) => y),
    sets,
    places,
    slots: 2 * groups + 2,
  };
}

/** What stands before a place: the start of the input, or a byte. */
export const BEFORE_START = 0;
export const BEFORE_WORD = 1;
export const BEFORE_NEWLINE = 2;
export const BEFORE_OTHER = 3;

/** What stands behind it, beside the bytes: the end, or a newline that is the last byte. */
export const AT_END = 256;
export const AT_LAST_NEWLINE = 257;

const newline = 10;

/** {@linkcode BEFORE_WORD} or its kin, of a byte. */
export function kindOf(byte: number): number {
  return wordSet[byte] === 1 ? BEFORE_WORD : byte === newline ? BEFORE_NEWLINE : BEFORE_OTHER;
}

/** Whether a place is as it must be. @param next a byte, or AT_END, AT_LAST_NEWLINE */
export function holds(place: Place, before: number, next: number): boolean {
  switch (place) {
    case "start":
      return before === BEFORE_START;
    case "end":
      return next === AT_END;
    case "last":
      return next >= AT_END;
    case "line start":
      return before === BEFORE_START || before === BEFORE_NEWLINE && next !== AT_END;
    case "line end":
      return next >= AT_END || next === newline;
    default: {
      const isWord = next < AT_END && wordSet[next] === 1;
      return (isWord !== (before === BEFORE_WORD)) === (place === "word");
    }
  }
}
