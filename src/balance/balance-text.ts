/** What `balance` says (manual, chapter 4.2): an algorithm and its arguments, in its own words. */
import { didYouMean } from "../text/nearest.ts";

/** The algorithms. */
export const algorithmNames = [
  "roundrobin",
  "static-rr",
  "leastconn",
  "first",
  "random",
  "sticky",
  "source",
  "uri",
  "url_param",
  "hdr",
  "rdp-cookie",
  "hash",
] as const;
/** The name of one. */
export type BalanceName = (typeof algorithmNames)[number];

/** An algorithm and its arguments. */
export interface Balance {
  readonly name: BalanceName;
  /**
   * Of `hdr` the field, of `url_param` the parameter, of `rdp-cookie` the cookie, of `hash` the
   * expression, as written.
   */
  readonly argument: string;
  /** Of `hdr`: only the domain in it counts, "1wt" of "haproxy.1wt.eu". */
  readonly domainOnly: boolean;
  /** Of `uri`: so many characters count, and so many levels; 0: all. */
  readonly len: number;
  readonly depth: number;
  /** The query counts, too. */
  readonly whole: boolean;
  /** What stands before the path does not count. */
  readonly pathOnly: boolean;
  /** Of `url_param`: a POST's content is waited for, and looked into. */
  readonly checkPost: boolean;
  /** Of `random`: so many servers are drawn, the least loaded of which is taken. */
  readonly draws: number;
}

const plain: Balance = {
  name: "roundrobin",
  argument: "",
  domainOnly: false,
  len: 0,
  depth: 0,
  whole: false,
  pathOnly: false,
  checkPost: false,
  draws: 2,
};

/** Why words are no algorithm. */
export interface BalanceFault {
  /** Which of the words is wrong. */
  readonly at: number;
  readonly message: string;
  readonly hint?: string;
}

type Parsed = Balance | BalanceFault;

const fault = (at: number, message: string, hint?: string): BalanceFault =>
  hint === undefined ? { at, message } : { at, message, hint };

/** How each is written, for the help. */
export const balanceUsage = "[roundrobin | static-rr | leastconn | first | random[(<draws>)] | " +
  "source | uri [len <n>] [depth <n>] [whole] [path-only] | " +
  "url_param <name> [check_post] | hdr(<name>) [use_domain_only] | rdp-cookie[(<name>)] | hash <expression> | sticky]";

/**
 * Reads what `balance` says; without words it is `roundrobin`.
 * @returns the algorithm, or what is wrong; words behind it are ignored, as in HAProxy: see
 * {@linkcode balanceWords}
 */
export function parseBalance(words: readonly string[]): Balance | BalanceFault {
  const [word = "roundrobin", ...rest] = words;
  const [, before = "", argument] = /^([a-z_-]+)(?:\((.*)\)?)?$/.exec(word) ?? [];
  const name = algorithmNames.find((each) => each === before);
  if (name === undefined) {
    const hint = didYouMean(before, algorithmNames) ?? `one of: ${algorithmNames.join(", ")}`;
    return fault(0, `'${word}' is not a balancing algorithm`, hint);
  }
  const inner = argument?.replace(/\)$/, "");
  if (argument !== undefined && !word.endsWith(")")) {
    return fault(0, `the parenthesis in '${word}' is not closed`);
  }
  switch (name) {
    case "hdr":
      return parseField(inner, rest);
    case "rdp-cookie":
      return inner === ""
        ? fault(0, "'rdp-cookie()' needs the name of a cookie", "rdp-cookie alone: mstshash")
        : { ...plain, name, argument: inner ?? "" };
    case "random":
      return parseDraws(inner);
    case "uri":
      return inner === undefined ? parseUri(rest) : fault(0, "'uri' takes no parenthesis");
    case "url_param":
      return parseParameter(rest);
    case "hash":
      return parseExpression(rest);
    default:
      return inner === undefined ? { ...plain, name } : fault(0, `'${name}' takes no parenthesis`);
  }
}

/** Whether it is no algorithm. */
export function isFault(parsed: Balance | BalanceFault): parsed is BalanceFault {
  return "message" in parsed;
}

function parseField(argument: string | undefined, rest: readonly string[]): Parsed {
  if (argument === undefined || argument === "") {
    return fault(0, "'hdr' needs the name of a field", "as in hdr(host)");
  }
  const [modifier] = rest;
  if (modifier !== undefined && modifier !== "use_domain_only") {
    return fault(1, `'${modifier}' cannot stand behind 'hdr'`, "use_domain_only");
  }
  return { ...plain, name: "hdr", argument, domainOnly: modifier !== undefined };
}

function parseDraws(argument: string | undefined): Parsed {
  if (argument === undefined || argument === "") return { ...plain, name: "random" };
  const draws = /^\d{1,9}$/.test(argument) ? Number(argument) : 0;
  if (draws < 1) return fault(0, `'${argument}' is not a number of draws`, "1 or more");
  return { ...plain, name: "random", draws };
}

function parseUri(rest: readonly string[]): Parsed {
  let uri: Balance = { ...plain, name: "uri" };
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!;
    if (word === "len" || word === "depth") {
      const text = rest[++i] ?? "";
      const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
      if (value < 1) return fault(i + 1, `'${word}' needs a number of at least 1`);
      uri = { ...uri, [word]: value };
    } else if (word === "whole") {
      uri = { ...uri, whole: true };
    } else if (word === "path-only") {
      uri = { ...uri, pathOnly: true };
    } else {
      const hint = "len <n>, depth <n>, whole, path-only";
      return fault(i + 1, `'${word}' cannot stand behind 'uri'`, hint);
    }
  }
  return uri;
}

function parseParameter(rest: readonly string[]): Parsed {
  const [argument, modifier] = rest;
  if (argument === undefined || argument === "") {
    return fault(0, "'url_param' needs the name of a parameter");
  }
  if (modifier !== undefined && modifier !== "check_post") {
    return fault(2, `'${modifier}' cannot stand behind 'url_param'`, "check_post");
  }
  return { ...plain, name: "url_param", argument, checkPost: modifier !== undefined };
}

function parseExpression([argument, extra]: readonly string[]): Parsed {
  if (argument === undefined || argument === "") {
    return fault(0, "'hash' needs an expression", "as in hash src");
  }
  if (extra !== undefined) return fault(2, `'${extra}' cannot stand behind the expression`);
  return { ...plain, name: "hash", argument };
}

/** The words that say it, without those that have no effect. */
export function balanceWords(balance: Balance): string[] {
  const { name, argument, len, depth } = balance;
  switch (name) {
    case "hdr":
      return [`hdr(${argument})`, ...(balance.domainOnly ? ["use_domain_only"] : [])];
    case "rdp-cookie":
      return [argument === "" ? name : `${name}(${argument})`];
    case "random":
      return [balance.draws === plain.draws ? name : `random(${balance.draws})`];
    case "url_param":
      return [name, argument, ...(balance.checkPost ? ["check_post"] : [])];
    case "hash":
      return [name, argument];
    case "uri":
      return [
        name,
        ...(balance.whole ? ["whole"] : []),
        ...(len > 0 ? ["len", String(len)] : []),
        ...(depth > 0 ? ["depth", String(depth)] : []),
        ...(balance.pathOnly ? ["path-only"] : []),
      ];
    default:
      return [name];
  }
}

/** As one text, as the model has it: words are parted by single spaces, which only the last may have. */
export function balanceText(balance: Balance): string {
  return balanceWords(balance).join(" ");
}

/** The algorithm in a text of the model. */
export function balanceOf(text: string): Balance | BalanceFault {
  const [, expression] = /^hash (.*)$/s.exec(text) ?? [];
  return parseBalance(expression === undefined ? text.split(" ") : ["hash", expression]);
}
