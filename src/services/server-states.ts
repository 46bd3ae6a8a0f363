/**
 * The states of servers as text, which a later process takes over: the answer to "show servers state",
 * and the files of "load-server-state-from-file" (manual, chapter 4.2; management manual, 9.3).
 */
import type { BackendControl, ServerControl } from "./control.ts";

const stateHeader =
  "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight " +
  "srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health " +
  "srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord " +
  "srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n";

/** The numbers of check statuses in HAProxy: 0 and 1 are before the first check. */
const statusNumbers: Readonly<Record<string, number>> = {
  HANA: 4,
  SOCKERR: 5,
  L4OK: 6,
  L4TOUT: 7,
  L4CON: 8,
  L6OK: 9,
  L6TOUT: 10,
  L6RSP: 11,
  L7TOUT: 12,
  L7RSP: 13,
  L7OK: 14,
  L7OKC: 15,
  L7STS: 16,
  PROCERR: 17,
  PROCTOUT: 18,
  PROCOK: 19,
};

/** A server's line in the state that a later process takes over. */
function stateLine(server: ServerControl): string {
  const { facts, id, name, host, admin, weight, initialWeight, check, checked, port } = server;
  const { checkedAt: at } = server;
  const { status } = check?.last ?? {};
  const operational = server.maintained || !server.up ? 0 : server.stopping ? 3 : 2;
  const passed = status === undefined ? 0 : check?.last?.passed === true ? 3 : 2;
  const health = check === null ? (server.up ? 0 : 0) : check.paused ? 0 : check.health;
  const checkState = checked
    ? 6 + (check?.paused === true ? 8 : 0)
    : server.unchecked
    ? 2
    : server.maintained
    ? 8
    : 0;
  return [
    facts.id,
    facts.name,
    id,
    name,
    host,
    operational,
    admin,
    weight,
    initialWeight,
    Math.max(0, Math.floor(server.changedFor / 1000)),
    status === undefined ? 1 : statusNumbers[status] ?? 1,
    checked ? passed : 0,
    checked ? health : server.up && !server.maintained ? 2 : 0,
    checkState,
    // Set up, enabled, and an agent's.
    server.agent === null ? 0 : 22,
    0,
    0,
    server.fqdn ?? "-",
    port,
    server.service ?? "-",
    server.tls ? 1 : 0,
    at.port ?? 0,
    at.addr ?? "-",
    at.agentAddr ?? "-",
    at.agentPort ?? 0,
  ].join(" ");
}

/** The states of all servers of some backends. */
export function statesOf(backends: readonly BackendControl[]): string {
  const lines = backends.flatMap(({ servers }) =>
    servers.map((server) => `${stateLine(server)}\n`)
  );
  return `1\n${stateHeader}${lines.join("")}`;
}

/** Bits of srv_admin_state. */
const MAINTENANCE = 1;
const DRAIN = 8;
const STOPPED = 0;

/**
 * Gives servers the states that a text says, by the names of their backends and their own: what was
 * set by hand, weights that differ from what the configuration says, and who is down. As in HAProxy,
 * a weight counts only where the configuration still says the same as it did.
 * @returns what is odd in the text, for people to read
 */
export function applyStates(text: string, backends: readonly BackendControl[]): string[] {
  const [version = "", ...lines] = text.split("\n");
  if (version.trim() === "") return [];
  if (version.trim() !== "1") return [`states of servers of version '${version}': not read`];
  const odd: string[] = [];
  const byName = new Map(
    backends.flatMap(({ facts, servers }) =>
      servers.map((server) => [`${facts.name}/${server.name}`, server] as const)
    ),
  );
  for (const line of lines) {
    if (line === "" || line.startsWith("#")) continue;
    const words = line.split(" ");
    if (words.length < 12) {
      odd.push(`states of servers: a line has ${words.length} words: '${line}'`);
      continue;
    }
    // A server that is not there any more is nothing odd.
    const server = byName.get(`${words[1]}/${words[3]}`);
    if (server !== undefined) apply(server, words);
  }
  return odd;
}

function apply(server: ServerControl, words: readonly string[]): void {
  const [operational, bits, weight, initial] = words.slice(5, 9).map(Number) as [
    number,
    number,
    number,
    number,
  ];
  if ((bits & MAINTENANCE) !== 0) {
    if (!server.maintained) server.setMaintenance(true);
  } else if ((bits & DRAIN) !== 0 && !server.draining) server.setState("drain");
  if (initial === server.initialWeight && weight !== server.weight && weight >= 0) {
    server.setWeight(weight);
  }
  const port = Number(words[18]);
  if (port > 0 && port !== server.port && server.service === null) server.setAddress(null, port);
  // One that nobody checks would never come up again.
  if (operational === STOPPED && bits === 0 && server.up && server.check !== null) {
    server.setHealth("down");
  }
}
