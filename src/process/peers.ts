/** Sharing stick tables with other processes: the 'peers' sections of a configuration. */
import { hostname } from "node:os";
import process from "node:process";
import type { Configuration } from "../config/model.ts";
import type { Endpoint, Network } from "../net/socket.ts";
import { type Links, startLinks } from "../stick-table/peers/links.ts";
import type { Tables } from "../stick-table/tables.ts";
import { systemClock } from "../time/clock.ts";

/** What shares. */
export interface Sharing {
  close(): void;
}

/**
 * Starts to share the tables.
 * @param warn called where a section cannot share, for this process is not in it
 * @throws {SocketError} if an address cannot be listened on
 */
export function startSharing(
  { global, peers }: Configuration,
  tables: Tables,
  network: Network,
  warn: (line: string) => void,
): Sharing {
  const own = global.localpeer ?? hostname();
  const links: Links[] = [];
  try {
    for (const section of peers) {
      const shared = tables.definitions.flatMap(({ name, peers, wireName }) =>
        peers === section.name ? [{ name: wireName, table: tables.get(name)! }] : []
      );
      if (section.disabled || shared.length === 0) continue;
      const local = section.peers.find(({ name }) => name === own);
      const at = section.bind ?? endpointOf(local?.address ?? null);
      if (local === undefined || at === null) {
        warn(
          `warning: peers '${section.name}' share nothing: none of them is this process, '${own}'`,
        );
        continue;
      }
      links.push(startLinks({
        own,
        at: anywhere(at),
        peers: section.peers.flatMap(({ name, address }) => {
          const to = name === own ? null : endpointOf(address);
          return to === null ? [] : [{ name, address: to }];
        }),
        tables: shared,
        keys: tables.serverKeys,
        writeTo: ({ config }) => config.writeTo === null ? null : tables.get(config.writeTo),
        network,
        clock: systemClock,
        pid: process.pid,
        random: Math.random,
      }));
    }
  } catch (error) {
    for (const each of links) each.close();
    throw error;
  }
  return {
    close() {
      for (const each of links) each.close();
    },
  };
}

type Address = Configuration["peers"][number]["peers"][number]["address"];

function endpointOf(address: Address): Endpoint | null {
  if (address === null || address.kind !== "ip") return address;
  return address.port === null ? null : { kind: "ip", host: address.host, port: address.port };
}

function anywhere(at: Endpoint): Endpoint {
  return at.kind === "ip" && at.host === "*" ? { ...at, host: "0.0.0.0" } : at;
}
