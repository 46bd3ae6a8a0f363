/** Commands about backends and servers. */
import type { BackendControl } from "../control.ts";
import { statesOf } from "../server-states.ts";
import {
  backendOf,
  type Command,
  type CommandContext,
  CommandError,
  refuse,
  serverOf,
} from "./command.ts";

/** The backends that a command is about: the one that it names, or all. */
function chosen({ control, args }: CommandContext): BackendControl[] {
  const [name] = args;
  if (name === undefined) return control.proxies.flatMap(({ backend }) => backend ?? []);
  const backend = backendOf(control, name);
  if (backend === null) throw refuse("Can't find backend.");
  return [backend];
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
    run: (context) => statesOf(chosen(context)),
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
