/** How many connections the process may have, by its descriptors (manual: "maxconn", global). */
import { readFileSync } from "node:fs";
import type { Configuration, Global } from "../config/model.ts";
import { C } from "../net/linux/calls.ts";

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

/** getrlimit(2) */
const RLIMIT_NOFILE = 7;

/** What became of `ulimit-n` and `fd-hard-limit`. */
export interface DescriptorLimit {
  /** See {@linkcode descriptorLimit}. */
  readonly limit: number | null;
  /** Why it is not what was asked for; null: it is. */
  readonly lack: string | null;
}

/**
 * Raises the process's limit of descriptors as the configuration says (manual: "ulimit-n"): it is
 * never lowered, but no more than so many are counted on.
 */
export function raiseDescriptorLimit({ ulimitN, fdHardLimit }: Global): DescriptorLimit {
  const most = fdHardLimit ?? Infinity;
  const before = descriptorLimit();
  if (ulimitN === null) return { limit: atMost(before, most), lack: null };
  const wanted = Math.min(ulimitN, most);
  if (before !== null && before >= wanted) return { limit: wanted, lack: null };
  const limits = new BigUint64Array(new ArrayBuffer(1024));
  let set = -1;
  try {
    C.prlimit(0, RLIMIT_NOFILE, null, limits);
    const hard = BigInt(wanted) > limits[1]! ? BigInt(wanted) : limits[1]!;
    limits[0] = BigInt(wanted);
    limits[1] = hard;
    set = C.prlimit(0, RLIMIT_NOFILE, limits, null);
  } catch {
    // Without the C library nothing can be raised.
  }
  if (set === 0) return { limit: wanted, lack: null };
  const after = descriptorLimit();
  return {
    limit: atMost(after, most),
    lack: `cannot raise the limit of descriptors to ${wanted}: it is ${after ?? "unknown"}`,
  };
}

function atMost(limit: number | null, most: number): number | null {
  return limit === null ? (most === Infinity ? null : most) : Math.min(limit, most);
}

/** What was made of `maxconn` and the limit. */
export type Connections =
  | { readonly maxconn: number; readonly warning?: string }
  | { readonly error: string };

/**
 * The connections that the process may have. Each needs two descriptors, the client's and the
 * server's; listeners and checks need one each, and name servers that are asked two: for datagrams,
 * and for what is too long for one.
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
  for (const { nameservers } of configuration.resolvers) fixed += 2 * nameservers.length;
  if (limit === null) return { maxconn: wanted ?? 2000 };
  const possible = Math.floor((limit - fixed) / 2);
  if (wanted === null && possible > 0) {
    return { maxconn: Math.min(possible, mostDescriptors / 2) };
  }
  if (wanted !== null && wanted <= possible) return { maxconn: wanted };
  const needed = fixed + 2 * (wanted ?? 1);
  const error =
    `maxconn ${wanted ?? 1} needs ${needed} descriptors, and the process may open ${limit}: ` +
    `raise the limit ('ulimit -n ${needed}', LimitNOFILE= of systemd)` +
    (possible > 0 ? ` or set 'maxconn ${possible}' at most` : "");
  if (configuration.global.strictLimits !== false || possible <= 0) return { error };
  return { maxconn: possible, warning: `${error}; it is ${possible} now` };
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
