/** JSON text (RFC 8259) to values that know where they were written. */
import type { Place } from "./diagnostic.ts";

/** A value and its places. */
export interface JsonNode {
  readonly value: unknown;
  readonly place: Place;
  /** Of an object: each member's key and value. Of an array: by index. */
  readonly members: ReadonlyMap<string, { readonly key: Place; readonly node: JsonNode }>;
}

/** Why a text is not JSON, and where. */
export class JsonError extends Error {
  /** @param hint what was expected */
  constructor(readonly place: Place, message: string, readonly hint?: string) {
    super(message);
  }
}

const deepest = 100;
const noMembers: JsonNode["members"] = new Map();
const literals: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

/**
 * Parses a text that must be one JSON value.
 *
 * @param file for the places
 * @throws {JsonError} at the first error: bad syntax, a key given twice, a number that is not exact
 */
export function parseJsonText(file: string, text: string): JsonNode {
  const lines = lineStarts(text);
  const space = /[ \t\r\n]*/y;
  const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z]+/y;
  // deno-lint-ignore no-control-regex
  const string = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
  let at = 0;

  const placeOf = (from: number, to: number): Place => {
    const line = lineAt(lines, from);
    const start = lines[line] ?? 0;
    const endOfLine = (lines[line + 1] ?? text.length + 1) - 1;
    const length = Math.max(1, Math.min(to, endOfLine) - from);
    return { file, line: line + 1, column: from - start + 1, length };
  };
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  };
  const fail = (message: string, hint?: string, from = at, to = at + 1): JsonError =>
    new JsonError(placeOf(from, to), message, hint);
  const found = () => at < text.length ? `found '${text.charAt(at)}'` : "the text ends too early";

  const key = (): string => {
    const from = at;
    const word = take(string);
    if (word !== "") return JSON.parse(word) as string;
    const hint = text[at] === '"'
      ? "it ends on its line; a backslash and control characters are written as escapes"
      : undefined;
    throw fail(
      hint === undefined ? found() : "this string is not closed, or has a bad escape",
      hint ??
        "expected a string in double quotes",
      from,
      hint === undefined ? from + 1 : text.length,
    );
  };

  /** Members of an object or items of an array, up to `close`. */
  const members = (close: "}" | "]", depth: number): JsonNode["members"] => {
    if (depth > deepest) throw fail("this is nested too deeply");
    const members = new Map<string, { key: Place; node: JsonNode }>();
    at++;
    take(space);
    if (text[at] === close) {
      at++;
      return members;
    }
    for (let index = 0;; index++) {
      take(space);
      if (text[at] === close) throw fail(found(), "no comma before the end");
      const from = at;
      const name = close === "}" ? key() : String(index);
      const place = placeOf(from, at);
      if (members.has(name)) throw fail(`'${name}' is given twice`, undefined, from, at);
      if (close === "}") {
        take(space);
        if (text[at] !== ":") throw fail(found(), "expected ':' after the name");
        at++;
      }
      members.set(name, { key: place, node: value(depth) });
      take(space);
      if (text[at] === close) break;
      if (text[at] !== ",") throw fail(found(), `expected ',' or '${close}'`);
      at++;
    }
    at++;
    return members;
  };

  const value = (depth: number): JsonNode => {
    take(space);
    const from = at;
    // Of what has members, the place is its first character.
    const done = (value: unknown, members?: JsonNode["members"]): JsonNode => ({
      value,
      place: placeOf(from, members === undefined ? at : from + 1),
      members: members ?? noMembers,
    });
    const first = text[at];
    if (first === "{") {
      const inside = members("}", depth + 1);
      const entries = Array.from(inside, ([name, { node }]) => [name, node.value] as const);
      return done(Object.fromEntries(entries), inside);
    }
    if (first === "[") {
      const inside = members("]", depth + 1);
      return done(Array.from(inside.values(), ({ node }) => node.value), inside);
    }
    if (first === '"') return done(key());
    const word = take(scalar);
    if (Object.hasOwn(literals, word)) return done(literals[word]);
    const number = /^[-\d]/.test(word) ? Number(word) : NaN;
    if (Number.isNaN(number)) {
      throw fail(
        word === "" ? found() : `found '${word}'`,
        "expected a value",
        from,
        Math.max(at, from + 1),
      );
    }
    if (Math.abs(number) > Number.MAX_SAFE_INTEGER) {
      throw fail(`${word} is too large a number`, undefined, from, at);
    }
    // Minus zero is a zero here.
    return done(number === 0 ? 0 : number);
  };

  const root = value(0);
  take(space);
  if (at < text.length) throw fail(found(), "expected the end of the text");
  return root;
}

/** The index of the last line that starts at or before `at`. */
function lineAt(starts: readonly number[], at: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle;
  }
  return low;
}

/** Where each line starts. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
