/** Commands about backends and servers. */
import { isIp } from "../../net/ip/address.ts";
import type { BackendControl, ServerControl } from "../control.ts";
import {
  answer,
  backendOf,
  type Command,
  type CommandContext,
  CommandError,
  refuse,
  serverOf,
} from "./command.ts";

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

/** The backends that a command is about: the one that it names, or all. */
function chosen({ control, args }: CommandContext): BackendControl[] {
  const [name] = args;
  if (name === undefined) return control.proxies.flatMap(({ backend }) => backend ?? []);
  const backend = backendOf(control, name);
  if (backend === null) throw refuse("Can't find backend.");
  return [backend];
}

/** A server's line in the state that a later process takes over. */
export function stateLine(server: ServerControl): string {
  const { facts, id, name, host, admin, weight, initialWeight, check, checked, port } = server;
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
    0,
    0,
    0,
    server.fqdn ?? "-",
    port,
    server.service ?? "-",
    server.tls ? 1 : 0,
    0,
    "-",
    "-",
    0,
  ].join(" ");
}

const initialWeight = (server: ServerControl) => server.initialWeight;

/** @throws {CommandError} */
function setWeight(
  { backend, server }: { backend: BackendControl; server: ServerControl },
  text: string,
) {
  const match = /^([+-]?\d+)(%?)(.*)$/s.exec(text);
  if (match === null) throw new CommandError("Empty weight string empty or preceded by garbage");
  const [, digits, percent, rest] = match;
  if (rest !== "") throw new CommandError("Trailing garbage in weight string");
  const value = Number(digits);
  if (percent === "%") {
    if (value < 0) throw refuse("Relative weight must be positive.");
  } else if (value < 0 || value > 256) {
    throw refuse("Absolute weight can only be between 0 and 256 inclusive.");
  }
  const initial = initialWeight(server);
  const weight = percent === "%" ? Math.min(256, Math.floor(initial * value / 100)) : value;
  if (backend.staticWeights && weight !== 0 && weight !== initial) {
    throw refuse(
      "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
    );
  }
  server.setWeight(weight);
}

/** What `set server` can change. @returns the answer */
const changes: Readonly<
  Record<
    string,
    (found: { backend: BackendControl; server: ServerControl }, args: readonly string[]) => string
  >
> = {
  weight(found, [text]) {
    if (text === undefined) throw refuse("Require <weight> or <weight%>.");
    setWeight(found, text);
    return "";
  },
  state({ server }, [state]) {
    if (state !== "ready" && state !== "drain" && state !== "maint") {
      throw refuse("'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
    }
    server.setState(state);
    return "";
  },
  health({ server }, [health]) {
    if (server.tracked !== null) throw refuse("cannot change health on a tracking server.");
    if (health !== "up" && health !== "stopping" && health !== "down") {
      throw refuse("'set server <srv> health' expects 'up', 'stopping', or 'down'.");
    }
    server.setHealth(health);
    return "";
  },
  agent({ server }, [health]) {
    if (server.agent === null) throw refuse("agent checks are not enabled on this server.");
    if (health !== "up" && health !== "down") {
      throw refuse("'set server <srv> agent' expects 'up' or 'down'.");
    }
    server.setAgentHealth(health);
    return "";
  },
  "agent-addr"() {
    throw new CommandError("agent checks are not enabled on this server");
  },
  "agent-port"() {
    throw new CommandError("agent checks are not enabled on this server");
  },
  "agent-send"() {
    throw refuse("agent checks are not enabled on this server.");
  },
  "check-addr": (_, [address = ""]) => {
    if (!isIp(address)) throw new CommandError(`invalid addr '${address}'`);
    throw refuse("sluice cannot change where a server is checked.");
  },
  "check-port": (_, [port = ""]) => {
    if (!/^\d{1,5}$/.test(port)) throw new CommandError("provided port is not an integer");
    throw refuse("sluice cannot change where a server is checked.");
  },
  addr: setAddress,
  fqdn({ server }, [name]) {
    if (name === undefined) throw refuse("set server <b>/<s> fqdn requires a FQDN.");
    const before = server.fqdn;
    // HAProxy's spelling.
    if (name.toLowerCase() === before && server.service === null) {
      return answer("no need to change the FDQN by 'stats socket command'");
    }
    const refusal = server.setName(name);
    if (refusal !== null) throw refuse(refusal);
    const path = `${server.facts.name}/${server.name}`;
    return answer(`${path} changed its FQDN from ${before} to ${name} by 'stats socket command'`);
  },
  ssl() {
    throw refuse(
      "'set server <srv> ssl' cannot be set.  default-server should define ssl settings",
    );
  },
};

function setAddress({ server }: { server: ServerControl }, args: readonly string[]): string {
  const [address, word, port] = args;
  const by = "by 'stats socket command'";
  if (address === undefined) {
    throw refuse("set server <b>/<s> addr requires an address and optionally a port.");
  }
  if (word !== undefined && word !== "port") {
    throw refuse("set server <b>/<s> addr requires an address and optionally a port.");
  }
  if (!isIp(address)) throw refuse(`Invalid addr '${address}' ${by}`);
  const sameAddress = address === server.host;
  const parts = [
    sameAddress ? "no need to change the addr" : `IP changed from '${server.host}' to '${address}'`,
  ];
  let newPort: number | null = null;
  if (word === "port") {
    if (!/^\d{1,5}$/.test(port ?? "") || Number(port) > 65535 || Number(port) < 1) {
      throw refuse(`${parts[0]}, problem converting port '${port ?? ""}' to an int ${by}`);
    }
    newPort = Number(port);
    parts.push(
      newPort === server.port
        ? "no need to change the port"
        : `port changed from '${server.port}' to '${newPort}'`,
    );
  }
  if (!sameAddress || newPort !== null && newPort !== server.port) {
    server.setAddress(sameAddress ? null : address, newPort);
  }
  return answer(`${parts.join(", ")} ${by}`);
}

const noHealth = "Health check was not configured on this server, cannot enable.";
const noAgent = "Agent was not configured on this server, cannot enable.";

/** See above. */
export const serverCommands: readonly Command[] = [
  {
    name: "show backend",
    usage: "",
    help: "names of all backends",
    run: ({ control }) =>
      "# name\n" +
      control.proxies.flatMap(({ backend, name }) => backend === null ? [] : `${name}\n`).join(""),
  },
  {
    name: "show servers state",
    usage: "[<backend>]",
    help: "states of servers, for another process to take over",
    run: (context) =>
      "1\n" + stateHeader +
      chosen(context).flatMap(({ servers }) => servers.map((server) => `${stateLine(server)}\n`))
        .join(""),
  },
  {
    name: "show servers conn",
    usage: "[<backend>]",
    help: "connections to servers",
    run(context) {
      const { threads } = context.control.process;
      const header = "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max " +
        `need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[${threads}]\n`;
      return header + chosen(context).flatMap(({ servers }) =>
        servers.map((server) => {
          const { facts, id, name, host, port, slots, pool } = server;
          const used = slots.value;
          const idle = pool.everywhere.value;
          const perThread = Array.from({ length: threads }, (_, i) => i === 0 ? idle : 0).join(" ");
          return `${facts.name}/${name} ${facts.id}/${id} ${host} ${port} - 5000 ${used} ${used} ` +
            `${used} 0 ${idle} -1 ${idle} ${perThread}\n`;
        })
      ).join("");
    },
  },
  {
    name: "get weight",
    usage: "<bk>/<srv>",
    help: "weight of a server",
    run(context) {
      const { server } = serverOf(context);
      return answer(`${server.weight} (initial ${initialWeight(server)})`);
    },
  },
  {
    name: "set weight",
    usage: "<bk>/<srv> <weight>[%]",
    help: "changes a server's weight",
    level: "admin",
    run(context) {
      const found = serverOf(context);
      const text = context.args[1];
      if (text === undefined) throw refuse("Require <weight> or <weight%>.");
      setWeight(found, text);
      return "";
    },
  },
  {
    name: "set server",
    usage: "<bk>/<srv> [opts]",
    help: "changes a server's state, health, weight or address",
    level: "admin",
    run(context) {
      const found = serverOf(context);
      const [, what = "", ...rest] = context.args;
      const change = Object.hasOwn(changes, what) ? changes[what] : undefined;
      if (change !== undefined) return change(found, rest);
      throw refuse(
        `usage: set server <backend>/<server> ${Object.keys(changes).sort().join(" | ")}`,
      );
    },
  },
  {
    name: "set maxconn server",
    usage: "<bk>/<srv> <value>",
    help: "changes how many sessions a server may have",
    level: "admin",
    run(context) {
      const { server } = serverOf(context);
      const text = context.args[1];
      if (text === undefined) throw refuse("Require <maxconn>.");
      const match = /^(\d+)(.*)$/s.exec(text);
      if (match === null) throw new CommandError("maxconn string empty or preceded by garbage");
      if (match[2] !== "") throw new CommandError("Trailing garbage in maxconn string");
      server.setMaxconn(Number(match[1]));
      return "";
    },
  },
  {
    name: "add server",
    usage: "<bk>/<srv>",
    help: "adds a server to a backend, in maintenance",
    level: "admin",
    async run({ control, args: [path = "", ...words] }) {
      const [backendName, name = ""] = path.split("/");
      if (name === "") throw new CommandError("Require 'backend/server'.");
      const backend = backendOf(control, backendName!);
      if (backend === null) throw new CommandError("No such backend.");
      const refusal = await backend.addServer(name, words);
      if (refusal !== null) throw new CommandError(refusal);
      return answer("New server registered.");
    },
  },
  {
    name: "del server",
    usage: "<bk>/<srv>",
    help: "removes a server that is in maintenance",
    level: "admin",
    async run(context) {
      const { backend, server } = serverOf(context);
      const refusal = await backend.removeServer(server);
      if (refusal !== null) throw new CommandError(refusal);
      return "Server deleted.";
    },
  },
  {
    name: "enable server",
    usage: "<bk>/<srv>",
    help: "ends a server's maintenance",
    level: "admin",
    run(context) {
      serverOf(context).server.setMaintenance(false);
      return "";
    },
  },
  {
    name: "disable server",
    usage: "<bk>/<srv>",
    help: "puts a server into maintenance",
    level: "admin",
    run(context) {
      serverOf(context).server.setMaintenance(true);
      return "";
    },
  },
  {
    name: "enable health",
    usage: "<bk>/<srv>",
    help: "checks a server again",
    level: "admin",
    run(context) {
      if (!serverOf(context).server.setChecks(true)) throw refuse(noHealth);
      return "";
    },
  },
  {
    name: "disable health",
    usage: "<bk>/<srv>",
    help: "checks a server no more",
    level: "admin",
    run(context) {
      serverOf(context).server.setChecks(false);
      return "";
    },
  },
  {
    name: "enable agent",
    usage: "<bk>/<srv>",
    help: "asks a server's agent again",
    level: "admin",
    run(context) {
      if (!serverOf(context).server.setAgent(true)) throw refuse(noAgent);
      return "";
    },
  },
  {
    name: "disable agent",
    usage: "<bk>/<srv>",
    help: "asks a server's agent no more",
    level: "admin",
    run(context) {
      serverOf(context).server.setAgent(false);
      return "";
    },
  },
  {
    name: "shutdown sessions server",
    usage: "<bk>/<srv>",
    help: "ends the sessions on a server",
    level: "admin",
    run(context) {
      serverOf(context).server.shutdownSessions();
      return "";
    },
  },
];
