/**
 * Servers follow their names while the proxy runs (manual, chapter 5.3): on the main thread, from
 * where all threads have a server's address by the memory that they share.
 */
import type * as model from "../config/model.ts";
import { isService } from "../config/keywords/server-names.ts";
import { noCounts } from "../dns/nameserver.ts";
import { Resolver } from "../dns/resolver.ts";
import { type NameserverAddress, nameserversOver } from "../dns/transports.ts";
import type { ResolverFacts } from "../services/control.ts";
import type { Backend } from "./backend.ts";
import type { Checks } from "./checks.ts";
import { FollowedServer } from "./followed-server.ts";
import { FollowedService } from "./followed-service.ts";
import type { Runtime } from "./runtime.ts";
import { admin, type Server } from "./server.ts";
import { nameOf } from "./server-address.ts";

/**
 * The addresses that servers with names begin with, by "proxy/server"; null, or not there: a server
 * begins without one, in maintenance.
 */
export type InitialAddresses = ReadonlyMap<string, string | null>;

/** The resolvers of an instance. */
export interface Following {
  /** The resolver of a section, for who wants to know an address; null: there is no such section. */
  resolver(name: string): Resolver<NameserverAddress> | null;
  /** All sections, those that have not been used among them. */
  facts(): ResolverFacts[];
  /** How a server follows its name; null: it does not. */
  serverOf(server: Server): FollowedServer | null;
  /** Ends it. */
  stop(): void;
}

/** Gives the servers their first addresses, before anything runs. */
export function setInitialAddresses(
  backends: readonly Backend[],
  addresses: InitialAddresses,
): void {
  for (const { config, servers } of backends) {
    for (const server of servers) {
      const name = nameOf(server);
      if (name === null) continue;
      const found = addresses.get(`${config.name}/${server.name}`) ?? null;
      const port = isService(name) ? { port: 0, portOffset: 0 } : server.place.port;
      server.place.set(found, port);
      if (found === null) server.admin |= admin.unresolved;
    }
  }
}

/** From 0 to 1. Who could guess the numbers of queries could answer them (RFC 5452, section 4.3). */
function unpredictable(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}

/** Starts to follow the names of all servers that have `resolvers`. */
export function startFollowing(
  { resolvers: sections, global }: Pick<model.Configuration, "resolvers" | "global">,
  backends: readonly Backend[],
  checks: Checks,
  runtime: Runtime,
): Following {
  const { dnsAcceptFamily } = global;
  const family = dnsAcceptFamily === "ipv4" ? 4 : dnsAcceptFamily === "ipv6" ? 6 : null;
  const resolvers = new Map<string, Resolver<NameserverAddress>>();
  const deps = {
    clock: runtime.clock,
    random: runtime.random ?? unpredictable,
    open: nameserversOver(runtime.network, runtime.clock),
  };
  const resolver = (name: string) => {
    const known = resolvers.get(name);
    const section = known === undefined ? sections.find((each) => each.name === name) : undefined;
    if (section === undefined) return known ?? null;
    const made = new Resolver<NameserverAddress>({ ...section, only: family }, deps);
    resolvers.set(name, made);
    return made;
  };
  const followedServers = new Map<Server, FollowedServer>();
  for (const backend of backends) {
    const services = new Map<string, FollowedService>();
    for (const server of backend.servers) {
      const name = nameOf(server);
      const own = server.config.resolvers === null ? null : resolver(server.config.resolvers);
      if (name === null || own === null) continue;
      const followed = new FollowedServer(server, own, checks, family);
      followedServers.set(server, followed);
      if (!isService(name)) {
        followed.follow(name);
        continue;
      }
      // As in HAProxy, the first server of a service says by which resolvers it is followed.
      const service = services.get(name) ?? new FollowedService(own, backend);
      service.add(followed);
      if (!services.has(name)) service.follow(name);
      services.set(name, service);
    }
  }
  return {
    resolver,
    facts: () =>
      sections.map(({ name, nameservers }) => ({
        name,
        nameservers: resolvers.get(name)?.nameservers ??
          nameservers.map(({ name }) => ({ name, counts: noCounts() })),
      })),
    serverOf: (server) => followedServers.get(server) ?? null,
    stop: () => {
      for (const each of resolvers.values()) each.close();
    },
  };
}
