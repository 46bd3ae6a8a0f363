/**
 * The words of the story language. A sentence is declared by its shape, as it is shown where
 * it is mistyped: words in small letters stand for themselves, words in capitals for what the table
 * below says, `[...]` may be left out, `one|other` is a choice, and what is in parentheses is for
 * people only. The pattern that reads it is made of the shape.
 */
import { didYouMean, nearest } from "../text/nearest.ts";
import type { Names } from "../simulate/topology.ts";

/** Where a line of the story stands, and its words. */
export interface Said {
  /** Counted from 1, in the scenario file. */
  readonly line: number;
  readonly text: string;
}

/** What keeps a sentence from being read: the word to point at, why, and what to write instead. */
export interface Problem {
  readonly kind: "problem";
  readonly word: string;
  readonly message: string;
  readonly fix: string;
}

/** {@linkcode Problem} */
export function problem(word: string, message: string, fix: string): Problem {
  return { kind: "problem", word, message, fix };
}

/** Whether reading came to a problem. */
export function isProblem(what: unknown): what is Problem {
  return typeof what === "object" && what !== null && "kind" in what && what.kind === "problem";
}

/** The words that a sentence has in place of its capitals, by their names in small letters. */
export type Groups = Readonly<Record<string, string | undefined>>;

/** A shape of sentence. `M` is what it is read as; `O` the step that it is indented under, if any. */
export interface Phrase<M, O = null> {
  readonly shape: string;
  readonly pattern: RegExp;
  read(groups: Groups, said: Said, names: Names, owner: O): M | Problem;
}

const name = "[A-Za-z0-9_][\\w.:/-]*";

/** What words in capitals stand for. */
const capitals: Readonly<Record<string, string>> = {
  CLIENT: name,
  SERVER: `every server|the server|the same server|another server|${name}`,
  NAME: `the server|${name}`,
  PROXY: "\\S+",
  PORT: "\\d+",
  METHOD: "[A-Z]+",
  URI: "\\S+",
  PATH: "\\S+",
  "HTTP/1.0": "HTTP/\\S+",
  N: "\\d+",
  STATUS: "\\d{3}",
  FIELD: "[^\\s:]+",
  VALUE: ".*",
  CLAIM: "\\d{3}|no \\S+|[A-Z]+ \\S+ HTTP/\\S+|[^\\s:]+:.*",
  ADDRESS: "[0-9a-fA-F.:]+",
  NETWORK: "[0-9a-fA-F.:]+(?:/\\d+)?",
  TIME: "\\d+(?:\\.\\d+)? ?(?:ms|s|m)",
  SIGNAL: "(?:SIG)?[A-Z0-9]+",
  SLUICE: "sluice|the old sluice",
  TEXT: ".+",
};

/**
 * Declares a sentence.
 * @param shape see the head of this file
 * @param read is given the words in place of capitals (`N` as `n`, `HTTP/1.0` as `version`; a
 * second one of a kind with a 2), what was chosen as `choice`, and what may be left out and has no
 * capitals by its own words: `at_once`
 * @param pattern where a shape cannot say it
 */
export function phrase<M, O = null>(
  shape: string,
  read: Phrase<M, O>["read"],
  pattern = patternOf(shape),
): Phrase<M, O> {
  return { shape, pattern, read };
}

function patternOf(shape: string): RegExp {
  const used = new Map<string, number>();
  const words = (text: string) =>
    text.replace(/(^| )(\w+(?:\|\w+)+)/g, "$1(?<choice>$2)")
      .replace("port PORT", "(?:on |to )?port PORT")
      .replace("requests", "requests?")
      .replace(": VALUE", ": ?VALUE")
      .replace(/[A-Z][A-Z]+(?:\/1\.0)?|\bN\b/g, (word) => {
        const stands = capitals[word];
        if (stands === undefined) return word;
        const count = (used.get(word) ?? 0) + 1;
        used.set(word, count);
        const group = word === "HTTP/1.0" ? "version" : word.toLowerCase();
        return `(?<${group}${count === 1 ? "" : count}>${stands})`;
      });
  const optional = (content: string) => {
    const flag = /^[a-z ]+$/.test(content) ? `?<${content.replaceAll(" ", "_")}>` : "?:";
    return content.startsWith(", ")
      ? `(?:,? ${words(content.slice(2))})?`
      : `(${flag} ${words(content)})?`;
  };
  let source = "";
  let rest = shape.replaceAll(/ \([^)]*\)/g, "");
  for (;;) {
    const start = rest.indexOf("[");
    if (start < 0) break;
    const end = closing(rest, start);
    source += words(rest.slice(0, start).replace(/ $/, ""));
    const content = rest.slice(start + 1, end);
    const inner = content.indexOf(" [");
    source += inner < 0
      ? optional(content)
      : `(?: ${words(content.slice(0, inner))}${optional(content.slice(inner + 2, -1))})?`;
    rest = rest.slice(end + 1);
  }
  return new RegExp(`^${source}${words(rest)}$`);
}

/** Where the bracket closes that opens at `start`. */
function closing(text: string, start: number): number {
  for (let at = start, depth = 0;; at++) {
    if (text[at] === "[") depth++;
    if (text[at] === "]" && --depth === 0) return at;
  }
}

/** What the first phrase that fits makes of a line; null if none fits. */
export function readBy<M, O>(
  phrases: readonly Phrase<M, O>[],
  said: Said,
  names: Names,
  owner: O,
): { readonly found: M | Problem } | null {
  for (const each of phrases) {
    const match = each.pattern.exec(said.text);
    if (match !== null) return { found: each.read(match.groups ?? {}, said, names, owner) };
  }
  return null;
}

/** Blames the word which, spelt otherwise, would make the line fit a phrase; else shows phrases. */
export function notUnderstood(
  text: string,
  phrases: readonly Pick<Phrase<unknown>, "shape" | "pattern">[],
): Problem {
  const keywords = (shape: string) => shape.match(/\b[a-z]{4,}\b/g) ?? [];
  const words = text.split(/\s+/);
  for (const word of words) {
    for (const { shape, pattern } of phrases) {
      const meant = nearest(word, keywords(shape));
      if (meant === undefined || meant === word) continue;
      if (!pattern.test(words.map((w) => w === word ? meant : w).join(" "))) continue;
      return problem(word, `'${word}' is not understood`, `did you mean '${meant}'?`);
    }
  }
  const likely = phrases.filter(({ shape }) => keywords(shape).some((w) => words.includes(w)));
  const shown = likely.length > 0 ? likely : phrases;
  return problem(
    text,
    "this sentence is not understood",
    `write ${shown.map(({ shape }) => shape).join("\n   or ")}`,
  );
}

/** The problem with a name that is none of `names`; null if it is one. */
export function known(word: string, what: string, names: readonly string[]): Problem | null {
  if (names.includes(word)) return null;
  const near = didYouMean(word, names);
  const all = names.length === 0
    ? `the configuration has no ${what}`
    : `there ${names.length === 1 ? "is" : "are"} ${names.join(", ")}`;
  return problem(
    word,
    `no ${what} is named '${word}'`,
    near === undefined ? all : `${near} (${all})`,
  );
}

/** The problem with a name that is no server's; null if it is one. */
export function knownServer(word: string, names: Names): Problem | null {
  return names.aliases.includes(word) ? null : known(word, "server", names.servers);
}

/** As {@linkcode knownServer}, where the words may also be `every server`. */
export function knownServers(words: string, names: Names): Problem | null {
  return words === "every server" ? null : knownServer(words, names);
}

/** null: every server. */
export function oneOf(words: string): string | null {
  return words === "every server" ? null : words;
}

/** Whether the configuration has a server of this name. */
export function isServer(word: string, { servers, aliases }: Names): boolean {
  return servers.includes(word) || aliases.includes(word);
}

/** The problem with where clients connect to; null if a proxy listens there. */
export function knownEntry(
  proxy: string | undefined,
  port: string | undefined,
  { proxies, entries }: Names,
): Problem | null {
  const stranger = proxy === undefined ? null : known(proxy, "proxy", proxies);
  if (stranger !== null || port === undefined) return stranger;
  const ports = entries.flatMap((entry) =>
    proxy === undefined || entry.proxy === proxy ? [String(entry.port)] : []
  );
  if (ports.includes(port)) return null;
  return problem(
    port,
    `${proxy ?? "no proxy"} ${proxy === undefined ? "listens" : "does not listen"} on port ${port}`,
    `there ${ports.length === 1 ? "is" : "are"} ${ports.join(", ")}`,
  );
}

/** Reads "300 ms", "10s" or "2 m". */
export function milliseconds(time: string): number {
  const unit = time.endsWith("ms") ? 1 : time.endsWith("s") ? 1000 : 60_000;
  return parseFloat(time) * unit;
}
