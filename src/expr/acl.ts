/** ACLs (manual, chapter 7.1): a sample compared with patterns, as in "path_beg -i /static /images". */
import { didYouMean } from "../text/nearest.ts";
import { ExpressionMistake } from "./arguments.ts";
import { castFrom, isNothing } from "./cast.ts";
import {
  type Call,
  compileCalls,
  type Expression,
  fetchByName,
  parseCalls,
  scriptFetch,
} from "./expression.ts";
import type { Fetch } from "./fetch.ts";
import { methods } from "./patterns/methods.ts";
import {
  type MatchMethod,
  matchMethods,
  type Method,
  type PatternIndex,
  PatternMistake,
} from "./patterns/pattern.ts";
import type { References } from "./references.ts";
import { ANY, BIN, BOOL, METH, Sample, type SampleType, SINT, STR, typeNames } from "./sample.ts";
import { MAYBE, NO, type Test, YES } from "./test.ts";
import { WordMistake, type Words } from "./words.ts";

/** An ACL's test, and what it needs. */
export interface Acl {
  readonly test: Test;
  /** Bits of needs.ts. */
  readonly needs: number;
  /** The criterion, for messages. */
  readonly text: string;
}

/** The chapter of the manual that has the fetches of HTTP messages. */
const httpChapter = "7.3.6";

/** Suffixes of ACL keywords that are made of a fetch (manual, "ACL derivatives"). */
const suffixes: readonly MatchMethod[] = ["beg", "dir", "dom", "end", "len", "reg", "sub"];

/** ACL keywords: the fetch and the way to compare. */
const derived: ReadonlyMap<string, { readonly fetch: string; readonly method: MatchMethod }> =
  new Map(
    [...fetchByName].filter(([, fetch]) => fetch.derives).flatMap(([name]) =>
      suffixes.map((method) => [`${name}_${method}`, { fetch: name, method }] as const)
    ),
  );

/** All words that may begin an ACL's criterion, for the help. */
export function criteria(): Iterable<string> {
  return [...fetchByName.keys(), ...derived.keys()];
}

/**
 * Compiles what follows an ACL's name: criterion, flags, patterns, up to the end of `words`, or to
 * "}", which is taken.
 * @throws {WordMistake}
 */
export function compileAcl(words: Words, references: References, closing = false): Acl {
  const text = words.take("a criterion, as 'path_beg'");
  const { expression, method: implied, fetch } = criterion(text, words, references);
  let method = implied;
  let ignoreCase = false;
  let file: string | null = null;
  const files: { readonly path: string; readonly isMap: boolean; readonly word: number }[] = [];
  let isMap = false;
  let id: number | null = null;
  flags:
  for (;;) {
    switch (words.peek()) {
      case "-i":
        words.next();
        ignoreCase = true;
        break;
      case "-n":
        words.next();
        break;
      case "-M":
        words.next();
        isMap = true;
        break;
      case "-u":
        words.next();
        id = words.integer("the number of the ACL", 0, 2 ** 31 - 1);
        break;
      case "-m":
        words.next();
        method = words.choice("a way to compare", matchMethods);
        break;
      case "-f":
        words.next();
        file = words.take("a file of patterns");
        files.push({ path: file, isMap, word: words.at - 1 });
        break;
      case "--":
        words.next();
        break flags;
      default:
        break flags;
    }
  }
  const chosen = methods.get(method)!;
  // As in HAProxy "found" takes whatever there is, and "bool" and lengths what can be cast to theirs.
  const cast = castFrom(expression.type, chosen.takes);
  if (cast === null) {
    const message = `'-m ${method}' compares ${typeNames[chosen.takes]}, and '${text}' is ${
      typeNames[expression.type]
    }`;
    throw words.mistake(message);
  }
  const rewrite = method === implied ? fetch.pattern : undefined;
  const acl = { text, id, rewrite };
  const index = patternsOf(words, chosen, ignoreCase, files, acl, references, closing);
  const { evaluate, needs } = expression;
  const sample = new Sample();
  const direct = isNothing(cast);
  const found = method === "found";
  // Of HTTP in TCP mode the rest may be to come.
  const ofHttp = fetch.chapter === httpChapter;
  const test: Test = (context) => {
    sample.begin(true);
    // The first value, and then whatever others there are of the same name.
    do {
      if (!evaluate(context, sample)) {
        return sample.pending || ofHttp && context.request.partial ? MAYBE : NO;
      }
      if (found) return YES;
      if ((direct || cast(sample)) && index.find(sample) >= 0) return YES;
    } while (sample.more);
    return sample.pending ? MAYBE : NO;
  };
  return { test, needs, text };
}

/** The expression that an ACL begins with, and how its values are compared if nothing else is said. */
function criterion(
  text: string,
  words: Words,
  references: References,
): { readonly expression: Expression; readonly method: MatchMethod; readonly fetch: Fetch } {
  try {
    const [first, ...rest] = parseCalls(text) as [Call, ...Call[]];
    const keyword = fetchByName.has(first.name) ? undefined : derived.get(first.name);
    const fetch = fetchByName.get(keyword?.fetch ?? first.name) ?? scriptFetch(first, references);
    if (fetch === null) {
      const hint = didYouMean(first.name, [
        ...criteria(),
        ...references.scripts.names("fetches"),
      ]);
      throw new ExpressionMistake(`there is no ACL criterion '${first.name}'`, first.at, hint);
    }
    const expression = compileCalls(text, fetch, first, rest, references);
    // As in HAProxy, where what a script returns is a string.
    const type = expression.type === ANY && fetch.name.startsWith("lua.") ? STR : expression.type;
    return { expression, method: keyword?.method ?? methodFor(type), fetch };
  } catch (error) {
    if (!(error instanceof ExpressionMistake)) throw error;
    throw words.mistake(error.message, error.hint);
  }
}

/** How samples of a type are compared where no "-m" says so. */
function methodFor(type: SampleType): MatchMethod {
  switch (type) {
    case BOOL:
      return "bool";
    case SINT:
      return "int";
    case STR:
    case METH:
      return "str";
    case BIN:
      return "bin";
    default:
      return "ip";
  }
}

const operators = new Set(["eq", "ge", "gt", "le", "lt"]);

/** Reads the patterns of a line and of its files. @throws {WordMistake} */
function patternsOf(
  words: Words,
  method: Method,
  ignoreCase: boolean,
  files: readonly { readonly path: string; readonly isMap: boolean; readonly word: number }[],
  acl: {
    readonly text: string;
    readonly id: number | null;
    readonly rewrite: ((text: string) => string) | undefined;
  },
  references: References,
  closing: boolean,
): PatternIndex {
  const ordered = method.name === "int" || method.name === "len";
  const texts: { readonly text: string; readonly word: number }[] = [];
  let operator = "";
  for (;;) {
    const text = words.peek();
    if (text === undefined) {
      if (closing) throw words.mistake("the '{' is not closed", "a '}' as a word of its own");
      break;
    }
    words.next();
    if (closing && text === "}") break;
    if (ordered && operators.has(text)) operator = `${text} `;
    else texts.push({ text: operator + text, word: words.at - 1 });
  }
  const use = `acl '${acl.text}'`;
  const all = files.map(({ path, isMap, word }) =>
    attempt(
      word,
      () => references.patterns.file(path, isMap, use).index(method.name, ignoreCase),
    )
  );
  if (texts.length === 0 && all.length === 1) return all[0]!;
  const inline = references.patterns.inline(use, acl.id);
  const own = inline.index(method.name, ignoreCase);
  for (const { text, word } of texts) {
    attempt(word, () => inline.add(acl.rewrite?.(text) ?? text, null));
  }
  if (all.length === 0) return own;
  return {
    add: (text, id) => own.add(text, id),
    remove: (text, id) => own.remove(text, id),
    find(sample) {
      const found = own.find(sample);
      if (found >= 0) return found;
      for (const each of all) {
        const at = each.find(sample);
        if (at >= 0) return at;
      }
      return -1;
    },
  };
}

function attempt<T>(word: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PatternMistake) throw new WordMistake(error.message, word, error.hint);
    throw error;
  }
}
