/** Checks of what a proxy says about the checks of its servers. */
import { ExpressionMistake } from "../expr/arguments.ts";
import { plainRequest } from "../health/http-request.ts";
import { httpSteps, tcpSteps } from "../health/ruleset.ts";
import { checkExpressions, checkReferences } from "./check-texts.ts";
import { didYouMean } from "../text/nearest.ts";
import type { Report } from "./diagnostic.ts";
import { describe } from "./fields.ts";
import type { Configuration, Proxy } from "./model.ts";
import type { Locator } from "./places.ts";

/** Rules, and the options that they belong to. */
const languages = [
  { property: "httpCheck", rules: "http-check", kind: "http", option: "httpchk" },
  { property: "tcpCheck", rules: "tcp-check", kind: "tcp-check", option: "tcp-check" },
] as const;

/** Checks the checks of a proxy that is enabled, and has servers. */
export function checkHealth(
  proxy: Proxy,
  configuration: Configuration,
  locator: Locator,
  report: Report,
): void {
  const { global } = configuration;
  const what = describe(proxy);
  checkTexts(proxy, configuration, locator, report);
  checkMails(proxy, configuration, locator, report);
  for (const { property, rules, kind, option } of languages) {
    const [first] = proxy[property];
    if (first === undefined || proxy.check.kind === kind) continue;
    const [of, own] = [locator.place(first), locator.place(proxy)];
    // Rules of a 'defaults' section need not be meant for all proxies.
    if (of.file === own.file && of.line < own.line) continue;
    const message = `${what}: '${rules}' rules are ignored without 'option ${option}'`;
    report.warning(of, message);
  }
  warnOfHttp1(proxy, locator, report);
  const { check, externalCommand } = proxy;
  if (check.kind === "external" && proxy.servers.some((server) => server.check)) {
    const place = locator.place(proxy, "check");
    if (externalCommand === null) {
      const hint = "'external-check command' and a program";
      report.error(place, `${what}: 'option external-check' has no program to run`, hint);
    }
    if (!global.externalCheck) {
      const hint = "'external-check' in the global section";
      report.error(place, `${what}: checks may not run programs`, hint);
    }
  } else if (check.kind !== "external" && externalCommand !== null) {
    const message = `${what}: 'external-check command' is ignored without 'option external-check'`;
    report.warning(locator.place(proxy, "externalCommand"), message);
  }
}

/** In HAProxy the checks of a server in HTTP/2 are so, too. */
function warnOfHttp1({ check, servers }: Proxy, locator: Locator, report: Report): void {
  if (check.kind !== "http") return;
  for (const server of servers) {
    if (!server.check || server.proto !== "h2" || server.checkProto !== null) continue;
    const message = `server '${server.name}' is checked in HTTP/1, though it has 'proto h2'`;
    const hint = "where it speaks HTTP/2 alone, checks without 'option httpchk' only connect";
    report.warning(locator.place(server, "proto"), message, hint);
  }
}

/** Checks what a proxy says of mails. */
function checkMails(
  proxy: Proxy,
  { mailers }: Configuration,
  locator: Locator,
  report: Report,
): void {
  const { emailMailers, emailFrom, emailTo, emailMyhostname, emailLevel } = proxy;
  const what = describe(proxy);
  const wanted = [emailMailers, emailFrom, emailTo];
  const said = [...wanted, emailMyhostname].some((each) => each !== null) || emailLevel !== "alert";
  if (said && wanted.includes(null)) {
    const message = `${what}: 'email-alert' is ignored`;
    const hint = "it needs 'email-alert mailers', 'email-alert from' and 'email-alert to'";
    report.warning(locator.place(proxy, "emailMailers"), message, hint);
  } else if (emailMailers !== null && !mailers.some(({ name }) => name === emailMailers)) {
    const message = `${what}: there is no section 'mailers ${emailMailers}'`;
    const hint = didYouMean(emailMailers, mailers.map(({ name }) => name));
    report.error(locator.place(proxy, "emailMailers"), message, hint);
  }
}

/** Compiles the formats and expressions of rules, one rule at a time. */
function checkTexts(
  proxy: Proxy,
  configuration: Configuration,
  locator: Locator,
  report: Report,
): void {
  const references = checkReferences(configuration, proxy.name, { hostname: "", pid: 0 });
  const expressions = checkExpressions(references, () => {
    throw new Error("nothing is worked out here");
  });
  const attempt = (rule: object, compile: () => void) => {
    try {
      compile();
    } catch (error) {
      if (!(error instanceof ExpressionMistake)) throw error;
      report.error(locator.place(rule), error.message, error.hint);
    }
  };
  for (const rule of proxy.tcpCheck) attempt(rule, () => tcpSteps([rule], expressions, false));
  for (const rule of proxy.httpCheck) {
    attempt(rule, () => httpSteps(plainRequest, [rule], expressions, null, () => false));
  }
}

/** Whether the rules of a proxy say themselves which port is checked. */
export function rulesHavePort({ check, httpCheck, tcpCheck }: Proxy): boolean {
  const rules = check.kind === "http" ? httpCheck : check.kind === "tcp-check" ? tcpCheck : [];
  const first = rules.find(({ rule }) => rule !== "comment" && !rule.includes("set-var"));
  return first?.rule === "connect" && (first.port !== null || /:\d+$/.test(first.addr ?? ""));
}
