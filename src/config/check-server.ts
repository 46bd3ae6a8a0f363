/** Checks of a proxy's servers. */
import type { Report } from "./diagnostic.ts";
import { rulesHavePort } from "./check-health.ts";
import { describe } from "./fields.ts";
import { isService } from "./keywords/server-names.ts";
import type { Proxy, Server } from "./model.ts";
import type { Locator } from "./places.ts";

/**
 * Checks the servers of a proxy that is enabled.
 * @param complete false if parts could not be read: a port to check may be in them
 */
export function checkServers(
  proxy: Proxy,
  complete: boolean,
  locator: Locator,
  report: Report,
): void {
  const first = new Map<string, Server>();
  const numbered = new Map<number, Server>();
  for (const server of proxy.servers) {
    checkId(server, numbered, locator, report);
    const other = first.get(server.name);
    if (other === undefined) {
      first.set(server.name, server);
    } else {
      const message = `${describe(proxy)} has another server named '${server.name}'`;
      const { file, line } = locator.place(other);
      report.error(locator.place(server, "name"), message, `the other one: ${file}:${line}`);
    }
    if (complete && server.check && !hasCheckPort(proxy, server)) {
      const message = `${describe(proxy)}: server '${server.name}' has no port to check`;
      const hint = "a port in its address, 'port', or a listener of the same proxy with a port";
      report.error(locator.place(server, "address"), message, hint);
    }
    checkObservation(proxy, server, locator, report);
    if (server.cookie !== null && /[ ",\\]/.test(server.cookie)) {
      const message = `server '${server.name}': clients may not keep the cookie '${server.cookie}'`;
      const hint = "spaces, quotes, commas and backslashes are not for cookies (RFC 6265, 4.1.1)";
      report.warning(locator.place(server, "cookie"), message, hint);
    }
    if (server.cookie !== null && proxy.mode === "tcp") {
      const message = `server '${server.name}': its cookie is ignored: it needs 'mode http'`;
      report.warning(locator.place(server, "cookie"), message);
    }
    if (server.minconn > server.maxconn) {
      const message = `server '${server.name}': 'minconn' is above 'maxconn'`;
      const hint = "'minconn' is the limit under low load, 'maxconn' under high load";
      report.warning(locator.place(server, "minconn"), message, hint);
    }
  }
}

/** No two servers of one number. */
function checkId(
  server: Server,
  numbered: Map<number, Server>,
  locator: Locator,
  report: Report,
): void {
  if (server.id === null) return;
  const other = numbered.get(server.id);
  if (other === undefined) {
    numbered.set(server.id, server);
    return;
  }
  const { file, line } = locator.place(other, "id");
  const message = `server '${server.name}': the id ${server.id} is that of '${other.name}'`;
  report.error(locator.place(server, "id"), message, `the other one: ${file}:${line}`);
}

/**
 * Whether it is known where to check a server: its own port, or its `port`, or the port of the
 * proxy's first listener that has one. An `addr` without `port` in place of a unix socket needs
 * one, too; a service brings its own.
 */
function hasCheckPort(proxy: Proxy, server: Server): boolean {
  const { address } = server;
  if (server.port !== null || rulesHavePort(proxy)) return true;
  if (proxy.check.kind === "external") return true;
  if (address.kind !== "ip" && server.addr === null) return true;
  if (address.kind === "ip" && (address.port !== null || isService(address.host))) return true;
  return proxy.bind.some((bind) => bind.address.kind === "ip");
}

/** Checks agents, and what is to be learned from the traffic. */
function checkObservation(proxy: Proxy, server: Server, locator: Locator, report: Report): void {
  const who = `server '${server.name}'`;
  if (server.agentCheck && server.agentPort === null) {
    const message = `${describe(proxy)}: ${who} has no port for its agent`;
    report.error(locator.place(server, "agentCheck"), message, "'agent-port' and a port");
  }
  if (server.observe === null) return;
  if (server.observe === "layer7" && proxy.mode !== "http") {
    const message = `${who}: 'observe layer7' is ignored: it needs 'mode http'`;
    report.warning(locator.place(server, "observe"), message, "'observe layer4'");
  }
  if (!server.check) {
    const message = `${who}: 'observe' is ignored: the server is not checked`;
    report.warning(locator.place(server, "observe"), message, "'check'");
  }
}
