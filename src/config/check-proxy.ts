/** Checks of one proxy as a whole. */
import type { Report } from "./diagnostic.ts";
import { allProxySettings, describe, hasSide } from "./fields.ts";
import type { Configuration, Proxy } from "./model.ts";
import { compileNamedFormat, isStandardFormat, standardFormats } from "../log/format/standard.ts";
import { didYouMean } from "../text/nearest.ts";
import type { Locator } from "./places.ts";

/** Checks listeners, mode, time-outs and logs of a proxy that is enabled. */
export function checkProxy(
  proxy: Proxy,
  configuration: Configuration,
  locator: Locator,
  report: Report,
): void {
  const what = describe(proxy);
  if (hasSide(proxy.kind, "frontend") && proxy.bind.length === 0) {
    const hint = "a 'backend' section needs none, if that was meant";
    report.warning(locator.place(proxy), `${what} has no 'bind'`, hint);
  }
  if (proxy.dispatch !== null && proxy.servers.length > 0) {
    const hint = "it is for proxies without servers";
    report.warning(
      locator.place(proxy, "dispatch"),
      `${what}: 'dispatch' is ignored: there are servers`,
      hint,
    );
  }
  checkDestination(proxy, locator, report);
  checkMode(proxy, locator, report);
  checkLog(proxy, configuration, locator, report);
  checkTimeouts(proxy, locator, report);
}

/** HAProxy takes a frontend that sends its clients nowhere without a word. */
function checkDestination(proxy: Proxy, locator: Locator, report: Report): void {
  const { kind, bind, useBackend, defaultBackend, mode } = proxy;
  if (kind !== "frontend" || bind.length === 0) return;
  if (useBackend.length > 0 || defaultBackend !== null) return;
  if (proxy.httpRequest.length + proxy.redirect.length + proxy.tcpRequestContent.length > 0) return;
  if (proxy.stats !== null || proxy.monitorUri !== null) return;
  const fate = mode === "http" ? "every request gets 503" : "every connection is refused";
  const hint = "'default_backend' and the name of a 'backend' section";
  report.warning(locator.place(proxy), `${describe(proxy)} has no backend: ${fate}`, hint);
}

/** What needs HTTP is ignored in mode tcp. */
function checkMode(proxy: Proxy, locator: Locator, report: Report): void {
  if (proxy.mode !== "tcp") return;
  const what = describe(proxy);
  for (const [key, { http, forms }] of Object.entries(allProxySettings)) {
    const value = proxy[key as keyof Proxy];
    if (http === undefined || value === null || Array.isArray(value) && value.length === 0) {
      continue;
    }
    const message = `${what}: '${forms[0]?.name ?? key}' is ignored: it needs 'mode http'`;
    report.warning(locator.place(proxy, key), message);
  }
  const { logFormat } = proxy;
  if (logFormat !== null && logFormat !== "tcplog" && isStandardFormat(logFormat)) {
    const message = `${what}: 'option ${logFormat}' needs 'mode http'; 'option tcplog' is used`;
    report.warning(locator.place(proxy, "logFormat"), message);
  }
}

function checkLog(
  proxy: Proxy,
  { global }: Configuration,
  locator: Locator,
  report: Report,
): void {
  const { logFormat, logFormatSd } = proxy;
  if (logFormatSd !== null) checkFormat(logFormatSd, proxy, locator, report, "logFormatSd");
  if (logFormat === null) return;
  if (!isStandardFormat(logFormat)) checkFormat(logFormat, proxy, locator, report);
  const targets = proxy.log.length + (proxy.logGlobal ? global.log.length : 0);
  if (targets > 0) return;
  const keyword = isStandardFormat(logFormat) ? `option ${logFormat}` : "log-format";
  const message = `${describe(proxy)}: '${keyword}' is ignored: it logs nowhere`;
  const hint = "'log global', or 'log' and an address";
  report.warning(locator.place(proxy, "logFormat"), message, hint);
}

/** Expressions are checked with the rules (check-rules.ts). */
const anySample = { has: () => true, get: () => () => null };

/** Checks a format string of the configuration's own. */
function checkFormat(
  text: string,
  proxy: Proxy,
  locator: Locator,
  report: Report,
  key: "logFormat" | "logFormatSd" = "logFormat",
): void {
  const place = locator.place(proxy, key);
  const at = (column: number) => `in the log format, column ${column}`;
  const compiled = compileNamedFormat(text, anySample);
  if ("error" in compiled) {
    const { column, error, hint } = compiled;
    return report.error(place, `${at(column)}: ${error}`, hint ?? undefined);
  }
  const { variables, warnings } = compiled.format;
  for (const { column, message, hint } of warnings) {
    report.warning(place, `${at(column)}: ${message}`, hint ?? undefined);
  }
  if (variables.length === 0) {
    const hint = didYouMean(text, Object.keys(standardFormats)) ?? "as in %ci:%cp";
    report.warning(place, "the log format has no variable: all lines are the same", hint);
  }
  if (proxy.mode === "http") return;
  for (const { column, variable: { httpOnly, name } } of variables) {
    if (httpOnly) report.error(place, `${at(column)}: '%${name}' needs 'mode http'`);
  }
}

function checkTimeouts(proxy: Proxy, locator: Locator, report: Report): void {
  const { client, connect, server } = proxy.timeout;
  const missing: string[] = [];
  if (hasSide(proxy.kind, "frontend") && client === null) missing.push("client");
  if (hasSide(proxy.kind, "backend") && proxy.servers.length > 0) {
    if (connect === null) missing.push("connect");
    if (server === null) missing.push("server");
  }
  if (missing.length === 0) return;
  const names = missing.map((name) => `'timeout ${name}'`).join(", ");
  const hint = `without ${names}, connections that die silently stay for ever`;
  report.warning(locator.place(proxy), `missing timeouts for ${describe(proxy)}`, hint);
}
