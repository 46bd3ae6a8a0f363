/** The arguments in parentheses of fetches and converters: how they are read, and their kinds. */
import { didYouMean } from "../text/nearest.ts";
import { parseIp, parseNetwork } from "../net/ip/address.ts";
import { parseTime } from "../text/time.ts";
import { parseVariableName, type VariableName } from "./variables.ts";

/** What is wrong with an expression; caught where its place is known. */
export class ExpressionMistake extends Error {
  /** @param at where in the expression's text, from 0 */
  constructor(message: string, readonly at: number, readonly hint?: string) {
    super(message);
  }
}

/** The kinds of arguments. */
export type ArgumentKind =
  | "string"
  | "integer"
  | "time"
  | "size"
  | "ip"
  | "network"
  | "variable"
  | "table"
  | "server"
  | "frontend"
  | "backend"
  | "userlist"
  | "file";

/** An argument of a fetch or converter. */
export interface ArgumentForm {
  /** As the manual calls it: "name", "occ". */
  readonly name: string;
  readonly kind: ArgumentKind;
  readonly optional?: true;
}

/** Declares an argument that must be there. */
export const need = (name: string, kind: ArgumentKind = "string"): ArgumentForm => ({ name, kind });
/** Declares one that may be left out, and all behind it. */
export const may = (name: string, kind: ArgumentKind = "string"): ArgumentForm => ({
  name,
  kind,
  optional: true,
});

/** An argument as it was read: its text, and where it stands. */
export interface RawArgument {
  readonly text: string;
  readonly at: number;
}

/**
 * Reads "a,b,c)" from `at`, behind the parenthesis. Quotes keep commas, parentheses and spaces; a
 * backslash keeps what follows it.
 * @returns the arguments, and where the text goes on; null: it is not closed
 */
export function readArguments(
  text: string,
  at: number,
): { readonly list: readonly RawArgument[]; readonly end: number } | null {
  const list: RawArgument[] = [];
  let value = "";
  let start = at;
  let quote = "";
  for (let i = at; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== "") {
      if (c === quote) quote = "";
      else if (c === "\\" && quote === '"' && /["\\ $']/.test(text[i + 1] ?? "")) {
        value += text[++i];
      } else value += c;
    } else if (c === '"' || c === "'") quote = c;
    else if (c === "\\" && /[\\ ,)"'(]/.test(text[i + 1] ?? "")) value += text[++i];
    else if (c === "," || c === ")") {
      list.push({ text: value, at: start });
      if (c === ")") return { list, end: i + 1 };
      value = "";
      start = i + 1;
    } else value += c;
  }
  return null;
}

/** The arguments of a call, checked against their forms. */
export class Arguments {
  readonly list: readonly RawArgument[];

  /** @param name of the fetch or converter, for messages */
  constructor(
    readonly name: string,
    readonly at: number,
    given: readonly RawArgument[],
    forms: readonly ArgumentForm[],
  ) {
    // "()": an empty string where one must be, else nothing.
    const first = forms[0];
    const nothing = given.length === 1 && given[0]!.text === "" &&
      (first === undefined || first.optional === true || first.kind !== "string");
    const list = this.list = nothing ? [] : given;
    if (list.length > forms.length) {
      const extra = list[forms.length]!;
      const message = forms.length === 0
        ? `'${name}' takes no argument`
        : `'${name}' takes ${forms.length} argument${forms.length > 1 ? "s" : ""} at most`;
      throw new ExpressionMistake(message, extra.at);
    }
    const missing = forms.findIndex(({ optional }, i) =>
      optional === undefined && (list[i] === undefined)
    );
    if (missing >= 0) {
      const message = `'${name}' expects an argument: ${forms[missing]!.name}`;
      throw new ExpressionMistake(message, at, `usage: ${usage(name, forms)}`);
    }
    forms.forEach(({ kind, optional }, i) => {
      const given = list[i];
      if (given === undefined || (optional && given.text === "")) return;
      if (kind === "integer") this.integer(i);
      else if (kind === "time") this.time(i);
      else if (kind === "variable") this.variable(i);
      else if (kind === "ip" && parseIp(given.text) === null) {
        throw this.mistake(i, `'${given.text}' is not an IP address`);
      } else if (kind === "network" && parseNetwork(given.text) === null) {
        throw this.mistake(i, `'${given.text}' is not a network`);
      }
    });
  }

  get count(): number {
    return this.list.length;
  }

  /** Whether an argument is given, and not empty. */
  has(i: number): boolean {
    return (this.list[i]?.text ?? "") !== "";
  }

  text(i: number, unset = ""): string {
    return this.list[i]?.text ?? unset;
  }

  /** @throws {ExpressionMistake} */
  integer(i: number, unset = 0): number {
    if (!this.has(i)) return unset;
    const text = this.text(i);
    const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (Number.isSafeInteger(value)) return value;
    throw this.mistake(i, `'${text}' is not an integer`);
  }

  /** Milliseconds. @throws {ExpressionMistake} */
  time(i: number, unset = 0, unit: "ms" | "s" = "ms"): number {
    if (!this.has(i)) return unset;
    const value = parseTime(this.text(i), unit);
    if (value !== null) return value;
    throw this.mistake(i, `'${this.text(i)}' is not a time`, "a number and us, ms, s, m, h or d");
  }

  /** @throws {ExpressionMistake} */
  variable(i: number): VariableName {
    const name = parseVariableName(this.text(i));
    if (name !== null) return name;
    const hint = "a scope and a name: proc.x, sess.x, txn.x, req.x, res.x";
    throw this.mistake(i, `'${this.text(i)}' is not the name of a variable`, hint);
  }

  /** One of the words that an argument may be. @throws {ExpressionMistake} */
  choice<T extends string>(i: number, choices: readonly T[], unset: T): T {
    if (!this.has(i)) return unset;
    const text = this.text(i);
    const found = choices.find((each) => each === text);
    if (found !== undefined) return found;
    const hint = didYouMean(text, choices) ?? `one of: ${choices.join(", ")}`;
    throw this.mistake(i, `'${text}' is not what '${this.name}' takes here`, hint);
  }

  /** To be thrown: what is wrong with an argument. */
  mistake(i: number, message: string, hint?: string): ExpressionMistake {
    return new ExpressionMistake(`${this.name}: ${message}`, this.list[i]?.at ?? this.at, hint);
  }
}

/** "name(a,b[,c])" */
export function usage(name: string, forms: readonly ArgumentForm[]): string {
  if (forms.length === 0) return name;
  const text = forms.reduceRight(
    (rest, { name, optional }, i) => {
      const own = `${i === 0 ? "" : ","}${name}${rest}`;
      return optional ? `[${own}]` : own;
    },
    "",
  );
  return forms[0]!.optional ? `${name}[(${text.slice(1, -1)})]` : `${name}(${text})`;
}
