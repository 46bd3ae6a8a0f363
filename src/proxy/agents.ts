/** Agents on servers: where they are, and how what they say is done (manual: "agent-check"). */
import { agentMaxconn, agentProbe, type AgentReply, agentWeight } from "../health/agent.ts";
import type { CheckRuntime } from "../health/kinds.ts";
import { checkTimeouts, type Probe, type Target } from "../health/probe.ts";
import type { CheckResult } from "../health/result.ts";
import type { Intervals, Thresholds } from "../health/state.ts";
import type { Checks } from "./server-checks.ts";
import { setAdminState, setWeight } from "./server-admin.ts";
import type { Server } from "./server.ts";
import { hasDynamicWeights } from "./slow-start.ts";

/** How an agent is asked: its word counts at once. */
export function agentSettings({ config }: Server): Thresholds & Intervals {
  return { rise: 1, fall: 1, inter: config.agentInter, fastinter: null, downinter: null };
}

/** An agent that cannot be asked tells nothing of the server. */
export function countsForAgent({ status }: CheckResult): boolean {
  return status === "L7OK" || status === "L7STS";
}

/** What asks the agent of a server. */
export function startAgent(server: Server, on: CheckRuntime, checks: () => Checks): Probe {
  return (done) =>
    agentProbe(
      on,
      () => targetOf(server),
      server.checkedAt.agentSend ?? server.config.agentSend,
      (reply) => obey(server, reply, checks()),
    )(done);
}

function targetOf(server: Server): Target {
  const { config, backend, place, checkedAt } = server;
  const source = config.source ?? backend.config.source;
  return {
    endpoint: {
      kind: "ip",
      host: checkedAt.agentAddr ?? config.agentAddr ?? place.host ?? "127.0.0.1",
      port: checkedAt.agentPort ?? config.agentPort ?? 0,
    },
    options: source === null ? {} : { source: { host: source.host, port: 0 } },
    proxyHeader: null,
    proxyVersion: "v1",
    timeouts: checkTimeouts(config.agentInter, backend.config.timeout),
  };
}

/** Does what an agent says, its health apart. @returns why something could not be done; "" */
function obey(server: Server, reply: AgentReply, checks: Checks): string {
  const warnings: string[] = [];
  const { weight } = server.config;
  if (reply.admin !== null) setAdminState(server, reply.admin, checks);
  if (reply.weight !== null) {
    const found = agentWeight(reply.weight, weight, hasDynamicWeights(server.backend.config));
    if (typeof found === "number") setWeight(server, found);
    else warnings.push(found);
  }
  if (reply.maxconn !== null) {
    const found = agentMaxconn(reply.maxconn);
    if (typeof found !== "number") warnings.push(found);
    else if (found !== server.maxconn) {
      server.maxconn = found;
      server.backend.stateChanged(server);
    }
  }
  return warnings[0] ?? "";
}
