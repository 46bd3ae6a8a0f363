/** What a configuration means to a demo: where its proxies listen, and where its servers are. */
import type { Configuration, Proxy, Server } from "../config/model.ts";
import type { Endpoint } from "../net/socket.ts";
import type { Cast } from "./steps.ts";

/** A server as stories name it. */
export interface Place {
  /** Its name; `PROXY/NAME` where two proxies have servers of one name. */
  readonly label: string;
  readonly proxy: string;
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Where it is checked, if that is elsewhere. */
  readonly checked: Endpoint | null;
}

/** Where a proxy takes its clients. */
export interface Entry {
  readonly proxy: string;
  readonly endpoint: Endpoint;
  /** A cookie with which a client would come back to one of its servers; null: there is none. */
  readonly cookie: string | null;
}

/** All that a story can speak of. */
export interface World {
  readonly servers: readonly Place[];
  readonly entries: readonly Entry[];
  readonly cast: Cast;
}

/** Reads a world out of a configuration. */
export function worldOf(configuration: Configuration): World {
  const proxies = configuration.proxies.filter((proxy) => !proxy.disabled);
  const all = proxies.flatMap((proxy) => proxy.servers.map((server) => ({ proxy, server })));
  const servers = all.map(({ proxy, server }): Place => {
    const unique = all.filter((other) => other.server.name === server.name).length === 1;
    return {
      label: unique ? server.name : `${proxy.name}/${server.name}`,
      proxy: proxy.name,
      name: server.name,
      endpoint: endpointOf(server, proxy),
      checked: checkedAt(server, proxy),
    };
  });
  const entries = proxies.flatMap((proxy) =>
    proxy.bind.flatMap(({ address }): Entry[] => {
      if (address.kind === "fd") return [];
      const endpoint = address.kind === "ip"
        ? { ...address, host: reachable(address.host) }
        : address;
      return [{ proxy: proxy.name, endpoint, cookie: cookieOf(proxy) }];
    })
  );
  const checks = proxies.flatMap(({ check }) =>
    check.kind === "http" ? [`${check.method} ${check.uri} ${check.version.split("\r\n")[0]}`] : []
  );
  const cast: Cast = {
    servers: servers.map((server) => server.label),
    proxies: [...new Set(entries.map((entry) => entry.proxy))],
    checks: [...new Set(checks)],
  };
  return { servers, entries, cast };
}

/** A server without a port has the one that the client came to: here, the proxy's first. */
function endpointOf({ address }: Server, proxy: Proxy): Endpoint {
  if (address.kind !== "ip") return address;
  const port = address.port ?? firstPort(proxy) + address.portOffset;
  return { kind: "ip", host: address.host, port };
}

function checkedAt(server: Server, proxy: Proxy): Endpoint | null {
  if (!server.check || (server.port === null && server.addr === null)) return null;
  const usual = endpointOf(server, proxy);
  if (usual.kind !== "ip") return null;
  return { kind: "ip", host: server.addr ?? usual.host, port: server.port ?? usual.port };
}

function cookieOf({ cookie, servers }: Proxy): string | null {
  const server = servers.findLast((each) => each.cookie !== null && !each.backup);
  if (cookie === null || server === undefined) return null;
  return `${cookie.name}=${server.cookie}${cookie.mode === "prefix" ? "~123" : ""}`;
}

function firstPort(proxy: Proxy): number {
  const address = proxy.bind[0]?.address;
  return address?.kind === "ip" ? address.port : 0;
}

/** An address at which a client on this machine reaches who listens on this one. */
function reachable(host: string): string {
  if (host === "*" || host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
