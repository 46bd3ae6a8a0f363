/** From a format string to its parts (manual, chapter 8.2.6). */
import { didYouMean } from "../../text/nearest.ts";
import type { LogVariable } from "./variable.ts";
import { logVariables } from "./variables.ts";
import type { Flags } from "./writers.ts";

/** Something wrong with a format, or odd. Columns count from 1. */
export interface FormatFault {
  readonly message: string;
  readonly column: number;
  /** What was probably meant. */
  readonly hint: string | null;
}

/** A part of a format. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  /** Spaces, of which one is written at most. */
  | { readonly kind: "space" }
  | {
    readonly kind: "variable";
    readonly variable: LogVariable;
    readonly flags: Flags;
    readonly column: number;
  }
  /** `%[...]` */
  | {
    readonly kind: "sample";
    readonly expression: string;
    readonly flags: Flags;
    readonly column: number;
  };

/** What became of a format string. */
export type ParsedFormat =
  | { readonly parts: readonly Part[]; readonly warnings: readonly FormatFault[] }
  | { readonly fault: FormatFault };

/** Ends the reading of a format. */
class Refusal extends Error {
  constructor(readonly fault: FormatFault) {
    super(fault.message);
  }
}

const percent = "'%%' writes a percent sign";
const flagNames = ["Q", "X", "E"] as const;
const properties = { Q: "quote", X: "hexadecimal", E: "escape" } as const;
const byName = new Map(logVariables.map((variable) => [variable.name, variable]));
/** Sets the flags of all variables behind it. */
const flagCarrier = "o";
const names = [...byName.keys(), flagCarrier];

/** How a format string is read. */
export interface FormatOptions {
  /** Each space is written, as in the fields that rules set. */
  readonly keepSpaces?: boolean;
}

/** Reads a format string. Never throws. */
export function parseFormat(
  text: string,
  { keepSpaces = false }: FormatOptions = {},
): ParsedFormat {
  const reader = new Reader(text, keepSpaces);
  try {
    reader.readAll();
    return { parts: reader.parts, warnings: reader.warnings };
  } catch (error) {
    if (error instanceof Refusal) return { fault: error.fault };
    throw error;
  }
}

class Reader {
  readonly parts: Part[] = [];
  readonly warnings: FormatFault[] = [];
  #at = 0;
  /** Flags of variables that have none of their own. */
  #flags: Flags = { quote: false, hexadecimal: false, escape: false };

  constructor(readonly text: string, readonly keepSpaces: boolean) {}

  readAll(): void {
    const { text } = this;
    while (this.#at < text.length) {
      if (text[this.#at] === "%") this.#readPercent();
      else if (text[this.#at] === " ") this.#readSpace();
      else this.#readText();
    }
  }

  #readSpace(): void {
    do this.#at++; while (!this.keepSpaces && this.text[this.#at] === " ");
    this.parts.push({ kind: "space" });
  }

  #readText(): void {
    const start = this.#at;
    while (this.#at < this.text.length && !/[ %]/.test(this.text[this.#at]!)) this.#at++;
    this.parts.push({ kind: "text", text: this.text.slice(start, this.#at) });
  }

  #readPercent(): void {
    const { text } = this;
    const start = this.#at++;
    const flags = text[this.#at] === "{" ? this.#readFlags(start) : null;
    const next = text[this.#at] ?? "";
    if (next === "[") return this.#readSample(start, flags ?? this.#flags);
    if (/[A-Za-z]/.test(next)) return this.#readVariable(start, flags ?? this.#flags);
    if (flags !== null) {
      throw refusal(start, `no variable follows the flags '${text.slice(start, this.#at)}'`, null);
    }
    if (next === "%") {
      this.#at++;
      this.parts.push({ kind: "text", text: "%" });
    } else if (next === "") {
      throw refusal(start, "nothing follows the '%'", percent);
    } else if (/[0-9 \t]/.test(next)) {
      throw refusal(start, `no variable's name begins with '${next}'`, percent);
    } else {
      // As in HAProxy, which leaves the sign out.
      this.#warn(start, `'%' before '${next}' is left out`, percent);
      this.#readText();
    }
  }

  #readFlags(start: number): Flags {
    const end = this.text.indexOf("}", this.#at);
    if (end < 0) throw refusal(start, "'%{' is not closed", "expected '}' behind the flags");
    const flags = { ...this.#flags };
    let column = this.#at + 1;
    for (const flag of this.text.slice(column, end).split(",")) {
      const known = flagNames.find((name) => flag === `+${name}` || flag === `-${name}`);
      if (known !== undefined) flags[properties[known]] = flag.startsWith("+");
      else if (flag !== "") {
        const hint = "flags are +Q, +X, +E and -Q, -X, -E, with commas between them";
        this.#warn(column, `'${flag}' is no flag and ignored`, hint);
      }
      column += flag.length + 1;
    }
    this.#at = end + 1;
    return flags;
  }

  #readVariable(start: number, flags: Flags): void {
    const [name] = /^[A-Za-z0-9]+/.exec(this.text.slice(this.#at))!;
    const from = this.#at;
    this.#at += name.length;
    if (name === flagCarrier) {
      this.#flags = flags;
      return;
    }
    const variable = byName.get(name);
    if (variable === undefined) {
      const near = didYouMean(name, names)?.replace("'", "'%") ?? percent;
      throw refusal(from - 1, `there is no variable '%${name}'`, near);
    }
    this.parts.push({ kind: "variable", variable, flags, column: start + 1 });
  }

  #readSample(start: number, flags: Flags): void {
    const from = ++this.#at;
    let depth = 0;
    for (; this.#at < this.text.length; this.#at++) {
      const character = this.text[this.#at];
      if (character === "(") depth++;
      else if (character === ")") depth--;
      else if (character === "]" && depth <= 0) {
        const expression = this.text.slice(from, this.#at++);
        this.parts.push({ kind: "sample", expression, flags, column: start + 1 });
        return;
      }
    }
    throw refusal(start, "'%[' is not closed", "expected ']' behind the expression");
  }

  #warn(index: number, message: string, hint: string): void {
    this.warnings.push({ message, column: index + 1, hint });
  }
}

function refusal(index: number, message: string, hint: string | null): Refusal {
  return new Refusal({ message, column: index + 1, hint });
}
