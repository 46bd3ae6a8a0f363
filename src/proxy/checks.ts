/**
 * Sets up the health checks of all servers: what is checked, and which servers share a check or
 * follow another server.
 */
import { type Checker, startChecker } from "../health/checker.ts";
import { type CheckRuntime, kindOf } from "../health/kinds.ts";
import { sharedNotice } from "../health/notice.ts";
import { type CheckPlan, identity } from "../health/plan.ts";
import { startOffsets } from "../health/schedule.ts";
import { checkTarget } from "../health/target.ts";
import type { Backend } from "./backend.ts";
import { changeStates, subjectOf } from "./server-state.ts";
import type { Runtime } from "./runtime.ts";
import type { Server } from "./server.ts";
import { followDisabled, trackers } from "./track.ts";

/** Servers that one check serves: their plans are the same. */
interface Shared {
  readonly plan: CheckPlan;
  readonly servers: [Server, ...Server[]];
}

/**
 * Starts to check every server with `check`, those whose checks would be the same by one check, and
 * lets the servers with `track` follow.
 * @param spreadChecks percent of noise in the intervals
 * @returns a function that ends all checks
 */
export function startChecks(
  backends: readonly Backend[],
  spreadChecks: number,
  runtime: Runtime,
): () => void {
  const followers = trackers(backends);
  followDisabled(backends, followers);
  const checks = sharedChecks(backends);
  for (const { servers } of checks) logShared(servers, runtime);
  const on: CheckRuntime = { ...runtime, random: runtime.random ?? Math.random };
  const offsets = startOffsets(checks.map(({ plan }) => plan.settings.inter));
  const checkers: Checker[] = checks.map(({ plan, servers }, i) =>
    startChecker({
      settings: plan.settings,
      offset: offsets[i]!,
      spreadChecks,
      probe: kindOf(plan.check).run(plan.target, plan.check, on),
      clock: runtime.clock,
      random: runtime.random ?? Math.random,
      changed: (change, result) => changeStates(servers, followers, change, result, runtime),
    })
  );
  return () => checkers.forEach((checker) => checker.stop());
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

/**
 * How to check `server`; null: not at all. That no port can be found is refused by the
 * configuration check.
 */
function planOf({ config, address, backend }: Server): CheckPlan | null {
  if (!config.check || config.disabled) return null;
  const target = checkTarget(backend.config, config, address, config.addr);
  return target === null ? null : { target, check: backend.config.check, settings: config };
}

function logShared([first, ...others]: Shared["servers"], { log }: Runtime): void {
  for (const server of others) {
    const { level, text } = sharedNotice(subjectOf(server), subjectOf(first));
    log.event(server.backend.config, level, text);
  }
}
