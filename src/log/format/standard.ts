/** The formats that have a name (manual, chapters 8.2.2 to 8.2.4), word for word. */
import {
  type CompiledFormat,
  compileLogFormat,
  type LogFormat,
  type ReadSample,
  type Samples,
} from "./compile.ts";

const http = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc " +
  "%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";

/** By the name of their options. */
export const standardFormats = {
  tcplog: "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
  httplog: http,
  "httplog clf": '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s ' +
    "%TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl",
  httpslog: `${http} %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/` +
    "%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc",
} as const;

/** The samples of httpslog: a connection that has come so far has no error. */
const samples: ReadonlyMap<string, ReadSample> = new Map<string, ReadSample>([
  ["fc_err", () => "0"],
  ["ssl_fc_err,hex", ({ tls }) => tls ? "0" : null],
  ["ssl_c_err", ({ tls }) => tls ? "0" : null],
  ["ssl_c_ca_err", ({ tls }) => tls ? "0" : null],
  ["ssl_fc_is_resumed", ({ tlsResumed = false }) => tlsResumed ? "1" : "0"],
  ["ssl_fc_sni", ({ sni }) => sni ?? null],
]);

/** The name of a format. */
export type StandardFormat = keyof typeof standardFormats;

/** Whether a format has this name. */
export function isStandardFormat(name: string): name is StandardFormat {
  return Object.hasOwn(standardFormats, name);
}

/** Compiles a format of the configuration: one of the names above, or else a format string. */
export function compileNamedFormat(nameOrText: string, own?: Samples): CompiledFormat {
  return isStandardFormat(nameOrText)
    ? compileLogFormat(standardFormats[nameOrText], samples)
    : compileLogFormat(nameOrText, own);
}

/** {@linkcode compileNamedFormat} of what has been checked. @throws {Error} if it is wrong */
export function mustCompile(nameOrText: string, own?: Samples): LogFormat {
  const compiled = compileNamedFormat(nameOrText, own);
  if ("format" in compiled) return compiled.format;
  throw new Error(`log format, column ${compiled.column}: ${compiled.error}`);
}
