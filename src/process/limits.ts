/** How many connections the process may have, by its descriptors (manual: "maxconn", global). */
import { readFileSync } from "node:fs";
import type { Configuration } from "../config/model.ts";

/** Standard streams, the event loop's own, logs, and some to spare. */
const overhead = 64;
/** A thread's own: its loop, its logs, and what the runtime opens for it. */
const perThread = 16;

/**
 * Where `maxconn` follows from the descriptor limit, no more of these are counted on: containers
 * have limits of a billion, and tables are as large as `maxconn`. HAProxy's DEFAULT_MAXFD.
 */
const mostDescriptors = 1_048_576;

/** Descriptors that the process may open; null where the system does not say. */
export function descriptorLimit(): number | null {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return line === null ? null : Number(line[1]);
  } catch {
    return null;
  }
}

/** What was made of `maxconn` and the limit. */
export type Connections =
  | { readonly maxconn: number }
  | { readonly error: string };

/**
 * The connections that the process may have. Each needs two descriptors, the client's and the
 * server's; listeners and checks need one each.
 * @param wanted the configured limit; null: as many as the descriptors allow
 * @param limit see {@linkcode descriptorLimit}
 * @param beside threads that serve, and their pipes
 */
export function connectionLimit(
  configuration: Configuration,
  wanted: number | null,
  limit: number | null,
  beside = { threads: 0, pipes: 0 },
): Connections {
  let fixed = overhead + beside.threads * perThread + 2 * beside.pipes;
  for (const proxy of configuration.proxies) {
    fixed += 2 * proxy.bind.length + proxy.servers.filter(({ check }) => check).length;
  }
  if (limit === null) return { maxconn: wanted ?? 2000 };
  const possible = Math.floor((limit - fixed) / 2);
  if (wanted === null && possible > 0) {
    return { maxconn: Math.min(possible, mostDescriptors / 2) };
  }
  if (wanted !== null && wanted <= possible) return { maxconn: wanted };
  const needed = fixed + 2 * (wanted ?? 1);
  return {
    error:
      `maxconn ${wanted ?? 1} needs ${needed} descriptors, and the process may open ${limit}: ` +
      `raise the limit ('ulimit -n ${needed}', LimitNOFILE= of systemd)` +
      (possible > 0 ? ` or set 'maxconn ${possible}' at most` : ""),
  };
}

/** Pipes that serve for splicing, where many may have them; few are needed at once. */
const mostPipes = 256;

/**
 * Pipes that the process may have (manual: "maxpipes"): by default a few descriptors of a hundred.
 * @param limit see {@linkcode descriptorLimit}
 */
export function pipesFor({ global }: Configuration, limit: number | null): number {
  return global.maxpipes ?? Math.min(mostPipes, Math.max(4, Math.floor((limit ?? 1024) / 64)));
}
