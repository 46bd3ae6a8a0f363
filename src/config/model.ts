/**
 * The one definition of a configuration. The proxy is built from this alone, whatever language the
 * file was written in; types are inferred from the schemas, and every default is HAProxy's. What a
 * section may say is declared in keywords/, keyword by keyword; here it is put together.
 *
 * Names are the keywords of HAProxy's configuration manual in camel case. Times are milliseconds,
 * sizes bytes. `null` means "not set", where that differs from every value.
 */
import * as v from "valibot";
import { balanceSettings } from "./keywords/balance.ts";
import { emailSettings } from "./keywords/mailers.ts";
import { proxyStateSettings } from "./keywords/server-state.ts";
import { uniqueIdSettings } from "./keywords/unique-id.ts";
import { checkSettings } from "./keywords/check.ts";
import { bogusSettings } from "./keywords/case-adjust.ts";
import { captureSettings } from "./keywords/capture.ts";
import { compressionSettings } from "./keywords/compression.ts";
import { cookieSetting } from "./keywords/cookie.ts";
import type { FileContents } from "./files.ts";
import { errorSettings } from "./keywords/errors.ts";
import { Global } from "./keywords/global.ts";
import { filterSetting } from "./keywords/filter.ts";
import { httpSettings } from "./keywords/http.ts";
import { entriesOf } from "./keywords/keyword.ts";
import { logSettings } from "./keywords/log.ts";
import { clientSettings, generalSettings } from "./keywords/proxy.ts";
import { retrySettings } from "./keywords/retries.ts";
import { ruleSettings } from "./keywords/rules.ts";
import { sourceSetting, targetSettings } from "./keywords/server.ts";
import { statsPageSetting } from "./keywords/stats-page.ts";
import { limitSettings, sessionSettings, spliceSetting } from "./keywords/sessions.ts";
import { stickSetting } from "./keywords/stick-rules.ts";
import { stickTableSetting } from "./keywords/stick-table.ts";
import { switchingSettings } from "./keywords/switching.ts";
import { socketSettings } from "./keywords/tcp.ts";
import { Timeouts } from "./keywords/timeouts.ts";
import { sectionEntries } from "./sections.ts";

export { Check } from "../health/kinds.ts";
export { ListenAddress, ServerAddress, Source } from "./keywords/addresses.ts";
export { Bind } from "./keywords/bind.ts";
export { Cache } from "./keywords/cache.ts";
export { Capture } from "./keywords/capture.ts";
export { Cookie } from "./keywords/cookie.ts";
export { Ring } from "./keywords/ring.ts";
export { InitialVariable } from "./keywords/process-variables.ts";
export { type Engine, engines, Global } from "./keywords/global.ts";
export { ErrorRule } from "./keywords/errors.ts";
export { connectionModes, ForwardFor, OriginalTo, reuseModes } from "./keywords/http.ts";
export { facilities, levels } from "../log/syslog.ts";
export { logFormats } from "./keywords/log-formats.ts";
export { LogTarget } from "./keywords/log.ts";
export { HttpErrors } from "./keywords/http-errors.ts";
export { Reply } from "./keywords/reply.ts";
export { CrtStore } from "./keywords/crt-store.ts";
export { Acme } from "./keywords/acme.ts";
export { Mailers } from "./keywords/mailers.ts";
export { Resolvers } from "./keywords/resolvers.ts";
export { Server } from "./keywords/server.ts";
export { Userlist } from "./keywords/userlist.ts";
export { Splice } from "./keywords/sessions.ts";
export { Peers } from "./keywords/peers.ts";
export { StickRule } from "./keywords/stick-rules.ts";
export { NamedTable, StickTable } from "./keywords/stick-table.ts";
export { Rule } from "./keywords/rules.ts";
export { UseBackend } from "./keywords/switching.ts";
export { Timeouts } from "./keywords/timeouts.ts";
export { legalName } from "./keywords/values.ts";

/** The settings of a proxy, time-outs apart, in the order in which they are printed. */
export const proxySettings = {
  ...generalSettings,
  ...clientSettings,
  ...balanceSettings,
  ...cookieSetting,
  ...httpSettings,
  ...errorSettings,
  ...compressionSettings,
  ...filterSetting,
  ...sessionSettings,
  ...checkSettings,
  ...emailSettings,
  ...spliceSetting,
  ...socketSettings,
  ...bogusSettings,
  ...limitSettings,
  ...retrySettings,
  ...sourceSetting,
};

/** The settings of a proxy that are printed after its time-outs. */
export const lastProxySettings = {
  ...logSettings,
  ...captureSettings,
  ...statsPageSetting,
  ...stickTableSetting,
  ...uniqueIdSettings,
  ...proxyStateSettings,
  ...ruleSettings,
  ...stickSetting,
  ...switchingSettings,
  ...targetSettings,
};

/** A proxy: a listen section, or one half of it (manual, chapter 4). */
export const Proxy = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  kind: v.picklist(["listen", "frontend", "backend"]),
  ...entriesOf(proxySettings),
  timeout: v.optional(Timeouts, {}),
  ...entriesOf(lastProxySettings),
});
/** {@linkcode Proxy} */
export type Proxy = v.InferOutput<typeof Proxy>;

/** A whole configuration. */
export const Configuration = v.strictObject({
  $schema: v.optional(v.string()),
  global: v.optional(Global, {}),
  ...sectionEntries,
  proxies: v.optional(v.array(Proxy), []),
});
/** {@linkcode Configuration} */
export type Configuration = v.InferOutput<typeof Configuration> & {
  /** What is in the files that it names, where they have been read: see files.ts. */
  readonly files?: FileContents;
};
