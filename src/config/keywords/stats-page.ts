/** The statistics page of a proxy: the keywords `stats ...` (manual, chapter 4.2). */
import * as v from "valibot";
import { type Arguments, time as readTime } from "../haproxy/arguments.ts";
import { formatTime } from "../../text/time.ts";
import { define, type Keyword } from "./keyword.ts";
import { readWords } from "./rules.ts";
import { milliseconds } from "./values.ts";

const chapter = "4.2";

/** A condition: `if` or `unless`, and its words. */
const Condition = v.strictObject({ words: v.array(v.string()) });

/** The statistics page (manual: "stats enable" and its kin). */
export const StatsPage = v.strictObject({
  /** Where it is: targets that begin so. */
  uri: v.optional(v.string(), "/haproxy?stats"),
  realm: v.optional(v.string(), "HAProxy Statistics"),
  /** Who may see it: user:password. */
  auth: v.optional(v.array(v.string()), []),
  /** How often it is loaded anew, ms; 0: never. */
  refresh: v.optional(milliseconds, 0),
  hideVersion: v.optional(v.boolean(), false),
  /** The name of the node that is shown; "": the machine's; null: none is. */
  showNode: v.optional(v.nullable(v.string()), null),
  /** What is shown as a description; "": the process's; null: none is. */
  showDesc: v.optional(v.nullable(v.string()), null),
  showLegends: v.optional(v.boolean(), false),
  showModules: v.optional(v.boolean(), false),
  /** Which proxies it shows, `.` being its own; none: all. */
  scope: v.optional(v.array(v.string()), []),
  /** When servers may be changed: any of these. */
  admin: v.optional(v.array(Condition), []),
  /** Who is let in: the first rule that applies. */
  httpRequest: v.optional(
    v.array(v.strictObject({
      action: v.picklist(["allow", "deny", "auth"]),
      realm: v.optional(v.nullable(v.string()), null),
      /** The condition: `if` or `unless`, and its words; none: it always holds. */
      words: v.optional(v.array(v.string()), []),
    })),
    [],
  ),
});
/** {@linkcode StatsPage} */
export type StatsPage = v.InferOutput<typeof StatsPage>;

const blank = v.parse(StatsPage, {});

/** A word may have blanks, which are behind backslashes in HAProxy's older spelling. */
function print(page: StatsPage | null): string[][] {
  if (page === null) return [];
  const text = (name: string, value: string | null) =>
    value === null ? [] : [[`stats ${name}`, ...value === "" ? [] : [value]]];
  const flag = (name: string, value: boolean) => value ? [[`stats ${name}`]] : [];
  return [
    ["stats enable"],
    ...(page.uri === blank.uri ? [] : [["stats uri", page.uri]]),
    ...(page.realm === blank.realm ? [] : [["stats realm", page.realm]]),
    ...page.auth.map((auth) => ["stats auth", auth]),
    ...(page.refresh === 0 ? [] : [["stats refresh", formatTime(page.refresh)]]),
    ...flag("hide-version", page.hideVersion),
    ...text("show-node", page.showNode),
    ...text("show-desc", page.showDesc),
    ...flag("show-legends", page.showLegends),
    ...flag("show-modules", page.showModules),
    ...page.scope.map((scope) => ["stats scope", scope]),
    ...page.admin.map(({ words }) => ["stats admin", ...words]),
    ...page.httpRequest.map(({ action, realm, words }) => [
      "stats http-request",
      action,
      ...(realm === null ? [] : ["realm", realm]),
      ...words,
    ]),
  ];
}

/** The page of a proxy. */
export const statsPageSetting = {
  stats: define({
    doc: "The statistics page; null: there is none.",
    chapter,
    schema: v.optional(v.nullable(StatsPage), null),
    forms: [],
    print,
    http: true,
  }),
};

interface PageSection {
  readonly proxy: { stats: StatsPage | null };
  readonly shared: Set<string>;
}

/** A keyword that changes the page; the first one in a section begins with a page of its own. */
function keyword(
  name: string,
  usage: string,
  example: string,
  doc: string,
  change: (args: Arguments, before: StatsPage) => Partial<StatsPage>,
): Keyword<PageSection> {
  return {
    name: `stats ${name}`,
    usage,
    example,
    doc,
    chapter,
    property: { name: "proxies[].stats", unset: null },
    read({ proxy, shared }, args) {
      const before = shared.delete("stats") ? blank : proxy.stats ?? blank;
      const changed = change(args, before);
      args.mark(proxy, "stats");
      proxy.stats = { ...before, ...changed };
    },
  };
}

/** All words that follow, as one text; "" if there is none. */
function optionalText(args: Arguments): string {
  const words: string[] = [];
  for (let next = args.next(); next !== undefined; next = args.next()) words.push(next.text);
  return words.join(" ");
}

const actions = ["allow", "deny", "auth"] as const;

/** Keywords of the page. */
export const statsPageKeywords: readonly Keyword<PageSection>[] = [
  keyword("enable", "", "", "Gives the proxy a statistics page.", () => ({})),
  keyword(
    "uri",
    "<prefix>",
    "/stats",
    "Where the statistics page is: targets that begin so.",
    (args) => ({ uri: args.word("a URI").text }),
  ),
  keyword(
    "realm",
    "<realm>",
    "Operators",
    "What browsers show when they ask for the page's password.",
    (args) => ({ realm: args.word("a realm").text }),
  ),
  keyword(
    "auth",
    "<user>:<password>",
    "admin:secret",
    "Adds somebody who may see the statistics page.",
    (args, { auth }) => {
      const { text } = args.word("a user and a password");
      if (!text.includes(":")) {
        throw args.mistake(`'${text}' has no password`, "as in admin:secret");
      }
      return { auth: [...auth, text] };
    },
  ),
  keyword(
    "refresh",
    "<delay>",
    "10s",
    "How often browsers load the statistics page anew.",
    (args) => ({ refresh: readTime(args, "s") }),
  ),
  keyword(
    "hide-version",
    "",
    "",
    "Leaves the version out of the statistics page.",
    () => ({ hideVersion: true }),
  ),
  keyword(
    "show-node",
    "[<name>]",
    "edge1",
    "Shows the name of this node.",
    (args) => ({ showNode: args.next()?.text ?? "" }),
  ),
  keyword(
    "show-desc",
    "[<description>]",
    "the front door",
    "Shows a description; by default the process's.",
    (args) => ({ showDesc: optionalText(args) }),
  ),
  keyword(
    "show-legends",
    "",
    "",
    "Shows addresses, cookies and algorithms, too.",
    () => ({ showLegends: true }),
  ),
  keyword(
    "show-modules",
    "",
    "",
    "Shows what TLS and HTTP count, too.",
    () => ({ showModules: true }),
  ),
  keyword(
    "scope",
    "<name>|.",
    "www",
    "Adds a proxy to those that are shown; '.' is its own.",
    (args, { scope }) => ({ scope: [...scope, args.word("a proxy").text] }),
  ),
  keyword(
    "admin",
    "{ if | unless } <condition>",
    "if TRUE",
    "When servers may be changed on the statistics page.",
    (args, { admin }) => {
      const kind = args.peek()?.text;
      if (kind !== "if" && kind !== "unless") {
        args.word("'if' or 'unless'");
        throw args.mistake("'stats admin' expects 'if' or 'unless'", `usage: ${args.usage}`);
      }
      const condition = { words: [] };
      args.mark(condition);
      readWords(args, condition, condition.words);
      return { admin: [...admin, condition] };
    },
  ),
  keyword(
    "http-request",
    "allow|deny|auth [realm <realm>] [{ if | unless } <condition>]",
    "allow if TRUE",
    "Lets requests for the statistics page in, or not: the first rule that applies.",
    (args, { httpRequest }) => {
      const { text } = args.word("an action");
      const action = actions.find((each) => each === text);
      if (action === undefined) {
        throw args.mistake(`'${text}' is no action here`, `one of: ${actions.join(", ")}`);
      }
      let realm: string | null = null;
      if (action === "auth" && args.peek()?.text === "realm") {
        args.next();
        realm = args.word("a realm").text;
      }
      const rule = { action, realm, words: [] };
      args.mark(rule);
      readWords(args, rule, rule.words);
      return { httpRequest: [...httpRequest, rule] };
    },
  ),
];
