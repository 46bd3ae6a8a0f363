import type { Target } from "#src/health/probe.ts";
import type { CheckResult } from "#src/health/result.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { change, response as validResponse } from "../http/messages.ts";
import { readResponse } from "../http/reference.ts";
import { ambiguousFramings, forwardedForms, refusedForms } from "../http/response-forms.ts";
import { test } from "../testing.ts";
import {
  answering,
  type Behaviour,
  bufferSize,
  probing,
  type Scene,
  scene,
  send,
  target,
} from "./scene.ts";

const head = { kind: "http" as const, method: "HEAD", uri: "/index.html", version: "HTTP/1.0" };

/** What a check finds of a server, which must leave no socket open. */
function found(
  behaviour: (scene: Scene) => Behaviour,
  { ms = 10, to = target, options = {} }: { ms?: number; to?: Target; options?: object } = {},
): CheckResult | undefined {
  const stage = scene(options);
  stage.serve(behaviour(stage));
  const results = stage.check(probing(stage, head, to), ms);
  assert(results.length <= 1, "a check ends once");
  assertEquals(stage.network.openSockets === 0, results.length === 1);
  return results[0];
}

/** What a check makes of a reply. */
function judged(...parts: string[]) {
  const result = found((scene) => answering(scene, parts));
  return [result?.status, result?.code, result?.info];
}

test("http: the request is the words of the configuration", () => {
  const { network, clock, serve, check, requests } = scene();
  serve({});
  check(probing({ network, clock }, head), 10);
  assertEquals(requests, ["HEAD /index.html HTTP/1.0\r\n\r\n"]);
});

test("http: the PROXY header goes before the request, in pieces if need be", () => {
  for (const capacity of [7, 65_536]) {
    const stage = scene({ capacity });
    stage.serve(answering(stage, ["HTTP/1.", "0 200 O", "K\r\n\r", "\n"], 2));
    const to: Target = {
      ...target,
      options: { source: { host: "192.168.1.5", port: 4000 } },
      proxyHeader: "v1",
    };
    const [result] = stage.check(probing(stage, head, to), 10);
    assertEquals([result?.status, stage.requests], ["L7OK", [
      "PROXY TCP4 192.168.1.5 192.168.1.11 4000 80\r\nHEAD /index.html HTTP/1.0\r\n\r\n",
    ]]);
  }
});

// As HAProxy 2.6 writes them.
test("http: fields may follow the version; an HTTP/1.1 server is asked to close", () => {
  const request = (version: string) => {
    const stage = scene();
    stage.serve({});
    stage.check(probing(stage, { kind: "http", method: "GET", uri: "/", version }), 10);
    return stage.requests[0];
  };
  assertEquals(request("HTTP/1.1"), "GET / HTTP/1.1\r\nconnection: close\r\n\r\n");
  const hosted = "GET / HTTP/1.1\r\nhost: www\r\nconnection: close\r\n\r\n";
  assertEquals(request("HTTP/1.1\r\nHost: www"), hosted);
  assertEquals(request("HTTP/1.1\r\nHost: www\r\n"), hosted);
  assertEquals(request("HTTP/1.0\r\nHost: www"), "GET / HTTP/1.0\r\nhost: www\r\n\r\n");
  assertEquals(request("HTTP/1.1\r\nconnection: keep-alive"), "GET / HTTP/1.1\r\n\r\n");
});

test("http: a request that the socket takes in pieces arrives whole", () => {
  const stage = scene({ capacity: 7 });
  stage.serve(answering(stage, ["HTTP/1.", "0 200 O", "K\r\n\r", "\n"], 2));
  const [result] = stage.check(probing(stage, head, target), 10);
  assertEquals(result?.status, "L7OK");
  assertEquals(stage.requests, ["HEAD /index.html HTTP/1.0\r\n\r\n"]);
});

test("http: 2xx and 3xx pass, nothing else does", () => {
  assertEquals(judged("HTTP/1.1 200 OK\r\n\r\n"), ["L7OK", 200, ""]);
  assertEquals(judged("HTTP/1.0 302 Found\r\n\r\n"), ["L7OK", 302, ""]);
  assertEquals(judged("HTTP/1.1 399 Odd\r\n\r\n"), ["L7OK", 399, ""]);
  assertEquals(judged("HTTP/1.0 404 Not Found\r\n\r\n"), ["L7STS", 404, "Not Found"]);
  assertEquals(judged("HTTP/1.1 100 Continue\r\n\r\n"), ["L7STS", 100, "Continue"]);
  assertEquals(judged("HTTP/1.1 503\r\n\r\n"), ["L7STS", 503, ""]);
  assertEquals(judged("HTTP/1.1 500 \r\n\r\n"), ["L7STS", 500, ""]);
  assertEquals(judged("HTTP/1.1 600 Hm\r\n\r\n"), ["L7STS", 600, "Hm"]);
});

test("http: what the traffic's responses may lack, those to checks may, too", () => {
  assertEquals(judged("HTTP/1.0 200 OK\n\n"), ["L7OK", 200, ""]);
  assertEquals(judged("HTTP/2.0 204 No\nX: y\r\n z\n\n"), ["L7OK", 204, ""]);
  assertEquals(judged("\r\nHTTP/1.1 200 OK\r\n\r\n"), ["L7OK", 200, ""]);
  assertEquals(judged("HTTP/1.0  500   Out of  order \r\n\r\n"), ["L7STS", 500, "Out of  order"]);
  assertEquals(judged("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n"), ["L7OK", 204, ""]);
  // The content need not come.
  assertEquals(judged("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), ["L7OK", 200, ""]);
});

test("http: an interim response is a wrong status, as for HAProxy", () => {
  assertEquals(judged("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), [
    "L7STS",
    103,
    "Hints",
  ]);
});

test("http: a head may be as long as the traffic's, and no longer", () => {
  const reply = (length: number) => {
    const start = "HTTP/1.0 200 OK\r\nX: ";
    return `${start}${"x".repeat(length - start.length - 4)}\r\n\r\n`;
  };
  assertEquals(judged(reply(bufferSize)), ["L7OK", 200, ""]);
  assertEquals(judged(reply(bufferSize + 1)), ["L7RSP", null, ""]);
  assertEquals(judged(reply(20_000)), ["L7RSP", null, ""]);
});

test("http: a long reason is cut", () => {
  assertEquals(judged(`HTTP/1.0 500 ${"r".repeat(300)}\r\n\r\n`), ["L7STS", 500, "r".repeat(127)]);
});

test("http: a response that the traffic does not take does not pass", () => {
  for (const { head: reply, why } of [...refusedForms, ...ambiguousFramings]) {
    assertEquals(judged(reply), ["L7RSP", null, ""], why);
  }
  for (const { as, head: reply } of forwardedForms) {
    assertEquals(judged(reply)[1], Number(as.slice(9, 12)), JSON.stringify(reply));
  }
});

test("http: content that is broken already does not pass, where there is content", () => {
  for (const [method, status] of [["HEAD", "L7OK"], ["GET", "L7RSP"]] as const) {
    const stage = scene();
    const reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx";
    stage.serve(answering(stage, [reply]));
    const probe = probing(stage, { ...head, method });
    assertEquals(stage.check(probe, 10)[0]?.status, status);
  }
});

for (
  const [what, reply] of [
    ["nothing", ""],
    ["half a status line", "HTTP/1.0 200 OK"],
    ["a status line alone", "HTTP/1.0 200 OK\r\n"],
    ["half a head", "HTTP/1.0 200 OK\r\nX: y\r\n"],
    ["another protocol", "SSH-2.0-OpenSSH_9.0\r\n"],
    ["a code of two digits", "HTTP/1.0 20 OK\r\n"],
    ["a code of four digits", "HTTP/1.0 2000 OK\r\n"],
    ["no code", "HTTP/1.0 OK\r\n"],
    ["no version", "HTTP 200 OK\r\n"],
    ["bytes", "\x00\xff\x01\n"],
    ["a line without end", `HTTP/1.0 200 ${"x".repeat(10_000)}`],
    ["a very long line", `HTTP/1.0 200 ${"x".repeat(20_000)}\r\n\r\n`],
  ] as const
) {
  test(`http: ${what} is not a response`, () => {
    assertEquals(judged(reply), ["L7RSP", null, ""]);
  });
}

test("http: only the head is waited for, and no more of a reply read", () => {
  const reply = "HTTP/1.0 200 OK\r\nContent-Length: 300000\r\n\r\n";
  const result = found(() => ({ received: (socket) => send(socket, reply) }));
  assertEquals(result?.status, "L7OK");
  assertEquals(judged(reply + "z".repeat(200_000))[0], "L7OK");
  const unfinished = found(
    () => ({ received: (socket) => send(socket, reply.slice(0, -1)) }),
    { ms: 1999 },
  );
  assertEquals(unfinished, undefined);
});

test("http: when the verdict is known the connection is reset, which leaves no TIME_WAIT", () => {
  const ends: string[] = [];
  const stage = scene();
  stage.serve({
    received: (socket) => send(socket, "HTTP/1.0 200 OK\r\n\r\n"),
    over: (how) => ends.push(how),
  });
  const [result] = stage.check(probing(stage, head, target), 10);
  assertEquals([result?.status, ends], ["L7OK", ["ECONNRESET"]]);
});

test("http: what cannot become a response is not waited for", () => {
  const result = found(() => ({ received: (socket) => send(socket, "220 mail") }));
  assertEquals(result?.status, "L7RSP");
});

test("http: however a reply is cut, it is judged alike", () => {
  const reply = "HTTP/1.1 404 Not Found\r\nServer: x\r\n\r\n";
  fc.assert(fc.property(fc.array(fc.nat(reply.length), { maxLength: 6 }), (cuts) => {
    const places = [0, ...cuts.toSorted((a, b) => a - b), reply.length];
    const parts = places.slice(1).map((place, i) => reply.slice(places[i], place));
    const result = found((scene) => answering(scene, parts, 1), { ms: 20 });
    assertEquals([result?.code, result?.info], [404, "Not Found"]);
  }));
});

test("http: garbage of any kind ends in a verdict", () => {
  const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => String.fromCharCode(...bytes));
  const whole = garbage.map((rest) => `HTTP/1.1 ${rest}\r\n\r\n`);
  const response = validResponse.map(({ head, content }) => head + content);
  const reply = fc.oneof(
    garbage,
    whole,
    response,
    fc.tuple(change, response).map(([f, t]) => f(t)),
  );
  fc.assert(
    fc.property(reply, fc.integer({ min: 1, max: 64 }), (reply, segment) => {
      const result = found((scene) => answering(scene, [reply]), { options: { segment } });
      assert(result !== undefined);
      const reading = readResponse(reply);
      const status = Number(/^\s*HTTP\/...\s+(...)/.exec(reply)?.[1]);
      const passes = reading !== null && status >= 200 && status < 400;
      assertEquals(result.passed, passes, JSON.stringify(reply));
    }),
    { numRuns: 300 },
  );
});

test("http: a reset is a socket error", () => {
  const result = found(() => ({ received: (socket) => socket.reset() }));
  assertEquals([result?.status, result?.info], ["SOCKERR", "Connection reset by peer"]);
});

test("http: no answer ends at `inter`, from the connect on", () => {
  assertEquals(found(() => ({}), { ms: 1999 }), undefined);
  const result = found(() => ({}), { ms: 2000 });
  assertEquals([result?.status, result?.duration], ["L7TOUT", 2000]);
});

test("http: drops that never end a line do not put the time-out off", () => {
  const drip = (scene: Scene): Behaviour => ({
    received(socket) {
      send(socket, "HTTP/1.0 200 ");
      const drop = () => {
        send(socket, "x");
        scene.clock.schedule(100, drop);
      };
      drop();
    },
  });
  const result = found(drip, { ms: 2000 });
  assertEquals([result?.status, result?.duration], ["L7TOUT", 2000]);
});

test("http: with `timeout check`, time for the answer begins at the connection", () => {
  const to = { ...target, timeouts: { connect: 500, answer: 900 } };
  const result = found(() => ({}), { ms: 900, to });
  assertEquals([result?.status, result?.duration], ["L7TOUT", 900]);
  const slow = found((scene) => answering(scene, ["HTTP/1.0 ", "200 OK\r\n\r\n"], 800), {
    ms: 900,
    to,
  });
  assertEquals([slow?.status, slow?.duration], ["L7OK", 800]);
});
