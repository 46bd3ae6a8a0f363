/** Which half of a proxy reads which setting (manual, chapter 4.1), and the defaults. */
import * as v from "valibot";
import type { Settings, Side } from "./keywords/keyword.ts";
import { timeoutSettings } from "./keywords/timeouts.ts";
import { Global, lastProxySettings, Proxy, proxySettings, Server, type Timeouts } from "./model.ts";

export type { Side } from "./keywords/keyword.ts";
/** What a section is. */
export type Kind = Proxy["kind"];

/** All settings of a proxy but its time-outs. */
export const allProxySettings: Settings = { ...proxySettings, ...lastProxySettings };

/** For each setting of a proxy, the half that reads it. */
export const sideOf = {
  name: "both",
  kind: "both",
  timeout: "both",
  ...sidesOf(allProxySettings),
} as Readonly<Record<keyof Proxy, Side>>;

/** For each time-out, the half that reads it. */
export const sideOfTimeout = sidesOf(timeoutSettings) as Readonly<Record<keyof Timeouts, Side>>;

function sidesOf(settings: Settings): Record<string, Side> {
  const sides = Object.entries(settings).map(([key, { side = "both" }]) => [key, side] as const);
  return Object.fromEntries(sides);
}

/** Whether a section of this kind has that half. */
export function hasSide(kind: Kind, side: Side): boolean {
  return side === "both" || kind === "listen" || kind === side;
}

/** What 'frontend', 'backend' and 'listen' are called in messages: "frontend 'f'", "proxy 'l'". */
export function describe(proxy: Pick<Proxy, "kind" | "name">): string {
  return `${proxy.kind === "listen" ? "proxy" : proxy.kind} '${proxy.name}'`;
}

/** A proxy with every setting at its default. */
export function defaultProxy(kind: Kind, name: string): Proxy {
  const proxy = { ...unsetProxy, kind, name, timeout: { ...unsetProxy.timeout } };
  // What is not an array is never changed in place, the time-outs apart.
  for (const key of arrays) (proxy as Record<string, unknown>)[key] = [];
  return proxy;
}
const unsetProxy = v.parse(Proxy, { kind: "listen", name: "unnamed" });
const arrays = Object.entries(unsetProxy).filter(([, value]) => Array.isArray(value))
  .map(([key]) => key);

/** A server with every setting at its default. */
export function defaultServer(): Server {
  return { ...unsetServer };
}
const unsetServer = v.parse(Server, {
  name: "default",
  address: { kind: "ip", host: "127.0.0.1", port: 1 },
});

/** A global section with every setting at its default. */
export function defaultGlobal(): Global {
  return v.parse(Global, {});
}
