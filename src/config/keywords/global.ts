/** Keywords of the `global` section: the process (manual, chapter 3). */
import * as v from "valibot";
import { entriesOf, flag, type Keyword, nullable, setting, word, zeroable } from "./keyword.ts";
import { defaultPath } from "./default-path.ts";
import { globalCompressionSettings } from "./compression.ts";
import { caseSettings } from "./case-adjust.ts";
import { unixBindSetting } from "./unix-bind.ts";
import { globalAbsent } from "./absent.ts";
import { http2Settings } from "./http2.ts";
import { globalLog } from "./log.ts";
import { globalStateSettings } from "./server-state.ts";
import { luaSettings } from "./lua.ts";
import { globalWithoutEffect } from "./no-effect.ts";
import { processSettings, rateSettings } from "./process.ts";
import { initialVariables } from "./process-variables.ts";
import { statsKeywords, statsSettings } from "./stats-socket.ts";
import { tuneSettings } from "./tune.ts";
import { acmeGlobalSettings } from "./acme.ts";
import { globalTlsSettings } from "./tls-global.ts";
import { choice, integer, text, time } from "./values.ts";

/** What serves the sockets: an epoll loop of our own in each thread, or the runtime's own sockets. */
export const engines = ["epoll", "sockets"] as const;
/** {@linkcode engines} */
export type Engine = (typeof engines)[number];

const bytes = "<bytes>";
const largest = 2 ** 31 - 1;

/** What names may stand for (HAProxy 3.2: "dns-accept-family"). */
const acceptedFamilies = ["ipv4", "ipv6", "ipv4,ipv6", "auto"] as const;

/** Settings of the process. */
export const globalSettings = {
  ...processSettings,
  ...unixBindSetting,
  ...caseSettings,
  ...globalStateSettings,
  ...luaSettings,
  grace: setting("grace", time(), 0, {
    doc: "How long listeners stay after a soft-stop was asked for.",
    chapter: "3.1",
  }),
  ...rateSettings,
  ...statsSettings,
  ...initialVariables,
  defaultPath,
  daemon: flag("daemon", { doc: "Runs in the background.", chapter: "3.1" }),
  quiet: flag("quiet", { doc: "Prints no warnings at the start.", chapter: "3.3" }),
  pidfile: nullable("pidfile", text("a file", "<file>", "/run/sluice.pid"), {
    doc: "Writes the process's id to this file.",
    chapter: "3.1",
    once: true,
  }),
  hardStopAfter: zeroable("hard-stop-after", time(), {
    doc: "How long a soft-stop may take at most; else as long as sessions last.",
    chapter: "3.1",
  }),
  maxconn: zeroable("maxconn", integer({ min: 1, zero: true, example: "20000" }), {
    doc: "Concurrent connections of the process at most; else as many as the descriptors allow.",
    chapter: "3.2",
    once: true,
  }),
  log: globalLog.setting,
  logTag: setting("log-tag", text("a tag", "<string>", "edge"), "sluice", {
    doc: "What the lines of logs are tagged with.",
    chapter: "3.1",
  }),
  spreadChecks: setting("spread-checks", integer({ max: 50, usage: "<0..50, in percent>" }), 0, {
    doc: "Spreads checks by so many percent of their interval.",
    chapter: "3.2",
  }),
  tuneBufsize: setting(
    "tune.bufsize",
    integer({ min: 1024, usage: bytes, example: "32768" }),
    16384,
    {
      doc: "Size of a buffer; a message's head fits in it, less 'tune.maxrewrite'.",
      chapter: "3.2",
    },
  ),
  tuneMaxrewrite: setting("tune.maxrewrite", integer({ usage: bytes, example: "512" }), 1024, {
    doc: "What is kept free in a buffer for what sluice adds to a message's head.",
    chapter: "3.2",
  }),
  nbthread: nullable("nbthread", integer({ min: 1, max: 64, usage: "<1..64>", example: "4" }), {
    doc: "Threads that carry sessions; else one for each CPU that the process may use.",
    chapter: "3.1",
  }),
  localpeer: nullable("localpeer", text("a name", "<name>", "web1"), {
    doc: "The name of this process among its peers; else that of the machine.",
    chapter: "3.1",
  }),
  ...tuneSettings,
  ...http2Settings,
  ...globalCompressionSettings,
  tuneEngine: nullable(
    "tune.engine",
    choice("an engine", engines),
    {
      doc: "What serves the sockets (HAProxy does not have it); else the best of this machine.",
      chapter: "3.2",
    },
    // Without epoll, HAProxy goes on with the next poller, and sluice with the next engine.
    [word<Engine | null>(
      "noepoll",
      "sockets",
      "Does without epoll: the runtime's own sockets, in one thread.",
    )],
  ),
  tuneMaxaccept: zeroable(
    "tune.maxaccept",
    integer({ min: -1, max: largest, zero: true, usage: "<number>|-1", example: "64" }),
    {
      doc: "Connections that a listener accepts before other work has its turn; -1: no limit.",
      chapter: "3.2",
      once: true,
    },
  ),
  dnsAcceptFamily: nullable("dns-accept-family", choice("families", acceptedFamilies), {
    doc:
      "The families of addresses that names may stand for; auto: those of this machine, at the start.",
    chapter: "3.1",
  }),
  externalCheck: flag("external-check", {
    doc: "Lets checks run programs ('option external-check').",
    chapter: "3.1",
  }),
  nosplice: flag("nosplice", {
    doc: "Copies all content, whatever the proxies allow.",
    chapter: "3.2",
  }),
  maxpipes: zeroable("maxpipes", integer({ min: 1, zero: true }), {
    doc: "Pipes of the process at most, for splicing.",
    chapter: "3.2",
    once: true,
  }),
  tunePipesize: zeroable(
    "tune.pipesize",
    integer({ min: 1, max: largest, zero: true, usage: bytes, example: "262144" }),
    { doc: "Capacity of a pipe for splicing (F_SETPIPE_SZ).", chapter: "3.2" },
  ),
  ...globalTlsSettings,
  ...acmeGlobalSettings,
};

/** The process (manual, chapter 3). */
export const Global = v.strictObject(entriesOf(globalSettings));
/** {@linkcode Global} */
export type Global = v.InferOutput<typeof Global>;

/** What a `global` section acts on. */
export interface GlobalSection {
  readonly global: Global;
  /** The environment that later lines see. */
  readonly env: Record<string, string | undefined>;
}

/** Keywords of the process that no setting of the model stands for. */
export const globalKeywords: readonly Keyword<GlobalSection>[] = [
  globalLog.keyword,
  ...globalAbsent,
  ...globalWithoutEffect,
  ...statsKeywords,
  {
    name: "setenv",
    usage: "<name> <value>",
    example: "SITE www",
    doc: "Sets an environment variable for the lines that follow.",
    chapter: "3.1",
    read({ env }, args) {
      const name = args.word("a name").text;
      env[name] = args.word("a value").text;
    },
  },
  {
    name: "presetenv",
    usage: "<name> <value>",
    example: "SITE www",
    doc: "Sets an environment variable for the lines that follow, if it is not set.",
    chapter: "3.1",
    read({ env }, args) {
      const name = args.word("a name").text;
      const value = args.word("a value").text;
      env[name] ??= value;
    },
  },
  {
    name: "unsetenv",
    usage: "<name> ...",
    example: "SITE",
    doc: "Removes environment variables for the lines that follow.",
    chapter: "3.1",
    read({ env }, args) {
      do delete env[args.word("a name").text]; while (args.peek() !== undefined);
    },
  },
  {
    name: "resetenv",
    usage: "[<name> ...]",
    example: "PATH",
    doc: "Removes all environment variables but these for the lines that follow.",
    chapter: "3.1",
    read({ env }, args) {
      const kept = new Set<string>();
      while (args.peek() !== undefined) kept.add(args.word("a name").text);
      for (const name of Object.keys(env)) if (!kept.has(name)) delete env[name];
    },
  },
];
