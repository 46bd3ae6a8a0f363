/** Refuses what the network of this runtime cannot do. */
import type { Capabilities } from "../net/socket.ts";
import type { Report } from "./diagnostic.ts";
import { allProxySettings } from "./fields.ts";
import { needsOf } from "./keywords/addresses.ts";
import { bindSettings } from "./keywords/bind.ts";
import type { Settings } from "./keywords/keyword.ts";
import { serverSettings } from "./keywords/server.ts";
import type { Configuration } from "./model.ts";
import type { Locator } from "./places.ts";

/** Why a capability is missed, by its name. */
const reasons: Readonly<Record<keyof Capabilities, string>> = {
  sourceAddress: "this runtime cannot choose the local address of a connection",
  unix: "this runtime has no unix sockets",
  abstract: "this runtime has no abstract unix sockets",
  inherited: "this runtime cannot take over an inherited socket",
  transparent: "this runtime cannot use an address that the machine does not have",
  socketOptions: "this runtime cannot set such options of sockets",
  ipv6Only: "this runtime's IPv6 listeners take IPv4 clients as well",
};

/** Options that say where a socket is, and for whom. */
const isBound = (key: string): boolean =>
  ["interface", "namespace", "user", "group", "mode"].includes(key);

/** Reports as an error whatever needs a capability that is not there. */
export function checkCapabilities(
  { proxies }: Configuration,
  can: Capabilities,
  locator: Locator,
  report: Report,
): void {
  const need = (
    capability: keyof Capabilities | null | undefined,
    keyword: string,
    of: object,
    key: string,
  ) => {
    if (capability === null || capability === undefined || can[capability]) return;
    const place = locator.place(of, key);
    const reason = reasons[capability];
    // A listener must not be open to more than it was to be.
    if (capability !== "socketOptions" || isBound(key)) {
      return report.error(place, `'${keyword}' cannot be used: ${reason}`);
    }
    report.warning(place, `'${keyword}' has no effect: ${reason}`);
  };
  const needAll = (settings: Settings, of: Readonly<Record<string, unknown>>) => {
    for (const [key, { needs, forms }] of Object.entries(settings)) {
      if (needs !== undefined) need(needs(of[key]), forms[0]?.name ?? key, of, key);
    }
  };
  for (const proxy of proxies) {
    if (proxy.disabled) continue;
    needAll(allProxySettings, proxy);
    for (const bind of proxy.bind) {
      need(needsOf(bind.address), "bind", bind, "address");
      needAll(bindSettings, bind);
    }
    for (const server of proxy.servers) {
      need(needsOf(server.address), "server", server, "address");
      needAll(serverSettings, server);
    }
  }
}
