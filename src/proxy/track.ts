/** Servers that follow the state of another one (manual, chapter 5.2: "track"). */
import type { Backend } from "./backend.ts";
import { admin, type Server } from "./server.ts";

/** The servers that track each server; a server that is not tracked has no entry. */
export type Trackers = Map<Server, readonly Server[]>;

/**
 * Finds which servers track which; a server of a disabled proxy never changes state and is left
 * out. The configuration check has made sure that the others exist, and that no chain of them is a
 * ring.
 */
export function trackers(backends: readonly Backend[]): Trackers {
  const byName = new Map<string, Server>();
  for (const { config, servers } of backends) {
    for (const server of servers) byName.set(`${config.name}/${server.name}`, server);
  }
  const found: Trackers = new Map();
  for (const server of byName.values()) {
    const { track } = server.config;
    if (track === null) continue;
    const own = server.backend.config.name;
    const tracked = byName.get(track.includes("/") ? track : `${own}/${track}`);
    if (tracked === undefined) continue;
    const others = found.get(tracked) ?? [];
    found.set(tracked, [...others, server]);
  }
  return found;
}

/** Lets a server that is added track another one. */
export function addFollower(followers: Trackers, tracked: Server, server: Server): void {
  const others = followers.get(tracked) ?? [];
  followers.set(tracked, [...others, server]);
  server.up = tracked.up;
  if (tracked.maintained) server.admin |= admin.inheritedMaintenance;
}

/** A server tracks no other one any more. */
export function removeFollower(followers: Trackers, server: Server): void {
  for (const [tracked, others] of followers) {
    const left = others.filter((other) => other !== server);
    if (left.length < others.length) followers.set(tracked, left);
  }
}

/**
 * Takes the servers that track one that begins in maintenance out of service, along the whole chain. (HAProxy says
 * "MAINT (via proxy/server)" of them.)
 */
export function followDisabled(backends: readonly Backend[], followers: Trackers): void {
  const takeDown = (server: Server): void => {
    for (const follower of followers.get(server) ?? []) {
      follower.up = false;
      follower.admin |= admin.inheritedMaintenance;
      takeDown(follower);
    }
  };
  for (const server of followers.keys()) if (server.maintained) takeDown(server);
  for (const backend of backends) backend.refreshActive();
}
