/** Checks of `track`: whose state a server takes over (manual, chapter 5.2). */
import type { Report } from "./diagnostic.ts";
import { describe, hasSide } from "./fields.ts";
import type { Proxy, Server } from "./model.ts";
import type { Locator } from "./places.ts";

/** A server, and the proxy that it belongs to. */
interface Owned {
  readonly proxy: Proxy;
  readonly server: Server;
}

/** What of a name there is not. */
type Missing = {
  readonly missing: "proxy" | "server";
  readonly name: string;
  readonly owner: Proxy;
};

/** All servers by their names. */
interface Index {
  /** The server that `track` of a server of `proxy` names. */
  find(track: string, proxy: Proxy): Owned | Missing;
  /** Names that could have been meant. */
  names(missing: Missing, not: Server): Iterable<string>;
}

function indexOf(proxies: readonly Proxy[]): Index {
  const owners = new Map<string, Proxy>();
  const servers = new Map<Proxy, Map<string, Server>>();
  for (const proxy of proxies) {
    if (hasSide(proxy.kind, "backend") && !owners.has(proxy.name)) owners.set(proxy.name, proxy);
  }
  const serversOf = (proxy: Proxy) => {
    let found = servers.get(proxy);
    if (found === undefined) {
      // Of two servers of one name the first counts: there is an error about the other.
      found = new Map(proxy.servers.toReversed().map((server) => [server.name, server]));
      servers.set(proxy, found);
    }
    return found;
  };
  return {
    find(track, proxy) {
      const slash = track.lastIndexOf("/");
      const name = track.slice(slash + 1);
      const owner = slash < 0 ? proxy : owners.get(track.slice(0, slash));
      if (owner === undefined) {
        return { missing: "proxy", name: track.slice(0, slash), owner: proxy };
      }
      const server = serversOf(owner).get(name);
      return server === undefined ? { missing: "server", name, owner } : { proxy: owner, server };
    },
    *names({ missing, owner }, not) {
      if (missing === "proxy") return yield* owners.keys();
      for (const server of owner.servers) if (server !== not) yield server.name;
    },
  };
}

/** Checks what the servers of all proxies that are enabled track. */
export function checkTracks(proxies: readonly Proxy[], locator: Locator, report: Report): void {
  const index = indexOf(proxies);
  const loops = loopsOf(proxies, index);
  for (const proxy of proxies) {
    if (proxy.disabled) continue;
    for (const server of proxy.servers) {
      if (server.track === null || server.track === "") continue;
      const place = locator.place(server, "track");
      const what = `${describe(proxy)}: server '${server.name}'`;
      if (server.check) {
        const message = `${what} cannot both be checked and track another`;
        report.error(place, message, "without 'check', or without 'track'");
      }
      const cannot = `${what} cannot track '${server.track}'`;
      const found = index.find(server.track, proxy);
      if ("missing" in found) {
        const { missing, name, owner } = found;
        const where = missing === "proxy" ? "backend" : `server of ${describe(owner)}`;
        const hint = report.suggestion(name, index.names(found, server)) ??
          "'track' and the name of a server, or of a proxy, '/' and a server of that";
        report.error(place, `${cannot}: no ${where} is '${name}'`, hint);
      } else if (loops.has(server)) {
        const message = `${cannot}, which tracks it in turn`;
        report.error(place, message, "the last server of a chain has 'check'");
      } else if (!found.server.check && found.server.track === null) {
        const message = `${cannot}, whose state is not found out`;
        report.error(place, message, "it needs 'check', or 'track' itself");
      }
    }
  }
}

/** The servers from which following `track` leads back to themselves; each one is visited once. */
function loopsOf(proxies: readonly Proxy[], index: Index): ReadonlySet<Server> {
  const loops = new Set<Server>();
  const seen = new Set<Server>();
  for (const proxy of proxies) {
    for (const server of proxy.servers) {
      const path: Server[] = [];
      for (let at: Owned | Missing = { proxy, server }; !("missing" in at);) {
        if (seen.has(at.server)) {
          const from = path.indexOf(at.server);
          if (from >= 0) { for (const each of path.slice(from)) loops.add(each); }
          break;
        }
        seen.add(at.server);
        path.push(at.server);
        if (at.server.track === null) break;
        at = index.find(at.server.track, at.proxy);
      }
    }
  }
  return loops;
}
