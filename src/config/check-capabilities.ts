/** Refuses what the network of this runtime cannot do. */
import type { Capabilities } from "../net/socket.ts";
import type { Report } from "./diagnostic.ts";
import type { Configuration } from "./model.ts";
import type { Locator } from "./places.ts";

/** Why a capability is missed, by its name. */
const reasons: Readonly<Record<keyof Capabilities, string>> = {
  sourceAddress: "this runtime cannot choose the local address of a connection",
  unix: "this runtime has no unix sockets",
  abstract: "this runtime has no abstract unix sockets",
  inherited: "this runtime cannot take over an inherited socket",
  transparent: "this runtime cannot listen on an address that the machine does not have",
  ipv6Only: "this runtime's IPv6 listeners take IPv4 clients as well",
};

const capabilityOf = { unix: "unix", abstract: "abstract", fd: "inherited" } as const;

/** Reports as an error whatever needs a capability that is not there. */
export function checkCapabilities(
  { proxies }: Configuration,
  can: Capabilities,
  locator: Locator,
  report: Report,
): void {
  const need = (capability: keyof Capabilities, keyword: string, of: object, key: string) => {
    if (can[capability]) return;
    report.error(locator.place(of, key), `'${keyword}' cannot be used: ${reasons[capability]}`);
  };
  const needAddress = (kind: string, keyword: string, of: object, key: string) => {
    if (kind === "unix" || kind === "abstract" || kind === "fd") {
      need(capabilityOf[kind], keyword, of, key);
    }
  };
  for (const proxy of proxies) {
    if (proxy.disabled) continue;
    if (proxy.source !== null) need("sourceAddress", "source", proxy, "source");
    for (const bind of proxy.bind) {
      needAddress(bind.address.kind, "bind", bind, "address");
      if (bind.transparent) need("transparent", "transparent", bind, "transparent");
      if (bind.v6only) need("ipv6Only", "v6only", bind, "v6only");
    }
    if (proxy.dispatch !== null) needAddress(proxy.dispatch.kind, "dispatch", proxy, "dispatch");
    for (const server of proxy.servers) {
      needAddress(server.address.kind, "server", server, "address");
      if (server.source !== null) need("sourceAddress", "source", server, "source");
    }
  }
}
