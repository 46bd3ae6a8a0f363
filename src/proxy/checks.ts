/**
 * Sets up the health checks of all servers: what is checked, and which servers share a check or
 * follow another server.
 */
import { type Checker, startChecker } from "../health/checker.ts";
import { constantExpressions } from "../health/expressions.ts";
import { type CheckRuntime, probeOf } from "../health/kinds.ts";
import { sharedNotice } from "../health/notice.ts";
import { type CheckPlan, identity } from "../health/plan.ts";
import { startOffsets } from "../health/schedule.ts";
import type { Backend } from "./backend.ts";
import { jobOf, planOf } from "./check-job.ts";
import { changeStates, subjectOf } from "./server-state.ts";
import type { Runtime } from "./runtime.ts";
import type { Server } from "./server.ts";
import { followDisabled, type Trackers, trackers } from "./track.ts";

/** The checks of all servers, while they run. */
export interface Checks {
  /** The checks of a server, which others may share; null: it is not checked. */
  of(server: Server): Checker | null;
  /** Checks a server that has come out of maintenance, or no more one that has gone into it. */
  maintenanceChanged(server: Server): void;
  /** The servers that track each server. */
  readonly followers: Trackers;
  /** Ends all checks. */
  stop(): void;
}

/** Servers that one check serves: their plans are the same. */
interface Shared {
  readonly plan: CheckPlan;
  readonly servers: [Server, ...Server[]];
}

/**
 * Starts to check every server with `check`, those whose checks would be the same by one check, and
 * lets the servers with `track` follow.
 * @param spreadChecks percent of noise in the intervals
 */
export function startChecks(
  backends: readonly Backend[],
  spreadChecks: number,
  runtime: Runtime,
): Checks {
  const followers = trackers(backends);
  followDisabled(backends, followers);
  const checks = sharedChecks(backends);
  for (const { servers } of checks) logShared(servers, runtime);
  const on: CheckRuntime = {
    ...runtime,
    random: runtime.random ?? Math.random,
    bufferSize: runtime.headLimit,
    expressions: constantExpressions,
  };
  const offsets = startOffsets(checks.map(({ plan }) => plan.settings.inter));
  const checkers: Checker[] = checks.map(({ plan, servers }, i) =>
    startChecker({
      settings: plan.settings,
      offset: offsets[i]!,
      spreadChecks,
      probe: probeOf(plan.check, jobOf(servers[0], plan, () => checkers[i]!.health), on),
      clock: runtime.clock,
      random: runtime.random ?? Math.random,
      checked: ({ passed }, up) => {
        if (passed || !up) return;
        for (const server of servers) if (!server.maintained) server.checkFailures++;
      },
      changed: (change, result) => changeStates(servers, followers, change, result, runtime),
    })
  );
  const byServer = new Map(
    checks.flatMap(({ servers }, i) => servers.map((server) => [server, i] as const)),
  );
  function update(index: number): void {
    if (checks[index]!.servers.every(({ maintained }) => maintained)) checkers[index]!.pause();
    else checkers[index]!.resume();
  }
  checks.forEach((_, index) => update(index));
  return {
    of(server) {
      const index = byServer.get(server);
      return index === undefined ? null : checkers[index]!;
    },
    maintenanceChanged(server) {
      const index = byServer.get(server);
      if (index !== undefined) update(index);
    },
    followers,
    stop: () => checkers.forEach((checker) => checker.stop()),
  };
}

/** The checks to make, in the order of the configuration. */
function sharedChecks(backends: readonly Backend[]): Shared[] {
  const known = new Map<string, Shared>();
  for (const server of backends.flatMap(({ servers }) => servers)) {
    const plan = planOf(server);
    if (plan === null) continue;
    const key = identity(plan);
    const shared = known.get(key);
    if (shared === undefined) known.set(key, { plan, servers: [server] });
    else shared.servers.push(server);
  }
  return [...known.values()];
}

function logShared(servers: readonly Server[], { log }: Runtime): void {
  const [first, ...others] = servers.filter(({ config }) => !config.disabled);
  for (const server of others) {
    const { level, text } = sharedNotice(subjectOf(server), subjectOf(first!));
    log.event(server.backend.config, level, text);
  }
}
