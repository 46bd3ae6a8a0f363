/**
 * Keywords that tune HAProxy's own machinery, where sluice has another: they are read as HAProxy
 * reads them, and nothing comes of them. For each the table says why that is safe; `sluice help`
 * shows it, and a notice names the line.
 */
import { choice, integer, time } from "../haproxy/arguments.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import type { Keyword, Side } from "./keyword.ts";

/** What follows such a keyword: usage, an example, and how it is read. */
interface Operand {
  readonly usage: string;
  readonly example: string;
  read(args: Arguments): void;
}

const none: Operand = { usage: "", example: "", read() {} };
const toggle: Operand = {
  usage: "on|off",
  example: "on",
  read: (args) => void choice(args, "on or off", ["on", "off"]),
};
const number: Operand = {
  usage: "<number>",
  example: "100",
  read: (args) => void integer(args, -1),
};
const percent: Operand = {
  usage: "<0..100>",
  example: "50",
  read: (args) => void integer(args, 0, 100),
};
const duration: Operand = { usage: "<time>", example: "1s", read: (args) => void time(args) };
const anyWords: Operand = {
  usage: "<word> ...",
  example: "auto",
  read(args) {
    do args.word("a value"); while (args.peek() !== undefined);
  },
};

const oneWord: Operand = {
  usage: "<word>",
  example: "all",
  read: (args) => void args.word("a value"),
};

/** Whether there is a `no` form (HAProxy: "negation currently supported only for ..."). */
type Negatable = "no" | undefined;
type Row = readonly [name: string, operand: Operand, why: string, negatable?: Negatable];

const scheduler = "each thread runs an epoll loop of sluice's own, without a run queue to tune";
const pools = "idle connections are counted by server, not by the process's descriptors";
const buffers = "buffers are allocated as they are needed, and bounded by 'maxconn'";
const forwarding = "content goes on as it comes, or through a pipe; 'nosplice' forbids that";
const quic = "sluice has no QUIC: nothing listens or connects by it";
const lua = "scripts are bounded by their time alone (tune.lua.burst-timeout and its kin)";
const memory = "memory is the runtime's to manage";
const pollers = "sluice uses epoll, or the runtime's own sockets with 'noepoll'";
const detection = "sluice has no database of devices: nothing asks for one";
const glitches = "sluice cuts a client off at its first error of protocol";

/** The table. Names of one reason stand together. */
const rows: readonly Row[] = [
  ...[
    "tune.runqueue-depth",
    "tune.maxpollevents",
    "tune.events.max-events-at-once",
    "tune.max-rules-at-once",
    "tune.max-checks-per-thread",
    "tune.ring.queues",
  ]
    .map((name): Row => [name, number, scheduler]),
  ...["tune.sched.low-latency", "tune.fd.edge-triggered"]
    .map((name): Row => [name, toggle, scheduler]),
  ["tune.listener.multi-queue", anyWords, "the thread with the fewest connections gets the next"],
  ["tune.listener.default-shards", anyWords, "all threads accept from one socket, in turns"],
  ["tune.takeover-other-tg-connections", anyWords, "there is one group of threads"],
  ["tune.epoll.mask-events", anyWords, scheduler],
  [
    "tune.stick-counters",
    number,
    "a session has twelve counters, which cost nothing where they are not used",
  ],
  ["tune.renice.startup", number, "sluice starts fast at the priority that it is given"],
  ["tune.renice.runtime", number, "sluice runs at the priority that it is given: nice(1)"],
  ["busy-polling", none, "a thread that has nothing to do sleeps, and wakes in microseconds", "no"],
  ["tune.pool-high-fd-ratio", percent, pools],
  ["tune.pool-low-fd-ratio", percent, pools],
  ["tune.idle-pool.shared", anyWords, "a thread keeps the idle connections that it made"],
  ["tune.idletimer", duration, "the size of reads follows what comes, not how long nothing came"],
  ["tune.recv_enough", number, "a read takes what there is"],
  ...["tune.buffers.limit", "tune.buffers.reserve", "tune.bufsize.small"]
    .map((name): Row => [name, number, buffers]),
  ["tune.fail-alloc", number, "it lets HAProxy's own allocations fail, for its developers"],
  ["tune.memory.hot-size", number, memory],
  ["no-memory-trimming", none, memory],
  ["tune.disable-fast-forward", none, forwarding],
  ["tune.disable-zero-copy-forwarding", none, forwarding],
  ...[
    "tune.applet.zero-copy-forwarding",
    "tune.pt.zero-copy-forwarding",
    "tune.h1.zero-copy-fwd-recv",
    "tune.h1.zero-copy-fwd-send",
    "tune.h2.zero-copy-fwd-send",
    "tune.quic.zero-copy-fwd-send",
  ].map((name): Row => [name, toggle, forwarding]),
  ["tune.pattern.cache-size", number, "patterns are indexed, and need no cache"],
  ["tune.defaults.purge", none, "sections of defaults are not kept once the file is read"],
  ...[
    "tune.h1.be.glitches-threshold",
    "tune.h1.fe.glitches-threshold",
    "tune.glitches.kill.cpu-usage",
  ].map((name): Row => [name, number, glitches]),
  ...["nopoll", "noevports", "nokqueue"].map((name): Row => [name, none, pollers]),
  ["tune.chksize", number, "a check reads as much as 'tune.bufsize' says"],
  ["tune.peers.max-updates-at-once", number, scheduler],
  [
    "h1-accept-payload-with-any-method",
    none,
    "content is taken with any method, and never by two who disagree about its length",
  ],
  [
    "h1-do-not-close-on-insecure-transfer-encoding",
    none,
    "a message whose length two parsers could read in two ways is refused",
  ],
  ["nogetaddrinfo", none, "names are resolved by the runtime, which knows IPv6"],
  ["noreuseport", none, "one socket listens for all threads: SO_REUSEPORT is not used"],
  ["profiling.tasks", anyWords, "it measures HAProxy's tasks, for its developers", "no"],
  ["profiling.memory", anyWords, "it measures HAProxy's allocations, for its developers", "no"],
  ["debug", none, "debugging output is asked for on the command line: -d"],
  ["stress-level", number, "it is for tests of HAProxy itself"],
  ["warn-blocked-traffic-after", duration, "a watchdog warns of a thread that is stuck, anyway"],
  ["prealloc-fd", none, "descriptors are allocated by the kernel as they are needed"],
  ["insecure-fork-wanted", none, "sluice forbids itself no processes", "no"],
  ["expose-experimental-directives", none, "every directive that sluice has may be used"],
  ["expose-deprecated-directives", none, "every directive that sluice has may be used"],
  ["nbproc", number, "there is one process, with threads: see 'nbthread'"],
  ["thread-groups", number, "the threads are one group"],
  ["thread-group", anyWords, "the threads are one group"],
  ["max-threads-per-group", number, "the threads are one group"],
  ["thread-hard-limit", number, "without 'nbthread', there is a thread for each CPU to use"],
  ["numa-cpu-mapping", none, "the kernel keeps a thread near its memory; see 'cpu-map'", "no"],
  ["cpu-policy", anyWords, "the kernel chooses CPUs among those allowed; see 'cpu-map'"],
  ["cpu-affinity", anyWords, "the kernel chooses CPUs among those allowed; see 'cpu-map'"],
  ["cpu-set", anyWords, "the kernel chooses CPUs among those allowed; see 'cpu-map'"],
  ["anonkey", number, "it seeds the anonymous dumps of HAProxy's command line"],
  ["cluster-secret", anyWords, quic],
  ["limited-quic", none, quic],
  ["no-quic", none, quic],
  ["harden.reject-privileged-ports.quic", toggle, quic],
  ["force-cfg-parser-pause", duration, "it is for tests of HAProxy itself"],
  ["wurfl-cache-size", number, detection],
  ["wurfl-data-file", anyWords, detection],
  ["wurfl-information-list", anyWords, detection],
  ["wurfl-information-list-separator", anyWords, detection],
  ["51degrees-cache-size", number, detection],
  ["51degrees-data-file", anyWords, detection],
  ["51degrees-property-name-list", anyWords, detection],
  ["51degrees-property-separator", anyWords, detection],
  ["deviceatlas-json-file", anyWords, detection],
  ["deviceatlas-log-level", number, detection],
  ["deviceatlas-properties-cookie", anyWords, detection],
  ["deviceatlas-separator", anyWords, detection],
  ["tune.lua.maxmem", number, lua],
  ["tune.lua.forced-yield", number, lua],
  ...["tune.rcvbuf.backend", "tune.rcvbuf.frontend", "tune.sndbuf.backend", "tune.sndbuf.frontend"]
    .map((name): Row => [name, number, "it is for sockets of datagrams, and sluice has none"]),
  ...[
    "httpclient.resolvers.id",
    "httpclient.resolvers.prefer",
    "httpclient.resolvers.disabled",
    "httpclient.retries",
    "httpclient.timeout.connect",
    "httpclient.ssl.ca-file",
    "httpclient.ssl.verify",
  ].map((name): Row => [name, anyWords, "it is for scripts in Lua"]),
  ...[
    "tune.lua.bool-sample-conversion",
    "tune.lua.log.loggers",
    "tune.lua.log.stderr",
    "tune.lua.openlibs",
  ].map((name): Row => [name, anyWords, lua]),
  ...`
    tune.quic.frontend.conn-tx-buffers.limit tune.quic.frontend.max-idle-timeout
    tune.quic.frontend.max-streams-bidi tune.quic.retry-threshold
    tune.quic.be.cc.cubic-min-losses tune.quic.be.cc.hystart tune.quic.be.cc.max-frame-loss
    tune.quic.be.cc.max-win-size tune.quic.be.cc.reorder-ratio tune.quic.be.max-idle-timeout
    tune.quic.be.sec.glitches-threshold tune.quic.be.stream.data-ratio
    tune.quic.be.stream.max-concurrent tune.quic.be.stream.rxbuf tune.quic.be.tx.pacing
    tune.quic.be.tx.udp-gso tune.quic.cc-hystart tune.quic.cc.cubic.min-losses
    tune.quic.disable-tx-pacing tune.quic.disable-udp-gso tune.quic.fe.cc.cubic-min-losses
    tune.quic.fe.cc.hystart tune.quic.fe.cc.max-frame-loss tune.quic.fe.cc.max-win-size
    tune.quic.fe.cc.reorder-ratio tune.quic.fe.max-idle-timeout
    tune.quic.fe.sec.glitches-threshold tune.quic.fe.sec.retry-threshold
    tune.quic.fe.sock-per-conn tune.quic.fe.stream.data-ratio tune.quic.fe.stream.max-concurrent
    tune.quic.fe.stream.max-total tune.quic.fe.stream.rxbuf tune.quic.fe.tx.pacing
    tune.quic.fe.tx.udp-gso tune.quic.frontend.default-max-window-size
    tune.quic.frontend.glitches-threshold tune.quic.frontend.max-data-size
    tune.quic.frontend.max-tx-mem tune.quic.frontend.stream-data-ratio tune.quic.listen
    tune.quic.max-frame-loss tune.quic.mem.tx-max tune.quic.reorder-ratio
    tune.quic.socket-owner
  `.trim().split(/\s+/).map((name): Row => [name, rest(anyWords), quic]),
];

/** The same, or nothing. */
function rest(operand: Operand): Operand {
  return {
    ...operand,
    usage: `[${operand.usage}]`,
    read(args) {
      if (args.peek() !== undefined) operand.read(args);
    },
  };
}

function notice(name: string, why: string, args: Arguments): void {
  args.report.notice(args.here(), `'${name}' has no effect, and needs none: ${why}`);
}

/** Of proxies: options, all of which can be taken back, and old keywords. */
const proxyRows: readonly (readonly [name: string, operand: Operand, why: string, side: Side])[] = [
  ["option contstats", none, "what a session sends is counted when it ends", "frontend"],
  ["option socket-stats", none, "statistics are by proxy, not by socket", "frontend"],
  [
    "option independent-streams",
    none,
    "a time-out is for what a side must do next, and whatever moves sets it anew",
    "both",
  ],
  ["option http-no-delay", none, "what comes goes on at once: TCP_NODELAY is always set", "both"],
  ["option http-use-htx", none, "it is how HAProxy holds messages inside", "both"],
  ["option http-tunnel", none, "HAProxy 2.1 has removed it: keep-alive does without", "both"],
  ...(["request", "response"] as const).flatMap((what) =>
    [`accept-invalid-http-${what}`, `accept-unsafe-violations-in-http-${what}`].map((name) =>
      [
        `option ${name}`,
        none,
        "what two parsers could read in two ways is refused, whatever is asked for",
        what === "request" ? "frontend" : "backend",
      ] as const
    )
  ),
  [
    "option http-use-proxy-header",
    none,
    "connections are kept as HTTP says, whatever field of a proxy's a client sends",
    "frontend",
  ],
  ["option use-small-buffers", anyWords, "buffers are as large as what is in them", "both"],
  ["bind-process", anyWords, "there is one process, whose threads serve all proxies", "both"],
];

/** Those of sections of proxies. */
export const proxyWithoutEffect: readonly Keyword<unknown>[] = proxyRows.map(
  ([name, operand, why, side]) => ({
    name,
    usage: operand.usage,
    example: operand.example,
    doc: `Has no effect, and needs none: ${why}.`,
    chapter: "4.2",
    side,
    read(_target, args) {
      notice(name, why, args);
      operand.read(args);
    },
    ...(name.startsWith("option ") ? { undo: () => {} } : {}),
  }),
);

const shared = "all threads accept from it, and the one with the fewest connections serves";
const commandLine = "it is for sockets of the command line: see 'stats socket'";

/** Of `bind` lines. */
const bindRows: readonly (readonly [name: string, operand: Operand, why: string])[] = [
  ["nice", { ...number, read: (args) => void integer(args, -1024, 1024) }, shared],
  ["process", oneWord, shared],
  ["thread", oneWord, shared],
  ["shards", oneWord, shared],
  ["level", oneWord, commandLine],
  ["severity-output", oneWord, commandLine],
  ["expose-fd", oneWord, "a new process takes over what listens without being given it"],
];

/** Of `server` lines. */
const serverRows: typeof bindRows = [
  ["ws", { ...oneWord, example: "auto" }, "a WebSocket goes over what the server speaks"],
  ["pool-low-conn", number, "a thread does not take idle connections of other threads"],
];

function parameters(rows: typeof bindRows, chapter: string): readonly Keyword<unknown>[] {
  return rows.map(([name, operand, why]) => ({
    name,
    usage: operand.usage,
    example: operand.example,
    doc: `Has no effect, and needs none: ${why}.`,
    chapter,
    read(_target, args) {
      notice(name, why, args);
      operand.read(args);
    },
  }));
}

/** Those of `bind` lines. */
export const bindWithoutEffect = parameters(bindRows, "5.1");
/** Those of `server` lines. */
export const serverWithoutEffect = parameters(serverRows, "5.2");

/** Those of the section `global`. */
export const globalWithoutEffect: readonly Keyword<unknown>[] = rows.map(
  ([name, operand, why, negatable]) => ({
    name,
    usage: operand.usage,
    example: operand.example,
    doc: `Has no effect, and needs none: ${why}.`,
    chapter: "3.2",
    read(_target, args) {
      notice(name, why, args);
      operand.read(args);
    },
    ...(negatable === undefined ? {} : {
      undo(_target: unknown, args: Arguments) {
        while (args.peek() !== undefined) args.next();
      },
    }),
  }),
);
