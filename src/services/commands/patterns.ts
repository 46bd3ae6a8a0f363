/** Commands about maps and ACLs (management manual, chapter 9.3, "show map", "show acl"). */
import { PatternMistake } from "../../expr/patterns/pattern.ts";
import type { PatternEntry, PatternReference } from "../../expr/patterns/reference.ts";
import type { PatternStore } from "../../expr/patterns/store.ts";
import { type Command, type CommandContext, CommandError, refuse } from "./command.ts";

type What = "map" | "acl";
const called = { map: "map", acl: "ACL" } as const;

/** The list that a word names. */
function listOf(
  { control }: CommandContext,
  what: What,
  name: string,
): { readonly store: PatternStore; readonly list: PatternReference } {
  const store = control.patterns;
  const list = store?.find(name);
  if (store === null || list === undefined || !list.usedBy(what)) {
    throw refuse(`Unknown ${called[what]} identifier. Please use #<id> or <file>.`);
  }
  return { store, list };
}

/** What stands for an entry: HAProxy shows where it is in memory. */
const idOf = ({ id }: PatternEntry) => `0x${(id + 0x1000).toString(16)}`;

/** The entry of `#0x...`; undefined: there is none. */
function entryOf(list: PatternReference, id: string): PatternEntry | undefined {
  return list.entry(Number(id) - 0x1000);
}

/** The version of `@3`, and the words behind it; null: none was given. */
function versionOf(args: readonly string[]): {
  readonly version: number | null;
  readonly rest: readonly string[];
} {
  const [first = "", ...rest] = args;
  return /^@\d+$/.test(first)
    ? { version: Number(first.slice(1)), rest }
    : { version: null, rest: args };
}

/** Makes a change, or says in HAProxy's words why not. */
function attempt(act: () => string | null): string {
  try {
    const problem = act();
    if (problem !== null) throw refuse(problem);
    return "";
  } catch (error) {
    if (error instanceof PatternMistake) throw refuse(`${error.message}.`);
    throw error;
  }
}

/** The prepared entries of a version. */
function prepared(store: PatternStore, list: PatternReference, version: number) {
  const found = store.prepared(list, version);
  if (found === undefined) throw refuse("Version number out of range.");
  return found;
}

const lineOf = (key: string, value: string | null) => value === null ? key : `${key} ${value}`;

function show(context: CommandContext, what: What): string {
  const { version, rest: [name] } = versionOf(context.args);
  const store = context.control.patterns;
  if (name === undefined) {
    const lists = (store?.references ?? []).filter((list) => list.usedBy(what));
    return "# id (file) description\n" + lists.map((list) => {
      const { current, next } = store!.versions(list);
      return `${list.id} (${list.name ?? ""}) ${list.description}. ` +
        `curr_ver=${current} next_ver=${next} entry_cnt=${list.size}\n`;
    }).join("");
  }
  const found = listOf(context, what, name);
  if (version !== null && version !== found.store.versions(found.list).current) {
    return prepared(found.store, found.list, version)
      .map(({ key, value }, i) => `0x${(i + 1).toString(16)} ${lineOf(key, value)}\n`).join("");
  }
  return [...found.list.entries].map((entry) =>
    `${idOf(entry)} ${lineOf(entry.key, entry.value)}\n`
  ).join("");
}

function get(context: CommandContext, what: What): string {
  const [name, sample] = context.args;
  if (name === undefined || sample === undefined) {
    throw refuse(
      what === "map" ? "Missing map identifier and/or key." : "Missing ACL identifier and/or key.",
    );
  }
  const { list } = listOf(context, what, name);
  const found = list.entryOf(sample);
  return list.indexes.map(({ method, ignoreCase }) => {
    const how = `type=${method}, case=${ignoreCase ? "insensitive" : "sensitive"}`;
    if (found === undefined) return `${how}, ${what === "map" ? "found=no" : "match=no"}\n`;
    return what === "map"
      ? `${how}, found=yes, idx=tree, key="${found.key}", value="${
        found.value ?? ""
      }", type="str"\n`
      : `${how}, match=yes, idx=tree, pattern="${found.key}"\n`;
  }).join("");
}

function add(context: CommandContext, what: What): string {
  const { version, rest: [name, key, ...values] } = versionOf(context.args);
  const { payload } = context;
  const wrong = what === "map"
    ? "'add map' expects three parameters (map identifier, key and value) or one parameter " +
      "(map identifier) and a payload"
    : "'add acl' expects two parameters: ACL identifier and pattern.";
  const value = what === "map" ? values.join(" ") || null : null;
  const single = key !== undefined && (what === "acl" || value !== null);
  if (name === undefined || !single && payload === null) throw refuse(wrong);
  const { store, list } = listOf(context, what, name);
  const entries = single ? [{ key, value }] : linesOf(payload ?? "", what);
  if (version !== null && version !== store.versions(list).current) {
    prepared(store, list, version).push(...entries);
    return "";
  }
  return attempt(() => {
    for (const entry of entries) {
      const problem = store.change(list, { change: "add", ...entry });
      if (problem !== null) return problem;
    }
    return null;
  });
}

/** The entries in a payload: one a line. */
function linesOf(payload: string, what: What): { key: string; value: string | null }[] {
  return payload.split("\n").flatMap((line): { key: string; value: string | null }[] => {
    const [, key, value = ""] = /^\s*(\S+)(?:\s+(.*))?$/.exec(line) ?? [];
    if (key === undefined) return [];
    if (what === "acl") return [{ key: line.trim(), value: null }];
    if (value === "") throw new CommandError(`Missing value for key '${key}'.\n`);
    return [{ key, value }];
  });
}

function remove(context: CommandContext, what: What): string {
  const [name, key] = context.args;
  if (name === undefined || key === undefined) {
    throw refuse(
      what === "map"
        ? "This command expects two parameters: map identifier and key."
        : "This command expects two parameters: ACL identifier and key.",
    );
  }
  const { store, list } = listOf(context, what, name);
  const wanted = /^#0x[0-9a-f]+$/.test(key) ? entryOf(list, key.slice(1))?.key : key;
  if (wanted === undefined) throw refuse("Key not found.");
  return attempt(() => store.change(list, { change: "delete", key: wanted }));
}

/** One of the pair of commands, for maps and for ACLs. */
function both(
  name: string,
  usage: string,
  help: string,
  level: "user" | "admin",
  run: (context: CommandContext, what: What) => string,
): Command[] {
  return (["map", "acl"] as const).map((what) => ({
    name: `${name} ${what}`,
    usage: usage.replaceAll("<list>", `<${what}>`),
    help: help.replaceAll("LIST", called[what]),
    level,
    run: (context) => run(context, what),
  }));
}

/** See above. */
export const patternCommands: readonly Command[] = [
  ...both("show", "[@<ver>] [<list>]", "all LISTs, or the entries of one", "user", show),
  ...both("get", "<list> <value>", "the entry of a LIST that has this key", "user", get),
  ...both("add", "[@<ver>] <list> <key> [<val>]", "adds an entry to a LIST", "admin", add),
  ...both("del", "<list> [<key>|#<ref>]", "removes entries of a LIST", "admin", remove),
  ...both("clear", "[@<ver>] <list>", "removes all entries of a LIST", "admin", (context, what) => {
    const { version, rest: [name = ""] } = versionOf(context.args);
    if (name === "") throw refuse(`Missing ${called[what]} identifier.`);
    const { store, list } = listOf(context, what, name);
    if (version !== null && version !== store.versions(list).current) {
      prepared(store, list, version).length = 0;
      return "";
    }
    return attempt(() => store.change(list, { change: "clear" }));
  }),
  ...both("prepare", "<list>", "begins a new version of a LIST", "admin", (context, what) => {
    const [name = ""] = context.args;
    const { store, list } = listOf(context, what, name);
    return `New version created: ${store.prepare(list)}\n`;
  }),
  ...both(
    "commit",
    "@<ver> <list>",
    "has a new version of a LIST count",
    "admin",
    (context, what) => {
      const { version, rest: [name = ""] } = versionOf(context.args);
      if (version === null) throw refuse("Missing version number.");
      if (name === "") throw refuse(`Missing ${called[what]} identifier.`);
      const { store, list } = listOf(context, what, name);
      return attempt(() => store.commit(list, version) ? null : "Version number out of range.");
    },
  ),
  {
    name: "set map",
    usage: "<map> [<key>|#<ref>] <value>",
    help: "changes the value of a map's entry",
    level: "admin",
    run(context) {
      const [name, key, value] = context.args;
      if (name === undefined || key === undefined || value === undefined) {
        throw refuse("'set map' expects three parameters: map identifier, key and value.");
      }
      const { store, list } = listOf(context, "map", name);
      const wanted = /^#0x[0-9a-f]+$/.test(key) ? entryOf(list, key.slice(1))?.key : key;
      if (wanted === undefined) throw refuse("entry not found.");
      return attempt(() => store.change(list, { change: "set", key: wanted, value }));
    },
  },
];
