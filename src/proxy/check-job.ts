/** What the checks of a server are made from: where it is, its proxy's rules, how it is seen. */
import { hostname } from "node:os";
import { externalProbe, programFor, type RunProgram, type Told } from "../health/external.ts";
import type { CheckJob } from "../health/kinds.ts";
import type { CheckPlan } from "../health/plan.ts";
import type { Probe, Target } from "../health/probe.ts";
import type { CheckRule } from "../health/rules.ts";
import { checkTarget } from "../health/target.ts";
import { showEndpoint } from "../net/socket.ts";
import type { Server } from "./server.ts";
import { nameOf } from "./server-address.ts";

/**
 * How to check `server`; null: not at all. That no port can be found is refused by the
 * configuration check.
 */
export function planOf(server: Server): CheckPlan | null {
  const { config, backend } = server;
  const { check } = backend.config;
  if (!config.check) return null;
  const target = targetOf(server);
  const rules = rulesOf(server);
  const own = dependsOnServer(server, rules) ? `${backend.index}/${server.index}` : null;
  return target === null ? null : { target, check, rules, settings: config, own };
}

/** Where a server is checked now; null: that cannot be said. */
function targetOf(server: Server): Target | null {
  const { backend, place, address, checkedAt } = server;
  const addr = checkedAt.addr ?? server.config.addr;
  const config = { ...server.config, addr, port: checkedAt.port ?? server.config.port };
  // Without an address it is not checked.
  const host = place.host ?? "0.0.0.0";
  const now = address.kind === "ip" ? { ...address, host, ...place.port } : address;
  const target = checkTarget(backend.config, config, now, addr);
  if (target !== null) return target;
  // The rules, or a program, know the port.
  const portless = now.kind === "ip" ? { ...now, port: 0 } : now;
  return checkTarget(backend.config, config, portless, addr);
}

function rulesOf({ backend: { config } }: Server): readonly CheckRule[] {
  if (config.check.kind === "http") return config.httpCheck;
  return config.check.kind === "tcp-check" ? config.tcpCheck : [];
}

/** Whether what a check says or means depends on which server it is made for. */
function dependsOnServer(server: Server, rules: readonly CheckRule[]): boolean {
  // With a name, it may move.
  if (nameOf(server) !== null) return true;
  const { config } = server.backend;
  const { kind } = config.check;
  if (server.config.ssl || server.config.checkSsl === true) return true;
  if (rules.some((rule) => rule.rule === "connect" && rule.ssl)) return true;
  if (kind === "external") return true;
  if (kind === "http" && (config.sendState || config.disableOn404)) return true;
  return rules.some(({ rule }) => rule.startsWith("set-var")) ||
    JSON.stringify(rules).includes("%");
}

/**
 * The job of a plan's checks, made for `server`.
 * @param health what is known of it: its checks' count, see health/state.ts
 */
export function jobOf(server: Server, plan: CheckPlan, health: () => number): CheckJob {
  const { config } = server.backend;
  return {
    target: () => targetOf(server) ?? plan.target,
    tcpRules: config.tcpCheck,
    httpRules: config.httpCheck,
    state: config.sendState ? () => stateField(server, health()) : null,
    mayStop: () => config.disableOn404 && server.up,
    program: programProbe(server),
  };
}

/** The program of `option external-check`, run for a server. */
function programProbe(server: Server): Probe {
  const { config, runtime } = server.backend;
  const { clock, run = noPrograms } = runtime;
  const { externalCommand, externalPath } = config;
  return externalProbe(
    clock,
    config.timeout.check ?? server.config.inter,
    run,
    () => programFor(externalCommand ?? "", externalPath, told(server)),
  );
}

const noPrograms: RunProgram = (_, done) => {
  done(255);
  return () => {};
};

/** What programs are told of a server, and of its proxy. */
function told(server: Server): Told {
  const { config, backend, place, address, slots } = server;
  const [listener] = backend.config.bind;
  const at = listener?.address;
  return {
    proxy: { name: backend.config.name, id: backend.index + 1 },
    listener: at === undefined
      ? null
      : at.kind === "ip"
      ? { address: at.host === "*" ? "0.0.0.0" : at.host, port: at.port }
      : { address: showEndpoint(at), port: null },
    server: {
      name: config.name,
      id: server.index + 1,
      address: address.kind === "ip" ? place.host ?? "" : showEndpoint(address),
      port: address.kind === "ip" ? place.port.port : null,
      maxconn: config.maxconn,
      connections: slots.value,
      ssl: server.config.ssl,
      protocol: backend.config.mode === "http" ? "h1" : "tcp",
    },
  };
}

/** How a server is seen, for itself (manual: "http-check send-state"). */
function stateField(server: Server, health: number): string {
  const { config, backend, place } = server;
  const { rise, fall } = config;
  const word = server.stopping ? "NOLB" : server.up ? "UP" : "DOWN";
  const whole = server.up ? health === rise + fall - 1 : health === 0;
  const count = server.up ? `${health - rise + 1}/${fall}` : `${health}/${rise}`;
  const total = backend.servers.reduce(
    (sum, { active, weight }) => active ? sum + weight : sum,
    0,
  );
  const all = backend.servers.reduce((sum, { slots }) => sum + slots.value, 0);
  return [
    whole ? word : `${word} ${count}`,
    `address=${place.host ?? "unix"}`,
    `port=${place.host === null ? "unix" : place.port.port ?? 0}`,
    `name=${backend.config.name}/${config.name}`,
    `node=${hostname()}`,
    `weight=${server.weight}/${total}`,
    `scur=${server.slots.value}/${all}`,
    `qcur=${server.queue.length}`,
  ].join("; ");
}
