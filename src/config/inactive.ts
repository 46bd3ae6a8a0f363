/**
 * Settings that load and do not act yet. Whoever makes one act takes its entry out of the table.
 */
import type { Report } from "./diagnostic.ts";
import type { Configuration, Global, Proxy, Server } from "./model.ts";
import type { Locator } from "./places.ts";

/** The table: how the setting is called, whether it is set, and where. */
const inactive = {
  global: [
    { keyword: "daemon", key: "daemon", isSet: (global: Global) => global.daemon },
  ],
  proxy: [
    { keyword: "grace", key: "grace", isSet: (proxy: Proxy) => proxy.grace > 0 },
    {
      keyword: "monitor-net",
      key: "monitorNet",
      isSet: (proxy: Proxy) => proxy.monitorNet !== null,
    },
    {
      keyword: "option ssl-hello-chk",
      key: "check",
      isSet: (proxy: Proxy) => proxy.check.kind === "ssl-hello",
    },
    { keyword: "fullconn", key: "fullconn", isSet: (proxy: Proxy) => proxy.fullconn !== null },
    {
      keyword: "option abortonclose",
      key: "abortonclose",
      isSet: (proxy: Proxy) => proxy.abortonclose,
    },
  ],
  server: [
    { keyword: "minconn", key: "minconn", isSet: (server: Server) => server.minconn > 0 },
    { keyword: "maxqueue", key: "maxqueue", isSet: (server: Server) => server.maxqueue > 0 },
  ],
};

/** Warns of each setting that is set and does not act yet. */
export function warnOfInactive(
  { global, proxies }: Configuration,
  locator: Locator,
  report: Report,
): void {
  const warn = (of: object, { keyword, key }: { keyword: string; key: string }) =>
    report.warning(locator.place(of, key), `'${keyword}' is accepted but does not act yet`);
  for (const entry of inactive.global) if (entry.isSet(global)) warn(global, entry);
  for (const proxy of proxies) {
    for (const entry of inactive.proxy) if (entry.isSet(proxy)) warn(proxy, entry);
    for (const server of proxy.servers) {
      for (const entry of inactive.server) if (entry.isSet(server)) warn(server, entry);
    }
  }
}
