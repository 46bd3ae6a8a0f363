/**
 * What is wrong with a configuration as a whole: the checks that HAProxy makes after it has parsed
 * everything, as errors or warnings as it does, whatever the language of the file.
 */
import type { Capabilities } from "../net/socket.ts";
import { checkAccounts } from "./check-accounts.ts";
import { checkCaseFile } from "./check-case.ts";
import { checkCapabilities } from "./check-capabilities.ts";
import { checkBalance } from "./check-balance.ts";
import { checkFilters } from "./check-filters.ts";
import { checkLogs } from "./check-logs.ts";
import { checkErrors } from "./check-errors.ts";
import { checkCookie } from "./check-cookie.ts";
import { checkProxy } from "./check-proxy.ts";
import { createRulesCheck } from "./check-rules.ts";
import { checkStickTables } from "./check-stick-table.ts";
import { checkHealth } from "./check-health.ts";
import { checkNames as checkServerNames } from "./check-names.ts";
import { checkServers } from "./check-server.ts";
import { checkAcme } from "./check-acme.ts";
import { checkCrtStores } from "./check-crt-store.ts";
import { checkTls } from "./check-tls.ts";
import { checkTracks } from "./check-track.ts";
import { checkGlobalValues, checkProxyValues } from "./check-values.ts";
import type { Accounts } from "./keywords/accounts.ts";
import type { Place, Report } from "./diagnostic.ts";
import { describe, hasSide } from "./fields.ts";
import type { Files } from "./files.ts";
import type { Configuration, Global, Proxy } from "./model.ts";
import type { Locator } from "./places.ts";
import { sectionKinds } from "./sections.ts";

/** What the checks need to know besides the configuration. */
export interface CheckOptions {
  /** False if parts could not be read, so that nothing can be said of what is missing. */
  readonly complete: boolean;
  /** Of the network; undefined: anything is possible. */
  readonly capabilities?: Capabilities | undefined;
  /** Those that the configuration names; null: they are not looked at. */
  readonly files?: Files | null;
  /** Of the system; undefined: any user and group may be there. */
  readonly accounts?: Accounts | undefined;
}

/** Checks a configuration; errors and warnings go to the report. */
export function checkConfiguration(
  configuration: Configuration,
  locator: Locator,
  report: Report,
  options: CheckOptions,
): void {
  const { global, proxies } = configuration;
  checkGlobalValues(global, locator, report);
  checkThreads(global, locator, report);
  for (const [key, kind] of Object.entries(sectionKinds)) {
    const sections = configuration[key as keyof typeof sectionKinds];
    for (const section of sections) kind.check?.(section, locator, report);
  }
  checkNames(proxies, locator, report);
  const checked = new WeakSet<object>();
  const backends = new Map(proxies.map((proxy) => [proxy.name, proxy]));
  for (const proxy of proxies) if (hasSide(proxy.kind, "backend")) backends.set(proxy.name, proxy);
  const checkRules = createRulesCheck(configuration, options.files ?? null, locator, report);
  for (const proxy of proxies) {
    checkProxyValues(proxy, checked, locator, report);
    if (proxy.disabled) continue;
    checkSwitching(proxy, backends, locator, report);
    checkProxy(proxy, configuration, locator, report);
    checkBalance(proxy, locator, report);
    checkRules(proxy);
    checkFilters(proxy, configuration, locator, report);
    checkCookie(proxy, checked, locator, report);
    checkServers(proxy, options.complete, locator, report);
    checkHealth(proxy, configuration, locator, report);
    checkServerNames(proxy, configuration, locator, report);
    checkTls(proxy, global, options.complete, locator, report);
  }
  checkLogs(configuration, locator, report);
  if (options.complete) {
    checkAcme(configuration, locator, report);
    checkCrtStores(configuration, locator, report);
  }
  checkErrors(configuration, options.files ?? null, locator, report);
  checkTracks(proxies, locator, report);
  checkStickTables(configuration, locator, report);
  if (options.complete && !hasListener(configuration)) {
    const hint = "a 'listen' or 'frontend' section with a 'bind' line";
    report.warning(locator.place(configuration), nobodyListens, hint);
  }
  checkCaseFile(global, options.files ?? null, locator, report);
  if (options.accounts !== undefined) {
    checkAccounts(configuration, options.accounts, locator, report);
  }
  if (options.capabilities !== undefined) {
    checkCapabilities(configuration, options.capabilities, locator, report);
  }
}

/** A configuration may be a part of one: it is valid, and nothing that could run. */
export const nobodyListens = "no proxy listens: there is nothing to do";

/** Whether there is something to do: the runtime API alone is, as in HAProxy. */
export function hasListener({ global, proxies }: Configuration): boolean {
  return global.statsSocket.length > 0 ||
    proxies.some((proxy) => !proxy.disabled && proxy.bind.length > 0);
}

/** The runtime's own sockets are served by one thread. */
function checkThreads(global: Global, locator: Locator, report: Report): void {
  const { nbthread, tuneEngine } = global;
  if (tuneEngine !== "sockets" || nbthread === null || nbthread === 1) return;
  const message =
    `'nbthread' ${nbthread} is ignored: with 'tune.engine sockets' there is one thread`;
  const hint = "without 'tune.engine sockets', and 'noepoll', which is the same, there can be more";
  report.warning(locator.place(global, "nbthread"), message, hint);
}

/** No two proxies of one name, except a frontend and a backend. */
function checkNames(proxies: readonly Proxy[], locator: Locator, report: Report): void {
  for (const side of ["frontend", "backend"] as const) {
    const first = new Map<string, Proxy>();
    for (const proxy of proxies) {
      if (!hasSide(proxy.kind, side)) continue;
      const other = first.get(proxy.name);
      // Two 'listen' sections clash on both sides: reported once.
      const reported = side === "backend" && proxy.kind === "listen" && other?.kind === "listen";
      if (other === undefined) {
        first.set(proxy.name, proxy);
      } else if (!reported) {
        const { file, line } = locator.place(other);
        const message = `${describe(proxy)} has the name of another ${other.kind}`;
        report.error(locator.place(proxy, "name"), message, `the other one: ${file}:${line}`);
      }
    }
  }
}

/** The backends of the configuration by their names. */
type Backends = ReadonlyMap<string, Proxy>;

/** Checks where a proxy sends its requests to. */
function checkSwitching(proxy: Proxy, backends: Backends, locator: Locator, report: Report): void {
  for (const rule of proxy.useBackend) {
    // The name is known only when a request has come.
    if (rule.backend.includes("%")) continue;
    checkTarget("use_backend", rule.backend, locator.place(rule), proxy, backends, report);
  }
  const { defaultBackend: name } = proxy;
  if (name === null) return;
  const place = locator.place(proxy, "defaultBackend");
  checkTarget("default_backend", name, place, proxy, backends, report);
}

function checkTarget(
  keyword: string,
  name: string,
  place: Place,
  proxy: Proxy,
  backends: Backends,
  report: Report,
): void {
  const what = describe(proxy);
  const backend = backends.get(name);
  if (backend === undefined || !hasSide(backend.kind, "backend")) {
    const hint = backend !== undefined
      ? `'${name}' is a frontend`
      : report.suggestion(name, namesOf(backends)) ?? "no 'backend' or 'listen' has it";
    report.error(place, `${what}: there is no backend '${name}'`, hint);
  } else if (backend === proxy) {
    report.error(place, `${what}: it is its own ${keyword}`);
  } else if (proxy.mode === "http" && backend.mode === "tcp") {
    const message = `${what} is in mode http, and its ${keyword} '${name}' in mode tcp`;
    report.error(place, message, "a frontend in 'mode http' needs a backend in 'mode http'");
  }
}

function* namesOf(backends: Backends): Iterable<string> {
  for (const [name, { kind }] of backends) if (hasSide(kind, "backend")) yield name;
}
