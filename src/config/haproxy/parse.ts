/** From the text of HAProxy's language to the model. */
import type { Report, SourceFile } from "../diagnostic.ts";
import { defaultGlobal, describe, hasSide } from "../fields.ts";
import { whyLeftOut } from "../keywords/absent.ts";
import { foreignSections } from "../keywords/foreign.ts";
import type { GlobalSection } from "../keywords/global.ts";
import { openKind, type OpenSection } from "../keywords/section.ts";
import type { Configuration } from "../model.ts";
import { didYouMean } from "../../text/nearest.ts";
import type { Places } from "../places.ts";
import { globalTable, proxyTable } from "../registry.ts";
import { kindsByKeyword, sectionKinds } from "../sections.ts";
import {
  type Arguments,
  attempt,
  createArguments,
  type Reading,
  wholeBudget,
} from "./arguments.ts";
import { createBlocks } from "./blocks.ts";
import type { Environment } from "./condition.ts";
import { openSection, type Section } from "./section.ts";
import { createSections, isProxyKeyword, sectionKeywords, type Sections } from "./sections.ts";
import { takeKeyword } from "./table.ts";
import { splitWords, type Word } from "./words.ts";

/** Where the next statement belongs. */
type Open =
  | { readonly kind: "global" }
  | { readonly kind: "proxy"; readonly section: Section }
  | { readonly kind: "other"; readonly section: OpenSection }
  /** After a section that is not known: its lines are not judged. */
  | { readonly kind: "skipped" }
  | { readonly kind: "none" };

/** What the parsing of a file goes by. */
interface State extends Reading {
  readonly global: GlobalSection;
  readonly sections: Sections;
  readonly others: Others;
}

/** The sections beside global and the proxies, as the model has them. */
type Others = Record<keyof typeof sectionKinds, unknown[]>;

/**
 * Parses files of HAProxy's language, in their order. All errors go to the report; what could be
 * read is returned nonetheless.
 *
 * @param env the environment for variables and conditions; it is not changed
 */
export function parseHaproxy(
  files: readonly SourceFile[],
  env: Environment,
  report: Report,
  places: Places,
): Configuration {
  const global = { global: defaultGlobal(), env: { ...env } };
  const sections = createSections(report, places);
  const others = Object.fromEntries(Object.keys(sectionKinds).map((key) => [key, []])) as
    & object
    & Others;
  const shared = { report, places, global, sections, others, budget: wholeBudget() };
  for (const file of files) parseFile(file, shared);
  const read = others as Pick<Configuration, keyof Others>;
  return { global: global.global, ...read, proxies: sections.end() };
}

function parseFile(file: SourceFile, shared: Omit<State, "variables">): void {
  const { report, global } = shared;
  let open: Open = { kind: "none" };
  let number = 0;
  const variables = (name: string): string | undefined => {
    if (name === ".FILE") return file.name;
    if (name === ".LINE") return String(number);
    if (name === ".SECTION") return sectionName(open);
    const value = global.env[name];
    if (value !== undefined) spend(value.length, { file: file.name, line: number }, shared);
    return value;
  };
  const state: State = { ...shared, variables };
  const blocks = createBlocks(file.name, report, global.env, variables);
  const take = (line: string) => {
    if (blocks.directive(line, number) || !blocks.active) return;
    const split = splitWords(line, variables);
    if ("error" in split) {
      const { column, length, message, hint } = split.error;
      report.error({ file: file.name, line: number, column, length }, message, hint);
    } else if (split.words.length > 0) {
      open = statement({ file: file.name, line: number }, split.words, open, state);
    }
  };
  for (const line of file.text.split("\n")) {
    number++;
    try {
      take(line);
    } catch (error) {
      // Engines throw it where stack or memory is at an end.
      if (!(error instanceof RangeError)) throw error;
      const place = { file: file.name, line: number, column: 1, length: line.length };
      const hint = "see 'ulimit -s' and 'ulimit -v'; or write the line more simply";
      report.stop(place, `reading this line takes more stack or memory than there is`, hint);
    }
  }
  blocks.end();
}

/** Takes characters of variables from the budget; without any left, reading ends. */
function spend(
  characters: number,
  at: { file: string; line: number },
  { budget, report }: Omit<State, "variables">,
): void {
  budget.expanded -= characters;
  if (budget.expanded >= 0) return;
  const message = "the variables of this configuration are too long: reading ends here";
  report.stop({ ...at, column: 1, length: 1 }, message, "shorter values, or fewer uses of them");
}

function sectionName(open: Open): string {
  if (open.kind === "global") return "global";
  if (open.kind === "other") return open.section.name || open.section.kind.keyword;
  return open.kind === "proxy" ? open.section.proxy.name || open.section.keyword : "";
}

/** Takes one statement; returns the section that is open after it. */
function statement(
  at: { file: string; line: number },
  words: readonly Word[],
  open: Open,
  state: State,
): Open {
  const { report, sections, others } = state;
  const first = words[0]?.text ?? "";
  const args = createArguments(at, words, 1, state);
  if (first === "global") {
    args.usage = "global";
    attempt(report, () => args.end());
    return { kind: "global" };
  }
  if (isProxyKeyword(first)) return { kind: "proxy", section: sections.open(first, args) };
  const [property, kind] = kindsByKeyword.get(first) ?? [];
  if (kind !== undefined && property !== undefined) {
    return { kind: "other", section: openKind(kind, args, others[property]) };
  }
  const leftOut = whyLeftOut(first);
  if (leftOut !== undefined) {
    report.warning(args.here(), `section '${first}' has no effect: ${leftOut}`);
    return { kind: "skipped" };
  }
  if (foreignSections.has(first)) {
    report.error(args.here(), `sluice does not support '${first}' sections`);
    return { kind: "skipped" };
  }
  if (open.kind === "none") {
    const meant = didYouMean(first, sectionKeywords);
    const hint = meant ?? "first comes a section: global, defaults, listen, frontend, backend";
    report.error(args.here(), `unknown keyword '${first}' outside any section`, hint);
    return meant === undefined ? open : { kind: "skipped" };
  }
  if (open.kind === "skipped") return open;
  attempt(report, () => keyword(createArguments(at, words, 0, state), open, state));
  return open;
}

/** Takes a keyword of a section, with "no" before it or not, and all that follows. */
function keyword(
  args: Arguments,
  open: Extract<Open, { kind: "global" | "proxy" | "other" }>,
  state: State,
): void {
  const negated = args.peek()?.text === "no";
  if (negated) {
    args.next();
    args.usage = "no option <name> | no log";
  }
  if (open.kind === "global") {
    const keyword = takeKeyword(globalTable, args, "in a 'global' section", besideGlobal);
    const act = negated ? undoOf(keyword, args) : keyword.read;
    act(state.global, args);
  } else if (open.kind === "other") {
    const { kind, section } = open.section;
    const where = `in a '${kind.keyword}' section`;
    const keyword = takeKeyword(kind.keywords, args, where, besideOthers);
    const act = negated ? undoOf(keyword, args) : keyword.read;
    act(section, args);
  } else {
    proxyKeyword(args, open.section, negated, state.places);
  }
  args.end();
}

function proxyKeyword(args: Arguments, section: Section, negated: boolean, places: Places): void {
  const { keyword: kind, proxy } = section;
  const keyword = takeKeyword(proxyTable, args, `in a '${kind}' section`, besideProxies);
  const { side = "both" } = keyword;
  const act = negated ? undoOf(keyword, args) : keyword.read;
  if (kind === "defaults" ? keyword.defaults !== false : hasSide(kind, side)) {
    return act(section, args);
  }
  if (kind === "defaults") {
    const hint = "it is for listen, frontend or backend sections";
    throw args.mistake(`'${keyword.name}' is not allowed in a 'defaults' section`, hint);
  }
  const reason = `${describe(proxy)} has no ${side}`;
  if (keyword.strict === true) {
    throw args.mistake(`'${keyword.name}' is not allowed: ${reason}`);
  }
  args.report.warning(args.here(), `'${keyword.name}' is ignored: ${reason}`);
  // Its arguments are checked all the same.
  act(openSection("listen", "ignored", section.place, undefined, places), args);
}

function undoOf<T>(
  { name, undo }: { name: string; undo?: (target: T, args: Arguments) => void },
  args: Arguments,
): (target: T, args: Arguments) => void {
  if (undo !== undefined) return undo;
  throw args.mistake(`'no' is not possible with '${name}'`, `usage: ${args.usage}`);
}

/** A hint for a word that is no keyword of the global section. */
function besideGlobal(word: string): string | undefined {
  const belongs = [...proxyTable.keywords.keys()].some((name) => name.split(" ")[0] === word);
  return belongs
    ? "it belongs in a listen, frontend or backend"
    : didYouMean(word, sectionKeywords);
}

/** A hint for a word that is no keyword of another section. */
function besideOthers(word: string): string | undefined {
  return globalTable.keywords.has(word) ? "it belongs in the 'global' section" : besideGlobal(word);
}

/** A hint for a word that is no keyword of proxies. */
function besideProxies(word: string): string | undefined {
  return globalTable.keywords.has(word)
    ? "it belongs in the 'global' section"
    : didYouMean(word, sectionKeywords);
}
