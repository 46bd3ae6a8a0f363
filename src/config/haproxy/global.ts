/** Keywords of the `global` section (manual, chapter 3). */
import { engines, type Global } from "../model.ts";
import { choice, integer, time } from "./arguments.ts";
import { count, flag, type Keyword, names, setting, table } from "./keyword.ts";
import { logTarget } from "./log.ts";

/** What a `global` section acts on. */
export interface GlobalSection {
  readonly global: Global;
  /** The environment that later lines see. */
  readonly env: Record<string, string | undefined>;
}

const settings: readonly Keyword<Global>[] = [
  flag("daemon", "daemon"),
  flag("quiet", "quiet"),
  onlyOnce("pidfile", setting("pidfile", "<file>", "pidfile", (args) => args.word("a file").text)),
  setting("hard-stop-after", "<time>", "hardStopAfter", (args) => time(args) || null),
  onlyOnce("maxconn", count("maxconn", "<number>", "maxconn", { zeroIsUnset: true })),
  setting("log-tag", "<string>", "logTag", (args) => args.word("a tag").text),
  count("spread-checks", "<0..50, in percent>", "spreadChecks", { max: 50 }),
  count("tune.bufsize", "<bytes>", "tuneBufsize", { min: 1024 }),
  count("tune.maxrewrite", "<bytes>", "tuneMaxrewrite"),
  count("nbthread", "<1..64>", "nbthread", { min: 1, max: 64 }),
  one("nbproc", (given) => `write 'nbthread ${Math.min(given, 64)}': threads of one process`),
  one("thread-groups", () => "the threads are one group"),
  setting(
    "tune.engine",
    engines.join("|"),
    "tuneEngine",
    (args) => choice(args, "an engine", engines),
  ),
  // Without epoll, HAProxy goes on with the next poller, and sluice with the next engine.
  setting<Global, "tuneEngine">("noepoll", "", "tuneEngine", () => "sockets"),
  onlyOnce(
    "tuneMaxaccept",
    count("tune.maxaccept", "<number>|-1", "tuneMaxaccept", {
      min: -1,
      max: 2 ** 31 - 1,
      zeroIsUnset: true,
    }),
  ),
  flag("nosplice", "nosplice"),
  onlyOnce("maxpipes", count("maxpipes", "<number>", "maxpipes", { zeroIsUnset: true })),
  count("tune.pipesize", "<bytes>", "tunePipesize", { max: 2 ** 31 - 1, zeroIsUnset: true }),
  {
    name: "log",
    usage: "<address> [len <length>] [format <format>] <facility> [<level> [<minlevel>]]",
    read(global, args) {
      if (args.peek()?.text === "global") {
        args.next();
        throw args.mistake("'log global' is for proxies; this is the global section");
      }
      global.log.push(logTarget(args));
      args.mark(global, "log");
    },
    undo(global) {
      global.log = [];
    },
  },
];

const environment: readonly Keyword<GlobalSection>[] = [
  {
    name: "setenv",
    usage: "<name> <value>",
    read({ env }, args) {
      const name = args.word("a name").text;
      env[name] = args.word("a value").text;
    },
  },
  {
    name: "presetenv",
    usage: "<name> <value>",
    read({ env }, args) {
      const name = args.word("a name").text;
      const value = args.word("a value").text;
      env[name] ??= value;
    },
  },
  {
    name: "unsetenv",
    usage: "<name> ...",
    read({ env }, args) {
      do delete env[args.word("a name").text]; while (args.peek() !== undefined);
    },
  },
  {
    name: "resetenv",
    usage: "[<name> ...]",
    read({ env }, args) {
      const kept = new Set<string>();
      while (args.peek() !== undefined) kept.add(args.word("a name").text);
      for (const name of Object.keys(env)) if (!kept.has(name)) delete env[name];
    },
  },
];

/** HAProxy's keywords for the process that are not supported. */
const foreign = names(`
  51degrees-cache-size 51degrees-data-file 51degrees-property-name-list 51degrees-property-separator
  busy-polling ca-base chroot close-spread-time cluster-secret cpu-map crt-base default-path
  description deviceatlas-json-file deviceatlas-log-level deviceatlas-properties-cookie
  deviceatlas-separator expose-experimental-directives external-check fd-hard-limit gid grace group
  h1-accept-payload-with-any-method h1-case-adjust h1-case-adjust-file
  h2-workaround-bogus-websocket-clients httpclient.resolvers.id httpclient.resolvers.prefer
  httpclient.ssl.ca-file httpclient.ssl.verify insecure-fork-wanted insecure-setuid-wanted
  issuers-chain-path localpeer log-send-hostname lua-load lua-load-per-thread lua-prepend-path
  master-worker max-spread-checks maxcompcpuusage maxcomprate maxconnrate maxsessrate maxsslconn
  maxsslrate maxzlibmem mworker-max-reloads no-memory-trimming node noevports nogetaddrinfo nokqueue
  nopoll noreuseport numa-cpu-mapping pp2-never-send-local profiling.tasks server-state-base
  server-state-file set-dumpable set-var set-var-fmt ssl-default-bind-ciphers
  ssl-default-bind-ciphersuites ssl-default-bind-curves ssl-default-bind-options
  ssl-default-server-ciphers ssl-default-server-ciphersuites ssl-default-server-options
  ssl-dh-param-file ssl-engine ssl-load-extra-del-ext ssl-load-extra-files ssl-mode-async
  ssl-propquery ssl-provider ssl-provider-path ssl-server-verify ssl-skip-self-issued-ca stats
  strict-limits thread-group tune.buffers.limit tune.buffers.reserve tune.chksize tune.comp.maxlevel
  tune.fail-alloc tune.fd.edge-triggered tune.h2.header-table-size tune.h2.initial-window-size
  tune.h2.max-concurrent-streams tune.h2.max-frame-size tune.http.cookielen tune.http.logurilen
  tune.http.maxhdr tune.idle-pool.shared tune.idletimer tune.listener.multi-queue
  tune.lua.forced-yield tune.lua.maxmem tune.lua.service-timeout tune.lua.session-timeout
  tune.lua.task-timeout tune.maxpollevents tune.pattern.cache-size tune.peers.max-updates-at-once
  tune.pool-high-fd-ratio tune.pool-low-fd-ratio tune.quic.frontend.conn-tx-buffers.limit
  tune.quic.frontend.max-idle-timeout tune.quic.frontend.max-streams-bidi tune.quic.retry-threshold
  tune.rcvbuf.client tune.rcvbuf.server tune.recv_enough tune.runqueue-depth tune.sched.low-latency
  tune.sndbuf.client tune.sndbuf.server tune.ssl.cachesize tune.ssl.capture-buffer-size
  tune.ssl.capture-cipherlist-size tune.ssl.default-dh-param tune.ssl.force-private-cache
  tune.ssl.hard-maxrecord tune.ssl.keylog tune.ssl.lifetime tune.ssl.maxrecord
  tune.ssl.ssl-ctx-cache-size tune.vars.check-max-size tune.vars.global-max-size
  tune.vars.proc-max-size tune.vars.reqres-max-size tune.vars.sess-max-size tune.vars.txn-max-size
  tune.zlib.memlevel tune.zlib.windowsize uid ulimit-n unix-bind user wurfl-cache-size
  wurfl-data-file wurfl-information-list wurfl-information-list-separator zero-warning
`);

/** All keywords of the `global` section. */
export const globalKeywords = table<Keyword<GlobalSection>>(
  [...settings.map(ofGlobal), ...environment],
  foreign,
);

function ofGlobal(keyword: Keyword<Global>): Keyword<GlobalSection> {
  const { name, usage, read, undo } = keyword;
  const made = {
    name,
    usage,
    read: (section: GlobalSection, args: Parameters<typeof read>[1]) => read(section.global, args),
  };
  return undo === undefined
    ? made
    : { ...made, undo: (section, args) => undo(section.global, args) };
}

/** A number that can only be 1, which says what is so anyway. */
function one(name: string, hint: (given: number) => string): Keyword<Global> {
  return {
    name,
    usage: "1",
    read(_, args) {
      const given = integer(args, 1);
      if (given !== 1) throw args.mistake(`'${name}' can only be 1, not ${given}`, hint(given));
    },
  };
}

/** As HAProxy: of a setting given twice the first one counts. */
function onlyOnce(
  key: "pidfile" | "maxconn" | "tuneMaxaccept" | "maxpipes",
  keyword: Keyword<Global>,
): Keyword<Global> {
  return {
    ...keyword,
    read(global, args) {
      const here = args.here();
      if (global[key] === null) return keyword.read(global, args);
      keyword.read({ ...global }, args);
      args.report.warning(here, `'${keyword.name}' was given before; the first one counts`);
    },
  };
}
