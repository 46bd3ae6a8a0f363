import { assertEquals } from "@std/assert";
import { defaultProxy } from "#src/config/fields.ts";
import type { Cookie, Global, Proxy, Server } from "#src/config/model.ts";
import { test } from "../../testing.ts";
import { global, listen, only } from "../support.ts";

type Example<T> = [lines: string | string[], expected: Partial<T>];
const array = (lines: string | string[]) => [lines].flat();
const titled = (lines: string | string[]) => array(lines).join("; ");

function pick<T extends object>(actual: T, expected: Partial<T>): Partial<T> {
  const keys = Object.keys(expected) as (keyof T)[];
  return Object.fromEntries(keys.map((key) => [key, actual[key]])) as Partial<T>;
}

const globals: Example<Global>[] = [
  ["daemon", { daemon: true }],
  ["quiet", { quiet: true }],
  ["pidfile /run/sluice.pid", { pidfile: "/run/sluice.pid" }],
  [["pidfile /a", "pidfile /b"], { pidfile: "/a" }],
  ["hard-stop-after 30s", { hardStopAfter: 30_000 }],
  ["hard-stop-after 0", { hardStopAfter: null }],
  ["maxconn 2000", { maxconn: 2000 }],
  ["maxconn 0", { maxconn: null }],
  ["log-tag edge", { logTag: "edge" }],
  ["spread-checks 5", { spreadChecks: 5 }],
  ["tune.bufsize 32768", { tuneBufsize: 32768 }],
  ["tune.maxrewrite 512", { tuneMaxrewrite: 512 }],
  ["nbthread 1", { nbthread: 1 }],
  [["nbthread 2", "nbthread 64"], { nbthread: 64 }],
  [["nbproc 4", "thread-groups 2"], { nbthread: null }],
  ["user haproxy", { user: "haproxy" }],
  ["uid 99", { user: 99 }],
  [["uid 99", "user haproxy"], { user: 99 }],
  ["group haproxy", { group: "haproxy" }],
  ["gid 99", { group: 99 }],
  ["chroot /var/lib/haproxy", { chroot: "/var/lib/haproxy" }],
  ["ulimit-n 65536", { ulimitN: 65536 }],
  ["no strict-limits", { strictLimits: false }],
  [["no strict-limits", "strict-limits"], { strictLimits: true }],
  ["log-send-hostname", { logSendHostname: "" }],
  ["log-send-hostname edge1", { logSendHostname: "edge1" }],
  ["description the front door", { description: "the front door" }],
  ["cpu-map 1 0", { cpuMap: [{ threads: "all", cpus: [0], auto: false }] }],
  ["cpu-map auto:1/1-4 0-3", { cpuMap: [{ threads: "1-4", cpus: [0, 1, 2, 3], auto: true }] }],
  ["cpu-map 1/odd 0,2-3 5", { cpuMap: [{ threads: "odd", cpus: [0, 2, 3, 5], auto: false }] }],
  ["cpu-map 2 0", { cpuMap: [] }],
  [
    "unix-bind prefix /run/x/ mode 660 uid 5",
    { unixBind: { prefix: "/run/x/", mode: 0o660, user: 5, group: null } },
  ],
  ["h1-case-adjust host Host", { h1CaseAdjust: [{ from: "host", to: "Host" }] }],
  ["tune.engine epoll", { tuneEngine: "epoll" }],
  ["tune.engine sockets", { tuneEngine: "sockets" }],
  ["noepoll", { tuneEngine: "sockets" }],
  [["noepoll", "tune.engine epoll"], { tuneEngine: "epoll" }],
  ["tune.maxaccept 100", { tuneMaxaccept: 100 }],
  ["tune.maxaccept -1", { tuneMaxaccept: -1 }],
  ["tune.maxaccept 0", { tuneMaxaccept: null }],
  [["tune.maxaccept 1", "tune.maxaccept 2"], { tuneMaxaccept: 1 }],
  ["nosplice", { nosplice: true }],
  ["maxpipes 100", { maxpipes: 100 }],
  ["maxpipes 0", { maxpipes: null }],
  [["maxpipes 1", "maxpipes 2"], { maxpipes: 1 }],
  ["tune.pipesize 262144", { tunePipesize: 262_144 }],
  ["tune.pipesize 0", { tunePipesize: null }],
  [["tune.pipesize 4096", "tune.pipesize 8192"], { tunePipesize: 8192 }],
  ["daemon", {
    nbthread: null,
    tuneEngine: null,
    tuneMaxaccept: null,
    nosplice: false,
    maxpipes: null,
    tunePipesize: null,
  }],
  [["log 127.0.0.1 local0", "no log"], { log: [] }],
  [["setenv T one", "setenv T two", 'log-tag "$T"'], { logTag: "two" }],
  [["setenv T one", "presetenv T two", 'log-tag "$T"'], { logTag: "one" }],
  [["setenv T one", "unsetenv T", 'log-tag "${T-none}"'], { logTag: "none" }],
  [["setenv T one", "setenv U two", "resetenv U", 'log-tag "${T-none}$U"'], { logTag: "nonetwo" }],
];

for (const [lines, expected] of globals) {
  test(`global: ${titled(lines)}`, () => {
    assertEquals(pick(global(...array(lines)), expected), expected);
  });
}

const logs: [line: string, expected: Global["log"][number]][] = [
  ["127.0.0.1 local0", {
    target: { kind: "udp", host: "127.0.0.1", port: 514 },
    format: "local",
    len: 1024,
    facility: "local0",
    level: "debug",
    minlevel: "emerg",
  }],
  ["logs.example.com:1514 len 2048 format rfc5424 daemon info err", {
    target: { kind: "udp", host: "logs.example.com", port: 1514 },
    format: "rfc5424",
    len: 2048,
    facility: "daemon",
    level: "info",
    minlevel: "err",
  }],
];
for (const [line, expected] of logs) {
  test(`log ${line}`, () => assertEquals(only(global(`log ${line}`).log), expected));
}

const targets: [word: string, expected: Global["log"][number]["target"]][] = [
  ["[::1]:99", { kind: "udp", host: "::1", port: 99 }],
  ["/dev/log", { kind: "unix", path: "/dev/log" }],
  ["unix@log.sock", { kind: "unix", path: "log.sock" }],
  ["stdout", { kind: "stdout" }],
  ["stderr", { kind: "stderr" }],
  ["fd@1", { kind: "stdout" }],
  ["fd@2", { kind: "stderr" }],
];
for (const [word, expected] of targets) {
  test(`log ${word} local0`, () => {
    assertEquals(only(listen(`log ${word} local0`).log).target, expected);
  });
}

const proxies: Example<Proxy>[] = [
  ["mode http", { mode: "http" }],
  ["mode tcp", { mode: "tcp" }],
  ["disabled", { disabled: true }],
  [["disabled", "enabled"], { disabled: false }],
  ["description the front door", { description: "the front door" }],
  ["maxconn 100", { maxconn: 100 }],
  ["maxconn 0", { maxconn: null }],
  ["backlog 64", { backlog: 64 }],
  ["fullconn 50", { fullconn: 50 }],
  ["retries 5", { retries: 5 }],
  ["grace 20s", { grace: 20_000 }],
  ["monitor-net 192.168.1.252/31", { monitorNet: "192.168.1.252/31" }],
  ["monitor-net 10.1.2.3", { monitorNet: "10.1.2.3/32" }],
  ["monitor-uri /alive", { monitorUri: "/alive" }],
  [["balance source", "balance"], { balance: "roundrobin" }],
  ["balance roundrobin", { balance: "roundrobin" }],
  ["balance static-rr", { balance: "static-rr" }],
  ["balance leastconn", { balance: "leastconn" }],
  ["balance source", { balance: "source" }],
  ["hash-type consistent", { hashType: "consistent" }],
  ["hash-type map-based", { hashType: "map-based" }],
  ["http-reuse never", { httpReuse: "never" }],
  ["http-reuse always", { httpReuse: "always" }],
  ["retries 3", { httpReuse: "safe", httpSendNameHeader: null, useBackend: [] }],
  ["http-send-name-header X-Server", { httpSendNameHeader: "X-Server" }],
  ["source 10.0.0.1", { source: { host: "10.0.0.1", port: 0, lastPort: null } }],
  ["source [::1]:99", { source: { host: "::1", port: 99, lastPort: null } }],
  ["source 10.0.0.1:0", { source: { host: "10.0.0.1", port: 0, lastPort: null } }],
  ["source *", { source: { host: "0.0.0.0", port: 0, lastPort: null } }],
  ["source 10.0.0.1:5000-5999", { source: { host: "10.0.0.1", port: 5000, lastPort: 5999 } }],
  ["source 10.0.0.1:5000-5000", { source: { host: "10.0.0.1", port: 5000, lastPort: null } }],
  ["dispatch 127.0.0.1:80", {
    dispatch: { kind: "ip", host: "127.0.0.1", port: 80, portOffset: 0 },
  }],
  ["log global", { logGlobal: true, log: [] }],
  [["log global", "log stdout local0", "no log"], { logGlobal: false, log: [] }],
  ["redispatch", { redispatch: true }],
  ["option redispatch", { redispatch: true }],
  ["option redispatch -1", { redispatch: true }],
  [["redispatch", "no option redispatch"], { redispatch: false }],
  ["option persist", { persist: true }],
  [["option persist", "no option persist"], { persist: false }],
  ["option abortonclose", { abortonclose: true }],
  ["option allbackups", { allbackups: true }],
  ["option dontlognull", { dontlognull: true }],
  ["option splice-auto", { splice: { request: true, response: true } }],
  ["option splice-request", { splice: { request: true, response: true } }],
  ["no option splice-auto", { splice: { request: false, response: false } }],
  ["no option splice-request", { splice: { request: false, response: true } }],
  ["no option splice-response", { splice: { request: true, response: false } }],
  [["no option splice-auto", "option splice-response"], {
    splice: { request: false, response: true },
  }],
  [["no option splice-request", "option splice-auto"], {
    splice: { request: true, response: true },
  }],
  ["option httplog", { logFormat: "httplog" }],
  ["option httplog clf", { logFormat: "httplog clf" }],
  ["option httpslog", { logFormat: "httpslog" }],
  ['log-format "%ci:%cp %ft"', { logFormat: "%ci:%cp %ft" }],
  [["option httplog", "log-format %ci"], { logFormat: "%ci" }],
  [["log-format %ci", "option tcplog"], { logFormat: "tcplog" }],
  ["option tcplog", { logFormat: "tcplog" }],
  ["option httpclose", { connection: "close" }],
  ["option forceclose", { connection: "close" }],
  ["option http-server-close", { connection: "server-close" }],
  [["option httpclose", "option http-keep-alive"], { connection: "keep-alive" }],
  [["option httpclose", "no option httpclose"], { connection: "keep-alive" }],
  [["option httpclose", "no option http-server-close"], { connection: "close" }],
  ["option httpchk", { check: { kind: "http", method: "OPTIONS", uri: "/", version: "HTTP/1.0" } }],
  ["option httpchk /up", {
    check: { kind: "http", method: "OPTIONS", uri: "/up", version: "HTTP/1.0" },
  }],
  ["option httpchk HEAD /up", {
    check: { kind: "http", method: "HEAD", uri: "/up", version: "HTTP/1.0" },
  }],
  ["option httpchk GET / HTTP/1.1\\r\\nHost:\\ www", {
    check: { kind: "http", method: "GET", uri: "/", version: "HTTP/1.1\r\nHost: www" },
  }],
  ["option ssl-hello-chk", { check: { kind: "ssl-hello" } }],
  [["option httpchk", "option tcp-check"], { check: { kind: "tcp-check" } }],
  ["option forwardfor", {
    forwardfor: { except: null, header: "X-Forwarded-For", ifNone: false },
  }],
  ["option forwardfor except 10.1.2.3/255.0.0.0 header X-Client if-none", {
    forwardfor: { except: "10.0.0.0/8", header: "X-Client", ifNone: true },
  }],
  ["option originalto except 127.0.0.1 header X-To", {
    originalto: { except: "127.0.0.1/32", header: "X-To" },
  }],
];

for (const [lines, expected] of proxies) {
  test(`proxy: ${titled(lines)}`, () => {
    assertEquals(pick(listen(...array(lines)), expected), expected);
  });
}

const noTimeouts = defaultProxy("listen", "l").timeout;
const timeouts: Example<Proxy["timeout"]>[] = [
  ["timeout connect 5s", { connect: 5000 }],
  ["timeout client 1m", { client: 60_000 }],
  ["timeout server 2h", { server: 7_200_000 }],
  ["timeout queue 1d", { queue: 86_400_000 }],
  ["timeout check 10ms", { check: 10 }],
  ["timeout http-request 1500us", { httpRequest: 2 }],
  ["timeout http-keep-alive 250", { httpKeepAlive: 250 }],
  ["timeout client 2147483647", { client: 2 ** 31 - 1 }],
  ["timeout client 15min", { client: 900_000 }],
  ["timeout client 5secs", { client: 5000 }],
  ["timeout client 2hours", { client: 7_200_000 }],
  ["timeout client 1day", { client: 86_400_000 }],
  ["timeout client 10msec", { client: 10 }],
  ["timeout client 0", { client: null }],
  ["contimeout 5000", { connect: 5000 }],
  ["clitimeout 6000", { client: 6000 }],
  ["srvtimeout 7s", { server: 7000 }],
];
for (const [lines, expected] of timeouts) {
  test(`proxy: ${titled(lines)}`, () => {
    assertEquals(listen(...array(lines)).timeout, { ...noTimeouts, ...expected });
  });
}

const cookies: [rest: string, expected: Partial<Cookie>][] = [
  ["SITE", { name: "SITE", mode: "passive", indirect: false, domains: [] }],
  ["S insert indirect nocache", { mode: "insert", indirect: true, nocache: true }],
  ["S rewrite", { mode: "rewrite" }],
  ["S prefix", { mode: "prefix" }],
  ["S insert postonly preserve httponly secure", {
    postonly: true,
    preserve: true,
    httponly: true,
    secure: true,
  }],
  ["S insert domain .a.example domain b.example", { domains: [".a.example", "b.example"] }],
  ["S insert maxidle 30m maxlife 8h", { maxidle: 1800, maxlife: 28_800 }],
  ["S insert maxidle 30 maxlife 1500ms", { maxidle: 30, maxlife: 2 }],
];
for (const [rest, expected] of cookies) {
  test(`cookie ${rest}`, () => {
    const { cookie } = listen(`cookie ${rest}`);
    assertEquals(cookie === null ? null : pick(cookie, expected), expected);
  });
}

const servers: [rest: string, expected: Partial<Server>][] = [
  ["", { weight: 1, cookie: null, check: false, inter: 2000, rise: 2, fall: 3, maxconn: 0 }],
  ["weight 0", { weight: 0 }],
  ["weight 256", { weight: 256 }],
  ["cookie A~1", { cookie: "A~1" }],
  ["check inter 4s fastinter 1s downinter 8s", {
    check: true,
    inter: 4000,
    fastinter: 1000,
    downinter: 8000,
  }],
  ["check rise 4 fall 5", { rise: 4, fall: 5 }],
  ["check port 81 addr 10.0.0.9", { port: 81, addr: "10.0.0.9" }],
  ["addr 10.0.0.9:82", { port: 82, addr: "10.0.0.9" }],
  ["backup disabled", { backup: true, disabled: true }],
  ["disabled enabled", { disabled: false }],
  ["check no-check backup no-backup", { check: false, backup: false }],
  ["maxconn 12 minconn 4 maxqueue 9", { maxconn: 12, minconn: 4, maxqueue: 9 }],
  ["source 10.1.2.1", { source: { host: "10.1.2.1", port: 0, lastPort: null } }],
  ["source 10.1.2.1:1024-65535", {
    source: { host: "10.1.2.1", port: 1024, lastPort: 65535 },
  }],
  ["", { sendProxy: null, checkSendProxy: false, track: null }],
  ["send-proxy", { sendProxy: "v1" }],
  ["send-proxy-v2", { sendProxy: "v2" }],
  ["send-proxy send-proxy-v2", { sendProxy: "v2" }],
  ["send-proxy-v2 send-proxy", { sendProxy: "v1" }],
  ["send-proxy no-send-proxy", { sendProxy: null }],
  ["send-proxy-v2 no-send-proxy-v2", { sendProxy: null }],
  ["check-send-proxy", { sendProxy: null, checkSendProxy: true }],
  ["check-send-proxy no-check-send-proxy", { checkSendProxy: false }],
];
for (const [rest, expected] of servers) {
  test(`server s 10.0.0.1:80 ${rest}`, () => {
    const server = only(listen(`server s 10.0.0.1:80 ${rest}`).servers);
    assertEquals(pick(server, expected), expected);
  });
}

test("a server tracks one of its proxy, or of another", () => {
  const { servers } = listen(
    "server a 10.0.0.1:80 check",
    "server b 10.0.0.1:81 track a",
    "server c 10.0.0.1:82 track l/b",
  );
  assertEquals(servers.map(({ track }) => track), [null, "a", "l/b"]);
});

test("default-server is what later servers begin with", () => {
  const { servers } = listen(
    "server a 10.0.0.1:80",
    "default-server check inter 9s weight 7 backup source 10.1.2.1",
    "server b 10.0.0.2:80 no-backup weight 8",
  );
  const [a, b] = servers;
  assertEquals(a?.check, false);
  assertEquals([b?.check, b?.inter, b?.weight, b?.backup], [true, 9000, 8, false]);
  assertEquals(b?.source, { host: "10.1.2.1", port: 0, lastPort: null });
});
