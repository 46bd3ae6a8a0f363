/** The page of `sluice help KEYWORD`: all that the registry has about a keyword. */
import { sectionKeywords, sectionUsages } from "./haproxy/sections.ts";
import { usageOf } from "./haproxy/table.ts";
import { foreignSections } from "./keywords/foreign.ts";
import type { Keyword } from "./keywords/keyword.ts";
import { didYouMean } from "../text/nearest.ts";
import { families, type Family } from "./registry.ts";
import { kindsByKeyword } from "./sections.ts";

/** Which sections have a keyword of proxies, by the half that it is for. */
const sections = {
  frontend: "frontend, listen",
  backend: "backend, listen",
  both: "frontend, backend, listen",
} as const;

/** The names of all keywords, each once. */
export function keywordNames(): string[] {
  return [...new Set(families.flatMap(({ table }) => [...table.keywords.keys()]))];
}

/** All keywords, with their lines of documentation, by where they may stand. */
export function helpIndex(): string {
  return listOf(() => true);
}

/** Those whose names are `accepted`; empty if none is. */
function listOf(accepted: (name: string) => boolean): string {
  const parts = families.flatMap(({ where, table }) => {
    const keywords = [...table.keywords.values()].filter(({ name }) => accepted(name));
    if (keywords.length === 0) return [];
    const width = Math.max(...keywords.map(({ name }) => name.length));
    const lines = keywords.map(({ name, doc }) => `  ${name.padEnd(width)}  ${doc}`);
    return [[`Keywords of ${where}:`, ...lines].join("\n")];
  });
  return parts.join("\n\n");
}

/**
 * What there is to say about a keyword, wherever it may stand; `found` is false if it is none of
 * sluice's, and the text then says what it could have been.
 *
 * @param name as written: "balance", "option httplog"; the second of two words alone will do, and the
 * first one lists all that begin with it
 */
export function helpPage(name: string): { readonly found: boolean; readonly text: string } {
  const wanted = name.trim().replace(/^no /, "");
  const own = pagesOf((name) => name === wanted);
  const list = own.length === 0 ? listOf((name) => name.startsWith(`${wanted} `)) : "";
  const pages = [
    ...own,
    ...(list === "" ? [] : [list]),
    ...pagesOf((name) => secondOf(name) === wanted),
  ];
  const usage = sectionUsages.get(wanted);
  if (usage !== undefined) {
    const [, kind] = kindsByKeyword.get(wanted) ?? [];
    const doc = kind === undefined ? [] : [`  ${kind.doc}`];
    const what = "  Begins a section; 'sluice help' lists what may stand in it.";
    const page = [usage, ...doc, what].join("\n");
    return { found: true, text: [page, ...pages].join("\n\n") };
  }
  if (pages.length > 0) return { found: true, text: pages.join("\n\n") };
  const isForeign = foreignSections.has(wanted) ||
    families.some(({ table: { foreign } }) =>
      foreign.has(wanted) || foreign.has(`option ${wanted}`) || foreign.has(`timeout ${wanted}`)
    );
  if (isForeign) {
    return { found: false, text: `HAProxy has '${wanted}', and sluice does not support it yet` };
  }
  const names = families.flatMap(({ table }) => [...table.keywords.keys()]);
  const all = [...sectionKeywords, ...names, ...names.flatMap((each) => each.split(" ").slice(1))];
  const meant = didYouMean(wanted, all) ?? "'sluice help' lists all";
  return { found: false, text: `there is no keyword '${wanted}'; ${meant}` };
}

const secondOf = (name: string): string | undefined => name.split(" ")[1];

function pagesOf(accepted: (name: string) => boolean): string[] {
  return families.flatMap((family) =>
    [...family.table.keywords.values()]
      .filter(({ name }) => accepted(name))
      .map((keyword) => page(keyword, family))
  );
}

/** A keyword's options, each of which has a page of its own. */
function optionsOf({ name }: Keyword<never>, { isProxy }: Family): string[] {
  if (isProxy !== true) return [];
  const { table } = families.find(({ on }) => on?.includes(name)) ?? {};
  return [...table?.keywords.keys() ?? []];
}

function page(keyword: Keyword<never>, family: Family): string {
  const { where, isProxy } = family;
  const { doc, chapter, property, example, undo } = keyword;
  const rows: [string, string][] = [["stands in", isProxy ? sectionsOf(keyword) : where]];
  if (property !== undefined) {
    const { name, unset } = property;
    rows.push(["in JSON", name], ["default", unset === null ? "none" : JSON.stringify(unset)]);
  }
  if (undo !== undefined) rows.push(["taken back", `no ${keyword.name}`]);
  const options = optionsOf(keyword, family);
  if (options.length > 0) rows.push(["options", options.join(" ")]);
  rows.push(["example", `${keyword.name} ${example}`.trim()]);
  rows.push(["manual", `HAProxy's configuration manual, chapter ${chapter}`]);
  const lines = rows.map(([what, text]) => `  ${`${what}:`.padEnd(12)}${text}`);
  return [usageOf(keyword), `  ${doc}`, ...lines].join("\n");
}

function sectionsOf({ side = "both", defaults }: Keyword<never>): string {
  return `${defaults === false ? "" : "defaults, "}${sections[side]}`;
}
