/** Commands about the process and the client's own session. */
import { accessLevels } from "../../config/keywords/stats-socket.ts";
import { columns, moduleColumns } from "../../stats/columns.ts";
import { infoFields } from "../../stats/info.ts";
import { parseTime } from "../../text/time.ts";
import { answer, type Command, type CommandContext, refuse } from "./command.ts";

/** Lowers the level of the session: it never rises. */
function lower({ session }: CommandContext, to: "user" | "operator"): string {
  if (accessLevels.indexOf(to) < accessLevels.indexOf(session.level)) session.level = to;
  return "";
}

function toggle(
  name: string,
  is: (context: CommandContext) => boolean,
  set: (context: CommandContext, on: boolean) => void,
): Command {
  return {
    name,
    usage: "[on|off]",
    help: "allows further commands",
    level: "admin",
    hidden: true,
    run(context) {
      const [word] = context.args;
      if (word === undefined) return `${name} is ${is(context) ? "ON" : "OFF"}\n`;
      set(context, word === "on");
      return "";
    },
  };
}

/** The shape of `show info json` and `show stat json`. */
const schema = {
  $schema: "http://json-schema.org/draft-04/schema#",
  oneOf: [{ $ref: "#/definitions/infos" }, { $ref: "#/definitions/stats" }],
  definitions: {
    infos: {
      title: "Info",
      type: "array",
      items: {
        properties: {
          field: { enum: infoFields.map(({ field }) => field) },
          processNum: { type: "integer" },
          tags: { type: "object" },
          value: { type: "object" },
        },
      },
    },
    stats: {
      title: "Stats",
      type: "array",
      items: {
        type: "array",
        items: {
          properties: {
            objType: { enum: ["Frontend", "Backend", "Listener", "Server", "Unknown"] },
            proxyId: { type: "integer" },
            id: { type: "integer" },
            field: { enum: [...columns, ...moduleColumns].map(({ field }) => field) },
          },
        },
      },
    },
  },
};

/**
 * What a process without caches, peers, certificates and keys of tickets answers: rooms that have some
 * put their own commands in the place of these.
 */
const nothing: readonly (readonly [name: string, usage: string, help: string, header: string])[] = [
  [
    "show events",
    "",
    "where events are kept",
    "Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n",
  ],
  [
    "show trace",
    "",
    "what is traced",
    "Supported trace sources and states (.=stopped, w=waiting, R=running) :\n",
  ],
  [
    "show tasks",
    "",
    "what runs at this moment",
    "Running tasks: 0\n  function                     places     %    lat_tot   lat_avg\n",
  ],
  [
    "show profiling",
    "",
    "what is measured",
    "Per-task CPU profiling              : off\nMemory usage profiling              : off\n",
  ],
];

/** See above. */
export const processCommands: readonly Command[] = [
  {
    name: "show version",
    usage: "",
    help: "version of the process",
    run: ({ control }) => answer(control.process.version),
  },
  {
    name: "echo",
    usage: "[text]",
    help: "answers with the text",
    run: ({ args }) => answer(args.join(" ")),
  },
  {
    name: "show env",
    usage: "[<name>]",
    help: "environment of the process",
    level: "operator",
    run({ control, args: [name] }) {
      const all = Object.entries(control.environment).filter(([, value]) => value !== undefined);
      if (name === undefined) return all.map(([key, value]) => `${key}=${value}\n`).join("");
      const found = all.find(([key]) => key === name);
      if (found === undefined) throw refuse("Variable not found");
      return `${found[0]}=${found[1]}\n`;
    },
  },
  {
    name: "show startup-logs",
    usage: "",
    help: "what was said when the process started",
    run: ({ control }) => control.startupLogs.map((line) => `${line}\n`).join("") || "\n",
  },
  {
    name: "show threads",
    usage: "",
    help: "the threads, and what they do",
    run: ({ control }) =>
      control.threads.map(({ thread, up, stalled, turns, connections }) =>
        `  Thread ${thread + 1} : act=${up ? 1 : 0} stuck=${stalled ? 1 : 0} ` +
        `turns=${turns >>> 0} conns=${connections}\n`
      ).join(""),
  },
  {
    name: "show activity",
    usage: "",
    help: "what the threads have done",
    run({ control }) {
      const { threads } = control;
      const wall = control.wall();
      const row = (name: string, values: readonly number[]) =>
        `${name}: ${values.reduce((a, b) => a + b, 0)} [ ${values.join(" ")} ]\n`;
      return `thread_id: 1 (1..${threads.length})\n` +
        `date_now: ${(wall / 1000).toFixed(6)}\n` +
        row("loops", threads.map(({ turns }) => turns >>> 0)) +
        row("conns", threads.map(({ connections }) => connections));
    },
  },
  {
    name: "show fd",
    usage: "[<number>]",
    help: "descriptors of the process",
    run: ({ control, args: [number] }) =>
      control.descriptors().filter((line) =>
        number === undefined || line.trimStart().startsWith(`${number} :`)
      ).map((line) => `${line}\n`).join(""),
  },
  {
    name: "show pools",
    usage: "",
    help: "memory of the process",
    run: ({ control }) =>
      `Total: 1 pools, ${control.process.memory} bytes allocated, ${control.process.memory} used.\n`,
  },
  {
    name: "show schema json",
    usage: "",
    help: "shape of what is shown as JSON",
    run: () => `${JSON.stringify(schema)}\n`,
  },
  {
    name: "show cli level",
    usage: "",
    help: "level of this session",
    run: ({ session }) => answer(session.level),
  },
  {
    name: "show cli sockets",
    usage: "",
    help: "where this API listens",
    level: "operator",
    run: ({ sockets }) =>
      "# socket lvl processes\n" +
      sockets.map(({ address, level }) => `${address} ${level} all\n`).join(""),
  },
  {
    name: "set timeout",
    usage: "[cli] <delay>",
    help: "changes a time-out of this session",
    run({ args: [what, delay], session }) {
      if (what !== "cli") throw refuse("'set timeout' only supports 'cli'.");
      if (delay === undefined) throw refuse("Expects an integer value.");
      const ms = parseTime(delay, "s");
      if (ms === null || ms < 1) throw refuse("Invalid timeout value.");
      session.timeout = ms;
      return "";
    },
  },
  {
    name: "set severity-output",
    usage: "[none|number|string]",
    help: "how answers begin with their severity",
    run({ args: [form], session }) {
      if (form !== "none" && form !== "number" && form !== "string") {
        throw refuse("one of 'none', 'number', 'string' is a required argument");
      }
      session.severity = form;
      return "";
    },
  },
  {
    name: "operator",
    usage: "",
    help: "lowers the level of this session to operator",
    run: (context) => lower(context, "operator"),
  },
  {
    name: "user",
    usage: "",
    help: "lowers the level of this session to user",
    run: (context) => lower(context, "user"),
  },
  ...nothing.map(([name, usage, help, header]): Command => ({
    name,
    usage,
    help,
    run: () => header,
  })),
  {
    name: "get var",
    usage: "<name>",
    help: "a variable of the process",
    level: "operator",
    run() {
      throw refuse("Variable not found.");
    },
  },
  toggle("expert-mode", ({ session }) => session.expert, ({ session }, on) => session.expert = on),
  toggle(
    "experimental-mode",
    ({ session }) => session.experimental,
    ({ session }, on) => session.experimental = on,
  ),
];
