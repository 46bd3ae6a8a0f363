/** Sets up the health checks of all servers, and carries what they find to the backends. */
import type * as model from "../config/model.ts";
import { type Checker, startChecker } from "../health/checker.ts";
import { httpProbe } from "../health/http.ts";
import { downNotice, noServerNotice, upNotice } from "../health/notice.ts";
import { checkTimeouts, type Probe, type Target } from "../health/probe.ts";
import type { CheckResult } from "../health/result.ts";
import { startOffsets } from "../health/schedule.ts";
import { tcpProbe } from "../health/tcp.ts";
import type { Endpoint } from "../net/socket.ts";
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
    backend.servers.filter(({ config }) => config.check && !config.disabled)
  );
  const offsets = startOffsets(checked.map(({ config }) => config.inter));
  const checkers: Checker[] = checked.map((server, i) => {
    const checker: Checker = startChecker({
      settings: server.config,
      offset: offsets[i]!,
      spreadChecks,
      probe: probeOf(server, runtime),
      clock: runtime.clock,
      random: Math.random,
      changed: (change, result) => changed(server, change, result, runtime),
    });
    return checker;
  });
  return () => checkers.forEach((checker) => checker.stop());
}

function probeOf(server: Server, runtime: Runtime): Probe {
  const { config, backend } = server;
  const { check, timeout } = backend.config;
  const target: Target = {
    endpoint: checkEndpoint(server),
    options: server.connectOptions,
    timeouts: checkTimeouts(config.inter, timeout),
  };
  return check.kind === "http"
    ? httpProbe(runtime.network, runtime.clock, target, check)
    : tcpProbe(runtime.network, runtime.clock, target);
}

/** Where to check: the server's address, unless `addr` or `port` say otherwise. */
function checkEndpoint({ config, address, backend }: Server): Endpoint {
  if (address.kind !== "ip") return address;
  return {
    kind: "ip",
    host: config.addr ?? address.host,
    port: config.port ?? address.port ?? firstPort(backend.config),
  };
}

/** A server without a port is checked on that of its proxy's first listener. */
function firstPort(proxy: model.Proxy): number {
  const address = proxy.bind[0]?.address;
  return address?.kind === "ip" ? address.port : 0;
}

function changed(
  server: Server,
  change: "up" | "down",
  result: CheckResult,
  runtime: Runtime,
): void {
  const { backend } = server;
  const waited = server.queue.length + backend.queue.length;
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
  if (up.length === 0) {
    const last = noServerNotice(backend.config.kind, backend.config.name);
    runtime.log.event(backend.config, last.level, last.text);
  }
}
