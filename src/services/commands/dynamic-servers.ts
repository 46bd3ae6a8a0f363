/** Servers that come and go, and cookies that follow from their addresses. */
import { parseTime } from "../../text/time.ts";
import type { BackendControl } from "../control.ts";
import {
  answer,
  backendOf,
  type Command,
  type CommandContext,
  CommandError,
  refuse,
  serverOf,
} from "./command.ts";

/** How often it is looked, ms. */
const waitStep = 20;
/** A day, ms: nobody waits longer. */
const longestWait = 86_400_000;

function backendNamed({ control, args: [name] }: CommandContext): BackendControl {
  if (name === undefined) throw refuse("A backend name is expected.");
  const backend = backendOf(control, name);
  if (backend === null) throw refuse("No such backend.");
  return backend;
}

/** See above. */
export const dynamicServerCommands: readonly Command[] = [
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
      if (!/\/./.test(context.args[0] ?? "")) throw new CommandError("Require 'backend/server'.");
      const { backend, server } = serverOf(context);
      const refusal = await backend.removeServer(server);
      if (refusal !== null) throw new CommandError(refusal);
      return "Server deleted.";
    },
  },
  {
    name: "wait",
    usage: "<delay> [srv-removable <bk>/<srv>]",
    help: "waits so long, or until a server can be removed",
    async run(context) {
      const { args: [delay = "", condition, path], clock } = context;
      const ms = parseTime(delay);
      if (ms === null) {
        throw refuse("Expects a duration in milliseconds, or with a unit; then a condition.");
      }
      if (condition !== undefined && condition !== "srv-removable") {
        throw refuse("Unsupported condition. Use 'srv-removable'.");
      }
      const end = clock.now() + Math.min(ms, longestWait);
      const sleep = (time: number) => new Promise<void>((resolve) => clock.schedule(time, resolve));
      if (condition === undefined) {
        await sleep(end - clock.now());
        return answer("Done.");
      }
      const found = serverOf({ ...context, args: [path ?? ""] });
      while (found.backend.whyNotRemove(found.server) !== null) {
        if (clock.now() >= end) throw refuse("Wait delay expired.");
        await sleep(Math.min(waitStep, end - clock.now()));
      }
      return answer("Done.");
    },
  },
  ...[true, false].map((on): Command => ({
    name: `${on ? "enable" : "disable"} dynamic-cookie backend`,
    usage: "<bk>",
    help: `cookies of servers follow ${on ? "" : "no more "}from their addresses`,
    level: "admin",
    run(context) {
      backendNamed(context).setDynamicCookie(on);
      return "";
    },
  })),
  {
    name: "set dynamic-cookie-key backend",
    usage: "<bk> <key>",
    help: "changes the key of such cookies",
    level: "admin",
    run(context) {
      const backend = backendNamed(context);
      const [, key] = context.args;
      if (key === undefined) throw refuse("String value expected.");
      backend.setDynamicCookieKey(key);
      return "";
    },
  },
];
