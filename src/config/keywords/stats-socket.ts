/** The runtime API: `stats socket` and what goes with it (manual, chapter 3.1). */
import * as v from "valibot";
import type { Arguments } from "../haproxy/arguments.ts";
import { readParameters, table } from "../haproxy/table.ts";
import { groupSetting, modeSetting, userSetting } from "./accounts.ts";
import { ListenAddress, listenAddresses, listenText } from "./addresses.ts";
import { foreignBindOptions } from "./foreign.ts";
import {
  define,
  entriesOf,
  type Keyword,
  keywordsOf,
  nullable,
  printSettings,
  setting,
  zeroable,
} from "./keyword.ts";
import { choice, integer, text, time } from "./values.ts";

const chapter = "3.1";

/** What a client of the runtime API may do (management manual, chapter 9.3). */
export const accessLevels = ["user", "operator", "admin"] as const;
/** {@linkcode accessLevels} */
export type AccessLevel = (typeof accessLevels)[number];

const notice = (what: string) => `${what}; nothing comes of it here: there is one process.`;

/** Options of `stats socket`. */
export const statsSocketSettings = {
  level: setting("level", choice("a level", accessLevels), "operator", {
    doc: "What its clients may do: see, change what does no harm, or everything.",
    chapter,
  }),
  mode: modeSetting({ doc: "The mode of a unix socket's path, in octal.", chapter }),
  user: userSetting("user", "uid", { doc: "The owner of a unix socket's path.", chapter }),
  group: groupSetting("group", "gid", { doc: "The group of a unix socket's path.", chapter }),
  exposeFd: nullable("expose-fd", choice("what to expose", ["listeners"]), {
    doc: "Hands listeners over to the next process; here that happens without it.",
    chapter,
  }),
  severityOutput: setting(
    "severity-output",
    choice("a form", ["none", "number", "string"]),
    "none",
    { doc: "How answers begin with their severity.", chapter },
  ),
  name: nullable("name", text("a name", "<name>", "operators"), {
    doc: "A label for people: nothing refers to it.",
    chapter,
  }),
  backlog: zeroable("backlog", integer({ min: 1, zero: true, example: "16" }), {
    doc: "Connections that the kernel keeps until they are accepted.",
    chapter,
  }),
  maxconn: zeroable("maxconn", integer({ zero: true, example: "5" }), {
    doc: "Clients of this socket at most; else as many as 'stats maxconn' says.",
    chapter,
  }),
  process: nullable("process", text("processes", "<set>", "1"), {
    doc: notice("Which process has it"),
    chapter,
  }),
  thread: nullable("thread", text("threads", "<set>", "1"), {
    doc: notice("Which threads serve it"),
    chapter,
  }),
};

/** A socket of the runtime API (manual: "stats socket"). */
export const StatsSocket = v.strictObject({
  address: ListenAddress,
  ...entriesOf(statsSocketSettings),
});
/** {@linkcode StatsSocket} */
export type StatsSocket = v.InferOutput<typeof StatsSocket>;

const own = new Set(
  Object.values(statsSocketSettings).flatMap(({ forms }) => forms.map(({ name }) => name)),
);
const lacking = (names: readonly string[]) => names.filter((name) => !own.has(name));

/** The options as keywords. */
export const statsSocketOptions = table(
  keywordsOf(statsSocketSettings, "global.statsSocket[]."),
  {
    alone: lacking([...foreignBindOptions.alone, "accept-proxy", "v6only", "v4v6", "transparent"]),
    withValue: lacking(foreignBindOptions.withValue),
  },
);

const { address: _, ...unset } = v.parse(StatsSocket, { address: { kind: "fd", fd: 0 } });

/** The settings of the runtime API in the `global` section. */
export const statsSettings = {
  statsSocket: define({
    doc: "Where the runtime API listens.",
    chapter,
    schema: v.optional(v.array(StatsSocket), []),
    forms: [],
    print: (sockets: readonly StatsSocket[]) =>
      sockets.map((socket) => [
        "stats socket",
        listenText(socket.address),
        ...printSettings(statsSocketSettings, socket).flat(),
      ]),
  }),
  statsTimeout: setting("stats timeout", time({ example: "2m" }), 10_000, {
    doc: "How long a client of the runtime API may be silent.",
    chapter,
  }),
  statsMaxconn: setting("stats maxconn", integer({ min: 1, example: "20" }), 10, {
    doc: "Clients of the runtime API at most.",
    chapter,
  }),
};

interface WithSockets {
  readonly global: { statsSocket: StatsSocket[] };
}

/** Keywords of the runtime API that add to a setting, or set none. */
export const statsKeywords: readonly Keyword<WithSockets>[] = [{
  name: "stats socket",
  usage: "<address>:<port>|<path> [param*]",
  example: "/run/sluice.sock mode 660 level admin",
  doc: "Adds a place where the runtime API listens.",
  chapter,
  property: { name: "global.statsSocket", unset: [] },
  read({ global }, args) {
    const addresses = listenAddresses(args, args.address("an address or a path"));
    args.mark(global, "statsSocket");
    const common = { ...unset };
    const sockets = addresses.map((address) => {
      const socket: StatsSocket = { address, ...unset };
      args.mark(socket);
      args.mark(socket, "address");
      return socket;
    });
    readParameters(statsSocketOptions, common, args, "in 'stats socket'");
    for (const socket of sockets) {
      args.places.inherit(common, socket);
      global.statsSocket.push(Object.assign(socket, common));
    }
  },
}, {
  name: "stats bind-process",
  usage: "<process>...",
  example: "all",
  doc: "Nothing comes of it, as in HAProxy since there is one process.",
  chapter,
  read: (_, args: Arguments) => {
    do args.word("a process"); while (args.peek() !== undefined);
  },
}];
