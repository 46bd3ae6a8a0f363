/** Variables in addresses: without quotes, as HAProxy has them. */
import { assertEquals } from "@std/assert";
import type { Configuration } from "#src/config/model.ts";
import { test } from "../../testing.ts";
import { errors, load, only, valid, warnings } from "../support.ts";

const env = {
  IP: "192.168.1.1",
  IP6: "[::1]",
  HOST: "www.example.com",
  PORT: "8080",
  LAST: "8082",
  DIR: "/run/x",
  NAME: "front",
  BOTH: "10.0.0.1:81,10.0.0.2:82",
  DOLLAR: "$IP",
};

type Proxy = Configuration["proxies"][number];
const proxyOf = (line: string): Proxy =>
  valid(`listen l\n${line}\nlisten o :99\n`, env).proxies[0]!;

const binds: [word: string, expected: object[]][] = [
  ["${IP}:80", [{ kind: "ip", host: "192.168.1.1", port: 80 }]],
  ["$IP:$PORT", [{ kind: "ip", host: "192.168.1.1", port: 8080 }]],
  [":${PORT}", [{ kind: "ip", host: "*", port: 8080 }]],
  ["'${IP}:80'", [{ kind: "ip", host: "192.168.1.1", port: 80 }]],
  ["${IP6}:80", [{ kind: "ip", host: "::1", port: 80 }]],
  ["ipv4@${IP}:80", [{ kind: "ip", host: "192.168.1.1", port: 80 }]],
  ["${NONE-127.0.0.1}:80", [{ kind: "ip", host: "127.0.0.1", port: 80 }]],
  ["${IP-127.0.0.1}:80", [{ kind: "ip", host: "192.168.1.1", port: 80 }]],
  ["${BOTH}", [
    { kind: "ip", host: "10.0.0.1", port: 81 },
    { kind: "ip", host: "10.0.0.2", port: 82 },
  ]],
  ["${IP}:80,${IP}:81", [
    { kind: "ip", host: "192.168.1.1", port: 80 },
    { kind: "ip", host: "192.168.1.1", port: 81 },
  ]],
  ["${IP}:8081-${LAST}", [
    { kind: "ip", host: "192.168.1.1", port: 8081 },
    { kind: "ip", host: "192.168.1.1", port: 8082 },
  ]],
  ["${DIR}/sock", [{ kind: "unix", path: "/run/x/sock" }]],
  ["unix@${NAME}.sock", [{ kind: "unix", path: "front.sock" }]],
  ["abns@$NAME", [{ kind: "abstract", name: "front" }]],
  // What double quotes have put in, and a dollar after a backslash in them, are as they are.
  ['unix@"$DOLLAR"', [{ kind: "unix", path: "$IP" }]],
  ['unix@"\\$IP"', [{ kind: "unix", path: "$IP" }]],
  ['unix@"$NAME"', [{ kind: "unix", path: "front" }]],
];
for (const [word, expected] of binds) {
  test(`bind ${word}`, () => {
    assertEquals(proxyOf(`bind ${word}`).bind.map(({ address }) => address), expected);
  });
}

test("the first line of a section", () => {
  assertEquals(valid("listen l ${IP}:80\n", env).proxies[0]?.bind[0]?.address, {
    kind: "ip",
    host: "192.168.1.1",
    port: 80,
  });
});

test("servers, and where they are checked", () => {
  const server = (rest: string) => only(proxyOf(`server s ${rest}`).servers);
  assertEquals(server("${HOST}:${PORT}").address, {
    kind: "ip",
    host: "www.example.com",
    port: 8080,
    portOffset: 0,
  });
  assertEquals(server("$IP").address, {
    kind: "ip",
    host: "192.168.1.1",
    port: null,
    portOffset: 0,
  });
  assertEquals(server("$IP:+$PORT").address, {
    kind: "ip",
    host: "192.168.1.1",
    port: null,
    portOffset: 8080,
  });
  const checked = server("10.0.0.1:80 check addr ${IP}:${PORT} source $IP:8081-$LAST");
  assertEquals([checked.addr, checked.port], ["192.168.1.1", 8080]);
  assertEquals(checked.source, { host: "192.168.1.1", port: 8081, lastPort: 8082 });
});

test("dispatch, source and log of a proxy, log of the process", () => {
  assertEquals(proxyOf("dispatch ${HOST}:${PORT}").dispatch, {
    kind: "ip",
    host: "www.example.com",
    port: 8080,
    portOffset: 0,
  });
  assertEquals(proxyOf("source ${IP}").source?.host, "192.168.1.1");
  const target = { kind: "udp", host: "www.example.com", port: 8080 } as const;
  assertEquals(only(proxyOf("log ${HOST}:${PORT} local0").log).target, target);
  const { global } = valid("global\nlog $HOST:$PORT local0\nlisten l :80\n", env);
  assertEquals(only(global.log).target, target);
});

test("what later lines see of setenv", () => {
  const { proxies } = valid("global\nsetenv A 127.0.0.9\nlisten l\nbind ${A}:80\n");
  assertEquals(proxies[0]?.bind[0]?.address, { kind: "ip", host: "127.0.0.9", port: 80 });
});

test("a variable that is not set stands for nothing, and draws a warning", () => {
  assertEquals(valid("listen l\nbind ${NO}:80\n").proxies[0]?.bind[0]?.address, {
    kind: "ip",
    host: "*",
    port: 80,
  });
  assertEquals(
    warnings("listen l\nbind ${NO}:80\n")[1],
    "2:6 warning the variable 'NO' is not set - it stands for nothing here",
  );
  assertEquals(errors("listen l :80\nserver s $NO:80\nserver t $NO\n"), [
    "3:10 error an empty address - a variable that is not set?",
  ]);
});

test("a dollar without a name", () => {
  for (const word of ["$:80", "${:80", "${}:80", "${IP[*]}:80", "${I P}:80", "1$"]) {
    const [first = ""] = errors(`listen l\nbind ${word.replace(" ", "\\ ")}\nlisten o :99\n`, env);
    assertEquals(
      first,
      `2:6 error '${word}' has a dollar without the name of an environment variable - ` +
        "$NAME, ${NAME} or ${NAME-default}",
    );
  }
});

test("elsewhere variables need double quotes", () => {
  const { configuration } = load("listen l :80\ndescription ${IP}\nmode http\n", env);
  assertEquals(configuration?.proxies[0]?.description, "${IP}");
});
