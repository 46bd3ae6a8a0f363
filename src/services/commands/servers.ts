/** Commands about backends and servers. */
import type { BackendControl, ServerControl } from "../control.ts";
import {
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
