/** Which stick tables a configuration has: those of its proxies, and those of its 'peers' sections. */
import type { Configuration, Proxy, StickTable } from "../config/model.ts";

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
  proxies: readonly Pick<Proxy, "name" | "stickTable">[],
): TableDefinition[] {
  const shared = (section: string | null) =>
    peers.some(({ name, disabled }) => name === section && !disabled) ? section : null;
  const ofProxies = proxies.flatMap(({ name, stickTable }) =>
    stickTable === null ? [] : [{
      name,
      config: stickTable,
      peers: shared(stickTable.peers),
      wireName: name,
    }]
  );
  const ofPeers = peers.flatMap((section) =>
    section.tables.map(({ name, ...config }) => ({
      name: `${section.name}/${name}`,
      config,
      peers: shared(section.name),
      wireName: `/${name}`,
    }))
  );
  return [...ofProxies, ...ofPeers];
}
