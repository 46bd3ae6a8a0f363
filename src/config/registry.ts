/** All keywords there are, by the section that they belong to: what the parser and the help ask. */
import { proxyAbsent } from "./keywords/absent.ts";
import { legacyRules } from "./keywords/legacy-rules.ts";
import { type KeywordTable, table } from "./haproxy/table.ts";
import { bindOptions, proxyBind } from "./keywords/bind.ts";
import { checkKeywords } from "./keywords/check.ts";
import { compressionOffload } from "./keywords/compression.ts";
import { cookieOptions } from "./keywords/cookie.ts";
import { foreignGlobals, foreignProxyKeywords } from "./keywords/foreign.ts";
import { globalKeywords, type GlobalSection, globalSettings } from "./keywords/global.ts";
import { addressFieldOptions } from "./keywords/http.ts";
import { type Keyword, keywordsOf } from "./keywords/keyword.ts";
import { declareCapture } from "./keywords/capture.ts";
import { proxyWithoutEffect } from "./keywords/no-effect.ts";
import { proxyLog } from "./keywords/log.ts";
import { statsPageKeywords } from "./keywords/stats-page.ts";
import { statsSocketOptions } from "./keywords/stats-socket.ts";
import {
  proxyDefaultServer,
  proxyServer,
  proxyServerTemplate,
  serverOptions,
} from "./keywords/server.ts";
import { stickTableOptions } from "./keywords/stick-table.ts";
import { proxyRedispatch } from "./keywords/sessions.ts";
import { timeoutSettings } from "./keywords/timeouts.ts";
import { sectionKinds } from "./sections.ts";
import { lastProxySettings, type Proxy, proxySettings, type Server } from "./model.ts";

/** What the keywords of a proxy act on. */
export interface ProxySection {
  /** What has been read. */
  readonly proxy: Proxy;
  /** What `default-server` has set; with an unused name and address. */
  readonly defaultServer: Server;
  /** Whether it listens where its name says, as long as it has no `bind` of its own. */
  impliedBind: boolean;
  /** The properties whose arrays are those of a 'defaults' section, too. */
  readonly shared: Set<string>;
}

/** A keyword that acts on a part of what this one acts on. */
function within<T, P>(keyword: Keyword<P>, part: (whole: T) => P): Keyword<T> {
  const { undo } = keyword;
  return {
    ...keyword,
    read: (whole, args) => keyword.read(part(whole), args),
    ...(undo === undefined ? {} : { undo: (whole: T, args) => undo(part(whole), args) }),
  } as Keyword<T>;
}

/** Keywords of the section `global`. */
export const globalTable: KeywordTable<Keyword<GlobalSection>> = table([
  ...keywordsOf(globalSettings, "global.").map((keyword) =>
    within(keyword, ({ global }: GlobalSection) => global)
  ),
  ...globalKeywords,
], foreignGlobals);

const ofProxy = ({ proxy }: ProxySection) => proxy;

/** Keywords of the sections `defaults`, `listen`, `frontend` and `backend`. */
export const proxyTable: KeywordTable<Keyword<ProxySection>> = table([
  proxyBind,
  ...keywordsOf({ ...proxySettings, ...lastProxySettings }, "proxies[].").map((keyword) =>
    within(keyword, ofProxy)
  ),
  ...keywordsOf(timeoutSettings, "proxies[].timeout.").map((keyword) =>
    within(keyword, ({ proxy }: ProxySection) => proxy.timeout)
  ),
  ...legacyRules,
  ...checkKeywords,
  ...proxyWithoutEffect,
  compressionOffload,
  ...proxyAbsent,
  declareCapture,
  proxyLog,
  ...proxyRedispatch,
  ...statsPageKeywords,
  proxyServer,
  proxyServerTemplate,
  proxyDefaultServer,
], foreignProxyKeywords);

/** A group of keywords, as the help shows it. */
export interface Family {
  /** Where its keywords may stand. */
  readonly where: string;
  readonly table: KeywordTable<Keyword<never>>;
  /** Whether each keyword says itself which of the sections have it. */
  readonly isProxy?: true;
  /** The keywords on whose lines they may stand. */
  readonly on?: readonly string[];
  /** The first line of a section that has them. */
  readonly opening?: string;
}

/** All keywords, by where they may stand. */
export const families: readonly Family[] = [
  { where: "the 'global' section", table: globalTable },
  { where: "sections of proxies", table: proxyTable, isProxy: true },
  ...Object.values(sectionKinds).map(({ keyword, example, keywords }) => ({
    where: `'${keyword}' sections`,
    table: keywords as KeywordTable<Keyword<never>>,
    opening: `${keyword} ${example}`.trim(),
  })),
  { where: "'bind' lines", table: bindOptions, on: ["bind"] },
  {
    where: "'server' and 'default-server' lines",
    table: serverOptions,
    on: ["server", "default-server"],
  },
  { where: "'stats socket' lines", table: statsSocketOptions, on: ["stats socket"] },
  { where: "'cookie' lines", table: cookieOptions, on: ["cookie"] },
  { where: "'stick-table' lines", table: stickTableOptions, on: ["stick-table"] },
  {
    where: "'option forwardfor' lines",
    table: addressFieldOptions.forwardfor,
    on: ["option forwardfor"],
  },
  {
    where: "'option originalto' lines",
    table: addressFieldOptions.originalto,
    on: ["option originalto"],
  },
];
