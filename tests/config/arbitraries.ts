/** Arbitrary configurations that are valid: for the properties of the two languages. */
import fc from "fast-check";
import * as v from "valibot";
import { affinities } from "#src/balance/consistent.ts";
import { hashTypes } from "#src/balance/hash-type.ts";
import { hashKeys } from "#src/balance/ring.ts";
import {
  allProxySettings,
  defaultGlobal,
  defaultProxy,
  defaultServer,
  hasSide,
  sideOf,
  sideOfTimeout,
} from "#src/config/fields.ts";
import { bindSettings } from "#src/config/keywords/bind.ts";
import { globalSettings } from "#src/config/keywords/global.ts";
import type { Settings } from "#src/config/keywords/keyword.ts";
import { serverSettings } from "#src/config/keywords/server.ts";
import { timeoutSettings } from "#src/config/keywords/timeouts.ts";
import { replyStatuses } from "#src/http/status.ts";
import { standardFormats } from "#src/log/format/standard.ts";
import { parseNetwork } from "#src/net/ip/address.ts";
import {
  Bind,
  type Check,
  Configuration,
  connectionModes,
  type Cookie,
  engines,
  type ErrorRule,
  facilities,
  type ForwardFor,
  type Global,
  levels,
  type ListenAddress,
  logFormats,
  type LogTarget,
  type Proxy,
  type Reply,
  reuseModes,
  type Server,
  type ServerAddress,
  type Source,
  type Timeouts,
} from "#src/config/model.ts";
import { otherSections } from "./arbitrary-sections.ts";
import { stickTable } from "./arbitrary-tables.ts";

/** Any characters, controls and those beyond ASCII included. */
export function anyText(constraints: fc.ArrayConstraints = {}): fc.Arbitrary<string> {
  return fc.array(fc.integer({ min: 0, max: 0xd7ff }), constraints)
    .map((codes) => String.fromCharCode(...codes));
}

const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  anyText({ minLength: 1, maxLength: 8 }),
  fc.constantFrom(
    "a b",
    'say "x"',
    "it's",
    "$HOME",
    "${X}",
    "a\\b",
    "#1",
    "tab\there",
    "\r\n",
    "\0",
  ),
);
const withoutComma = text.map((path) => path.replaceAll(",", ";"));
const name = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,10}$/);
const hostName = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}(\.[a-z][a-z0-9-]{0,5}){0,2}$/);
const ip = fc.oneof(fc.ipV4(), fc.ipV6());
const port = fc.integer({ min: 1, max: 65535 });
const positive = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);
const natural = fc.oneof(fc.constant(0), positive);
const time = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  fc.integer({ min: 1, max: 100 }).map((seconds) => seconds * 1000),
);
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const network = fc.tuple(ip, fc.integer({ min: 0, max: 32 })).map(([ip, length]) =>
  parseNetwork(`${ip}/${length}`) ?? "0.0.0.0/0"
);

/**
 * Objects with all their properties: those that are on or off, and times, by the registry; others as
 * `given`; the rest at its default.
 */
function whole<T extends object>(
  unset: T,
  settings: Settings,
  given: fc.Arbitrary<Partial<T>>,
): fc.Arbitrary<T> {
  const flags = Object.entries(settings)
    .filter(([, { schema }]) => typeof v.getDefault(schema) === "boolean")
    .map(([key]) => [key, fc.boolean()] as const);
  return fc.tuple(fc.record(Object.fromEntries(flags)), given)
    .map(([flags, given]) => ({ ...unset, ...flags, ...given }));
}

const listenAddress: fc.Arbitrary<ListenAddress> = fc.oneof(
  fc.record({ kind: fc.constant("ip"), host: fc.oneof(fc.constant("*"), ip, hostName), port }),
  fc.record({ kind: fc.constant("ip"), host: hostName, family: fc.constantFrom(4, 6), port }),
  fc.record({ kind: fc.constant("unix"), path: withoutComma }),
  fc.record({ kind: fc.constant("abstract"), name: withoutComma }),
  fc.record({ kind: fc.constant("fd"), fd: fc.integer({ min: 0, max: 999 }) }),
);
const protocols = orNull(fc.subarray(["h2", "http/1.1", "x y"]));
const ignoredErrors = orNull(
  fc.oneof(
    fc.constant("all" as const),
    fc.array(fc.integer({ min: 1, max: 94 }), { minLength: 1, maxLength: 3 }),
  ),
);
const bind: fc.Arbitrary<Bind> = whole(
  v.parse(Bind, { address: { kind: "fd", fd: 0 } }),
  bindSettings,
  fc.record({
    address: listenAddress,
    name: orNull(text),
    backlog: orNull(positive),
    crt: fc.array(text, { minLength: 1, maxLength: 2 }),
    caFile: text,
    verify: fc.constantFrom("none", "optional", "required"),
    ciphers: orNull(text),
    alpn: protocols,
    sslMinVer: orNull(fc.constantFrom("TLSv1.0", "TLSv1.2")),
    sslForce: orNull(fc.constantFrom("TLSv1.1", "TLSv1.3")),
    strictSni: orNull(fc.boolean()),
    tlsTickets: orNull(fc.boolean()),
    caIgnoreErr: ignoredErrors,
    crtIgnoreErr: ignoredErrors,
  }),
);

const withPort: fc.Arbitrary<ServerAddress> = fc.oneof(
  fc.record({
    kind: fc.constant("ip"),
    host: fc.oneof(ip, hostName),
    port,
    portOffset: fc.constant(0),
  }),
  fc.record({ kind: fc.constant("unix"), path: text }),
  fc.record({ kind: fc.constant("abstract"), name: text }),
);
const serverAddress: fc.Arbitrary<ServerAddress> = fc.oneof(
  withPort,
  fc.record({
    kind: fc.constant("ip"),
    host: fc.oneof(ip, hostName),
    port: fc.constant(null),
    portOffset: fc.integer({ min: -65535, max: 65535 }),
  }),
);
const source: fc.Arbitrary<Source> = fc.oneof(
  fc.record({
    host: fc.oneof(ip, hostName),
    port: fc.oneof(fc.constant(0), port),
    lastPort: fc.constant(null),
  }),
  fc.record({ host: ip, port, lastPort: port })
    .filter(({ port, lastPort }) => port < lastPort),
);

const server = whole<Server>(
  defaultServer(),
  serverSettings,
  fc.record({
    name,
    address: serverAddress,
    weight: fc.integer({ min: 0, max: 256 }),
    // Numbers are given below: no two servers of a proxy have one.
    id: fc.constant(null),
    hashKey: fc.constantFrom(...hashKeys),
    cookie: orNull(fc.stringMatching(/^[!#-+\x2d-:<-[\]-~]{1,8}$/)),
    inter: time,
    fastinter: orNull(time),
    downinter: orNull(time),
    rise: positive,
    fall: positive,
    port: orNull(port),
    addr: orNull(ip),
    maxconn: natural,
    minconn: natural,
    maxqueue: natural,
    // An agent without a port is refused.
    agentPort: port,
    agentAddr: orNull(ip),
    agentInter: time,
    agentSend: orNull(text),
    errorLimit: positive,
    slowstart: orNull(time),
    source: orNull(source),
    resolvers: orNull(fc.constant("default")),
    initAddr: orNull(
      fc.constantFrom(["none"], ["last", "libc"], ["libc", "10.0.0.1", "none"], ["::1"]),
    ),
    resolvePrefer: fc.constantFrom("ipv4", "ipv6"),
    resolveNet: orNull(fc.array(network, { minLength: 1, maxLength: 5 })),
    resolveOpts: fc.subarray(["allow-dup-ip", "ignore-weight"]),
    sendProxy: orNull(fc.constantFrom("v1", "v2")),
    caFile: text,
    alpn: protocols,
    sslWithout: fc.subarray(["SSLv3", "TLSv1.0", "TLSv1.1"]),
    verifyhost: orNull(text),
  }),
).map((server) => ({ ...server, port: server.port ?? (server.check ? 80 : null) }));

const cookie: fc.Arbitrary<Cookie> = fc.record({
  name: token,
  mode: fc.constantFrom("passive", "rewrite", "insert", "prefix"),
  indirect: fc.boolean(),
  nocache: fc.boolean(),
  postonly: fc.boolean(),
  preserve: fc.boolean(),
  httponly: fc.boolean(),
  secure: fc.boolean(),
  domains: fc.array(fc.stringMatching(/^[a-z0-9.-]{1,10}$/), { maxLength: 2 }),
  maxidle: orNull(fc.integer({ min: 1, max: 2_147_483 })),
  maxlife: orNull(fc.integer({ min: 1, max: 2_147_483 })),
  dynamic: fc.boolean(),
  attributes: fc.array(fc.stringMatching(/^[A-Za-z0-9=]{1,10}$/), { maxLength: 2 }),
}).map((cookie) => {
  const indirect = cookie.indirect && cookie.mode !== "rewrite";
  return {
    ...cookie,
    indirect,
    preserve: cookie.preserve && (indirect || cookie.mode === "insert"),
  };
});

const check: fc.Arbitrary<Check> = fc.oneof(
  fc.constant<Check>({ kind: "tcp" }),
  fc.constant<Check>({ kind: "ssl-hello" }),
  fc.record({
    kind: fc.constant("http"),
    method: fc.oneof(fc.constantFrom("OPTIONS", "HEAD"), token),
    uri: fc.stringMatching(/^[!-~]{1,12}$/),
    version: fc.constantFrom("HTTP/1.0", "HTTP/1.1", "HTTP/1.1\r\nHost: www"),
  }),
);

const addressField = {
  except: orNull(network),
  header: fc.oneof(fc.constantFrom("X-Forwarded-For", "X-Original-To"), token),
};
const forwardfor: fc.Arbitrary<ForwardFor> = fc.record({ ...addressField, ifNone: fc.boolean() });

const logTarget: fc.Arbitrary<LogTarget> = fc.record({
  target: fc.oneof(
    fc.record({ kind: fc.constant("udp"), host: fc.oneof(ip, hostName), port }),
    fc.record({
      kind: fc.constant("tcp"),
      host: fc.oneof(ip, hostName),
      port,
      framing: fc.constant("legacy"),
    }),
    fc.record({ kind: fc.constant("unix"), path: text }),
    fc.record({ kind: fc.constant("abstract"), name: text }),
    fc.constant<LogTarget["target"]>({ kind: "stdout" }),
    fc.constant<LogTarget["target"]>({ kind: "stderr" }),
  ).filter(({ kind, ...rest }) =>
    kind !== "udp" || !("host" in rest && ["stdout", "stderr"].includes(rest.host))
  ),
  format: fc.constantFrom(...logFormats),
  len: fc.integer({ min: 80, max: 65535 }),
  facility: fc.constantFrom(...facilities),
  level: fc.constantFrom(...levels),
  minlevel: fc.constantFrom(...levels),
});

const timeouts = fc.record(
  Object.fromEntries(Object.keys(timeoutSettings).map((key) => [key, orNull(time)])),
) as fc.Arbitrary<Timeouts>;

const status = fc.constantFrom(...replyStatuses);
const field = fc.record({
  name: fc.stringMatching(/^X-[a-z]{1,5}$/),
  value: fc.stringMatching(/^[!-$&-~]{1,9}$/),
});
const body = (...kinds: readonly Reply["body"]["kind"][]) =>
  fc.record({ kind: fc.constantFrom(...kinds), argument: fc.stringMatching(/^[!-$&-~]{1,9}$/) });
const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({
    status,
    contentType: fc.constant("text/plain"),
    body: body("file", "string", "lf-file", "lf-string", "errorfile"),
    fields: fc.array(field, { maxLength: 2 }),
  }),
  fc.record({
    status,
    contentType: orNull(fc.constant("text/plain")),
    body: fc.constantFrom(
      { kind: "none", argument: "" } as const,
      { kind: "default-errorfiles", argument: "" } as const,
    ),
    fields: fc.array(field, { maxLength: 2 }),
  }),
);
const errorRule: fc.Arbitrary<ErrorRule> = fc.oneof(
  fc.record({ kind: fc.constant("errorfile" as const), status, file: text }),
  fc.record({
    kind: fc.constant("errorloc" as const),
    status,
    code: fc.constantFrom(302 as const, 303 as const),
    url: fc.stringMatching(/^\/[!-~]{0,9}$/),
  }),
  fc.record({ kind: fc.constant("http-error" as const), reply }),
);

const anyProxy = whole<Proxy>(
  defaultProxy("listen", "l"),
  allProxySettings,
  fc.record({
    name: fc.oneof(name, fc.constantFrom("192.168.1.1:80", ":80", "*:80", "[::1]:80")),
    kind: fc.constantFrom("listen", "frontend", "backend"),
    mode: fc.constantFrom("http", "tcp"),
    description: orNull(text),
    bind: fc.array(bind, { minLength: 1, maxLength: 3 }),
    maxconn: orNull(positive),
    backlog: orNull(positive),
    monitorNet: orNull(network),
    monitorUri: orNull(fc.stringMatching(/^(\/|http:\/\/)[!-"$-~]{0,8}$/)),
    grace: fc.oneof(fc.constant(0), time),
    balance: fc.oneof(
      fc.constantFrom(
        "roundrobin",
        "static-rr",
        "leastconn",
        "first",
        "random",
        "sticky",
        "source",
      ),
      fc.constantFrom("random(3)", "uri", "uri whole len 5 depth 2 path-only", "url_param id"),
      fc.constantFrom("url_param id check_post", "hdr(Host)", "hdr(X-A) use_domain_only"),
      fc.constantFrom("rdp-cookie", "rdp-cookie(name)", "hash src", "hash always_true"),
    ),
    hashType: fc.constantFrom(...hashTypes),
    hashBalanceFactor: fc.oneof(fc.constant(0), fc.integer({ min: 101, max: 100_000 })),
    dynamicCookieKey: orNull(text),
    persistRdpCookie: orNull(fc.constantFrom("msts", "other")),
    retryOn: fc.constantFrom(null, [], ["conn-failure"], ["empty-response", "503"]),
    maxSessionSrvConns: fc.integer({ min: 0, max: 9 }),
    maxKeepAliveQueue: fc.integer({ min: -1, max: 100 }),
    hashPreserveAffinity: fc.constantFrom(...affinities),
    cookie: orNull(cookie),
    retries: natural,
    errors: fc.array(errorRule, { maxLength: 3 }),
    dispatch: orNull(withPort),
    servers: fc.uniqueArray(server, { maxLength: 3, selector: (server) => server.name })
      .map((servers) =>
        servers.map((each, i) =>
          each.weight % 2 === 0 ? each : { ...each, id: each.weight * 4 + i }
        )
      ),
    source: orNull(source),
    fullconn: orNull(positive),
    check,
    connection: fc.constantFrom(...connectionModes),
    httpReuse: fc.constantFrom(...reuseModes),
    httpSendNameHeader: orNull(fc.stringMatching(/^X-[!#$%&'*+.^_`|~0-9A-Za-z-]{1,9}$/)),
    forwardfor: orNull(forwardfor),
    originalto: orNull(fc.record(addressField)),
    splice: fc.record({ request: fc.boolean(), response: fc.boolean() }),
    timeout: timeouts,
    stickTable: orNull(stickTable),
    log: fc.array(logTarget, { maxLength: 2 }),
    logFormat: orNull(
      fc.constantFrom(...Object.keys(standardFormats), "%ci:%cp", "%{+Q}o %ci %s", "50%% %b"),
    ),
  }),
);

/** The proxy without what its kind does not have. */
function ofItsKind(proxy: Proxy): Proxy {
  const legal = /^[A-Za-z0-9_.:-]+$/.test(proxy.name) || proxy.kind === "listen";
  const unset = defaultProxy(proxy.kind, proxy.name);
  const pruned = Object.fromEntries(
    Object.entries(proxy).map(([key, value]) => {
      const field = key as keyof Proxy;
      return [key, hasSide(proxy.kind, sideOf[field]) ? value : unset[field]];
    }),
  ) as unknown as Proxy;
  const timeout = Object.fromEntries(
    Object.entries(proxy.timeout).map(([key, value]) =>
      [key, hasSide(proxy.kind, sideOfTimeout[key as keyof Timeouts]) ? value : null] as const
    ),
  ) as unknown as Timeouts;
  return { ...pruned, name: legal ? proxy.name : "legal", timeout };
}

/** Lets the last server of a proxy, if it has no check, track the first, if that has one. */
function withTrack(proxy: Proxy): Proxy {
  const [first] = proxy.servers;
  const last = proxy.servers.at(-1);
  if (first === undefined || last === undefined || last.check || !first.check) return proxy;
  const track = last.weight % 2 === 0 ? first.name : `${proxy.name}/${first.name}`;
  return { ...proxy, servers: [...proxy.servers.slice(0, -1), { ...last, track }] };
}

/** Points each frontend at the backends that it may have. */
function withDefaultBackend(proxy: Proxy, proxies: readonly Proxy[]): Proxy {
  if (!hasSide(proxy.kind, "frontend")) return proxy;
  const targets = proxies.filter((each) =>
    each.name !== proxy.name && (each.mode === "http" || proxy.mode === "tcp") &&
    hasSide(each.kind, "backend")
  ).map(({ name }) => name);
  const useBackend = targets.slice(1).map((backend) => ({ backend, condition: [] }));
  return { ...proxy, useBackend, defaultBackend: targets[0] ?? null };
}

const global = whole<Global>(
  defaultGlobal(),
  globalSettings,
  fc.record({
    pidfile: orNull(text),
    defaultPath: fc.constantFrom(
      null,
      { policy: "config" as const, origin: "" },
      { policy: "origin" as const, origin: "/etc/sluice" },
    ),
    hardStopAfter: orNull(time),
    maxconn: orNull(positive),
    log: fc.array(logTarget, { maxLength: 2 }),
    logTag: fc.oneof(fc.constant("sluice"), text),
    spreadChecks: fc.integer({ min: 0, max: 50 }),
    tuneBufsize: fc.integer({ min: 1024, max: 1_000_000 }),
    // Redirections have room.
    tuneMaxrewrite: fc.integer({ min: 0, max: 700 }),
    nbthread: orNull(fc.integer({ min: 1, max: 64 })),
    tuneEngine: orNull(fc.constantFrom(...engines)),
    tuneMaxaccept: orNull(fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 2 ** 31 - 1 }))),
    maxpipes: orNull(positive),
    dnsAcceptFamily: orNull(fc.constantFrom("ipv4", "ipv6", "ipv4,ipv6", "auto")),
    tunePipesize: orNull(fc.integer({ min: 1, max: 2 ** 31 - 1 })),
    user: orNull(fc.oneof(text, natural)),
    group: orNull(fc.oneof(text, natural)),
    chroot: orNull(text),
    node: orNull(text),
    description: orNull(text.filter((each) => each.trim() !== "")),
    logSendHostname: orNull(fc.oneof(fc.constant(""), text)),
    ulimitN: orNull(positive),
    closeSpreadTime: orNull(fc.oneof(fc.constant(0), time)),
    cpuMap: fc.array(
      fc.record({
        threads: fc.constantFrom("all", "odd", "even", "3", "1-4"),
        cpus: fc.uniqueArray(fc.integer({ min: 0, max: 1023 }), { minLength: 1, maxLength: 9 })
          .map((cpus) => cpus.sort((a, b) => a - b)),
        auto: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
  }),
);

/** A valid configuration with every property, defaults included. */
export const configuration: fc.Arbitrary<Configuration> = fc
  .tuple(
    fc.oneof(global, fc.constant(v.parse(Configuration, {}).global)),
    fc.uniqueArray(anyProxy, { minLength: 1, maxLength: 4, selector: (proxy) => proxy.name }),
    anyProxy,
    otherSections,
  )
  .map(([global, drawn, last, others]) => {
    const listener: Proxy = { ...last, name: "listener", kind: "listen", disabled: false };
    const before = drawn.filter((proxy) => !["listener", "legal"].includes(proxy.name));
    const all = [...before, listener].map(ofItsKind).map(withTrack);
    const unique = new Map(all.map((each) => [each.name, each]));
    const proxies = [...unique.values()];
    // A copy has only plain objects: fast-check makes some without a prototype.
    return structuredClone({
      global,
      ...others,
      proxies: proxies.map((proxy) => withDefaultBackend(proxy, proxies)),
    });
  });
