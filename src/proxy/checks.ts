/** Sets up the health checks of all servers, and carries what they find to the backends. */
import { type Checker, startChecker } from "../health/checker.ts";
import { httpProbe } from "../health/http.ts";
import { downNotice, noServerNotice, upNotice } from "../health/notice.ts";
import type { Probe } from "../health/probe.ts";
import type { CheckResult } from "../health/result.ts";
import { startOffsets } from "../health/schedule.ts";
import { checkTarget } from "../health/target.ts";
import { tcpProbe } from "../health/tcp.ts";
import type { Backend } from "./backend.ts";
import type { Runtime } from "./runtime.ts";
import type { Server } from "./server.ts";

/**
 * Starts to check every server with `check`.
 * @param spreadChecks percent of noise in the intervals
 * @returns a function that ends all checks
 */
export function startChecks(
  backends: readonly Backend[],
  spreadChecks: number,
  runtime: Runtime,
): () => void {
  const checked = backends.flatMap((backend) =>
    backend.servers.flatMap((server) => {
      const probe = server.config.check && !server.config.disabled
        ? probeOf(server, runtime)
        : null;
      return probe === null ? [] : [{ server, probe }];
    })
  );
  const offsets = startOffsets(checked.map(({ server }) => server.config.inter));
  const checkers: Checker[] = checked.map(({ server, probe }, i) =>
    startChecker({
      settings: server.config,
      offset: offsets[i]!,
      spreadChecks,
      probe,
      clock: runtime.clock,
      random: Math.random,
      changed: (change, result) => changed(server, change, result, runtime),
    })
  );
  return () => checkers.forEach((checker) => checker.stop());
}

/** How to check `server`; null if no port can be found, which the configuration check refuses. */
function probeOf({ config, address, backend }: Server, runtime: Runtime): Probe | null {
  const target = checkTarget(backend.config, config, address, config.addr);
  if (target === null) return null;
  const { check } = backend.config;
  return check.kind === "http"
    ? httpProbe(runtime.network, runtime.clock, target, check)
    : tcpProbe(runtime.network, runtime.clock, target);
}

function changed(
  server: Server,
  change: "up" | "down",
  result: CheckResult,
  runtime: Runtime,
): void {
  const { backend } = server;
  const waited = server.queue.length + backend.queue.length;
  const hadServers = backend.active.length > 0;
  server.up = change === "up";
  backend.stateChanged(server);
  const up = backend.servers.filter((other) => other.usable);
  const counts = {
    active: up.filter(({ config }) => !config.backup).length,
    backup: up.filter(({ config }) => config.backup).length,
    sessions: server.current,
    requeued: Math.max(0, waited - server.queue.length - backend.queue.length),
    queued: backend.queue.length,
  };
  const subject = {
    proxy: backend.config.name,
    server: server.name,
    backup: server.config.backup,
  };
  const notice = change === "up"
    ? upNotice(subject, result, counts)
    : downNotice(subject, result, counts);
  runtime.log.event(backend.config, notice.level, notice.text);
  if (hadServers && backend.active.length === 0) {
    const last = noServerNotice(backend.config.kind, backend.config.name);
    runtime.log.event(backend.config, last.level, last.text);
  }
}
