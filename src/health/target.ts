/** Where a server is checked. */
import type { Proxy, Server, ServerAddress } from "../config/model.ts";
import type { Endpoint } from "../net/socket.ts";
import { checkTimeouts, type Target } from "./probe.ts";

/**
 * Where, from where and for how long a server is checked (manual: "addr", "port", "source",
 * "send-proxy").
 * @param address the server's address and
 * @param addr its `addr`, both with names resolved
 * @returns null if no port can be found: then the configuration is at fault
 */
export function checkTarget(
  proxy: Proxy,
  server: Server,
  address: ServerAddress,
  addr: string | null,
): Target | null {
  const endpoint = checkEndpoint(proxy, server, address, addr);
  if (endpoint === null) return null;
  const source = server.source ?? proxy.source;
  return {
    endpoint,
    // Any port: a fixed one may be in use by the traffic.
    options: source === null ? {} : { source: { host: source.host, port: 0 } },
    proxyHeader: proxyHeader(server),
    proxyVersion: server.sendProxy ?? "v1",
    timeouts: checkTimeouts(server.inter, proxy.timeout),
  };
}

/**
 * The header that the traffic gets, unless the check goes elsewhere; with `check-send-proxy` in any
 * case (manual: "check-send-proxy").
 */
function proxyHeader({ sendProxy, checkSendProxy, port, addr }: Server): Target["proxyHeader"] {
  if (checkSendProxy) return sendProxy ?? "v1";
  return port === null && addr === null ? sendProxy : null;
}

function checkEndpoint(
  proxy: Proxy,
  server: Server,
  address: ServerAddress,
  addr: string | null,
): Endpoint | null {
  const host = addr ?? (address.kind === "ip" ? address.host : null);
  if (host === null) return address.kind === "ip" ? null : address;
  const port = server.port ?? (address.kind === "ip" ? address.port : null) ?? listenerPort(proxy);
  return port === null ? null : { kind: "ip", host, port };
}

/**
 * The port of the first listener that has one: what a server without a port of its own is checked
 * on.
 */
function listenerPort(proxy: Proxy): number | null {
  for (const { address } of proxy.bind) if (address.kind === "ip") return address.port;
  return null;
}
