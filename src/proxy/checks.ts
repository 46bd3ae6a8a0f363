/**
 * Sets up the health checks of all servers: what is checked, and which servers share a check or
 * follow another server; and carries on what they find.
 */
import type { Checks } from "./server-checks.ts";
import { type Checker, type Report, startChecker } from "../health/checker.ts";
import { hostname } from "node:os";
import process from "node:process";
import { checkExpressions, checkReferences } from "../config/check-texts.ts";
import type { Configuration } from "../config/model.ts";
import { constantExpressions } from "../health/expressions.ts";
import { type CheckRuntime, probeOf } from "../health/kinds.ts";
import { checkNotice, sharedNotice } from "../health/notice.ts";
import { eventWords } from "../health/observe.ts";
import { type CheckPlan, identity } from "../health/plan.ts";
import { startOffsets } from "../health/schedule.ts";
import { agentSettings, countsForAgent, startAgent } from "./agents.ts";
import type { Backend } from "./backend.ts";
import { contextOf } from "./check-context.ts";
import { jobOf, planOf } from "./check-job.ts";
import { changeStates, type Health, subjectOf } from "./server-state.ts";
import { withTls } from "./tls/checks.ts";
import { remove, type Runtime } from "./runtime.ts";
import type { Server } from "./server.ts";
import { endSlowStart } from "./slow-start.ts";
import { followDisabled, removeFollower, trackers } from "./track.ts";

export type { Checks } from "./server-checks.ts";

/** Servers that one check serves: their plans are the same. */
interface Shared {
  readonly plan: CheckPlan;
  readonly servers: [Server, ...Server[]];
}

/**
 * Starts to check every server with `check`, those whose checks would be the same by one check, and
 * lets the servers with `track` follow.
 */
export function startChecks(
  backends: readonly Backend[],
  configuration: Configuration,
  runtime: Runtime,
): Checks {
  const { spreadChecks } = configuration.global;
  const { clock } = runtime;
  const random = runtime.random ?? Math.random;
  const followers = trackers(backends);
  followDisabled(backends, followers);
  const checks = sharedChecks(backends);
  for (const { servers } of checks) logShared(servers, runtime);
  const withAgents = backends.flatMap(({ servers }) => servers).filter(hasAgent);
  const on: CheckRuntime = {
    ...runtime,
    random,
    bufferSize: runtime.headLimit,
    expressions: constantExpressions,
  };
  const references = (server: Server) =>
    checkReferences(configuration, server.backend.config.name, {
      hostname: hostname(),
      pid: process.pid,
    });
  const withExpressions = (server: Server): CheckRuntime => ({
    ...on,
    expressions: checkExpressions(references(server), contextOf(server)),
  });
  const offsets = startOffsets([
    ...checks.map(({ plan }) => plan.settings.inter),
    ...withAgents.map(({ config }) => config.agentInter),
  ], runtime.global.maxSpreadChecks ?? Infinity);
  const byServer = new Map<Server, { readonly checker: Checker; readonly servers: Server[] }>();
  const of = (server: Server): Checker | null => byServer.get(server)?.checker ?? null;
  const agents = new Map<Server, Checker>();
  /** Those whose checks were turned off by hand. */
  const off = new Set<Server>();

  function startCheck({ plan, servers }: Shared, offset: number): void {
    const checker: Checker = startChecker({
      settings: plan.settings,
      initState: servers[0].config.initState,
      offset,
      spreadChecks,
      probe: probeOf(
        plan.check,
        jobOf(servers[0], plan, () => checker.health),
        withTls(servers[0], withExpressions(servers[0])),
      ),
      clock,
      random,
      ended: (report) => checked(servers, checker, report),
    });
    for (const server of servers) byServer.set(server, { checker, servers });
  }
  function startAsking(server: Server, offset: number): void {
    const agent = startChecker({
      settings: agentSettings(server),
      offset,
      spreadChecks,
      probe: startAgent(server, on, () => all),
      clock,
      random,
      counts: countsForAgent,
      ended: (report) => asked(server, report),
    });
    agents.set(server, agent);
  }
  checks.forEach((shared, i) => startCheck(shared, offsets[i]!));
  withAgents.forEach((server, i) => startAsking(server, offsets[checks.length + i]!));

  /** The checks that servers share have brought something. */
  function checked(servers: readonly Server[], checker: Checker, report: Report): void {
    const { result, wasUp } = report;
    for (const server of servers) {
      if (server.maintained || off.has(server)) continue;
      if (!result.passed && wasUp) server.checkFailures++;
      if (result.passed) server.errors.clear();
      if (report.news) logNews(server, "Health", report, checker, server.config);
    }
    const health: Health | null = !result.passed
      ? (checker.health === 0 ? "down" : null)
      : !checker.up
      ? null
      : result.conditional
      ? "stopping"
      : "up";
    if (health === null) return;
    const ready = servers.filter((server) => health === "down" || agents.get(server)?.up !== false);
    change(ready, health, report);
  }

  /** An agent has answered, or not. */
  function asked(server: Server, report: Report): void {
    const { result } = report;
    const agent = agents.get(server)!;
    if (report.news) logNews(server, "Agent", report, agent, { rise: 1, fall: 1 });
    if (result.status === "L7STS") return change([server], "down", report);
    if (!result.passed || server.up || of(server)?.up === false) return;
    change([server], "up", report);
  }

  function change(servers: readonly Server[], health: Health, { result }: Report): void {
    // What the log has said of the check need not be said again.
    for (const logged of [true, false]) {
      const some = servers.filter(({ backend }) => backend.config.logHealthChecks === logged);
      if (some.length > 0) changeStates(some, followers, health, logged ? null : result, runtime);
    }
  }

  function logNews(
    server: Server,
    by: "Health" | "Agent",
    { result }: Report,
    { health }: Checker,
    { rise, fall }: { readonly rise: number; readonly fall: number },
  ): void {
    const { config } = server.backend;
    if (!config.logHealthChecks) return;
    const news = { by, result, health, rise, fall, weight: server.givenWeight };
    const { level, text } = checkNotice(subjectOf(server), news);
    runtime.log.event(config, level, text);
    runtime.mail?.(config, "info", text);
  }

  function update(server: Server): void {
    const own = byServer.get(server);
    if (own === undefined) return;
    if (own.servers.every((each) => each.maintained || off.has(each))) own.checker.pause();
    else own.checker.resume();
  }
  for (const { servers } of checks) update(servers[0]);
  const all: Checks = {
    of,
    agentOf: (server) => agents.get(server) ?? null,
    maintenanceChanged: update,
    observed(server, errors, event) {
      const checker = of(server);
      if (checker === null || server.maintained) return;
      const { onError, rise } = server.config;
      if (onError === "sudden-death" && checker.health > rise) checker.setHealth(rise + 1);
      if (onError === "mark-down") checker.setHealth(rise);
      if (onError !== "fastinter") {
        const info = `Detected ${errors} consecutive errors, last one was: ${eventWords(event)}`;
        checker.take({ status: "HANA", code: null, info });
      }
      checker.hasten();
    },
    followers,
    setChecking(server, on) {
      if (on) off.delete(server);
      else off.add(server);
      update(server);
    },
    separate(server) {
      const own = byServer.get(server);
      if (own === undefined || own.servers.length === 1) return;
      // The checks that go on are made for the first one.
      const moved = own.servers[0] === server ? own.servers.slice(1) : [server];
      const plan = planOf(moved[0]!);
      if (plan === null) return;
      for (const each of moved) remove(own.servers, each);
      startCheck({ plan, servers: [moved[0]!, ...moved.slice(1)] }, plan.settings.inter);
      of(moved[0]!)!.setHealth(own.checker.health);
      update(server);
      update(moved[0]!);
    },
    add(server) {
      const plan = planOf(server);
      if (plan !== null) startCheck({ plan, servers: [server] }, plan.settings.inter);
      if (hasAgent(server)) startAsking(server, server.config.agentInter);
      all.setChecking(server, false);
      agents.get(server)?.pause();
    },
    remove(server) {
      const own = byServer.get(server);
      if (own !== undefined) remove(own.servers, server);
      if (own?.servers.length === 0) own.checker.stop();
      byServer.delete(server);
      off.delete(server);
      agents.get(server)?.stop();
      agents.delete(server);
      removeFollower(followers, server);
      endSlowStart(server);
    },
    stop() {
      for (const { checker } of byServer.values()) checker.stop();
      for (const agent of agents.values()) agent.stop();
      for (const { servers } of backends) servers.forEach(endSlowStart);
    },
  };
  return all;
}

function hasAgent({ config }: Server): boolean {
  return config.agentCheck && config.agentPort !== null;
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
