/** Reads regular expressions as PCRE2 does (pcre2pattern(3)), whose bytes are characters. */
import { addAll, anyByte, type ByteSet, escapeSets, invert } from "./sets.ts";
import { notNewline, posixSets, single, withCases } from "./sets.ts";
import {
  lengthOf,
  type Node,
  type Parsed,
  type Place,
  RegexMistake,
  type Repeat,
  some,
} from "./syntax.ts";

/** Options that "(?...)" switches within a group. */
interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly extended: boolean;
  readonly noCapture: boolean;
  readonly swapGreed: boolean;
}
const flagLetters = {
  i: "ignoreCase",
  m: "multiline",
  s: "dotAll",
  x: "extended",
  n: "noCapture",
  U: "swapGreed",
} as const satisfies Record<string, keyof Flags>;

/** The longest that a "{n,m}" may ask for, as in PCRE2. */
const maxRepeat = 65535;
/** How long what is looked for behind a place may be. */
const maxBehind = 255;

const controls: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };
const places: Readonly<Record<string, Place>> = {
  A: "start",
  G: "start",
  z: "end",
  Z: "last",
  b: "word",
  B: "no word",
};

/** `\R`: any ending of a line, never half of CRLF. */
const lineEnding: Node = {
  kind: "atomic",
  body: {
    kind: "choice",
    items: [
      { kind: "sequence", items: [13, 10].map((byte) => ({ kind: "set", set: single(byte) })) },
      { kind: "set", set: escapeSets.get("v")! },
    ],
  },
};

/** @throws {RegexMistake} */
export function parseRegex(text: string, ignoreCase: boolean): Parsed {
  return new Parser(text).parse(ignoreCase);
}

class Parser {
  #at = 0;
  #groups = 0;
  #depth = 0;
  readonly #names = new Map<string, number>();
  /** References to groups, by number or name: checked at the end, for they may stand before it. */
  readonly #references: { readonly to: number | string; readonly at: number; index: number }[] = [];

  constructor(readonly text: string) {}

  parse(ignoreCase: boolean): Parsed {
    const flags: Flags = {
      ignoreCase,
      multiline: false,
      dotAll: false,
      extended: false,
      noCapture: false,
      swapGreed: false,
    };
    const node = this.#choice(flags);
    if (this.#at < this.text.length) this.#fail("unmatched closing parenthesis");
    for (const reference of this.#references) {
      const index = typeof reference.to === "number" ? reference.to : this.#names.get(reference.to);
      if (index === undefined || index > this.#groups || index < 1) {
        this.#fail("reference to non-existent subpattern", reference.at);
      }
      reference.index = index;
    }
    return { node, groups: this.#groups, names: this.#names };
  }

  #fail(message: string, at = this.#at): never {
    throw new RegexMistake(message, at);
  }

  #eat(what: string): boolean {
    if (!this.text.startsWith(what, this.#at)) return false;
    this.#at += what.length;
    return true;
  }

  /** What `expression` (sticky) finds here; it is eaten. */
  #eatMatch(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  /** Alternatives, up to a closing parenthesis or the end. */
  #choice(flags: Flags): Node {
    if (++this.#depth > 250) this.#fail("parentheses are too deeply nested");
    const items: Node[] = [];
    let now = flags;
    do {
      const sequence: Node[] = [];
      for (;;) {
        const c = this.text[this.#at];
        if (c === undefined || c === "|" || c === ")") break;
        const options = this.#options(now);
        if (options !== null) now = options;
        else this.#item(now, sequence);
      }
      items.push(sequence.length === 1 ? sequence[0]! : { kind: "sequence", items: sequence });
    } while (this.#eat("|"));
    this.#depth--;
    return items.length === 1 ? items[0]! : { kind: "choice", items };
  }

  /** "(?i)": the flags from here on; null: no such thing is here. */
  #options(flags: Flags): Flags | null {
    const found = this.#eatMatch(/\(\?(\^?)([imsxnUJ]*)(?:-([imsxnUJ]*))?\)/y);
    return found === null ? null : withFlags(flags, found[1]!, found[2]!, found[3]);
  }

  /** One thing and what repeats it. */
  #item(flags: Flags, sequence: Node[]): void {
    if (flags.extended && this.#eatMatch(/[\t-\r ]+|#[^\n]*\n?/y) !== null) return;
    if (this.#eatMatch(/\(\?#[^)]*\)/y) !== null || this.#eat("\\E")) return;
    if (this.#eat("\\Q")) {
      const end = this.text.indexOf("\\E", this.#at);
      const quoted = this.text.slice(this.#at, end < 0 ? undefined : end);
      this.#at += quoted.length + (end < 0 ? 0 : 2);
      for (const c of quoted) sequence.push(this.#literal(c.charCodeAt(0), flags));
      if (quoted === "") return;
      sequence.push(this.#repeated(sequence.pop()!, flags));
      return;
    }
    sequence.push(this.#repeated(this.#atom(flags), flags));
  }

  #repeated(atom: Node, flags: Flags): Node {
    let node = atom;
    for (;;) {
      if (flags.extended) this.#eatMatch(/[\t-\r ]+/y);
      const at = this.#at;
      const found = this.#eatMatch(/([*+?])([+?]?)|\{(\d+)(?:(,)(\d*))?\}([+?]?)/y);
      if (found === null) return node;
      const [, sign, mark, low, comma, high, braceMark] = found;
      const min = sign === undefined ? Number(low) : sign === "+" ? 1 : 0;
      const max = sign !== undefined
        ? sign === "?" ? 1 : Infinity
        : comma === undefined
        ? min
        : high === ""
        ? Infinity
        : Number(high);
      if (min > maxRepeat || max !== Infinity && max > maxRepeat) {
        this.#fail("number too big in {} quantifier", at);
      }
      if (max < min) this.#fail("numbers out of order in {} quantifier", at);
      const suffix = sign === undefined ? braceMark : mark;
      const lazy = (suffix === "?") !== flags.swapGreed;
      const mode = suffix === "+" ? "possessive" : lazy ? "lazy" : "greedy";
      const repeat: Repeat = { kind: "repeat", body: node, min, max, mode };
      node = repeat;
    }
  }

  #literal(byte: number, flags: Flags): Node {
    return { kind: "set", set: this.#cased(single(byte), flags) };
  }

  #cased(set: ByteSet, flags: Flags): ByteSet {
    return flags.ignoreCase ? withCases(set) : set;
  }

  #atom(flags: Flags): Node {
    const at = this.#at;
    const c = this.text[this.#at++]!;
    switch (c) {
      case "(":
        return this.#group(flags);
      case "[":
        return { kind: "set", set: this.#brackets(flags) };
      case ".":
        return { kind: "set", set: flags.dotAll ? anyByte : notNewline };
      case "^":
        return { kind: "place", place: flags.multiline ? "line start" : "start" };
      case "$":
        return { kind: "place", place: flags.multiline ? "line end" : "last" };
      case "\\":
        return this.#escape(flags);
      case "*":
      case "+":
      case "?":
        return this.#fail("quantifier does not follow a repeatable item", at);
      default:
        return this.#literal(c.charCodeAt(0), flags);
    }
  }

  /** Behind "(". */
  #group(flags: Flags): Node {
    const at = this.#at - 1;
    if (this.#eat("*")) this.#fail("verbs like (*FAIL) are not supported here", at);
    const close = (node: Node): Node => {
      if (!this.#eat(")")) this.#fail("missing closing parenthesis");
      return node;
    };
    if (!this.#eat("?")) {
      if (flags.noCapture) return close(this.#choice(flags));
      const index = ++this.#groups;
      return close({ kind: "group", index, body: this.#choice(flags) });
    }
    const named = this.#eatMatch(/(?:P?<([A-Za-z_]\w{0,31})>|'([A-Za-z_]\w{0,31})')/y);
    if (named !== null) {
      const name = named[1] ?? named[2]!;
      if (this.#names.has(name)) this.#fail("two named subpatterns have the same name", at);
      const index = ++this.#groups;
      this.#names.set(name, index);
      return close({ kind: "group", index, body: this.#choice(flags) });
    }
    const reference = this.#eatMatch(/P=([A-Za-z_]\w*)/y);
    if (reference !== null) return close(this.#back(reference[1]!, at, flags));
    if (this.#eat(">")) return close({ kind: "atomic", body: this.#choice(flags) });
    const look = this.#eatMatch(/(<?)([=!])/y);
    if (look !== null) {
      const body = this.#choice(flags);
      if (some(body, ({ kind }) => kind === "keep")) {
        this.#fail("\\K is not allowed in lookarounds", at);
      }
      const behind = look[1] === "<";
      if (behind && lengthOf(body)[1] > maxBehind) {
        this.#fail("lookbehind assertion is not fixed length", at);
      }
      return close({ kind: "look", behind, negative: look[2] === "!", body });
    }
    if (this.#eat("|")) return close(this.#branchReset(flags));
    const options = this.#eatMatch(/(\^?)([imsxnUJ]*)(?:-([imsxnUJ]*))?:/y);
    if (options !== null) {
      return close(this.#choice(withFlags(flags, options[1]!, options[2]!, options[3])));
    }
    if (/^(R|[+-]?\d|&|P>|\(|C)/.test(this.text.slice(this.#at))) {
      this.#fail("recursion, conditional groups and callouts are not supported here", at);
    }
    return this.#fail("unrecognized character after (? or (?-");
  }

  /** "(?|a|b)": the groups of each alternative have the same numbers. */
  #branchReset(flags: Flags): Node {
    const before = this.#groups;
    let most = before;
    const items: Node[] = [];
    do {
      this.#groups = before;
      const sequence: Node[] = [];
      let now = flags;
      while (this.#at < this.text.length && !/[|)]/.test(this.text[this.#at]!)) {
        const options = this.#options(now);
        if (options !== null) now = options;
        else this.#item(now, sequence);
      }
      items.push({ kind: "sequence", items: sequence });
      most = Math.max(most, this.#groups);
    } while (this.#eat("|"));
    this.#groups = most;
    return { kind: "choice", items };
  }

  #back(to: number | string, at: number, { ignoreCase }: Flags): Node {
    const reference = { to, at, index: 0 };
    this.#references.push(reference);
    return {
      kind: "back",
      get index() {
        return reference.index;
      },
      ignoreCase,
    };
  }

  /** Behind a backslash. */
  #escape(flags: Flags): Node {
    const at = this.#at - 1;
    const c = this.text[this.#at];
    if (c === undefined) this.#fail("\\ at end of pattern", at);
    const place = places[c];
    if (place !== undefined) {
      this.#at++;
      return { kind: "place", place };
    }
    const number = this.#eatMatch(/g(?:([-+]?\d+)|\{([-+]?\d+)\})|([1-9]\d*)/y);
    if (number !== null) {
      const digits = number[1] ?? number[2] ?? number[3]!;
      const value = Number(digits);
      // As PCRE2: more than nine, without as many groups, is octal.
      if (number[3] === undefined || value < 10 || value <= this.#groups) {
        const to = digits.startsWith("-") ? this.#groups + 1 + value : value;
        return this.#back(to, at, flags);
      }
      this.#at = at + 1;
      if (digits >= "8") return this.#back(value, at, flags);
    }
    const name = this.#eatMatch(/k(?:<(\w+)>|'(\w+)'|\{(\w+)\})|g\{([A-Za-z_]\w*)\}/y);
    if (name !== null) return this.#back(name[1] ?? name[2] ?? name[3] ?? name[4]!, at, flags);
    if (this.#eat("R")) return lineEnding;
    if (this.#eat("K")) return { kind: "keep" };
    if (this.#eat("N")) return { kind: "set", set: notNewline };
    if (this.#eat("C")) return { kind: "set", set: anyByte };
    const set = this.#escapedSet();
    return { kind: "set", set: this.#cased(set, flags) };
  }

  /** What stands for bytes both in brackets and outside, behind a backslash. */
  #escapedSet(): ByteSet {
    const at = this.#at - 1;
    const c = this.text[this.#at]!;
    const set = escapeSets.get(c);
    if (set !== undefined) {
      this.#at++;
      return set;
    }
    return single(this.#escapedByte(at));
  }

  #escapedByte(at: number): number {
    const numeric = this.#eatMatch(
      /x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{0,2})|o\{([0-7]+)\}|([0-7]{1,3})|c([\x20-\x7e])/y,
    );
    if (numeric !== null) {
      const [, wide, hex, octal, digits, control] = numeric;
      if (control !== undefined) return control.toUpperCase().charCodeAt(0) ^ 64;
      const value = octal !== undefined || digits !== undefined
        ? parseInt(octal ?? digits!, 8)
        : parseInt(wide ?? (hex || "0"), 16);
      if (value > 255) this.#fail("character code point value in \\x{} or \\o{} is too large", at);
      return value;
    }
    const c = this.text[this.#at++]!;
    const control = controls[c];
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(c)) {
      const known = c === "p" || c === "P" || c === "X";
      this.#fail(
        known ? `\\${c} is not supported here` : "unrecognized character follows \\",
        at,
      );
    }
    return c.charCodeAt(0);
  }

  /** Behind "[". */
  #brackets(flags: Flags): ByteSet {
    const at = this.#at - 1;
    if (/^\[[:.=]/.test(this.text.slice(at)) && /^\[([:.=])[^\]]*\1\]/.test(this.text.slice(at))) {
      this.#fail("POSIX named classes are supported only within a class", at);
    }
    const negative = this.#eat("^");
    const set = new Uint8Array(256);
    const close = (): never => this.#fail("missing terminating ] for character class", at);
    for (let first = true;; first = false) {
      if (this.#at >= this.text.length) close();
      if (!first && this.#eat("]")) break;
      if (this.#eat("\\E")) continue;
      if (this.#eat("\\Q")) {
        const end = this.text.indexOf("\\E", this.#at);
        if (end < 0) close();
        for (; this.#at < end; this.#at++) set[this.text.charCodeAt(this.#at) & 255] = 1;
        continue;
      }
      const low = this.#bracketItem(set);
      if (low < 0 || !/^-[^\]]/.test(this.text.slice(this.#at, this.#at + 2))) continue;
      const dash = this.#at++;
      const high = this.#bracketItem(set);
      if (high < 0) set[45] = 1;
      else if (high < low) this.#fail("range out of order in character class", dash);
      else set.fill(1, low, high + 1);
    }
    const cased = this.#cased(set, flags);
    return negative ? invert(cased) : cased;
  }

  /** Adds what is next in brackets. @returns its byte, if it is one, and may begin a range; else -1 */
  #bracketItem(set: ByteSet): number {
    const at = this.#at;
    const posix = this.#eatMatch(/\[:(\^?)([^\]\\[:]*):\]/y);
    if (posix !== null) {
      const found = posixSets.get(posix[2]!);
      if (found === undefined) this.#fail("unknown POSIX class name", at);
      addAll(set, posix[1] === "^" ? invert(found) : found);
      return -1;
    }
    const c = this.text[this.#at++]!;
    let byte = c.charCodeAt(0) & 255;
    if (c === "\\") {
      const next = this.text[this.#at];
      if (next === undefined) this.#fail("\\ at end of pattern", at);
      if (this.#eat("b")) byte = 8;
      else {
        const found = escapeSets.get(next);
        if (found !== undefined) {
          this.#at++;
          addAll(set, found);
          return -1;
        }
        if (/[BRXNpPCAGzZKgk]/.test(next)) {
          this.#fail(`\\${next} is not supported in a character class`, at);
        }
        byte = this.#escapedByte(at);
      }
    }
    set[byte] = 1;
    return byte;
  }
}

function withFlags(flags: Flags, reset: string, on: string, off: string | undefined): Flags {
  const base = reset === "^"
    ? { ...flags, ignoreCase: false, multiline: false, dotAll: false, extended: false }
    : { ...flags };
  for (const [letter, name] of Object.entries(flagLetters)) {
    if (on.includes(letter)) base[name] = true;
    if (off?.includes(letter)) base[name] = false;
  }
  return base;
}
