/** The words of the story language: what forms.ts makes its sentences of, and how they are read. */
import { didYouMean } from "../config/nearest.ts";
import type { Cast, Claim, Party, RequestSpec, Said, Who } from "./steps.ts";

/** What keeps a sentence from being read: the word to point at, why, and the mend. */
export interface Problem {
  readonly kind: "problem";
  readonly word: string;
  readonly message: string;
  readonly mend: string;
}

/** The named groups of a pattern that fits. */
export type Groups = Readonly<Record<string, string | undefined>>;

/** A shape of sentence; `M` is what it means, `C` the step that it belongs to, if any. */
export interface Form<M, C> {
  readonly shape: string;
  readonly pattern: RegExp;
  read(groups: Groups, said: Said, cast: Cast, step: C): M | Problem;
}

/** Patterns: a client or server; a request; where it is sent; what is answered; and so on. */
export const name = "[A-Za-z0-9_][\\w.:/-]*";
export const request = "(?<method>[A-Z]+) (?<uri>\\S+)(?: (?<version>HTTP/\\S+))?";
export const target = "(?: to (?<proxy>\\S+)(?: port (?<port>\\d+))?)?";
export const claim = "(?<claim>\\d{3}|[\\w!#$%&'*+.^`|~-]+: .*|[\\w!#$%&'*+.^`|~-]+:)";
export const time = "(?<time>\\d+(?:\\.\\d+)? ?(?:ms|s|m))";
export const address = "[0-9a-fA-F.:]+";
export const subject = `(?<who>the server|the same server|another server|${name})`;

/** A pattern that a whole sentence has to fit. */
export const form = (source: string) => new RegExp(`^${source}$`);

/** {@linkcode Problem} */
export function problem(word: string, message: string, mend: string): Problem {
  return { kind: "problem", word, message, mend };
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

/** Reads "404", "no FIELD", "FIELD: VALUE" or a request line. */
export function claimOf(text: string): Claim {
  if (/^\d{3}$/.test(text)) return { kind: "status", status: Number(text) };
  if (text.startsWith("no ")) return { kind: "absent", name: text.slice(3) };
  const colon = text.indexOf(":");
  if (colon < 0 || /^[A-Z]+ /.test(text)) return { kind: "line", text };
  return { kind: "field", name: text.slice(0, colon), value: text.slice(colon + 1).trim() };
}

/** Reads a server's name, or the words that stand for one. */
export function whoOf(words: string, cast: Cast): Who | Problem {
  if (words === "the server") return { kind: "any" };
  if (words === "the same server") return { kind: "same" };
  if (words === "another server") return { kind: "other" };
  return knownServer(words, cast) ?? { kind: "named", server: words };
}

/** The problem with a name that is no server's; null if it is one. */
export function knownServer(word: string, cast: Cast): Problem | null {
  return cast.aliases.includes(word) ? null : known(word, "server", cast.servers);
}

/** As {@linkcode knownServer}, where the words may also be `every server`. */
export function knownServers(words: string, cast: Cast): Problem | null {
  return words === "every server" ? null : knownServer(words, cast);
}

/** A server by its name, else a client: it need not be declared. */
export function partyOf(word: string, cast: Cast): Party {
  return { side: isServer(word, cast) ? "server" : "client", name: word };
}

/** Whether the configuration has a server of this name. */
export function isServer(word: string, { servers, aliases }: Cast): boolean {
  return servers.includes(word) || aliases.includes(word);
}

/** The problem with where clients are to go; null if somebody listens there. */
export function knownEntry(
  proxy: string | undefined,
  port: string | undefined,
  { proxies, entries }: Cast,
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

/** The step, and one more expectation of it. */
export function expecting<S extends { readonly expectations: readonly unknown[] }>(
  step: S,
  expectation: S["expectations"][number],
): S {
  return { ...step, expectations: [...step.expectations, expectation] };
}

/** Reads the groups of the patterns `request` and `target`. */
export function requestOf(groups: Groups, cast: Cast): RequestSpec | Problem {
  const { method = "", uri = "", version = "HTTP/1.1", proxy } = groups;
  if (version !== "HTTP/1.0" && version !== "HTTP/1.1") {
    return problem(version, `'${version}' is not spoken here`, "write HTTP/1.0 or HTTP/1.1");
  }
  if (cast.checks.includes(`${method} ${uri} ${version}`)) {
    return problem(method, "the health checks send this very request", "ask for another URI");
  }
  const { port } = groups;
  const stranger = proxy === undefined ? null : knownEntry(proxy, port, cast);
  return stranger ?? {
    method,
    uri,
    version,
    preamble: null,
    fields: [],
    source: null,
    proxy: proxy ?? null,
    port: port === undefined ? null : Number(port),
  };
}

/** Reads "300 ms", "10s" or "2 m". */
export function milliseconds(time: string): number {
  const unit = time.endsWith("ms") ? 1 : time.endsWith("s") ? 1000 : 60_000;
  return parseFloat(time) * unit;
}
