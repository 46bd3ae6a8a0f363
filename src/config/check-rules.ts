/** Checks of rules, conditions and ACLs: by compiling them. */
import type { References } from "../expr/references.ts";
import { PatternStore } from "../expr/patterns/store.ts";
import { WordMistake } from "../expr/words.ts";
import { errorPagesOf, type Outside, referencesOf } from "../rules/environment.ts";
import { compileInitialVariable } from "../rules/initial-variables.ts";
import { noScripts } from "../rules/action.ts";
import { loadConfigured } from "../lua/configured.ts";
import { checkLogFormats } from "../rules/log-sample.ts";
import { compileProxyRules, type ProxyRules } from "../rules/proxy-rules.ts";
import { definitionsOf } from "../stick-table/definitions.ts";
import { TableFacts } from "../stick-table/facts.ts";
import type { Table } from "../stick-table/table.ts";
import { textOf } from "../bytes/bytes.ts";
import { systemClock } from "../time/clock.ts";
import type { Place, Report } from "./diagnostic.ts";
import type { Files } from "./files.ts";
import type { Configuration, Proxy } from "./model.ts";
import type { Locator } from "./places.ts";

/** Largest file of patterns, or of a reply, that is read: bytes. */
const largestFile = 256 * 2 ** 20;

/** Checks the rules of the proxies of a configuration. */
export type RulesCheck = (proxy: Proxy) => ProxyRules;

/**
 * Makes what compiles the rules of each proxy; what is wrong goes to the report.
 * @param files those that rules name are read; null: they are not looked at
 */
export function createRulesCheck(
  configuration: Configuration,
  files: Files | null,
  locator: Locator,
  report: Report,
): RulesCheck {
  const { proxies } = configuration;
  const file = (path: string): Uint8Array => {
    const content = files?.read(path, largestFile) ?? new Uint8Array(0);
    if (typeof content === "string") throw new Error(content);
    return content;
  };
  const patterns = new PatternStore((path) => {
    const content = file(path);
    return textOf(content, 0, content.length);
  });
  // What they store is all that is asked of them here.
  const tables = new Map(
    definitionsOf(configuration, proxies).map(({ name, config }) =>
      [name, new TableFacts(name, config) as Table] as const
    ),
  );
  const table = (name: string): Table | null => tables.get(name) ?? null;
  const placeOf = (line: object, word: number | undefined): Place =>
    locator.place(line, word === undefined ? undefined : String(word));
  const onMistake = (line: object, { message, word, hint }: WordMistake) => {
    report.error(placeOf(line, word), message, hint);
  };
  const errors = errorPagesOf(configuration, file);
  const scripts = files === null ? noScripts : loadConfigured(
    configuration,
    file,
    () => ({
      clock: systemClock,
      network: null,
      resolve: () => () => {},
      server: () => null,
      log: () => {},
      patterns,
      thread: 0,
      version: "",
    }),
    (script, message) => report.error(locator.place(script), `Lua: ${message}`),
  );
  checkInitialVariables(configuration, {
    patterns,
    table,
    env: () => "",
    pid: 0,
    hostname: "",
    scripts,
  }, {
    warn: (line, message, hint, word) => report.warning(placeOf(line, word), message, hint),
    onMistake,
  });
  return (proxy) => {
    const outside = { patterns, table, env: () => "", pid: 0, hostname: "", scripts };
    const shared = referencesOf(configuration, proxy, outside);
    const references = (line: object): References => ({
      ...shared,
      warn: (message, hint, word) => report.warning(placeOf(line, word), message, hint),
    });
    checkLogFormats(proxy, references(proxy), (key, message, hint) => {
      report.error(locator.place(proxy, key), message, hint);
    });
    return compileProxyRules(proxy, references, { errors, scripts }, onMistake);
  };
}

/** Where what is found goes. */
interface Findings {
  warn(line: object, message: string, hint?: string, word?: number): void;
  onMistake(line: object, mistake: WordMistake): void;
}

/** Compiles the values that variables of the process begin with. */
function checkInitialVariables(
  configuration: Configuration,
  outside: Outside,
  { warn, onMistake }: Findings,
): void {
  const { initialVariables } = configuration.global;
  if (initialVariables.length === 0) return;
  const references = referencesOf(configuration, null, outside);
  for (const variable of initialVariables) {
    try {
      compileInitialVariable(variable, {
        ...references,
        warn: (message, hint, word) => warn(variable, message, hint, word),
      });
    } catch (error) {
      if (!(error instanceof WordMistake)) throw error;
      onMistake(variable, error);
    }
  }
}
