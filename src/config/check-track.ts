/** Checks of `track`: whose state a server takes over (manual, chapter 5.2). */
import type { Report } from "./diagnostic.ts";
import { describe, hasSide } from "./fields.ts";
import type { Proxy, Server } from "./model.ts";
import { didYouMean } from "./nearest.ts";
import type { Locator } from "./places.ts";

/** The server that `track` of a server of `proxy` names, and its proxy; else what is missing. */
export function findTracked(
  track: string,
  proxy: Proxy,
  proxies: readonly Proxy[],
): { proxy: Proxy; server: Server } | {
  missing: "proxy" | "server";
  name: string;
  among: Proxy[];
} {
  const slash = track.lastIndexOf("/");
  const name = track.slice(slash + 1);
  const among = proxies.filter((each) => hasSide(each.kind, "backend"));
  const owner = slash < 0 ? proxy : among.find((each) => each.name === track.slice(0, slash));
  if (owner === undefined) return { missing: "proxy", name: track.slice(0, slash), among };
  const server = owner.servers.find((each) => each.name === name);
  return server === undefined
    ? { missing: "server", name, among: [owner] }
    : { proxy: owner, server };
}

/** Checks what the servers of a proxy that is enabled track. */
export function checkTrack(
  proxy: Proxy,
  proxies: readonly Proxy[],
  locator: Locator,
  report: Report,
): void {
  for (const server of proxy.servers) {
    if (server.track === null || server.track === "") continue;
    const place = locator.place(server, "track");
    const what = `${describe(proxy)}: server '${server.name}'`;
    if (server.check) {
      const message = `${what} cannot both be checked and track another`;
      report.error(place, message, "without 'check', or without 'track'");
    }
    const found = findTracked(server.track, proxy, proxies);
    if ("missing" in found) {
      const { missing, name, among } = found;
      const known = missing === "proxy"
        ? among
        : among.flatMap(({ servers }) => servers.filter((each) => each !== server));
      const where = missing === "proxy" ? "backend" : `server of ${describe(among[0]!)}`;
      const hint = didYouMean(name, known.map((each) => each.name)) ??
        "'track' and the name of a server, or of a proxy, '/' and a server of that";
      report.error(place, `${what} cannot track '${server.track}': no ${where} is '${name}'`, hint);
    } else if (isLoop(server, proxy, proxies)) {
      const message = `${what} cannot track '${server.track}', which tracks it in turn`;
      report.error(place, message, "the last server of a chain has 'check'");
    } else if (!found.server.check && found.server.track === null) {
      const message = `${what} cannot track '${server.track}', whose state nobody finds out`;
      report.error(place, message, "it needs 'check', or 'track' itself");
    }
  }
}

/** Whether following `track` from the server leads back to it. */
function isLoop(server: Server, proxy: Proxy, proxies: readonly Proxy[]): boolean {
  const seen = new Set<Server>();
  for (let at = { proxy, server }; at.server.track !== null && !seen.has(at.server);) {
    seen.add(at.server);
    const next = findTracked(at.server.track, at.proxy, proxies);
    if ("missing" in next) return false;
    if (next.server === server) return true;
    at = next;
  }
  return false;
}
