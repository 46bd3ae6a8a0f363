/** How servers' names become addresses: their options, `server-template`, and what is checked. */
import { assertEquals } from "@std/assert";
import { printHaproxy } from "#src/config/haproxy/print.ts";
import { loadConfiguration } from "#src/config/load.ts";
import { test } from "../testing.ts";
import { brief, errors, listen, only, valid } from "./support.ts";

const listener = "resolvers dns\n nameserver n1 10.0.0.53:53\nlisten l\nbind :80\n";

test("options of names: as given, from default-server, and taken back", () => {
  const { servers } = listen(
    "default-server init-addr last,libc,none resolve-opts allow-dup-ip,ignore-weight",
    "server a a.test:80 resolvers default resolve-prefer ipv4 resolve-net 10.0.0.0/8,fe80::1/10,1.2.3.4",
    "server b b.test:80 init-addr 192.0.2.1, resolve-opts prevent-dup-ip",
  );
  const picked = servers.map(({ resolvers, initAddr, resolvePrefer, resolveNet, resolveOpts }) => [
    resolvers,
    initAddr,
    resolvePrefer,
    resolveNet,
    resolveOpts,
  ]);
  assertEquals(picked, [
    [
      "default",
      ["last", "libc", "none"],
      "ipv4",
      ["10.0.0.0/8", "fe80::/10", "1.2.3.4/32"],
      ["allow-dup-ip", "ignore-weight"],
    ],
    [null, ["192.0.2.1"], "ipv6", null, ["ignore-weight"]],
  ]);
});

test("a template makes servers: so many, or a range; they share their parameters", () => {
  const { servers } = listen(
    "default-server inter 5s",
    "server-template web 3 www.test:80 check",
    "server-template app 7-8 _app._tcp.test resolvers default",
    "server-template ip 1 10.0.0.1:80",
  );
  assertEquals(servers.map(({ name }) => name), ["web1", "web2", "web3", "app7", "app8", "ip1"]);
  assertEquals(servers.map(({ check }) => check), [true, true, true, false, false, false]);
  assertEquals(new Set(servers.map(({ inter }) => inter)), new Set([5000]));
  const text = "listen l\n bind :80\n server-template web 2 www.test:80 weight 5\n";
  assertEquals(
    printHaproxy(valid(text)).split("\n").slice(2, 4),
    ["    server web1 www.test:80 weight 5", "    server web2 www.test:80 weight 5"],
  );
});

test("templates that are none", () => {
  const usage = "usage: server-template <prefix> <number>|<first>-<last> <address>[:[<port>]] " +
    "[param*]";
  const lines: [line: string, expected: string][] = [
    [
      "server-template",
      `1 error 'server-template' expects a prefix, a number and an address - ${usage}`,
    ],
    ["server-template a", `1 error 'a' expects a number, or a range - ${usage}`],
    [
      "server-template a/ 3 a.test:80",
      "2 error 'a/' is not a server's name - letters, digits, '-', '_', '.', ':'",
    ],
    ...["0", "3-1", "x", "1-x", "3-", "-3", "1-2-3"].map((range): [string, string] => [
      `server-template a ${range} a.test:80`,
      `3 error '${range}' is not a number of servers, nor a range - as in 3, or 1-3`,
    ]),
    [
      "server-template a 9999999 a.test:80",
      "3 error the configuration has too many servers - a smaller number",
    ],
  ];
  for (const [line, expected] of lines) {
    const [first = ""] = errors(`${listener}${line}\n`);
    assertEquals(first.replace(/^5:\d+ /, ""), expected.replace(/^\d+ /, ""), line);
  }
});

test("two templates whose servers have the same names", () => {
  const text = `${listener}server-template a 2 a.test:80\nserver-template a 2-3 a.test:80\n`;
  assertEquals(errors(text), [
    "6:17 error proxy 'l' has another server named 'a2' - the other one: x.cfg:5",
  ]);
});

test("mistakes in options of names", () => {
  const cases: [option: string, expected: string][] = [
    ["init-addr foo", "'foo' is not a way to an address - last, libc, none, or an IP address"],
    ["init-addr lib", "'lib' is not a way to an address - did you mean 'libc'?"],
    ["init-addr 10.0.0.1,::1", "there is an address already - '10.0.0.1' comes first"],
    ["resolve-prefer ipv5", "'ipv5' is not a family - did you mean 'ipv6'?"],
    ["resolve-net 10", "'10' is not a network - address/length, as in 10.0.0.0/8"],
    ["resolve-net ::1,foo", "'foo' is not a network - address/length, as in 10.0.0.0/8"],
    [`resolve-net ${"10.0.0.0/8,".repeat(5)}::1`, "there are 6 networks - at most 5"],
    [
      "resolve-opts allow",
      "'allow' is not an option of 'resolve-opts' - " +
      "one of: allow-dup-ip, ignore-weight, prevent-dup-ip",
    ],
    [
      "resolvers dsn",
      "proxy 'l', server 'a': there is no section 'resolvers dsn' - " +
      "did you mean 'dns'?",
    ],
    [
      "resolvers nowhere",
      "proxy 'l', server 'a': there is no section 'resolvers nowhere' - " +
      "add a section 'resolvers nowhere'",
    ],
  ];
  for (const [option, expected] of cases) {
    const message = only(errors(`${listener}server a a.test:80 ${option}\n`));
    assertEquals(message.replace(/^\S+ error /, ""), expected);
  }
});

test("the name of a service needs resolvers, or no address; it brings its own port", () => {
  const text = `${listener}server a _http._tcp.test\n`;
  assertEquals(errors(text), [
    "5:10 error proxy 'l', server 'a': no way to resolve '_http._tcp.test': it is the name of a " +
    "service - add 'resolvers' and the name of a 'resolvers' section",
  ]);
  assertEquals(errors(`${listener}server a _http._tcp.test init-addr none\n`), []);
  assertEquals(
    errors(`backend b\nserver a _http._tcp.test resolvers default check\n${listener}`),
    [],
  );
});

test("values that only JSON can have", () => {
  const server = {
    name: "s",
    address: { kind: "ip", host: "a.test", port: 80 },
    initAddr: ["1.2"],
    resolveNet: ["10.0.0.1/8"],
  };
  const bind = [{ address: { kind: "ip", host: "*", port: 80 } }];
  const text = JSON.stringify({
    proxies: [{ kind: "listen", name: "l", bind, servers: [server] }],
  });
  const { diagnostics } = loadConfiguration([{ name: "x.json", text }], {});
  const found = diagnostics.filter(({ severity }) => severity === "error");
  assertEquals(brief(found).map((each) => each.replace(/^\S+ error /, "")), [
    "proxy 'l', server 's': '1.2' is not a way to an address",
    "proxy 'l', server 's': '10.0.0.1/8' is not a network",
  ]);
});
