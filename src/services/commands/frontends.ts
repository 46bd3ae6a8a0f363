/** Commands about frontends and limits of the process. */
import {
  answer,
  type Command,
  CommandError,
  frontendOf,
  leadingInteger,
  refuse,
} from "./command.ts";

const limits = {
  connections: "connections",
  sessions: "sessions",
  "ssl-sessions": "tls",
  "http-compression": "compression",
} as const;

const rateUsage = `'set rate-limit' only supports :
   - 'connections global' to set the per-process maximum connection rate
   - 'sessions global' to set the per-process maximum session rate
   - 'ssl-sessions global' to set the per-process maximum SSL session rate
   - 'http-compression global' to set the per-process maximum compression speed in kB/s
`;

/** See above. */
export const frontendCommands: readonly Command[] = [
  {
    name: "disable frontend",
    usage: "<frontend>",
    help: "a frontend accepts nothing for a while",
    level: "admin",
    run: (context) => answer(frontendOf(context).disable()),
  },
  {
    name: "enable frontend",
    usage: "<frontend>",
    help: "a frontend accepts again",
    level: "admin",
    run: (context) => answer(frontendOf(context).enable()),
  },
  {
    name: "shutdown frontend",
    usage: "<frontend>",
    help: "a frontend stops for good",
    level: "admin",
    run: (context) => answer(frontendOf(context).shutdown()),
  },
  {
    name: "set maxconn frontend",
    usage: "<frontend> <value>",
    help: "changes how many connections a frontend may have",
    level: "admin",
    run(context) {
      const frontend = frontendOf(context);
      const text = context.args[1];
      if (text === undefined) throw refuse("Integer value expected.");
      if (!/^\d{1,9}$/.test(text)) throw refuse("Value out of range.");
      frontend.setMaxconn(Number(text));
      return "";
    },
  },
  {
    name: "set maxconn global",
    usage: "<value>",
    help: "changes how many connections the process may have",
    level: "admin",
    run({ control, args: [text] }) {
      if (text === undefined) throw refuse("Expects an integer value.");
      const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
      if (!(value <= control.process.hardMaxconn)) throw refuse("Value out of range.");
      control.setMaxconn(value);
      return "";
    },
  },
  {
    name: "set rate-limit",
    usage: "<setting> <value>",
    help: "changes how much the process takes in a second",
    level: "admin",
    run({ control, args: [what = "", where, value] }) {
      const limit = Object.hasOwn(limits, what) ? limits[what as keyof typeof limits] : undefined;
      if (limit === undefined || where !== "global") throw new CommandError(rateUsage);
      if (value === undefined) throw refuse("Expects an integer value.");
      const number = Math.max(0, leadingInteger(value));
      // It is given in kilobytes.
      control.setRateLimit(limit, limit === "compression" ? number * 1024 : number);
      return "";
    },
  },
];
