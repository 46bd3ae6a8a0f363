/** From the model to HAProxy's language, in today's spelling; defaults are left out. */
import {
  defaultForwardFor,
  defaultGlobal,
  defaultLogTarget,
  defaultOriginalTo,
  defaultProxy,
} from "../fields.ts";
import type {
  Bind,
  Configuration,
  Cookie,
  Global,
  LogTarget,
  OriginalTo,
  Proxy,
  Timeouts,
} from "../model.ts";
import { listenText, serverAddressText, sourceText, targetText } from "./address-text.ts";
import { printServer } from "./print-server.ts";
import { formatTime } from "./time.ts";
import { timeoutNames } from "./timeouts.ts";
import { quoteWord } from "./words.ts";

/** The configuration as text that `parseHaproxy` reads as the same configuration. */
export function printHaproxy(configuration: Configuration): string {
  const sections = [
    printGlobal(configuration.global),
    ...configuration.proxies.map(printProxy),
  ];
  return sections.filter((section) => section !== "").join("\n");
}

/** A section: its first line, and statements of words; null stands for no statement. */
function section(first: readonly string[], statements: readonly (readonly string[] | null)[]) {
  const indented = statements.flatMap((words) => words === null ? [] : [`    ${line(words)}`]);
  return [line(first), ...indented].join("\n") + "\n";
}

function line(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

/** `words` if the condition holds. */
function when(condition: boolean, ...words: string[]): string[] | null {
  return condition ? words : null;
}

/** A keyword and the value, unless that is the default. */
function value(keyword: string, value: string | number | null, unset: unknown): string[] | null {
  return value === null || value === unset ? null : [keyword, String(value)];
}

function printGlobal(global: Global): string {
  const unset = defaultGlobal();
  const statements = [
    when(global.daemon, "daemon"),
    when(global.quiet, "quiet"),
    value("pidfile", global.pidfile, null),
    global.hardStopAfter === null ? null : ["hard-stop-after", formatTime(global.hardStopAfter)],
    value("maxconn", global.maxconn, null),
    ...global.log.map(logWords),
    value("log-tag", global.logTag, unset.logTag),
    value("spread-checks", global.spreadChecks, unset.spreadChecks),
    value("tune.bufsize", global.tuneBufsize, unset.tuneBufsize),
    value("tune.maxrewrite", global.tuneMaxrewrite, unset.tuneMaxrewrite),
    value("nbthread", global.nbthread, null),
    value("tune.engine", global.tuneEngine, null),
    value("tune.maxaccept", global.tuneMaxaccept, null),
    when(global.nosplice, "nosplice"),
    value("maxpipes", global.maxpipes, null),
    value("tune.pipesize", global.tunePipesize, null),
  ];
  return statements.every((words) => words === null) ? "" : section(["global"], statements);
}

function printProxy(proxy: Proxy): string {
  const unset = defaultProxy(proxy.kind, proxy.name);
  return section([proxy.kind, proxy.name], [
    value("description", proxy.description, null),
    when(proxy.disabled, "disabled"),
    value("mode", proxy.mode, unset.mode),
    ...proxy.bind.map(bindWords),
    value("maxconn", proxy.maxconn, null),
    value("backlog", proxy.backlog, null),
    value("monitor-net", proxy.monitorNet, null),
    value("monitor-uri", proxy.monitorUri, null),
    proxy.grace === 0 ? null : ["grace", formatTime(proxy.grace)],
    value("balance", proxy.balance, unset.balance),
    value("hash-type", proxy.hashType, unset.hashType),
    proxy.cookie === null ? null : cookieWords(proxy.cookie),
    value("http-reuse", proxy.httpReuse, unset.httpReuse),
    value("http-send-name-header", proxy.httpSendNameHeader, null),
    ...optionWords(proxy),
    checkWords(proxy),
    spliceWords(proxy),
    value("retries", proxy.retries, unset.retries),
    value("fullconn", proxy.fullconn, null),
    proxy.source === null ? null : ["source", sourceText(proxy.source)],
    ...timeoutWords(proxy.timeout),
    when(proxy.logGlobal, "log", "global"),
    ...proxy.log.map(logWords),
    proxy.logFormat === null ? null : ["option", proxy.logFormat],
    ...proxy.useBackend.map(({ backend }) => ["use_backend", backend]),
    value("default_backend", proxy.defaultBackend, null),
    proxy.dispatch === null ? null : ["dispatch", serverAddressText(proxy.dispatch)],
    ...proxy.servers.map(printServer),
  ]);
}

function bindWords({ address, name, backlog, ...flags }: Bind): string[] {
  return [
    "bind",
    listenText(address),
    ...(name === null ? [] : ["name", name]),
    ...(backlog === null ? [] : ["backlog", String(backlog)]),
    ...(flags.v6only ? ["v6only"] : []),
    ...(flags.transparent ? ["transparent"] : []),
    ...(flags.acceptProxy ? ["accept-proxy"] : []),
  ];
}

function cookieWords(cookie: Cookie): string[] {
  const flags = ["indirect", "nocache", "postonly", "preserve", "httponly", "secure"] as const;
  return [
    "cookie",
    cookie.name,
    ...(cookie.mode === "passive" ? [] : [cookie.mode]),
    ...flags.filter((flag) => cookie[flag]),
    ...cookie.domains.flatMap((domain) => ["domain", domain]),
    ...(cookie.maxidle === null ? [] : ["maxidle", String(cookie.maxidle)]),
    ...(cookie.maxlife === null ? [] : ["maxlife", String(cookie.maxlife)]),
  ];
}

function optionWords(proxy: Proxy): (string[] | null)[] {
  const { connection, forwardfor, originalto } = proxy;
  const flags = [
    "persist",
    "redispatch",
    "abortonclose",
    "allbackups",
    "dontlognull",
  ] as const;
  const field = (name: string, given: OriginalTo, unset: OriginalTo) => [
    "option",
    name,
    ...(given.except === null ? [] : ["except", given.except]),
    ...(given.header === unset.header ? [] : ["header", given.header]),
  ];
  return [
    when(connection === "server-close", "option", "http-server-close"),
    when(connection === "close", "option", "httpclose"),
    forwardfor === null ? null : [
      ...field("forwardfor", forwardfor, defaultForwardFor()),
      ...(forwardfor.ifNone ? ["if-none"] : []),
    ],
    originalto === null ? null : field("originalto", originalto, defaultOriginalTo()),
    ...flags.map((flag) => when(proxy[flag], "option", flag)),
  ];
}

function checkWords({ check }: Proxy): string[] | null {
  if (check.kind === "tcp") return null;
  if (check.kind === "ssl-hello") return ["option", "ssl-hello-chk"];
  const { method, uri, version } = check;
  if (version !== "HTTP/1.0") return ["option", "httpchk", method, uri, version];
  return ["option", "httpchk", ...(method === "OPTIONS" ? [uri] : [method, uri])];
}

function spliceWords({ splice: { request, response } }: Proxy): string[] | null {
  if (request && response) return null;
  const what = request ? "response" : response ? "request" : "auto";
  return ["no", "option", `splice-${what}`];
}

function timeoutWords(timeouts: Timeouts): (string[] | null)[] {
  return (Object.keys(timeoutNames) as (keyof Timeouts)[]).map((key) => {
    const time = timeouts[key];
    return time === null ? null : ["timeout", timeoutNames[key], formatTime(time)];
  });
}

function logWords(log: LogTarget): string[] {
  const unset = defaultLogTarget();
  const minlevel = log.minlevel === unset.minlevel ? [] : [log.minlevel];
  const level = log.level === unset.level && minlevel.length === 0 ? [] : [log.level];
  return [
    "log",
    targetText(log.target),
    ...(log.len === unset.len ? [] : ["len", String(log.len)]),
    ...(log.format === unset.format ? [] : ["format", log.format]),
    log.facility,
    ...level,
    ...minlevel,
  ];
}
