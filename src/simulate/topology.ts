/** Where a configuration's proxies listen, and where its servers are. */
import type { Configuration, ListenAddress, Proxy, Server } from "../config/model.ts";
import { isIp } from "../net/ip/address.ts";
import { type Endpoint, showEndpoint } from "../net/socket.ts";

/** The names that a configuration declares. */
export interface Names {
  readonly servers: readonly string[];
  /** Further names of servers: PROXY/NAME of each. */
  readonly aliases: readonly string[];
  readonly proxies: readonly string[];
  /** The ports that clients can connect to. */
  readonly entries: readonly { readonly proxy: string; readonly port: number }[];
  /** The request lines of the health checks. */
  readonly checks: readonly string[];
  /** Whether it can be operated while it runs. */
  readonly runtimeApi: boolean;
}

/** A server by the name that it is spoken of. */
export interface ServerAddress {
  /** Its name; `PROXY/NAME` where two proxies have servers of one name. */
  readonly label: string;
  readonly proxy: string;
  readonly name: string;
  readonly endpoint: Endpoint;
  /** It is known by its address, which a name server knows. */
  readonly found: boolean;
  /** All of its addresses: one without a port has one for each port that its proxy listens on. */
  readonly endpoints: readonly Endpoint[];
  /** Where it is checked, if that is elsewhere. */
  readonly checked: Endpoint | null;
  /** Its proxy relays bytes, of whatever protocol. */
  readonly tcp: boolean;
  readonly backup: boolean;
  /** Its checks are the hello of TLS. */
  readonly tlsChecks: boolean;
  /** Its connections begin with a header of the PROXY protocol. */
  readonly proxyHeader: boolean;
}

/** Where a proxy takes its clients. */
export interface Entry {
  readonly proxy: string;
  readonly endpoint: Endpoint;
  readonly tcp: boolean;
  /** Clients speak TLS with it. */
  readonly tls: boolean;
  /** A cookie with which a client would come back to one of its servers; null: there is none. */
  readonly cookie: string | null;
}

/** See the file. */
export interface Topology {
  readonly servers: readonly ServerAddress[];
  readonly entries: readonly Entry[];
  readonly names: Names;
  /** Where the runtime API takes commands; null: there is none. */
  readonly runtimeApi: Endpoint | null;
  /** The servers that a name means: several where proxies share one. */
  serversOf(name: string): readonly ServerAddress[];
  /**
   * Where clients of a proxy connect to; null stands for the first that there is.
   * @throws {Error} if there is none
   */
  entryOf(proxy: string | null, port: number | null): Entry;
  /** Whether clients speak TLS there. */
  speaksTls(endpoint: Endpoint): boolean;
  /** The proxy of this configuration that listens there; null: none does. */
  proxyAt(endpoint: Endpoint): string | null;
}

/**
 * Reads it out of a configuration.
 * @param found addresses that servers may have which are known by a name
 */
export function topologyOf(
  configuration: Configuration,
  found: readonly string[] = [],
): Topology {
  const proxies = configuration.proxies.filter((proxy) => !proxy.disabled);
  const all = proxies.flatMap((proxy) => proxy.servers.map((server) => ({ proxy, server })));
  const servers = all.flatMap(({ proxy, server }): ServerAddress[] => {
    const endpoint = endpointOf(server, proxy);
    // Two proxies may have the same server: then one name is enough.
    const unique = all.filter(({ server: other }) => other.name === server.name)
      .every((other) =>
        showEndpoint(endpointOf(other.server, other.proxy)) === showEndpoint(endpoint)
      );
    const label = unique ? server.name : `${proxy.name}/${server.name}`;
    const one: ServerAddress = {
      label,
      proxy: proxy.name,
      name: server.name,
      endpoint,
      found: false,
      endpoints: endpointsOf(server, proxy),
      checked: checkedAt(server, proxy),
      tcp: proxy.mode === "tcp",
      backup: server.backup,
      tlsChecks: proxy.check.kind === "ssl-hello",
      proxyHeader: server.sendProxy !== null,
    };
    if (server.resolvers === null || endpoint.kind !== "ip" || isIp(endpoint.host)) return [one];
    // Several servers have one name: the first of them stands for all that it may lead to.
    const first = proxy.servers.find(({ address }) =>
      address.kind === "ip" && address.host === endpoint.host
    );
    return first !== server ? [] : found.map((host) => {
      const there: Endpoint = { ...endpoint, host };
      const label = showEndpoint(there);
      return { ...one, label, name: label, endpoint: there, endpoints: [there], found: true };
    });
  });
  const entries = proxies.flatMap((proxy) =>
    proxy.bind.flatMap(({ address, ssl }): Entry[] => {
      if (address.kind === "fd") return [];
      const endpoint = address.kind === "ip"
        ? { ...address, host: reachable(address.host) }
        : address;
      const tcp = proxy.mode === "tcp";
      return [{ proxy: proxy.name, endpoint, tcp, tls: ssl, cookie: cookieOf(proxy) }];
    })
  );
  const checks = proxies.flatMap(({ check }) =>
    check.kind === "http" ? [`${check.method} ${check.uri} ${check.version.split("\r\n")[0]}`] : []
  );
  const names: Names = {
    servers: [...new Set(servers.map((server) => server.label))],
    aliases: servers.map((server) => `${server.proxy}/${server.name}`),
    proxies: [...new Set(entries.map((entry) => entry.proxy))],
    entries: entries.flatMap(({ proxy, endpoint }) =>
      endpoint.kind === "ip" ? [{ proxy, port: endpoint.port }] : []
    ),
    checks: [...new Set(checks)],
    runtimeApi: configuration.global.statsSocket.length > 0,
  };
  return {
    runtimeApi: runtimeApiOf(configuration),
    servers,
    entries,
    names,
    serversOf: (name) =>
      servers.filter(({ label, proxy, name: own }) => name === label || name === `${proxy}/${own}`),
    entryOf(proxy, port) {
      const entry = entries.find((each) =>
        (proxy === null || each.proxy === proxy) &&
        (port === null || each.endpoint.kind === "ip" && each.endpoint.port === port)
      );
      if (entry === undefined) throw new Error("a configuration without a listener has no story");
      return entry;
    },
    speaksTls: (endpoint) =>
      entries.some((entry) => entry.tls && showEndpoint(entry.endpoint) === showEndpoint(endpoint)),
    proxyAt(endpoint) {
      const listens = ({ address }: Proxy["bind"][number]) => covers(address, endpoint);
      return proxies.find((proxy) => proxy.bind.some(listens))?.name ?? null;
    },
  };
}

/** Whether a listener at `address` takes connections to `endpoint`. */
function covers(address: ListenAddress, endpoint: Endpoint): boolean {
  if (address.kind === "fd") return false;
  if (address.kind !== "ip" || endpoint.kind !== "ip") {
    return showEndpoint(address) === showEndpoint(endpoint);
  }
  const any = address.host === "*" || address.host === "0.0.0.0" || address.host === "::";
  return address.port === endpoint.port && (any || address.host === endpoint.host);
}

/** A server without a port has the one that the client came to: here, the proxy's first. */
function endpointOf({ address }: Server, proxy: Proxy): Endpoint {
  if (address.kind !== "ip") return address;
  const port = address.port ?? firstPort(proxy) + address.portOffset;
  return { kind: "ip", host: address.host, port };
}

function endpointsOf(server: Server, proxy: Proxy): Endpoint[] {
  const { address } = server;
  if (address.kind !== "ip" || address.port !== null) return [endpointOf(server, proxy)];
  const ports = proxy.bind.flatMap((bind) => bind.address.kind === "ip" ? [bind.address.port] : []);
  return [...new Set(ports)].map((port) => ({
    kind: "ip",
    host: address.host,
    port: port + address.portOffset,
  }));
}

function checkedAt(server: Server, proxy: Proxy): Endpoint | null {
  if (!server.check || (server.port === null && server.addr === null)) return null;
  const usual = endpointOf(server, proxy);
  if (usual.kind !== "ip") return null;
  return { kind: "ip", host: server.addr ?? usual.host, port: server.port ?? usual.port };
}

function runtimeApiOf({ global }: Configuration): Endpoint | null {
  const address = global.statsSocket.find(({ level }) => level === "admin")?.address ??
    global.statsSocket[0]?.address;
  if (address === undefined || address.kind === "fd") return null;
  return address.kind === "ip" ? { ...address, host: reachable(address.host) } : address;
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

/** An address at which a client on this machine reaches a listener at this one. */
function reachable(host: string): string {
  if (host === "*" || host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
