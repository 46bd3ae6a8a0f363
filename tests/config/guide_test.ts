/** The forms of HAProxy's Architecture Guide, chapter by chapter: each loads as it is written. */
import { assertEquals } from "@std/assert";
import type { Proxy } from "#src/config/model.ts";
import { test } from "../testing.ts";
import { only, valid, warnings } from "./support.ts";

/** Servers named after letters, at addresses that end in 11, 12, ... */
function farm(names: string, rest: (letter: string) => string): string {
  return [...names]
    .map((letter, i) => `   server web${letter} 192.168.1.${11 + i}:80 ${rest(letter)}\n`).join("");
}

const checked = farm("ABCD", (letter) => `cookie ${letter} check`);
const plain = farm("ABCD", () => "check");
const httpchk = "   option httpchk HEAD /index.html HTTP/1.0\n";

interface Example {
  readonly chapter: string;
  readonly text: string;
  /** Looks at the first proxy. */
  readonly expect: (proxy: Proxy) => void;
}

const examples: readonly Example[] = [
  {
    chapter: "1, cookie insertion",
    text: `listen webfarm 192.168.1.1:80\n   mode http\n   balance roundrobin\n` +
      `   cookie SERVERID insert indirect\n${httpchk}${checked}`,
    expect: ({ name, cookie, check, servers, bind }) => {
      assertEquals([name, cookie?.mode, cookie?.indirect], ["webfarm", "insert", true]);
      assertEquals(check, {
        kind: "http",
        method: "HEAD",
        uri: "/index.html",
        version: "HTTP/1.0",
      });
      assertEquals(servers.map((server) => server.cookie), ["A", "B", "C", "D"]);
      assertEquals(only(bind).address, { kind: "ip", host: "192.168.1.1", port: 80 });
    },
  },
  {
    chapter: "1, balance source",
    text: `listen webfarm 192.168.1.1:80\n   mode http\n   balance source\n${httpchk}${plain}`,
    expect: ({ balance }) => assertEquals(balance, "source"),
  },
  {
    chapter: "2, cookie prefix and weights",
    text: `listen webfarm 192.168.1.1:80\n   mode http\n   cookie JSESSIONID prefix\n` +
      `   option httpclose\n   option forwardfor\n` +
      farm("ABCD", (letter) => `cookie ${letter} weight ${letter < "C" ? 12 : 26} check`),
    expect: ({ cookie, connection, forwardfor, servers }) => {
      assertEquals([cookie?.mode, connection, forwardfor?.ifNone], ["prefix", "close", false]);
      assertEquals(servers.map((server) => server.weight), [12, 12, 26, 26]);
    },
  },
  {
    chapter: "2.1, behind an external balancer",
    text: `listen webfarm 0.0.0.0:80\n   mode http\n   option httplog\n   option dontlognull\n` +
      plain,
    expect: ({ logFormat, dontlognull, bind }) => {
      assertEquals([logFormat, dontlognull], ["httplog", true]);
      assertEquals(only(bind).address, { kind: "ip", host: "0.0.0.0", port: 80 });
    },
  },
  {
    chapter: "2.2, ssl-hello-chk, servers without a port",
    text: `listen tcp-syslog-proxy\n   bind :1514      # TCP syslog\n   mode tcp\n` +
      `   option ssl-hello-chk\n   server prod 192.168.1.10 check\n` +
      `   server back 192.168.2.10 check backup\n`,
    expect: ({ check, servers }) => {
      assertEquals(check.kind, "ssl-hello");
      assertEquals(servers.map((server) => [server.check, server.backup]), [
        [true, false],
        [true, true],
      ]);
      const address = { kind: "ip", host: "192.168.1.10", port: null, portOffset: 0 } as const;
      assertEquals(servers[0]?.address, address);
    },
  },
  {
    chapter: "2.2, several ports and monitor-net",
    text: `listen tse-proxy\n   bind :3389,:1494,:5900  # all at once\n   mode tcp\n` +
      `   server tse-farm 192.168.1.10\n   monitor-net 192.168.1.252/31\n`,
    expect: ({ bind, monitorNet }) => {
      assertEquals(bind.map(({ address }) => address.kind === "ip" && address.port), [
        3389,
        1494,
        5900,
      ]);
      assertEquals(monitorNet, "192.168.1.252/31");
    },
  },
  {
    chapter: "3, nocache, named by its address",
    text: `listen 127.0.0.1:8000\n   mode http\n   cookie SERVERID insert indirect nocache\n` +
      `   option forwardfor except 192.168.1.1\n${checked}`,
    expect: ({ name, cookie, forwardfor, bind }) => {
      assertEquals([name, cookie?.nocache], ["127.0.0.1:8000", true]);
      assertEquals(forwardfor?.except, "192.168.1.1/32");
      assertEquals(only(bind).address, { kind: "ip", host: "127.0.0.1", port: 8000 });
    },
  },
  {
    chapter: "4.1, keywords after the servers",
    text: `listen 192.168.1.1:80\n   mode http\n   cookie SERVERID insert indirect\n` +
      farm("ABCD", (letter) => `cookie ${letter} check inter 2000 rise 2 fall 2`) +
      "   option persist\n   redispatch\n   contimeout 5000\n",
    expect: ({ persist, redispatch, timeout, servers }) => {
      assertEquals([persist, redispatch, timeout.connect], [true, true, 5000]);
      assertEquals([servers[0]?.inter, servers[0]?.rise, servers[0]?.fall], [2000, 2, 2]);
    },
  },
  {
    chapter: "4.2, backups on another check port",
    text:
      `listen 192.168.1.1:80\n   mode http\n   redispatch\n   cookie SERVERID insert indirect\n` +
      farm("AB", (letter) => `cookie ${letter} check port 81 inter 2000`) + "\n" +
      farm("CD", (letter) => `cookie ${letter} check port 80 inter 2000 backup`),
    expect: ({ servers }) => {
      assertEquals(servers.map(({ port, backup }) => [port, backup]), [
        [81, false],
        [81, false],
        [80, true],
        [80, true],
      ]);
    },
  },
  {
    chapter: "4.2.1, a relay for checks",
    text: `global\n    daemon\n    quiet\n    pidfile /var/run/checks.pid\nlisten 0.0.0.0:81\n` +
      `    mode tcp\n    dispatch 127.0.0.1:80\n    contimeout 1000\n    clitimeout 10000\n` +
      `    srvtimeout 10000\n`,
    expect: ({ dispatch, timeout }) => {
      assertEquals(dispatch, { kind: "ip", host: "127.0.0.1", port: 80, portOffset: 0 });
      assertEquals([timeout.connect, timeout.client, timeout.server], [1000, 10_000, 10_000]);
    },
  },
  {
    chapter: "5, two sections, and time to leave",
    text: `listen 10.1.1.11:80 # 10.1.1.12:80 for the other\n   grace 20000  # stay a while\n` +
      `   mode http\n   cookie JSESSIONID prefix\n   option httpchk HEAD / HTTP/1.0\n` +
      `   server W11 10.1.2.1:80 cookie W11 check port 81 inter 2000\n` +
      `   server B11 10.1.2.1:80 cookie W11 check port 80 inter 4000 backup\n\n` +
      `listen 10.1.1.11:81\n   mode tcp\n   dispatch 10.1.1.11:80\n`,
    expect: ({ grace, servers }) => {
      assertEquals([grace, servers.map((server) => server.cookie)], [20_000, ["W11", "W11"]]);
    },
  },
  {
    chapter: "5, a passive cookie",
    text: `listen 192.168.3.1:80\n   mode http\n   redispatch\n   cookie SITE\n` +
      `   server SD2 10.2.1.1:80 cookie SITE2 check inter 30000\n` +
      `   server SD1 10.1.1.1:80 cookie SITE1 check inter 60000 backup\n`,
    expect: ({ cookie }) => assertEquals([cookie?.name, cookie?.mode], ["SITE", "passive"]),
  },
  {
    chapter: "6, one source address a server",
    text: `listen 0.0.0.0:80\n   mode tcp\n   balance roundrobin\n` +
      `   server from1to1 10.1.1.1:80 source 10.1.2.1\n` +
      `   server from2to1 10.1.1.1:80 source 10.1.2.2\n`,
    expect: ({ servers }) => {
      assertEquals(servers.map((server) => server.source?.host), ["10.1.2.1", "10.1.2.2"]);
    },
  },
  {
    chapter: "7, maxconn and minconn",
    text:
      `listen appfarm 192.168.1.1:80\n   mode http\n   maxconn 10000\n   option abortonclose\n` +
      `   server railsA 192.168.1.11:80 minconn 4 maxconn 12 check\n   contimeout 60000\n`,
    expect: ({ maxconn, abortonclose, servers }) => {
      assertEquals([maxconn, abortonclose], [10_000, true]);
      assertEquals([servers[0]?.minconn, servers[0]?.maxconn], [4, 12]);
    },
  },
];

for (const { chapter, text, expect } of examples) {
  test(`the guide, chapter ${chapter}`, () => {
    const [proxy] = valid(text).proxies;
    if (proxy !== undefined) expect(proxy);
    assertEquals(proxy === undefined, false);
    // Nothing in it is ignored.
    const ignored = warnings(text).filter((each) => !/missing timeouts|it logs nowhere/.test(each));
    assertEquals(ignored, []);
  });
}
