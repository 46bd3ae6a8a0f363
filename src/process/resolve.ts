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
  const known = new Map<string, Promise<string>>();
  const resolve = (name: string): Promise<string> => {
    if (isIP(name) !== 0) return Promise.resolve(name);
    let address = known.get(name);
    if (address === undefined) {
      address = lookup(name).then((found) => found.address, () => {
        throw new ResolveError(`could not resolve '${name}'`);
      });
      known.set(name, address);
    }
    return address;
  };
  const ofAddress = async (address: ServerAddress): Promise<ServerAddress> =>
    address.kind === "ip" ? { ...address, host: await resolve(address.host) } : address;
  const ofServer = async (server: Server): Promise<Server> => ({
    ...server,
    address: await ofAddress(server.address),
    addr: server.addr === null ? null : await resolve(server.addr),
  });
  const ofProxy = async (proxy: Proxy): Promise<Proxy> => ({
    ...proxy,
    servers: await Promise.all(proxy.servers.map(ofServer)),
    dispatch: proxy.dispatch === null ? null : await ofAddress(proxy.dispatch),
  });
  return { ...configuration, proxies: await Promise.all(configuration.proxies.map(ofProxy)) };
}
