/** The keyword `log` (manual, chapter 4.2, "log"). */
import { defaultLogTarget } from "../fields.ts";
import { facilities, levels, logFormats, type LogTarget, type Proxy } from "../model.ts";
import { type Arguments, choice, integer } from "./arguments.ts";
import { logDestination } from "./endpoints.ts";
import type { Keyword } from "./keyword.ts";

/** Reads what follows `log`, except `global`. */
export function logTarget(args: Arguments): LogTarget {
  const target = defaultLogTarget();
  target.target = logDestination(args);
  for (let option = args.peek()?.text;; option = args.peek()?.text) {
    if (option === "len") {
      args.next();
      target.len = integer(args, 80, 65535);
    } else if (option === "format") {
      args.next();
      target.format = choice(args, "a log format", logFormats);
    } else {
      break;
    }
  }
  if (args.peek()?.text === "sample") {
    args.next();
    throw args.mistake("sluice does not support 'sample' in 'log'");
  }
  target.facility = choice(args, "a facility", facilities);
  if (args.peek() !== undefined) target.level = choice(args, "a level", levels);
  if (args.peek() !== undefined) target.minlevel = choice(args, "a level", levels);
  args.end();
  return target;
}

/** `log` in a proxy. */
export const proxyLog: Keyword<Proxy> = {
  name: "log",
  usage: "global | <address> [len <length>] [format <format>] <facility> [<level> [<minlevel>]]",
  read(proxy, args) {
    if (args.peek()?.text === "global") {
      args.next();
      proxy.logGlobal = true;
      return args.mark(proxy, "logGlobal");
    }
    const target = logTarget(args);
    args.mark(target);
    args.mark(proxy, "log");
    proxy.log.push(target);
  },
  undo(proxy) {
    proxy.log = [];
    proxy.logGlobal = false;
  },
};
