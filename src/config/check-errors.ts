/** Checks error files, and the replies that the configuration describes (manual: "errorfile"). */
import { redirection } from "../http/h1/redirection.ts";
import { storedMessage } from "../http/h1/stored-message.ts";
import { isReplyStatus } from "../http/status.ts";
import { isToken } from "../http/token.ts";
import type { Report } from "./diagnostic.ts";
import { describe } from "./fields.ts";
import type { Files } from "./files.ts";
import { knownStatuses } from "./keywords/errors.ts";
import type { Configuration, ErrorRule, Global, HttpErrors, Proxy, Reply } from "./model.ts";
import type { Locator } from "./places.ts";

/** Checks the replies of all proxies that are enabled. @param files null: they are not looked at */
export function checkErrors(
  { global, proxies, httpErrors }: Configuration,
  files: Files | null,
  locator: Locator,
  report: Report,
): void {
  const checks = errorChecks(global, httpErrors, files, locator, report);
  for (const section of httpErrors) {
    for (const file of section.errorfiles) checks.errorfile(file.file, file, "file");
  }

  // Proxies share the rules of their 'defaults' section.
  const checked = new Set<ErrorRule>();
  for (const proxy of proxies) {
    if (proxy.disabled) continue;
    for (const rule of proxy.errors) {
      if (!checked.has(rule)) checks.rule(rule, proxy);
      checked.add(rule);
    }
  }
}

function errorChecks(
  global: Global,
  sections: readonly HttpErrors[],
  files: Files | null,
  locator: Locator,
  report: Report,
) {
  const byName = new Map(sections.map((section) => [section.name, section]));
  const { tuneBufsize, tuneMaxrewrite } = global;
  const headLimit = tuneBufsize - tuneMaxrewrite;

  /** The content of a file; null: it cannot be had, which has been reported. */
  function read(file: string, of: object, key: string): Uint8Array | null {
    const content = files?.read(file, tuneBufsize) ?? null;
    if (typeof content !== "string") return content;
    report.error(locator.place(of, key), `the file '${file}' ${content}`);
    return null;
  }

  function errorfile(file: string, of: object, key: string): void {
    const content = read(file, of, key);
    const message = content === null ? null : storedMessage(content, headLimit);
    if (typeof message !== "string") return;
    const hint = "a status line, fields, an empty line, the content; as a server sends it";
    report.error(locator.place(of, key), `the error file '${file}': ${message}`, hint);
  }

  function errorfiles(
    { section: name, statuses }: { readonly section: string; readonly statuses: readonly number[] },
    of: object,
    key: string | undefined,
    proxy: Proxy,
  ): void {
    const section = byName.get(name);
    const place = locator.place(of, key);
    if (section === undefined) {
      const hint = report.suggestion(name, byName.keys()) ?? "no 'http-errors' section has it";
      report.error(place, `${describe(proxy)}: there is no section 'http-errors ${name}'`, hint);
      return;
    }
    const known = section.errorfiles.map(({ status }) => status as number);
    for (const status of statuses.filter((status) => !known.includes(status))) {
      report.warning(place, `section 'http-errors ${name}' has no file for status ${status}`);
    }
  }

  function reply(rule: Reply, proxy: Proxy): void {
    const { status, contentType, body, fields } = rule;
    const place = locator.place(rule, "body");
    const { kind, argument } = body;
    if (kind === "errorfiles") {
      errorfiles({ section: argument, statuses: [status] }, rule, "body", proxy);
    } else if (kind === "errorfile") {
      errorfile(argument, rule, "body");
    }
    if (kind === "errorfiles" || kind === "errorfile" || kind === "default-errorfiles") {
      ignored(rule, kind);
      return;
    }
    const content = kind === "file" || kind === "lf-file" ? read(argument, rule, "body") : argument;
    const empty = content?.length === 0;
    const isFormat = kind === "lf-file" || kind === "lf-string";
    if (contentType === null && (isFormat || content !== null && !empty)) {
      const hint = "content-type and a type, as text/plain";
      report.error(place, "a reply with content needs a content type", hint);
    } else if (contentType !== null && empty && !isFormat) {
      const message = "the content type is ignored: the reply has no content";
      report.warning(locator.place(rule, "contentType"), message);
    }
    for (const field of fields) checkField(field);
  }

  function checkField(field: Reply["fields"][number]): void {
    const place = locator.place(field);
    if (!isToken(field.name)) {
      report.error(place, `'${field.name}' is not the name of a field`);
    }
  }

  /** What a reply says beside an error file. */
  function ignored(rule: Reply, kind: string): void {
    const why = `is ignored: '${kind}' has it`;
    const place = locator.place(rule, "contentType");
    if (rule.contentType !== null) report.warning(place, `the content type ${why}`);
    const [field] = rule.fields;
    if (field !== undefined) {
      report.warning(locator.place(field), `the field '${field.name}' ${why}`);
    }
  }

  function rule(rule: ErrorRule, proxy: Proxy): void {
    switch (rule.kind) {
      case "errorfile":
        return errorfile(rule.file, rule, "file");
      case "errorfiles":
        return errorfiles(rule, rule, undefined, proxy);
      case "errorloc": {
        const message = storedMessage(redirection(rule.code, rule.url), headLimit);
        if (typeof message !== "string") return;
        return report.error(locator.place(rule), `'${rule.url}' cannot stand in a field`);
      }
      case "http-error":
        if (!isReplyStatus(rule.reply.status)) {
          const place = locator.place(rule.reply, "status");
          const message = rule.reply.status === 0
            ? "'http-error' needs a status"
            : `${rule.reply.status} is not a status that the proxy replies with`;
          report.error(place, message, knownStatuses);
        }
        return reply(rule.reply, proxy);
    }
  }

  return { errorfile, rule };
}
