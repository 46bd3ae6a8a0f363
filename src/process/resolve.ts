/** Resolves the names of servers, once, when the proxy starts (manual: "server", address). */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Configuration, Proxy, Server, ServerAddress } from "../config/model.ts";

/** A name that could not be resolved. */
export class ResolveError extends Error {
  override readonly name = "ResolveError";
}

/**
 * The configuration with the addresses that its names stand for.
 * @throws {ResolveError} for the first name that has none
 */
export async function resolveNames(configuration: Configuration): Promise<Configuration> {
  const known = new Map<string, Promise<string | null>>();
  const resolve = async (name: string, whose: string): Promise<string> => {
    if (isIP(name) !== 0) return name;
    let address = known.get(name);
    if (address === undefined) {
      address = lookup(name).then((found) => found.address, () => null);
      known.set(name, address);
    }
    return await address ?? Promise.reject(
      new ResolveError(`${whose}: could not resolve the address '${name}'`),
    );
  };
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
    servers: await Promise.all(proxy.servers.map((server) => ofServer(server, proxy.name))),
    dispatch: proxy.dispatch === null
      ? null
      : await ofAddress(proxy.dispatch, `proxy '${proxy.name}', dispatch`),
  });
  return { ...configuration, proxies: await Promise.all(configuration.proxies.map(ofProxy)) };
}
