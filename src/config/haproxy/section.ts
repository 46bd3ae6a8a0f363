/** A section that is being read, and what it takes over from a `defaults` section. */
import type { Place } from "../diagnostic.ts";
import {
  defaultProxy,
  defaultServer,
  hasSide,
  type Kind,
  sideOf,
  sideOfTimeout,
} from "../fields.ts";
import type { Proxy, Server } from "../model.ts";
import type { Places } from "../places.ts";

/** A `defaults`, `listen`, `frontend` or `backend` section. */
export interface Section {
  readonly keyword: Kind | "defaults";
  readonly place: Place;
  /** What has been read; of a `defaults` section, too. */
  readonly proxy: Proxy;
  /** What `default-server` has set; with an unused name and address. */
  readonly defaultServer: Server;
  /** Whether it listens where its name says, as long as it has no `bind` of its own. */
  impliedBind: boolean;
}

/** Settings that belong to one proxy and are never taken over. */
const own: ReadonlySet<keyof Proxy> = new Set(
  ["name", "kind", "description", "bind", "useBackend", "servers", "dispatch"] as const,
);

/**
 * Opens a section.
 *
 * @param from the `defaults` section whose settings it takes over; a proxy takes those of its own
 * half or halves only
 */
export function openSection(
  keyword: Section["keyword"],
  name: string,
  place: Place,
  from: Section | undefined,
  places: Places,
): Section {
  const kind = keyword === "defaults" ? "listen" : keyword;
  const proxy = defaultProxy(kind, name);
  const server = from === undefined ? defaultServer() : structuredClone(from.defaultServer);
  if (from !== undefined) {
    const inherited = structuredClone(from.proxy);
    const keys = Object.keys(inherited) as (keyof Proxy)[];
    const taken = keys.filter((key) => !own.has(key) && hasSide(kind, sideOf[key]));
    Object.assign(proxy, Object.fromEntries(taken.map((key) => [key, inherited[key]])));
    const timeouts = Object.keys(proxy.timeout) as (keyof Proxy["timeout"])[];
    for (const key of timeouts) {
      if (!hasSide(kind, sideOfTimeout[key])) proxy.timeout[key] = null;
    }
    inheritPlaces(places, from, proxy, server);
  }
  places.mark(proxy, undefined, place);
  return { keyword, place, proxy, defaultServer: server, impliedBind: false };
}

function inheritPlaces(places: Places, from: Section, proxy: Proxy, server: Server): void {
  places.inherit(from.proxy, proxy);
  places.inherit(from.proxy.timeout, proxy.timeout);
  places.inherit(from.defaultServer, server);
  const parts = [
    [from.proxy.cookie, proxy.cookie],
    [from.proxy.source, proxy.source],
    [from.proxy.forwardfor, proxy.forwardfor],
    [from.proxy.originalto, proxy.originalto],
  ] as const;
  for (const [theirs, ours] of parts) {
    if (theirs === null || ours === null) continue;
    places.inherit(theirs, ours);
    places.mark(ours, undefined, places.place(theirs));
  }
}
