import { assertEquals } from "@std/assert";
import { loadConfiguration } from "#src/config/load.ts";
import { test } from "../../testing.ts";
import { brief, errors, load, only, valid, warnings } from "../support.ts";

const endpoints = (text: string) =>
  valid(text).proxies.map(({ name, bind }) => [
    name,
    ...bind.map(({ address }) => address.kind === "ip" ? `${address.host}:${address.port}` : ""),
  ]);

test("a 'listen' is named, or named by its address", () => {
  const text = `
listen web 192.168.1.1:80
listen 192.168.1.1:81
listen 0.0.0.0:82
listen :83,:84
listen [::1]:85
frontend f 10.0.0.1:80
listen named
  bind :86
listen web:9
  bind :87
`;
  assertEquals(endpoints(text), [
    ["web", "192.168.1.1:80"],
    ["192.168.1.1:81", "192.168.1.1:81"],
    ["0.0.0.0:82", "0.0.0.0:82"],
    [":83,:84", "*:83", "*:84"],
    ["[::1]:85", "::1:85"],
    ["f", "10.0.0.1:80"],
    ["named", "*:86"],
    ["web:9", "*:87"],
  ]);
});

test("with a 'bind' of its own, a name like an address is only a name", () => {
  assertEquals(endpoints("listen 192.168.1.1:80\n bind 10.0.0.1:80\n bind :81\n"), [
    ["192.168.1.1:80", "10.0.0.1:80", "*:81"],
  ]);
  assertEquals(endpoints("listen :0\n bind :80\n"), [[":0", "*:80"]]);
});

test("a name that is almost an address is an error if nothing else listens", () => {
  assertEquals(errors("listen :0\nlisten 192.168.1:80\nlisten l :80\n"), [
    "1:8 error '0' is not a port, in ':0' - a port is from 1 to 65535",
    "2:8 error '192.168.1' is not an address - an IP address, or a host name",
  ]);
});

test("several global sections add up", () => {
  const text = "global\n daemon\nglobal\n maxconn 9\nlisten l :80\nglobal\n quiet\n";
  const { daemon, maxconn, quiet } = valid(text).global;
  assertEquals({ daemon, maxconn, quiet }, { daemon: true, maxconn: 9, quiet: true });
});

test("'defaults' sets what later sections begin with, each its own half", () => {
  const text = `
listen before :79
defaults
  mode http
  balance leastconn
  maxconn 7
  retries 9
  timeout connect 1s
  timeout client 2s
  timeout http-request 3s
  option forwardfor
  cookie S insert
  default-server weight 5
  log global
listen l :80
  server s 10.0.0.1:80
frontend f
  bind :81
backend b
  server s 10.0.0.1:80
`;
  const [before, l, f, b] = valid(text).proxies;
  assertEquals([before?.mode, before?.retries], ["tcp", 3]);
  assertEquals([l, f, b].map((proxy) => proxy?.mode), ["http", "http", "http"]);
  assertEquals([l, f, b].map((proxy) => proxy?.balance), ["leastconn", "roundrobin", "leastconn"]);
  assertEquals([l, f, b].map((proxy) => proxy?.maxconn), [7, 7, null]);
  assertEquals([l, f, b].map((proxy) => proxy?.retries), [9, 3, 9]);
  assertEquals([l, f, b].map((proxy) => proxy?.cookie?.name), ["S", undefined, "S"]);
  assertEquals([l, f, b].map((proxy) => proxy?.logGlobal), [true, true, true]);
  assertEquals([l, f, b].map((proxy) => proxy?.forwardfor === null), [false, false, false]);
  assertEquals([l, f, b].map((proxy) => proxy?.timeout.connect), [1000, null, 1000]);
  assertEquals([l, f, b].map((proxy) => proxy?.timeout.client), [2000, 2000, null]);
  assertEquals([l, f, b].map((proxy) => proxy?.timeout.httpRequest), [3000, 3000, null]);
  assertEquals([l, b].map((proxy) => proxy?.servers[0]?.weight), [5, 5]);
});

test("what a section sets does not reach the next", () => {
  const text = `
defaults
  log stdout local0
  cookie S insert
listen a :80
  log stderr local0
  cookie T insert
  no option persist
listen b :81
`;
  const [a, b] = valid(text).proxies;
  assertEquals([a?.log.length, b?.log.length], [2, 1]);
  assertEquals([a?.cookie?.name, b?.cookie?.name], ["T", "S"]);
});

test("each 'defaults' begins anew, or from the one that it names", () => {
  const text = `
defaults base
  mode http
  retries 9
defaults plain
defaults more from base
  retries 8
listen a :80 from base
listen b :81 from plain
listen c :82 from more
frontend f from base
  bind :83
`;
  const found = valid(text).proxies.map(({ mode, retries }) => [mode, retries]);
  assertEquals(found, [["http", 9], ["tcp", 3], ["http", 8], ["http", 3]]);
});

test("mistakes in the first line of a section", () => {
  const text = `
defaults a
defaults a
defaults b
listen
frontend x/y
frontend f :80 :81
backend b from nowhere
backend c from a
backend d extra
listen 10.0.0.1:80 10.0.0.2:80
global x
listen 10.0.0.3:80 accept-proxy
listen p :80,:81 accept-proxy
`;
  assertEquals(errors(text), [
    "5:7 error 'listen' expects a name or an address - " +
    "usage: listen [<name>] [<address>:<port>[,...]] [from <defaults>]",
    "6:10 error 'x/y' is not a name - letters, digits, '-', '_', '.', ':'",
    "7:16 error unexpected word ':81' - " +
    "usage: frontend <name> [<address>:<port>[,...]] [from <defaults>]",
    "8:16 error there is no 'defaults nowhere' above",
    "9:16 error there is more than one 'defaults a' - lines 2 and 3",
    "10:11 error unexpected word 'extra' - usage: backend <name> [from <defaults>]",
    "11:20 error there is an address already - '10.0.0.1:80' is not a name",
    "12:8 error unexpected word 'x' - usage: global",
    "13:20 error 'accept-proxy' is a parameter of 'bind', and cannot stand here - " +
    "in a line of its own: bind 10.0.0.3:80 accept-proxy",
    "14:18 error 'accept-proxy' is a parameter of 'bind', and cannot stand here - " +
    "in a line of its own: bind :80,:81 accept-proxy",
  ]);
});

test("a 'defaults' that is named and used unnamed draws a warning", () => {
  const text = "defaults d\nlisten a :80 from d\nlisten b :81\n";
  assertEquals(warnings(text).filter((each) => each.includes("defaults")), [
    "3:1 warning 'defaults d' is named by some proxies and used unnamed by others - " +
    "name it always with 'from', or end with a 'defaults' that is never named",
  ]);
});

test("keywords of the other half are ignored with a warning, or refused", () => {
  const text = `
frontend f
  bind :80
  balance source
  retries 9
  timeout server 1s
  no option persist
backend b
  bind :81
  maxconn 9
  option httplog
  timeout client 1s
`;
  const ignored = warnings(text).filter((each) => each.includes("is ignored"));
  assertEquals(ignored, [
    "4:3 warning 'balance' is ignored: frontend 'f' has no backend",
    "5:3 warning 'retries' is ignored: frontend 'f' has no backend",
    "6:11 warning 'timeout server' is ignored: frontend 'f' has no backend",
    "7:13 warning 'option persist' is ignored: frontend 'f' has no backend",
    "9:3 warning 'bind' is ignored: backend 'b' has no frontend",
    "10:3 warning 'maxconn' is ignored: backend 'b' has no frontend",
    "11:10 warning 'option httplog' is ignored: backend 'b' has no frontend",
    "12:11 warning 'timeout client' is ignored: backend 'b' has no frontend",
  ]);
  assertEquals(valid(text).proxies.map(({ retries, maxconn }) => [retries, maxconn]), [
    [3, null],
    [3, null],
  ]);
  assertEquals(errors("frontend f\n bind :80\n server s 10.0.0.1:80\n default-server check\n"), [
    "3:2 error 'server' is not allowed: frontend 'f' has no backend",
    "4:2 error 'default-server' is not allowed: frontend 'f' has no backend",
  ]);
  assertEquals(errors("defaults\n bind :80\n description x\nlisten l :80\n"), [
    "2:2 error 'bind' is not allowed in a 'defaults' section - " +
    "it is for listen, frontend or backend sections",
    "3:2 error 'description' is not allowed in a 'defaults' section - " +
    "it is for listen, frontend or backend sections",
  ]);
});

test("several files are read as one, and errors name theirs", () => {
  const files = [
    { name: "a.cfg", text: "global\n setenv PORT 8080\ndefaults\n mode http\n" },
    { name: "b.cfg", text: 'frontend f\n bind ":$PORT"\n' },
  ];
  const { configuration } = loadConfiguration(files, {});
  const proxy = only(configuration?.proxies ?? []);
  assertEquals(proxy.mode, "http");
  assertEquals(only(proxy.bind).address, { kind: "ip", host: "*", port: 8080 });

  // A section ends with its file.
  const apart = [{ name: "a.cfg", text: "global\n" }, { name: "b.cfg", text: "daemon\n" }];
  const { diagnostics } = loadConfiguration(apart, {});
  assertEquals(diagnostics.map(({ file }) => file), ["b.cfg"]);
  assertEquals(brief(diagnostics), [
    "1:1 error unknown keyword 'daemon' outside any section - " +
    "first comes a section: global, defaults, listen, frontend, backend",
  ]);
});

test("the environment is the caller's, and stays as it is", () => {
  const env = { PORT: "81" };
  const text = 'global\n setenv PORT 82\nlisten "l-$PORT"\n bind ":${PORT}"\n';
  assertEquals(only(load(text, env).configuration?.proxies ?? []).name, "l-82");
  assertEquals(env, { PORT: "81" });
});

test("HAProxy's own variables tell file, line and section", () => {
  const text = 'listen l :80\n description "${.FILE} $.LINE ${.SECTION}"\n';
  assertEquals(only(valid(text).proxies).description, "x.cfg 2 l");
});
