import { checkTimeouts } from "#src/health/probe.ts";
import type { SocketErrorCode } from "#src/net/socket.ts";
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { endpoint, probing, scene, target } from "./scene.ts";

test("tcp: a server that takes the connection passes, and the connection is closed", () => {
  const { network, clock, serve, check, visits } = scene();
  serve({});
  assertEquals(check(probing({ network, clock }, { kind: "tcp" }, target), 10), [
    { passed: true, conditional: false, status: "L4OK", code: null, info: "", duration: 0 },
  ]);
  assertEquals(visits.length, 1);
  assertEquals(network.openSockets, 0);
});

// The words are those of HAProxy 2.6.
const failures: [SocketErrorCode, string, string][] = [
  ["ECONNREFUSED", "L4CON", "Connection refused"],
  ["EHOSTUNREACH", "L4CON", "No route to host"],
  ["ENETUNREACH", "L4CON", "General socket error (Network is unreachable)"],
  [
    "EADDRNOTAVAIL",
    "L4CON",
    "Can't bind to source address (Cannot assign requested address)",
  ],
  ["ENOENT", "SOCKERR", "General socket error (No such file or directory)"],
];
for (const [error, status, info] of failures) {
  test(`tcp: ${error} is ${status}`, () => {
    const { network, clock, check } = scene();
    network.answer(endpoint, error);
    const [result] = check(probing({ network, clock }, { kind: "tcp" }, target), 10);
    assertEquals([result?.passed, result?.status, result?.info], [false, status, info]);
    assertEquals(network.openSockets, 0);
  });
}

test("tcp: no answer: it ends exactly at the time-out", () => {
  const { network, clock, check } = scene();
  network.answer(endpoint, "silence");
  assertEquals(check(probing({ network, clock }, { kind: "tcp" }, target), 1999), []);
  const [result] = check(probing({ network, clock }, { kind: "tcp" }, target), 2000);
  assertEquals([result?.status, result?.duration], ["L4TOUT", 2000]);
});

test("tcp: a check that was given up reports nothing and leaves nothing open", () => {
  const { network, clock, advance } = scene();
  network.answer(endpoint, "silence");
  let reports = 0;
  const cancel = probing({ network, clock }, { kind: "tcp" }, target)(() => reports++);
  advance(100);
  cancel();
  cancel();
  advance(5000);
  assertEquals([reports, network.openSockets], [0, 0]);
});

test("tcp: checks come from the source address", () => {
  const { network, clock, serve, check, visits } = scene();
  serve({});
  const options = { source: { host: "192.168.1.5", port: 0 } };
  check(probing({ network, clock }, { kind: "tcp" }, { ...target, options }), 10);
  assertEquals(visits.map(({ from }) => from), ["192.168.1.5"]);
});

test("tcp: with a PROXY header: the header is all that is sent", () => {
  for (const segment of [Infinity, 1]) {
    const { network, clock, serve, check, requests } = scene({ segment });
    serve({});
    const source = { host: "192.168.1.5", port: 4000 };
    const from = { ...target, options: { source } };
    const [first] = check(
      probing({ network, clock }, { kind: "tcp" }, { ...from, proxyHeader: "v1" }),
      10,
    );
    const [second] = check(
      probing({ network, clock }, { kind: "tcp" }, { ...from, proxyHeader: "v2" }),
      10,
    );
    assertEquals([first?.status, second?.status], ["L4OK", "L4OK"]);
    // What HAProxy 2.6 sends: version 1 names the check's connection, version 2 none.
    assertEquals(requests, [
      "PROXY TCP4 192.168.1.5 192.168.1.11 4000 80\r\n",
      "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
    ]);
    assertEquals(network.openSockets, 0);
  }
});

test("tcp: with a PROXY header: a server that takes no bytes has not passed yet", () => {
  const { network, clock, serve, check } = scene({ capacity: 4 });
  serve({ accepted: (socket) => socket.pause() });
  const [result] = check(
    probing({ network, clock }, { kind: "tcp" }, { ...target, proxyHeader: "v1" }),
    2000,
  );
  assertEquals(result?.status, "L4TOUT");
});

test("probe: time-outs are `inter`, or by `timeout check` and `timeout connect`", () => {
  assertEquals(checkTimeouts(2000, { connect: null, check: null }), {
    connect: 2000,
    answer: null,
  });
  assertEquals(checkTimeouts(2000, { connect: 500, check: null }), { connect: 2000, answer: null });
  assertEquals(checkTimeouts(2000, { connect: 500, check: 900 }), { connect: 500, answer: 900 });
  assertEquals(checkTimeouts(2000, { connect: 9000, check: 90 }), { connect: 2000, answer: 90 });
  assertEquals(checkTimeouts(2000, { connect: null, check: 90 }), { connect: 2000, answer: 90 });
});
