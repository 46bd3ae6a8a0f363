/** Commands about sessions, and messages that were refused. */
import { localDates } from "../../log/date.ts";
import { showErrors } from "../../stats/show-errors.ts";
import { formatTime } from "../../text/time.ts";
import type { SessionFacts } from "../control.ts";
import { type Command, refuse } from "./command.ts";

/** What stands for a session: HAProxy shows where it is in memory. */
export function sessionId({ thread, serial }: Pick<SessionFacts, "thread" | "serial">): string {
  return `0x${((thread + 1) * 2 ** 32 + serial).toString(16)}`;
}

/** A time as HAProxy shows one: the two greatest units, or nothing. */
function human(ms: number | null): string {
  if (ms === null) return "";
  const seconds = Math.floor(ms / 1000);
  if (seconds === 0) return `${Math.floor(ms)}ms`;
  return formatShort(seconds);
}

function formatShort(seconds: number): string {
  const units: [number, string][] = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0s";
  return units.slice(first, first + 2).map(([size, name], i) => {
    const value = i === 0
      ? Math.floor(seconds / size)
      : Math.floor(seconds % units[first]![0] / size);
    return i > 0 && value === 0 ? "" : `${value}${name}`;
  }).join("");
}

function line(session: SessionFacts): string {
  const { protocol, source, frontend, backend, server, age, requests, expires } = session;
  const seconds = Math.floor(age / 1000);
  return `${sessionId(session)}: proto=${protocol} src=${source} fe=${frontend} ` +
    `be=${backend ?? "<NONE>"} srv=${server ?? "<none>"} ts=00 epoch=0 ` +
    `age=${formatShort(seconds)} calls=${requests} rate=0 cpu=0 lat=0 ` +
    `rq[f=0h,i=${session.received},an=00h,rx=${human(expires)},wx=,ax=] ` +
    `rp[f=0h,i=${session.sent},an=00h,rx=,wx=,ax=] ` +
    `scf=[8,0h,fd=-1] scb=[8,1h,fd=-1] exp=${human(expires)} rc=0 c_exp=\n`;
}

/** One session at length. */
function details(session: SessionFacts): string {
  const { protocol, source, frontend, backend, server, requests, received, sent } = session;
  return [
    `${sessionId(session)}: proto=${protocol} source=${source}`,
    `  thread=${session.thread + 1} requests=${requests} age=${
      formatTime(Math.floor(session.age))
    }` +
    ` queued=${session.queued ? 1 : 0}`,
    `  frontend=${frontend}`,
    `  backend=${backend ?? "<NONE>"}`,
    `  server=${server ?? "<NONE>"}`,
    `  req total=${received}`,
    `  res total=${sent}`,
    `  exp=${human(session.expires) || "<NEVER>"}`,
    "",
  ].join("\n");
}

/** See above. */
export const sessionCommands: readonly Command[] = [
  {
    name: "show sess",
    usage: "[<id>|all|help]",
    help: "sessions, or one of them",
    level: "operator",
    async run({ control, args: [which] }) {
      const sessions = await control.sessions();
      if (which === undefined || !/^(all|0x[0-9a-f]+)$/.test(which)) {
        return sessions.map(line).join("");
      }
      const shown = which === "all"
        ? sessions
        : sessions.filter((session) => sessionId(session) === which);
      if (shown.length === 0 && which !== "all") throw refuse("Session not found.");
      return shown.map(details).join("");
    },
  },
  {
    name: "shutdown session",
    usage: "[<id>]",
    help: "ends a session",
    level: "admin",
    async run({ control, args: [which] }) {
      if (which === undefined) throw refuse("Session pointer expected (use 'show sess').");
      const found = (await control.sessions()).find((each) => sessionId(each) === which);
      if (found === undefined) throw refuse("No such session (use 'show sess').");
      control.shutdownSession(found.thread, found.serial);
      return "";
    },
  },
  {
    name: "show errors",
    usage: "[<px>] [request|response]",
    help: "the last invalid request, and response, of each proxy",
    level: "operator",
    async run({ control, args: [name, direction] }) {
      const { total, kept } = await control.errors();
      const captures = { total, kept, reasons: new Map(), captureError() {} };
      let proxy: string | undefined;
      if (name !== undefined && name !== "request" && name !== "response") {
        const found = control.proxies.find(({ name: own, id }) =>
          name === own || name === String(id)
        );
        if (found === undefined && name !== "-1") throw refuse("No such proxy.");
        proxy = found?.name;
      }
      const way = [name, direction].find((word) => word === "request" || word === "response");
      const text = showErrors(captures, control.wall(), (ms) => localDates.traffic(ms), {
        ...proxy === undefined ? {} : { proxy },
        ...way === undefined ? {} : { direction: way as "request" | "response" },
      });
      return text.slice(0, -1);
    },
  },
];
