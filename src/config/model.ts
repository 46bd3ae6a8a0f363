/**
 * The one definition of a configuration. The proxy is built from this alone, whatever language the
 * file was written in; types are inferred from the schemas, and every default is HAProxy's.
 *
 * Names are the keywords of HAProxy's configuration manual in camel case. Times are milliseconds,
 * sizes bytes. `null` means "not set", where that differs from every value.
 */
import * as v from "valibot";

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
/** Largest time that HAProxy takes: 2^31-1 ms, some 24 days. */
const milliseconds = v.pipe(natural, v.maxValue(2 ** 31 - 1));
const portNumber = v.pipe(natural, v.maxValue(65535));
/** What the names of proxies and servers are made of (manual, chapter 4). */
export const legalName = /^[A-Za-z0-9_.:-]+$/;
const name = v.pipe(
  v.string(),
  v.regex(legalName, "letters, digits, '-', '_', '.', ':'"),
);
const flag = v.optional(v.boolean(), false);
const unset = <S extends v.GenericSchema>(schema: S) => v.optional(v.nullable(schema), null);

/** An address to listen on; host "*" is every IPv4 address, "::" every address. */
export const ListenAddress = v.variant("kind", [
  v.strictObject({ kind: v.literal("ip"), host: v.string(), port: portNumber }),
  v.strictObject({ kind: v.literal("unix"), path: v.string() }),
  v.strictObject({ kind: v.literal("abstract"), name: v.string() }),
  v.strictObject({ kind: v.literal("fd"), fd: natural }),
]);
/** {@linkcode ListenAddress} */
export type ListenAddress = v.InferOutput<typeof ListenAddress>;

/** One listening socket of a proxy (manual: "bind"). */
export const Bind = v.strictObject({
  address: ListenAddress,
  /** A label for people: nothing refers to it. */
  name: unset(v.string()),
  backlog: unset(positive),
  /** IPV6_V6ONLY: the IPv6 any-address takes no IPv4 clients. */
  v6only: flag,
  /** Listens on an address that the machine may not have, or not yet (IP_TRANSPARENT). */
  transparent: flag,
  /** Connections begin with a header of the PROXY protocol, of version 1 or 2. */
  acceptProxy: flag,
});
/** {@linkcode Bind} */
export type Bind = v.InferOutput<typeof Bind>;

/**
 * A server's address. `port` null: the port that the client connected to, plus `portOffset`
 * (manual: "server", address without port, or with +N or -N).
 */
export const ServerAddress = v.variant("kind", [
  v.strictObject({
    kind: v.literal("ip"),
    /** An IP address, or a name that is resolved when the proxy starts. */
    host: v.string(),
    port: v.nullable(portNumber),
    portOffset: v.optional(v.pipe(v.number(), v.integer()), 0),
  }),
  v.strictObject({ kind: v.literal("unix"), path: v.string() }),
  v.strictObject({ kind: v.literal("abstract"), name: v.string() }),
]);
/** {@linkcode ServerAddress} */
export type ServerAddress = v.InferOutput<typeof ServerAddress>;

/** The local address of connections to servers (manual: "source"). */
export const Source = v.strictObject({
  host: v.string(),
  /** 0: any. */
  port: v.optional(portNumber, 0),
  /** The last port of a range that begins with `port`; null: that port alone. */
  lastPort: unset(portNumber),
});
/** {@linkcode Source} */
export type Source = v.InferOutput<typeof Source>;

/** A server of a backend (manual: "server", and chapter 5.2). */
export const Server = v.strictObject({
  name,
  address: ServerAddress,
  weight: v.optional(v.pipe(natural, v.maxValue(256)), 1),
  cookie: unset(v.string()),
  backup: flag,
  disabled: flag,
  check: flag,
  /** Between two checks of a server that is fully up. */
  inter: v.optional(milliseconds, 2000),
  /** Between two checks of a server in transition; null: `inter`. */
  fastinter: unset(milliseconds),
  /** Between two checks of a server that is down; null: `inter`. */
  downinter: unset(milliseconds),
  rise: v.optional(positive, 2),
  fall: v.optional(positive, 3),
  /** Where to check, if not where the traffic goes. */
  port: unset(portNumber),
  addr: unset(v.string()),
  /** Concurrent connections at most; 0: no limit. */
  maxconn: v.optional(natural, 0),
  /** With `maxconn`: the limit under low load, rising with the proxy's load; 0: always `maxconn`. */
  minconn: v.optional(natural, 0),
  /** Requests that may wait for this server in particular; 0: no limit. */
  maxqueue: v.optional(natural, 0),
  source: unset(Source),
  /** Begins each connection with a header of the PROXY protocol, of this version. */
  sendProxy: unset(v.picklist(["v1", "v2"])),
  /** So also the checks, in any case; else as the traffic, where they go to the same place. */
  checkSendProxy: flag,
  /** Takes over the state of this server, "proxy/server" or "server" of the same proxy. */
  track: unset(v.string()),
});
/** {@linkcode Server} */
export type Server = v.InferOutput<typeof Server>;

/** Cookie persistence (manual: "cookie"). */
export const Cookie = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  mode: v.optional(v.picklist(["passive", "rewrite", "insert", "prefix"]), "passive"),
  indirect: flag,
  nocache: flag,
  postonly: flag,
  preserve: flag,
  httponly: flag,
  secure: flag,
  domains: v.optional(v.array(v.string()), []),
  /** Seconds that a cookie may go unused; null: no limit. */
  maxidle: unset(positive),
  /** Seconds that a cookie may live; null: no limit. */
  maxlife: unset(positive),
});
/** {@linkcode Cookie} */
export type Cookie = v.InferOutput<typeof Cookie>;

/** Checks of layer 7 (manual: "option httpchk", "option ssl-hello-chk"); without one, TCP connect. */
export const Check = v.variant("kind", [
  v.strictObject({ kind: v.literal("tcp") }),
  v.strictObject({
    kind: v.literal("http"),
    method: v.optional(v.string(), "OPTIONS"),
    uri: v.optional(v.string(), "/"),
    /** What follows the URI: "HTTP/1.0", or more, as the guide's users write "HTTP/1.1\r\nHost:\ www". */
    version: v.optional(v.string(), "HTTP/1.0"),
  }),
  v.strictObject({ kind: v.literal("ssl-hello") }),
]);
/** {@linkcode Check} */
export type Check = v.InferOutput<typeof Check>;

/** A field that carries an address (manual: "option forwardfor", "option originalto"). */
const addressField = (header: string) =>
  v.strictObject({
    /** Addresses to leave alone, as address/prefix-length. */
    except: unset(v.string()),
    header: v.optional(v.string(), header),
    ifNone: flag,
  });
export const ForwardFor = addressField("X-Forwarded-For");
/** {@linkcode ForwardFor} */
export type ForwardFor = v.InferOutput<typeof ForwardFor>;
export const OriginalTo = v.omit(addressField("X-Original-To"), ["ifNone"]);
/** {@linkcode OriginalTo} */
export type OriginalTo = v.InferOutput<typeof OriginalTo>;

/** Syslog's facilities, in the order of their codes (RFC 5424, table 1). */
export const facilities = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "auth2",
  "ftp",
  "ntp",
  "audit",
  "alert",
  "cron2",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;
/** Syslog's severities, in the order of their codes (RFC 5424, table 2). */
export const levels = [
  "emerg",
  "alert",
  "crit",
  "err",
  "warning",
  "notice",
  "info",
  "debug",
] as const;
/** The framing of a log line (manual: "log", format). */
export const logFormats = [
  "rfc3164",
  "rfc5424",
  "short",
  "raw",
  "local",
  "priority",
  "timed",
  "iso",
] as const;

/** Where log lines go (manual: "log"). */
export const LogTarget = v.strictObject({
  target: v.variant("kind", [
    v.strictObject({ kind: v.literal("udp"), host: v.string(), port: v.optional(portNumber, 514) }),
    v.strictObject({ kind: v.literal("unix"), path: v.string() }),
    v.strictObject({ kind: v.literal("stdout") }),
    v.strictObject({ kind: v.literal("stderr") }),
  ]),
  format: v.optional(v.picklist(logFormats), "local"),
  /** Longest line, in bytes. */
  len: v.optional(v.pipe(natural, v.minValue(80), v.maxValue(65535)), 1024),
  facility: v.picklist(facilities),
  /** The least severe level that is sent. */
  level: v.optional(v.picklist(levels), "debug"),
  /** More severe messages are sent as this level. */
  minlevel: v.optional(v.picklist(levels), "emerg"),
});
/** {@linkcode LogTarget} */
export type LogTarget = v.InferOutput<typeof LogTarget>;

/** Time-outs; null: none (manual: "timeout ..."). */
export const Timeouts = v.strictObject({
  connect: unset(milliseconds),
  client: unset(milliseconds),
  server: unset(milliseconds),
  /** null: `connect`. */
  queue: unset(milliseconds),
  check: unset(milliseconds),
  /** null: `client`. */
  httpRequest: unset(milliseconds),
  /** null: `httpRequest`, else `client`. */
  httpKeepAlive: unset(milliseconds),
});
/** {@linkcode Timeouts} */
export type Timeouts = v.InferOutput<typeof Timeouts>;

/**
 * Which content may go through a pipe of the kernel instead of the process, where the engine can do
 * that and it pays (manual: "option splice-auto", "splice-request", "splice-response"; HAProxy
 * splices only where told to). Of a frontend and its backend, both must allow it.
 */
export const Splice = v.strictObject({
  /** From the client to the server. */
  request: v.optional(v.boolean(), true),
  /** From the server to the client. */
  response: v.optional(v.boolean(), true),
});
/** {@linkcode Splice} */
export type Splice = v.InferOutput<typeof Splice>;

/** How long connections live (manual: "option http-keep-alive", "http-server-close", "httpclose"). */
export const connectionModes = ["keep-alive", "server-close", "close"] as const;

/** Whose idle connections a request may take (manual: "http-reuse"). */
export const reuseModes = ["never", "safe", "aggressive", "always"] as const;

/** Where the requests of a frontend go (manual: "use_backend"); the first one counts. */
export const UseBackend = v.strictObject({ backend: v.string() });
/** {@linkcode UseBackend} */
export type UseBackend = v.InferOutput<typeof UseBackend>;

/** A proxy: a listen section, or one half of it (manual, chapter 4). */
export const Proxy = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  kind: v.picklist(["listen", "frontend", "backend"]),
  mode: v.optional(v.picklist(["http", "tcp"]), "tcp"),
  disabled: flag,
  /** A label for people: nothing depends on it. */
  description: unset(v.string()),

  // the client's side
  bind: v.optional(v.array(Bind), []),
  /** Concurrent connections at most; null: the process's. */
  maxconn: unset(natural),
  backlog: unset(positive),
  /** Comes before `defaultBackend`. */
  useBackend: v.optional(v.array(UseBackend), []),
  defaultBackend: unset(v.string()),
  /** Clients of this network are monitors: closed at once, not logged; as address/prefix-length. */
  monitorNet: unset(v.string()),
  /** Requests for this URI are answered here: the proxy is alive. */
  monitorUri: unset(v.string()),
  /** How long listeners stay after a soft-stop was asked for. */
  grace: v.optional(milliseconds, 0),

  // balancing and persistence
  balance: v.optional(v.picklist(["roundrobin", "static-rr", "leastconn", "source"]), "roundrobin"),
  hashType: v.optional(v.picklist(["map-based", "consistent"]), "map-based"),
  cookie: unset(Cookie),
  /** Honours a cookie even if its server is down (manual: "option persist"). */
  persist: flag,
  redispatch: flag,
  allbackups: flag,
  abortonclose: flag,
  retries: v.optional(natural, 3),
  /** Where everything goes if there are no servers (manual: "dispatch"). */
  dispatch: unset(ServerAddress),
  servers: v.optional(v.array(Server), []),
  source: unset(Source),
  fullconn: unset(positive),
  check: v.optional(Check, { kind: "tcp" }),

  // HTTP
  connection: v.optional(v.picklist(connectionModes), "keep-alive"),
  /** Which connections to servers are shared between clients, and when. */
  httpReuse: v.optional(v.picklist(reuseModes), "safe"),
  /** The field that tells a server its name. */
  httpSendNameHeader: unset(v.string()),
  forwardfor: unset(ForwardFor),
  originalto: unset(OriginalTo),

  splice: v.optional(Splice, {}),
  timeout: v.optional(Timeouts, {}),

  // logs
  log: v.optional(v.array(LogTarget), []),
  /** Also logs where the global section says (manual: "log global"). */
  logGlobal: flag,
  logFormat: unset(v.picklist(["httplog", "tcplog"])),
  dontlognull: flag,
});
/** {@linkcode Proxy} */
export type Proxy = v.InferOutput<typeof Proxy>;

/** What serves the sockets: an epoll loop of our own in each thread, or the runtime's own sockets. */
export const engines = ["epoll", "sockets"] as const;
/** {@linkcode engines} */
export type Engine = (typeof engines)[number];

/** The process (manual, chapter 3). */
export const Global = v.strictObject({
  daemon: flag,
  quiet: flag,
  pidfile: unset(v.string()),
  /** How long a soft-stop may take at most; null: as long as sessions last. */
  hardStopAfter: unset(milliseconds),
  /** Concurrent connections of the process at most; null: as many as the descriptors allow. */
  maxconn: unset(positive),
  log: v.optional(v.array(LogTarget), []),
  logTag: v.optional(v.string(), "sluice"),
  /** Spreads checks by so many percent of their interval (manual: "spread-checks"). */
  spreadChecks: v.optional(v.pipe(natural, v.maxValue(50)), 0),
  /** A message's head fits in `bufsize - maxrewrite` (manual: "tune.bufsize"). */
  tuneBufsize: v.optional(v.pipe(natural, v.minValue(1024)), 16384),
  tuneMaxrewrite: v.optional(natural, 1024),
  /** Threads that carry sessions; null: one for each CPU that the process may use. */
  nbthread: unset(v.pipe(positive, v.maxValue(64))),
  /** `tune.engine`, a keyword that HAProxy does not have; null: the best that this machine can do. */
  tuneEngine: unset(v.picklist(engines)),
  /** Connections that a listener accepts before other work has its turn; -1: no limit; null: the engine's. */
  tuneMaxaccept: unset(v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(2 ** 31 - 1))),
  /** Copies all content, whatever the proxies allow (manual: "nosplice"). */
  nosplice: flag,
  /** Pipes of the process at most, for splicing; null: as the engine finds best. */
  maxpipes: unset(positive),
  /** Capacity of such a pipe, in bytes (F_SETPIPE_SZ); null: as the engine finds best. */
  tunePipesize: unset(v.pipe(positive, v.maxValue(2 ** 31 - 1))),
});
/** {@linkcode Global} */
export type Global = v.InferOutput<typeof Global>;

/** A whole configuration. */
export const Configuration = v.strictObject({
  $schema: v.optional(v.string()),
  global: v.optional(Global, {}),
  proxies: v.optional(v.array(Proxy), []),
});
/** {@linkcode Configuration} */
export type Configuration = v.InferOutput<typeof Configuration>;
