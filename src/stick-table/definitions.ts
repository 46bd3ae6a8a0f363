/** Which stick tables a configuration has: those of its proxies, and those of its 'peers' sections. */
import type { Configuration, Proxy, StickTable } from "../config/model.ts";

const servers: StickTable["store"] = [
  { type: "server_id", elements: 1, period: 0 },
  { type: "server_key", elements: 1, period: 0 },
];

/**
 * The tables that the "stick" rules of a section refer to, by their names: its own one, where none is
 * said.
 */
function stickTables(name: string, rules: Proxy["stick"]): string[] {
  return rules.map(({ words }) => words[1] === "table" ? words[2] ?? name : name);
}

/** A table to be. */
export interface TableDefinition {
  /** As expressions and operators call it. */
  readonly name: string;
  readonly config: StickTable;
  /** The 'peers' section that it is shared in; null: none. */
  readonly peers: string | null;
  /** As peers call it. */
  readonly wireName: string;
}

/**
 * The tables of a configuration, in its order.
 * @param proxies those that are enabled
 */
export function definitionsOf(
  { peers }: Pick<Configuration, "peers">,
  proxies: readonly (Pick<Proxy, "name" | "stickTable"> & Partial<Pick<Proxy, "stick">>)[],
): TableDefinition[] {
  // Those by which clients stick to servers also store these.
  const sticky = new Set(proxies.flatMap(({ name, stick = [] }) => stickTables(name, stick)));
  const whole = (name: string, config: StickTable): StickTable => {
    if (!sticky.has(name)) return config;
    const missing = servers.filter(({ type }) => !config.store.some((each) => each.type === type));
    return { ...config, store: [...config.store, ...missing] };
  };
  const shared = (section: string | null) =>
    peers.some(({ name, disabled }) => name === section && !disabled) ? section : null;
  const ofProxies = proxies.flatMap(({ name, stickTable }) =>
    stickTable === null ? [] : [{
      name,
      config: whole(name, stickTable),
      peers: shared(stickTable.peers),
      wireName: name,
    }]
  );
  const ofPeers = peers.flatMap((section) =>
    section.tables.map(({ name, ...config }) => ({
      name: `${section.name}/${name}`,
      config: whole(`${section.name}/${name}`, config),
      peers: shared(section.name),
      wireName: `/${name}`,
    }))
  );
  return [...ofProxies, ...ofPeers];
}
