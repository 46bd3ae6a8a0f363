import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { Bind, type Proxy, type Server } from "#src/config/model.ts";
import { test } from "../../testing.ts";
import { listen, only, valid } from "../support.ts";

const addresses: [word: string, expected: Server["address"]][] = [
  ["10.0.0.1:80", { kind: "ip", host: "10.0.0.1", port: 80, portOffset: 0 }],
  ["10.0.0.1", { kind: "ip", host: "10.0.0.1", port: null, portOffset: 0 }],
  ["10.0.0.1:", { kind: "ip", host: "10.0.0.1", port: null, portOffset: 0 }],
  ["10.0.0.1:+1000", { kind: "ip", host: "10.0.0.1", port: null, portOffset: 1000 }],
  ["10.0.0.1:-1000", { kind: "ip", host: "10.0.0.1", port: null, portOffset: -1000 }],
  ["::1:80", { kind: "ip", host: "::1", port: 80, portOffset: 0 }],
  ["[::1]:80", { kind: "ip", host: "::1", port: 80, portOffset: 0 }],
  ["[::1]", { kind: "ip", host: "::1", port: null, portOffset: 0 }],
  ["ipv4@10.0.0.1:80", { kind: "ip", host: "10.0.0.1", port: 80, portOffset: 0 }],
  ["ipv6@::1:80", { kind: "ip", host: "::1", port: 80, portOffset: 0 }],
  ["www.example.com:80", { kind: "ip", host: "www.example.com", port: 80, portOffset: 0 }],
  ["unix@/run/app.sock", { kind: "unix", path: "/run/app.sock" }],
  ["/run/app.sock", { kind: "unix", path: "/run/app.sock" }],
  ["abns@app", { kind: "abstract", name: "app" }],
];
for (const [word, expected] of addresses) {
  test(`server s ${word}`, () => {
    assertEquals(only(listen(`server s ${word}`).servers).address, expected);
  });
}

const ip = (host: string, port: number) => ({ kind: "ip" as const, host, port });
const binds: [word: string, expected: Proxy["bind"][number]["address"][]][] = [
  [":80", [ip("*", 80)]],
  ["*:80", [ip("*", 80)]],
  ["192.168.1.1:80", [ip("192.168.1.1", 80)]],
  [":::80", [ip("::", 80)]],
  ["::1:80", [ip("::1", 80)]],
  ["[::1]:80", [ip("::1", 80)]],
  ["ipv6@:80", [ip("::", 80)]],
  ["ipv6@*:80", [ip("::", 80)]],
  ["ipv4@:80", [ip("*", 80)]],
  [":80,:81", [ip("*", 80), ip("*", 81)]],
  [":8000-8002,127.0.0.1:9", [
    ip("*", 8000),
    ip("*", 8001),
    ip("*", 8002),
    ip("127.0.0.1", 9),
  ]],
  ["unix@run.sock", [{ kind: "unix", path: "run.sock" }]],
  ["/a,/b", [{ kind: "unix", path: "/a" }, { kind: "unix", path: "/b" }]],
  ["abns@web", [{ kind: "abstract", name: "web" }]],
  ["fd@3", [{ kind: "fd", fd: 3 }]],
];
for (const [word, expected] of binds) {
  test(`bind ${word}`, () => {
    const proxy = only(valid(`frontend f\nbind ${word}\n`).proxies);
    assertEquals(proxy.bind.map((bind) => bind.address), expected);
  });
}

test("an inherited socket is named by a variable", () => {
  const proxy = only(valid('frontend f\nbind "fd@${LISTEN}"\n', { LISTEN: "7" }).proxies);
  assertEquals(only(proxy.bind).address, { kind: "fd", fd: 7 });
});

test("parameters of 'bind' are for each of its addresses", () => {
  const words = "name x backlog 4 v6only transparent accept-proxy";
  const proxy = only(valid(`frontend f\nbind :::80,:81 ${words}\n`).proxies);
  const common = { name: "x", backlog: 4, v6only: true, transparent: true, acceptProxy: true };
  assertEquals(proxy.bind, [
    v.parse(Bind, { address: ip("::", 80), ...common }),
    v.parse(Bind, { address: ip("*", 81), ...common }),
  ]);
  const undone = only(valid("frontend f\nbind :::80 v6only v4v6\n").proxies);
  const { v6only, transparent, acceptProxy } = only(undone.bind);
  assertEquals([v6only, transparent, acceptProxy], [false, false, false]);
});

test("a server without a host, or at '*', is where the client connected to", () => {
  const lines = [
    "a *:9900",
    "b :8443",
    "c 0.0.0.0:80",
    "d ipv6@*:80",
    "e [::]:80",
    "f *",
    "g *:+1",
  ];
  const proxy = listen(...lines.map((line) => `server ${line}`));
  assertEquals(
    proxy.servers.map(({ address }) => address.kind === "ip" ? [address.host, address.port] : null),
    [
      ["0.0.0.0", 9900],
      ["0.0.0.0", 8443],
      ["0.0.0.0", 80],
      ["::", 80],
      ["::", 80],
      ["0.0.0.0", null],
      ["0.0.0.0", null],
    ],
  );
});

test("prefixes: the family, the transport, the kind (manual, chapter 11)", () => {
  const bind = (text: string) => only(listen(`bind ${text}`).bind.slice(1)).address;
  const ip = (host: string, more: object = {}) => ({ kind: "ip", host, port: 81, ...more });
  for (
    const [text, expected] of [
      ["localhost:81", ip("localhost")],
      ["ipv4@localhost:81", ip("localhost", { family: 4 })],
      ["tcp6@localhost:81", ip("localhost", { family: 6 })],
      ["tcp@127.0.0.1:81", ip("127.0.0.1")],
      ["tcp4@127.0.0.1:81", ip("127.0.0.1")],
      ["tcp6@::1:81", ip("::1")],
      ["stream+ipv4@127.0.0.1:81", ip("127.0.0.1")],
      ["stream+ipv6@*:81", ip("::")],
      ["ipv4@:81", ip("*")],
      ["uxst@/run/x", { kind: "unix", path: "/run/x" }],
      ["stream+unix@/run/x", { kind: "unix", path: "/run/x" }],
      ["stream+abns@x", { kind: "abstract", name: "x" }],
      ["stream+fd@7", { kind: "fd", fd: 7 }],
    ] as const
  ) assertEquals(bind(text), expected as ReturnType<typeof bind>, text);
  const log = (text: string) => only(listen(`log ${text} local0`).log).target;
  const udp = (host: string, more: object = {}) => ({ kind: "udp", host, port: 514, ...more });
  for (
    const [text, expected] of [
      ["udp@10.0.0.1", udp("10.0.0.1")],
      ["udp4@10.0.0.1:515", udp("10.0.0.1", { port: 515 })],
      ["dgram+ipv4@log.test", udp("log.test", { family: 4 })],
      ["uxdg@/dev/log", { kind: "unix", path: "/dev/log" }],
      ["abns@log", { kind: "abstract", name: "log" }],
      [":515", udp("127.0.0.1", { port: 515 })],
    ] as const
  ) assertEquals(log(text), expected as ReturnType<typeof log>, text);
});

test("a check's address may be a name, or only another port", () => {
  const [a, b, c] = listen(
    "server a 10.0.0.1:80 check addr health.test:81",
    "server b 10.0.0.1:80 check addr :82",
    "server c 10.0.0.1:80 check addr tcp4@10.0.0.2",
  ).servers;
  assertEquals([a!.addr, a!.port, b!.addr, b!.port, c!.addr, c!.port], [
    "health.test",
    81,
    null,
    82,
    "10.0.0.2",
    null,
  ]);
});

test("a server's port 0 is none: it is the client's", () => {
  const { address } = only(listen("server a 10.0.0.1:0").servers);
  assertEquals(address, { kind: "ip", host: "10.0.0.1", port: null, portOffset: 0 });
});
