/**
 * Resolves names, once, when the proxy starts (manual: "server", address; "init-addr"; "bind"; "log").
 * Names of servers that are followed while it runs are proxy/following.ts's from then on.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { describe } from "../config/fields.ts";
import { defaultResolvers } from "../config/keywords/resolvers.ts";
import { isService } from "../config/keywords/server-names.ts";
import type { Configuration, LogTarget, Proxy, Server } from "../config/model.ts";
import { withoutRings } from "../log/rings.ts";
import type { InitialAddresses } from "../proxy/following.ts";
import { resolversOf } from "./resolv-conf.ts";

/** How long the start waits for the address of a syslog server, ms: logging may begin later. */
const logTimeout = 1000;

/** Names that could not be resolved: a line each. */
export class ResolveError extends Error {
  override readonly name = "ResolveError";
}

/** What there is to go by besides the configuration. */
export interface ResolveOptions {
  /** The address that a server had last (manual: "init-addr last"); null: that is not known. */
  readonly lastAddress?: (proxy: string, server: string) => string | null;
  /** A server without an address begins without one, whatever its `init-addr` (HAProxy's -dr). */
  readonly lenient?: boolean;
  /** Whether this machine has an address of IPv6 that others can reach ("dns-accept-family auto"). */
  readonly hasIpv6?: () => boolean;
  /** The text of /etc/resolv.conf; null: there is none. */
  readonly resolvConf?: () => string | null;
}

/** What came of it. */
export interface Resolved {
  /**
   * The configuration with the addresses that its names stand for. A syslog server's name stays where
   * it is not resolved soon: see log/datagrams.ts. Those of servers stay: `addresses` has theirs.
   */
  readonly configuration: Configuration;
  readonly addresses: InitialAddresses;
  /** Lines about servers that begin without an address, or with another one. */
  readonly warnings: readonly string[];
}

/**
 * Resolves the names of a configuration.
 * @throws {ResolveError} for those that must have an address and have none
 */
export async function resolveNames(
  configuration: Configuration,
  { lastAddress = () => null, lenient = false, hasIpv6 = reachesIpv6, resolvConf }: ResolveOptions =
    {},
): Promise<Resolved> {
  const given = configuration.global.dnsAcceptFamily;
  const dnsAcceptFamily = given === "auto" ? (hasIpv6() ? "ipv4,ipv6" : "ipv4") : given;
  const only = dnsAcceptFamily === "ipv4" ? 4 : dnsAcceptFamily === "ipv6" ? 6 : 0;
  const known = new Map<string, Promise<string | null>>();
  const errors: string[] = [];
  const warnings: string[] = [];
  const addresses = new Map<string, string | null>();

  const addressOf = (name: string, wanted?: 4 | 6): Promise<string | null> => {
    if (wanted !== undefined && only !== 0 && wanted !== only) return Promise.resolve(null);
    const family = wanted ?? only;
    const key = `${family} ${name}`;
    const address = known.get(key) ??
      lookup(name, { family }).then((found) => found.address, () => null);
    known.set(key, address);
    return address;
  };
  const resolve = async (
    name: string,
    whose: string,
    family?: 4 | 6 | undefined,
  ): Promise<string> => {
    if (isLiteral(name)) return name;
    const address = await addressOf(name, family);
    if (address === null) errors.push(`${whose}: could not resolve the address '${name}'`);
    return address ?? name;
  };

  /** The same value with the addresses in place of the names in it, wherever they stand. */
  const within = async <T>(value: T, whose: string): Promise<T> => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) {
      return await Promise.all(value.map((each) => within(each, whose))) as T;
    }
    const entries = await Promise.all(
      Object.entries(value).map(async ([key, member]) => [key, await within(member, whose)]),
    );
    const copy = Object.fromEntries(entries) as T;
    if (!isAddress(copy)) return copy;
    return { ...copy, host: await resolve(copy.host, whose, copy.family) };
  };
  const ofLog = async (log: LogTarget): Promise<LogTarget> => {
    const { target } = log;
    if ((target.kind !== "udp" && target.kind !== "tcp") || isIP(target.host) !== 0) return log;
    const host = await soon(addressOf(target.host, target.family), logTimeout);
    return host === null ? log : { ...log, target: { ...target, host } };
  };
  const rings = within(configuration.rings, "ring");
  const ofLogs = async (logs: readonly LogTarget[]) =>
    withoutRings(await Promise.all(logs.map(ofLog)), await rings);

  /** A server's first address, in the ways of its `init-addr`; null: it begins without one. */
  const initial = async (
    server: Server,
    name: string,
    family: 4 | 6 | undefined,
    proxy: string,
  ) => {
    const { initAddr, resolvers } = server;
    const whose = `proxy '${proxy}', server '${server.name}'`;
    let failed = false;
    const methods = initAddr ?? ["last", "libc", ...(resolvers === null ? [] : ["none"])];
    for (const method of lenient ? [...methods, "none"] : methods) {
      if (method === "none") {
        if (failed) {
          warnings.push(`${whose}: could not resolve '${name}': it begins without address`);
        }
        return null;
      }
      if (method === "last") {
        const last = lastAddress(proxy, server.name);
        if (last !== null && isIP(last) !== 0) return last;
      } else if (method === "libc") {
        // A service has no address of its own.
        if (isService(name)) continue;
        const address = await addressOf(name, family);
        if (address !== null) return address;
        failed = true;
      } else {
        if (failed) warnings.push(`${whose}: could not resolve '${name}': it begins at ${method}`);
        return method;
      }
    }
    errors.push(
      failed
        ? `${whose}: could not resolve the address '${name}'`
        : `${whose}: no method found to resolve the address '${name}'`,
    );
    return null;
  };
  const ofServer = async (server: Server, proxy: string): Promise<Server> => {
    const { address, addr } = server;
    if (address.kind === "ip" && !isLiteral(address.host)) {
      const found = await initial(server, address.host, address.family, proxy);
      addresses.set(`${proxy}/${server.name}`, found);
    }
    const whose = `proxy '${proxy}', server '${server.name}'`;
    return {
      ...server,
      addr: addr === null ? null : await resolve(addr, `${whose}, addr`),
      source: await within(server.source, `${whose}, source`),
    };
  };
  const ofProxy = async (proxy: Proxy): Promise<Proxy> => {
    if (proxy.disabled) return proxy;
    const { log, servers, bind, dispatch, source } = proxy;
    const what = describe(proxy);
    return {
      ...proxy,
      log: await ofLogs(log),
      bind: await within(bind, `${what}, bind`),
      servers: await Promise.all(servers.map((server) => ofServer(server, proxy.name))),
      dispatch: await within(dispatch, `${what}, dispatch`),
      source: await within(source, `${what}, source`),
    };
  };

  const { global, proxies, files, ...others } = configuration;
  const wantsDefault = proxies.some(({ servers }) =>
    servers.some(({ resolvers }) => resolvers === defaultResolvers)
  );
  const resolvers = resolversOf(others.resolvers, wantsDefault, resolvConf);
  errors.push(...resolvers.errors);
  warnings.push(...resolvers.warnings);
  const log = ofLogs(global.log);
  const sections = Object.entries({ ...others, resolvers: resolvers.sections });
  const resolved = {
    ...Object.fromEntries(
      await Promise.all(sections.map(async ([key, value]) => [key, await within(value, key)])),
    ) as typeof others,
    proxies: await Promise.all(proxies.map(ofProxy)),
    global: { ...global, dnsAcceptFamily, log: await log },
    ...(files === undefined ? {} : { files }),
  };
  if (errors.length > 0) throw new ResolveError(errors.join("\n"));
  return { configuration: resolved, addresses, warnings };
}

/** Any address that a name may stand in, whatever it is for. */
function isAddress(
  value: unknown,
): value is { readonly host: string; readonly port: unknown; readonly family?: 4 | 6 | undefined } {
  const { host, port } = value as Record<string, unknown>;
  return typeof host === "string" && port !== undefined;
}

function reachesIpv6(): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.some(({ family, internal, address }) =>
    family === "IPv6" && !internal && !address.startsWith("fe80:")
  );
}

function isLiteral(host: string): boolean {
  return host === "*" || isIP(host) !== 0;
}

/** What a promise resolves to, if it does so within `ms`; else null. */
async function soon<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => timer = setTimeout(resolve, ms, null));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
