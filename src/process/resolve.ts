/** Resolves names, once, when the proxy starts (manual: "server", address; "log"). */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Configuration, LogTarget, Proxy, Server, ServerAddress } from "../config/model.ts";

/** How long the start waits for the address of a syslog server, ms: logging may begin later. */
const logTimeout = 1000;

/** A name that could not be resolved. */
export class ResolveError extends Error {
  override readonly name = "ResolveError";
}

/**
 * The configuration with the addresses that its names stand for. A syslog server's name stays
 * where it is not resolved soon: see log/datagrams.ts.
 * @throws {ResolveError} for the first name of another server that has none
 */
export async function resolveNames(configuration: Configuration): Promise<Configuration> {
  const known = new Map<string, Promise<string | null>>();
  const addressOf = (name: string): Promise<string | null> => {
    const address = known.get(name) ?? lookup(name).then((found) => found.address, () => null);
    known.set(name, address);
    return address;
  };
  const resolve = async (name: string, whose: string): Promise<string> => {
    if (isIP(name) !== 0) return name;
    return await addressOf(name) ?? Promise.reject(
      new ResolveError(`${whose}: could not resolve the address '${name}'`),
    );
  };
  const ofLog = async (log: LogTarget): Promise<LogTarget> => {
    const { target } = log;
    if (target.kind !== "udp" || isIP(target.host) !== 0) return log;
    const host = await within(addressOf(target.host), logTimeout);
    return host === null ? log : { ...log, target: { ...target, host } };
  };
  const ofLogs = (logs: readonly LogTarget[]) => Promise.all(logs.map(ofLog));
  const ofAddress = async (address: ServerAddress, whose: string): Promise<ServerAddress> =>
    address.kind === "ip" ? { ...address, host: await resolve(address.host, whose) } : address;
  const ofServer = async (server: Server, proxy: string): Promise<Server> => {
    const whose = `proxy '${proxy}', server '${server.name}'`;
    return {
      ...server,
      address: await ofAddress(server.address, whose),
      addr: server.addr === null ? null : await resolve(server.addr, whose),
    };
  };
  const ofProxy = async (proxy: Proxy): Promise<Proxy> => ({
    ...proxy,
    log: await ofLogs(proxy.log),
    servers: await Promise.all(proxy.servers.map((server) => ofServer(server, proxy.name))),
    dispatch: proxy.dispatch === null
      ? null
      : await ofAddress(proxy.dispatch, `proxy '${proxy.name}', dispatch`),
  });
  const { global, proxies } = configuration;
  const log = ofLogs(global.log);
  return {
    ...configuration,
    proxies: await Promise.all(proxies.map(ofProxy)),
    global: { ...global, log: await log },
  };
}

/** What a promise resolves to, if it does so within `ms`; else null. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => timer = setTimeout(resolve, ms, null));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
