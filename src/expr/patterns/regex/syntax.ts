/** What a regular expression consists of, once it has been read (parse.ts). */
import type { ByteSet } from "./sets.ts";

/** Places between bytes. */
export type Place =
  /** `\A`, and `^` outside of "(?m)" */
  | "start"
  /** `\z` */
  | "end"
  /** `\Z`, and `$`: also before a newline that is the last byte */
  | "last"
  /** `^` and `$` with "(?m)" */
  | "line start"
  | "line end"
  /** `\b` and `\B` */
  | "word"
  | "no word";

/** A part of a regular expression. */
export type Node =
  | { readonly kind: "empty" }
  | { readonly kind: "set"; readonly set: ByteSet }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "choice"; readonly items: readonly Node[] }
  | Repeat
  | { readonly kind: "group"; readonly index: number; readonly body: Node }
  | { readonly kind: "place"; readonly place: Place }
  /** What follows is not regular in the sense of automata, or not simply so. */
  | { readonly kind: "atomic"; readonly body: Node }
  | {
    readonly kind: "look";
    readonly behind: boolean;
    readonly negative: boolean;
    readonly body: Node;
  }
  | { readonly kind: "back"; readonly index: number; readonly ignoreCase: boolean }
  /** `\K`: the match begins here. */
  | { readonly kind: "keep" };

/** A part that may stand several times. */
export interface Repeat {
  readonly kind: "repeat";
  readonly body: Node;
  readonly min: number;
  /** Infinity: no limit. */
  readonly max: number;
  readonly mode: "greedy" | "lazy" | "possessive";
}

/** What is wrong with a regular expression, and where in it. */
export class RegexMistake extends Error {
  constructor(message: string, readonly at: number) {
    super(message);
  }
}

/** A regular expression that has been read. */
export interface Parsed {
  readonly node: Node;
  /** Groups that capture. */
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
}

const children = (node: Node): readonly Node[] =>
  node.kind === "sequence" || node.kind === "choice"
    ? node.items
    : "body" in node
    ? [node.body]
    : [];

/** Whether a part is as `test` says, or has one that is. */
export function some(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || children(node).some((child) => some(child, test));
}

/** Whether automata can match it: no look, no back reference, nothing that forbids to go back. */
export function isRegular(node: Node): boolean {
  return !some(
    node,
    (part) =>
      part.kind === "atomic" || part.kind === "look" || part.kind === "back" ||
      part.kind === "keep" || part.kind === "repeat" && part.mode === "possessive",
  );
}

/** How many bytes a part takes: at least and at most. */
export function lengthOf(node: Node): readonly [least: number, most: number] {
  switch (node.kind) {
    case "set":
      return [1, 1];
    case "sequence":
      return node.items.map(lengthOf).reduce((a, b) => [a[0] + b[0], a[1] + b[1]], [0, 0]);
    case "choice": {
      const lengths = node.items.map(lengthOf);
      return [
        Math.min(...lengths.map(([least]) => least)),
        Math.max(...lengths.map(([, most]) => most)),
      ];
    }
    case "repeat": {
      const [least, most] = lengthOf(node.body);
      return [least * node.min, most === 0 ? 0 : most * node.max];
    }
    case "group":
    case "atomic":
      return lengthOf(node.body);
    case "back":
      return [0, Infinity];
    default:
      return [0, 0];
  }
}

/** Whether a match can only be at the start of the input. */
export function isAnchored(node: Node): boolean {
  switch (node.kind) {
    case "place":
      return node.place === "start";
    case "sequence": {
      const first = node.items.find((item) => lengthOf(item)[1] > 0 || isAnchored(item));
      return first !== undefined && isAnchored(first);
    }
    case "choice":
      return node.items.every(isAnchored);
    case "repeat":
      return node.min > 0 && isAnchored(node.body);
    case "group":
    case "atomic":
      return isAnchored(node.body);
    default:
      return false;
  }
}

/** The bytes that a match can begin with; null: it may be empty, or it is not known. */
export function firstOf(node: Node): ByteSet | null {
  switch (node.kind) {
    case "set":
      return node.set;
    case "group":
    case "atomic":
      return firstOf(node.body);
    case "repeat":
      return node.min > 0 ? firstOf(node.body) : null;
    case "choice": {
      const sets = node.items.map(firstOf);
      if (sets.some((set) => set === null)) return null;
      return new Uint8Array(256).map((_, i) => sets.some((set) => set![i] === 1) ? 1 : 0);
    }
    case "sequence": {
      const first = node.items.find((item) => lengthOf(item)[1] > 0 || item.kind === "keep");
      return first === undefined ? null : firstOf(first);
    }
    default:
      return null;
  }
}
