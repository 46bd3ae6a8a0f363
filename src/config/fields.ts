/** Which half of a proxy reads which setting (manual, chapter 4.1), and the defaults. */
import * as v from "valibot";
import { Cookie, ForwardFor, Global, LogTarget, OriginalTo, Proxy, Server } from "./model.ts";
import type { Timeouts } from "./model.ts";

/** The half of a proxy that a setting is for: the client's, the servers', or both. */
export type Side = "frontend" | "backend" | "both";
/** What a section is. */
export type Kind = Proxy["kind"];

/** For each setting of a proxy, the half that reads it. */
export const sideOf: Readonly<Record<keyof Proxy, Side>> = {
  name: "both",
  kind: "both",
  mode: "both",
  disabled: "both",
  description: "both",
  bind: "frontend",
  maxconn: "frontend",
  backlog: "frontend",
  useBackend: "frontend",
  defaultBackend: "frontend",
  monitorNet: "frontend",
  monitorUri: "frontend",
  grace: "both",
  balance: "backend",
  hashType: "backend",
  cookie: "backend",
  persist: "backend",
  redispatch: "backend",
  allbackups: "backend",
  abortonclose: "backend",
  retries: "backend",
  dispatch: "backend",
  servers: "backend",
  source: "backend",
  fullconn: "backend",
  check: "backend",
  connection: "both",
  httpReuse: "backend",
  httpSendNameHeader: "backend",
  forwardfor: "both",
  originalto: "both",
  splice: "both",
  timeout: "both",
  log: "both",
  logGlobal: "both",
  logFormat: "frontend",
  dontlognull: "frontend",
};

/** For each time-out, the half that reads it. */
export const sideOfTimeout: Readonly<Record<keyof Timeouts, Side>> = {
  connect: "backend",
  client: "frontend",
  server: "backend",
  queue: "backend",
  check: "backend",
  httpRequest: "frontend",
  httpKeepAlive: "frontend",
};

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
  return { ...v.parse(Proxy, { kind, name: "unnamed" }), name };
}

/** A server with every setting at its default. */
export function defaultServer(): Server {
  return v.parse(Server, { name: "default", address: { kind: "ip", host: "127.0.0.1", port: 1 } });
}

/** A global section with every setting at its default. */
export function defaultGlobal(): Global {
  return v.parse(Global, {});
}

/** A destination of logs with every setting at its default. */
export function defaultLogTarget(): LogTarget {
  return v.parse(LogTarget, { target: { kind: "stdout" }, facility: "local0" });
}

/** A cookie with every option at its default. */
export function defaultCookie(name: string): Cookie {
  return { ...v.parse(Cookie, { name: "unnamed" }), name };
}

/** `option forwardfor` without parameters. */
export function defaultForwardFor(): ForwardFor {
  return v.parse(ForwardFor, {});
}

/** `option originalto` without parameters. */
export function defaultOriginalTo(): OriginalTo {
  return v.parse(OriginalTo, {});
}
