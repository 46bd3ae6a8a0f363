/** A section that is being read, and what it takes over from a `defaults` section. */
import type { Place } from "../diagnostic.ts";
import {
  allProxySettings,
  defaultProxy,
  defaultServer,
  hasSide,
  type Kind,
  sideOf,
  sideOfTimeout,
} from "../fields.ts";
import { inheritArray } from "../keywords/rules.ts";
import type { Proxy } from "../model.ts";
import type { Places } from "../places.ts";
import type { ProxySection } from "../registry.ts";

/** A `defaults`, `listen`, `frontend` or `backend` section. */
export interface Section extends ProxySection {
  readonly keyword: Kind | "defaults";
  readonly place: Place;
}

/** Settings that a section takes over; the others belong to one proxy. */
const inherited = Object.entries(allProxySettings)
  .flatMap(([key, { defaults }]) => defaults === false ? [] : [key as keyof Proxy]);

/**
 * Opens a section.
 *
 * @param from the `defaults` section whose settings it takes over; a proxy takes those of its own
 * half or halves only. Values are shared between the sections, never changed in place; but for
 * arrays: what adds to a shared one makes a copy first
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
  const server = from === undefined ? defaultServer() : { ...from.defaultServer };
  const shared = new Set<string>();
  if (from !== undefined) {
    for (const key of inherited) {
      if (!hasSide(kind, sideOf[key])) continue;
      const value = from.proxy[key];
      // The page is one's own from the first statement about it on.
      if (Array.isArray(value) || key === "stats") shared.add(key);
      if (Array.isArray(value)) inheritArray(value);
      (proxy as Record<string, unknown>)[key] = value;
    }
    for (const key of Object.keys(sideOfTimeout) as (keyof Proxy["timeout"])[]) {
      if (hasSide(kind, sideOfTimeout[key])) proxy.timeout[key] = from.proxy.timeout[key];
    }
    places.inherit(from.proxy, proxy);
    places.inherit(from.proxy.timeout, proxy.timeout);
    places.inherit(from.defaultServer, server);
  }
  places.mark(proxy, undefined, place);
  return { keyword, place, proxy, defaultServer: server, impliedBind: false, shared };
}
