/** Many requests on one connection in HTTP/2: each for itself, whatever its neighbours do. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { chunked, field, response } from "#src/simulate/message.ts";
import type { Client } from "#src/simulate/client.ts";
import { test } from "../../testing.ts";
import { type ProxyInput, type Scene, scene, server, settle, web } from "../../proxy/harness.ts";
import {
  type Answer,
  data,
  frame,
  get,
  headers,
  hello,
  helloAlone,
  last,
  number,
  open,
  settings,
  told,
} from "./peer.ts";

const END_HEADERS = 4;
const answer = (client: Client, stream: number): Answer =>
  told(client.received).answers.get(stream) ?? { sections: [], content: "", ended: false };
const status = (client: Client, stream: number) =>
  answer(client, stream).sections.at(-1)?.[":status"];
const path = (
  path: string,
  ...more: [string, string][]
) => [...get.map((field) => field[0] === ":path" ? [":path", path] as const : field), ...more];
const reset = (stream: number) => frame(3, 0, stream, number(8, 4));
const window = (stream: number, more: number) => frame(8, 0, stream, number(more, 4));
const waits = web({ httpReuse: "always" });

/** A scene whose server answers what the test tells it to. */
function play(
  name: string,
  body: (w: Scene) => void | Promise<void>,
  settings: Partial<ProxyInput> = {},
  options: Parameters<typeof scene>[2] = {},
) {
  test(`HTTP/2: ${name}`, scene({ ...waits, ...settings }, body, options));
}

for (const segment of [1, 7, Infinity]) {
  play(
    `requests one after the other and together, ${segment} bytes at a time`,
    (w) => {
      const s1 = w.origin("s1", ({ line }) => response(line));
      const client = w.client().send(hello + headers(1, path("/a")) + headers(3, path("/b")));
      w.run();
      client.send(open(5) + data(5, "one") + last(5, "two"));
      w.run();
      assertEquals([1, 3, 5].map((id) => answer(client, id).content), [
        "GET /a HTTP/1.1",
        "GET /b HTTP/1.1",
        "POST / HTTP/1.1",
      ]);
      assertEquals(s1.requests.at(-1)!.content, "onetwo");
      assertEquals(w.records.map(({ requestLine }) => requestLine), [
        "GET http://a.example/a HTTP/2.0",
        "GET http://a.example/b HTTP/2.0",
        "POST http://a.example/ HTTP/2.0",
      ]);
      assertEquals(w.records.map(({ status }) => status), [200, 200, 200]);
    },
    {},
    { segment },
  );
}

play("responses come as they are ready, not in the order of the requests", (w) => {
  const s1 = w.origin("s1", ({ line }) => line.includes("/slow") ? null : response("quick"));
  const client = w.client().send(hello + headers(1, path("/slow")) + headers(3, path("/quick")));
  w.run();
  assertEquals([answer(client, 1).ended, answer(client, 3).content], [false, "quick"]);
  s1.connections[0]!.send(response("at last"));
  w.run();
  assertEquals(answer(client, 1).content, "at last");
});

play("a stream whose window is closed does not hold up its neighbours", (w) => {
  w.origin("s1", ({ line }) => response(line.includes("/long") ? "x".repeat(200_000) : "short"));
  const client = w.client().send(helloAlone + settings([4, 1000]) + headers(1, path("/long")));
  w.run();
  assertEquals(answer(client, 1).content.length, 1000);
  client.send(headers(3));
  w.run();
  assertEquals(answer(client, 3).content, "short");
  assertEquals(answer(client, 1).content.length, 1000);
  client.send(window(1, 300_000) + window(0, 300_000));
  w.run();
  assertEquals([answer(client, 1).content.length, answer(client, 1).ended], [200_000, true]);
});

play("streams go on in turns, also where one cannot go on at all", (w) => {
  w.origin("s1", () => response("x".repeat(200_000)));
  const client = w.client().send(helloAlone + settings([4, 1000]) + window(0, 10_000_000));
  client.send(headers(1) + window(1, 1) + [3, 5, 7].map((id) => headers(id)).join(""));
  w.run();
  client.send([3, 5, 7].map((id) => window(id, 10_000_000)).join(""));
  w.run();
  const lengths = [1, 3, 5, 7].map((id) => answer(client, id).content.length);
  assertEquals(lengths, [1001, 200_000, 200_000, 200_000]);
  // One that comes while another waits.
  client.send(headers(9) + window(9, 10_000_000));
  w.run();
  assertEquals(answer(client, 9).content.length, 200_000);
});

play("the connection's window bounds all streams, and opens for all in turns", (w) => {
  w.origin("s1", () => response("x".repeat(100_000)));
  const wide = helloAlone + settings([4, 1_000_000]);
  const client = w.client().send(wide + headers(1) + headers(3) + headers(5));
  w.run();
  const lengths = () => [1, 3, 5].map((id) => answer(client, id).content.length);
  assertEquals(lengths().reduce((sum, each) => sum + each), 65_535);
  client.send(window(0, 90_000));
  w.run();
  assertEquals(lengths().reduce((sum, each) => sum + each), 155_535);
  assert(lengths().every((each) => each > 16_000), String(lengths()));
  client.send(window(0, 200_000));
  w.run();
  assertEquals(lengths(), [100_000, 100_000, 100_000]);
});

play("what is written at once, and much of it, does not stop the reading", (w) => {
  // What is left behind the first window ends just where no more output is added.
  w.origin("s1", () => response("x".repeat(65_535 + 49_152)));
  const client = w.client().send(helloAlone + settings([4, 1_000_000]) + headers(1));
  w.run();
  client.send(window(0, 1_000_000));
  w.run();
  assert(answer(client, 1).ended);
  client.send(headers(3));
  w.run();
  assert(answer(client, 3).ended);
});

play("a client that reads nothing has its server wait, and gets all of it later", (w) => {
  w.origin("s1", () => response("x".repeat(500_000)));
  const wide = helloAlone + settings([4, 2 ** 30]) + window(0, 2 ** 30);
  const client = w.client().stall().send(wide + headers(1));
  w.run();
  client.read();
  w.run();
  assertEquals([answer(client, 1).content.length, answer(client, 1).ended], [500_000, true]);
});

play("an upload that its server does not read stops at the window of its stream", (w) => {
  const s1 = w.origin("s1", ({ line }) => response(line));
  const client = w.client().send(hello + open(1));
  w.run();
  s1.connections[0]!.stall();
  const piece = data(1, "x".repeat(16_000));
  let sent = 0;
  // As far as the proxy lets it: no further than what fits between here and the server.
  for (let i = 0; i < 30; i++) {
    const given = told(client.received).windows.get(1) ?? 0;
    if (sent + 16_000 > 65_535 + given) break;
    client.send(piece);
    sent += 16_000;
    w.run();
  }
  assert(sent < 300_000, String(sent));
  client.send(headers(3, path("/other")));
  w.run();
  assertEquals(answer(client, 3).content, "GET /other HTTP/1.1");
  s1.connections[0]!.read();
  w.run();
  assert(told(client.received).windows.get(1)! > 0);
  client.send(last(1, "end"));
  w.run();
  assertEquals(answer(client, 1).content, "POST / HTTP/1.1");
});

play("a large upload goes through, and its windows open again", (w) => {
  const s1 = w.origin("s1", () => response("ok"));
  const client = w.client().send(hello + open(1, ["content-length", "1600000"]));
  w.run();
  for (let i = 0; i < 100; i++) {
    client.send(data(1, "x".repeat(16_000), i === 99 ? 1 : 0));
    w.run();
  }
  assertEquals(answer(client, 1).content, "ok");
  assertEquals(s1.requests[0]!.content.length, 1_600_000);
});

play("a content in the chunked coding is DATA, its trailers are fields", (w) => {
  const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  w.origin("s1", () => head + chunked("one two three", [4, 3], ["X-End: 1", "Host: no"]));
  const client = w.client().send(hello + headers(1));
  w.run();
  const { sections, content, ended } = answer(client, 1);
  assertEquals([content, ended], ["one two three", true]);
  assertEquals(sections, [{ ":status": "200" }, { "x-end": "1" }]);
});

play("what is for a connection in HTTP/1 does not reach the client", (w) => {
  const fields = ["Connection: keep-alive, x-hop", "Keep-Alive: timeout=5", "X-Hop: 1", "X-Far: 2"];
  w.origin("s1", () => response("ok", 200, ...fields, "Upgrade: foo", "Proxy-Connection: close"));
  const client = w.client().send(hello + headers(1));
  w.run();
  assertEquals(answer(client, 1).sections, [{
    ":status": "200",
    "content-length": "2",
    "x-far": "2",
  }]);
});

play("a response without content ends with its head", (w) => {
  w.origin(
    "s1",
    ({ line }) =>
      line.startsWith("HEAD")
        ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
        : "HTTP/1.1 204 No Content\r\n\r\n",
  );
  const head = get.map((field) => field[0] === ":method" ? [":method", "HEAD"] as const : field);
  const client = w.client().send(hello + headers(1, head) + headers(3));
  w.run();
  assertEquals(answer(client, 1), {
    sections: [{ ":status": "200", "content-length": "10" }],
    content: "",
    ended: true,
  });
  assertEquals([status(client, 3), answer(client, 3).ended], ["204", true]);
});

play("interim responses come before the final one", (w) => {
  const s1 = w.origin("s1", () => null);
  const client = w.client().send(hello + open(1, ["expect", "100-continue"]));
  w.run();
  s1.connections[0]!.send("HTTP/1.1 100 Continue\r\n\r\n");
  w.run();
  assertEquals(answer(client, 1).sections, [{ ":status": "100" }]);
  client.send(last(1, "x"));
  w.run();
  s1.connections[0]!.send("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + response("ok"));
  w.run();
  assertEquals(answer(client, 1).sections.map((section) => section[":status"]), [
    "100",
    "103",
    "200",
  ]);
  assertEquals(answer(client, 1).content, "ok");
});

play("a content until the end of the server's connection", (w) => {
  w.origin("s1", (_request, connection) => {
    connection.send("HTTP/1.1 200 OK\r\n\r\nall of it");
    connection.fin();
    return null;
  });
  const client = w.client().send(hello + headers(1));
  w.run();
  assertEquals([answer(client, 1).content, answer(client, 1).ended], ["all of it", true]);
  assert(!client.hasEnded);
});

play("a response that is cut off ends with a reset, and the connection goes on", (w) => {
  w.origin("s1", ({ line }, connection) => {
    if (!line.includes("/cut")) return response("ok");
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    connection.fin();
    return null;
  });
  const client = w.client().send(hello + headers(1, path("/cut")));
  w.run();
  assertEquals(answer(client, 1).ended, false);
  assertEquals(told(client.received).lines.at(-1), "reset 1 INTERNAL_ERROR");
  client.send(headers(3));
  w.run();
  assertEquals(answer(client, 3).content, "ok");
  assertEquals(w.records.map(({ termination }) => termination), ["SD--", "----"]);
});

play("a client that resets a stream gives its server up, and nothing else", (w) => {
  const s1 = w.origin("s1", ({ line }) => line.includes("/slow") ? null : response("ok"));
  const client = w.client().send(hello + headers(1, path("/slow")));
  w.run();
  client.send(reset(1) + headers(3));
  w.run();
  assertEquals(answer(client, 3).content, "ok");
  assert(s1.connections[0]!.broke !== null);
  assertEquals(w.records.map(({ termination }) => termination), ["CH--", "----"]);
});

play("a response before all of the request has come ends both", (w) => {
  w.origin("s1", () => response("no", 413));
  const client = w.client().send(hello + open(1, ["content-length", "100"]));
  w.run();
  assertEquals([status(client, 1), answer(client, 1).ended], [undefined, false]);
  client.send(data(1, "x".repeat(100)));
  w.run();
  assertEquals(status(client, 1), "413");
});

play("the connection breaks: all its requests are over", (w) => {
  w.origin("s1", () => null);
  const client = w.client().send(hello + headers(1) + headers(3) + open(5));
  w.run();
  client.reset();
  w.run();
  assertEquals(w.records.map(({ termination }) => termination).sort(), ["CD--", "CH--", "CH--"]);
});

play("a client that half-closes still gets what it has asked for", (w) => {
  const s1 = w.origin("s1", () => null);
  const client = w.client().send(hello + headers(1));
  w.run();
  client.fin();
  w.run();
  s1.connections[0]!.send(response("late"));
  w.run();
  assertEquals([answer(client, 1).content, client.hasEnded], ["late", true]);
});

play("a client that half-closes within a request is gone with it", (w) => {
  w.origin("s1", () => null);
  const client = w.client().send(hello + open(1));
  w.run();
  client.fin();
  w.run();
  assert(client.hasEnded);
  assertEquals(w.records.map(({ termination }) => termination), ["CD--"]);
});

play("rules answer, and change what goes on", (w) => {
  w.origin("s1", ({ line }) => response(line));
  const client = w.client().send(
    hello + headers(1, path("/no")) + headers(3, path("/old?q")) + headers(5, path("/to")),
  );
  w.run();
  assertEquals(status(client, 1), "403");
  assertEquals(answer(client, 3).content, "GET /new?q HTTP/1.1");
  assertEquals([status(client, 5), answer(client, 5).sections[0]!["location"]], ["302", "/there"]);
  assertEquals(w.records.map(({ requestLine }) => requestLine), [
    "GET http://a.example/no HTTP/2.0",
    "GET http://a.example/to HTTP/2.0",
    "GET http://a.example/old?q HTTP/2.0",
  ]);
}, {
  httpRequest: [
    { words: ["deny", "if", "{", "path", "/no", "}"] },
    { words: ["redirect", "location", "/there", "if", "{", "path", "/to", "}"] },
    { words: ["set-path", "/new", "if", "{", "path", "/old", "}"] },
  ],
});

play("servers that cannot be reached are a 503, and the connection goes on", (w) => {
  const client = w.client().send(hello + headers(1));
  w.advance(1500);
  assertEquals(status(client, 1), "503");
  w.origin("s1");
  client.send(headers(3));
  w.run();
  assertEquals(answer(client, 3).content, "s1");
}, { retries: 0 });

play("a server that is too slow is a 504 of its own stream", (w) => {
  w.origin("s1", ({ line }) => line.includes("/slow") ? null : response("ok"));
  const client = w.client().send(hello + headers(1, path("/slow")));
  w.advance(400);
  client.send(headers(3));
  w.advance(700);
  assertEquals([status(client, 1), answer(client, 3).content], ["504", "ok"]);
  assertEquals(w.records.at(-1)!.termination, "sH--");
}, { timeout: { connect: 1000, client: 5000, server: 1000 } });

play("a client that does not send its content on is a 408 of its own stream", (w) => {
  w.origin("s1", () => response("ok"));
  const client = w.client().send(hello + open(1));
  w.advance(1100);
  assertEquals(status(client, 1), "408");
  client.send(headers(3));
  w.run();
  assertEquals(answer(client, 3).content, "ok");
}, { timeout: { connect: 1000, client: 1000, server: 5000 } });

play("time-outs: no request, half of one, none more", (w) => {
  w.origin("s1");
  const silent = w.client().send(hello);
  const half = w.client().send(hello + frame(1, 1, 1, ""));
  const kept = w.client().send(hello + headers(1));
  w.advance(1100);
  assertEquals([silent.hasEnded, half.hasEnded, kept.hasEnded], [true, true, false]);
  w.advance(1000);
  assert(kept.hasEnded);
  assertEquals(told(kept.received).lines.at(-1), "goaway 1 NO_ERROR");
}, {
  timeout: { connect: 1000, client: 9000, server: 9000, httpRequest: 1000, httpKeepAlive: 2000 },
});

play("a client that gives its only request up is idle, too", (w) => {
  w.origin("s1", () => null);
  const client = w.client().send(hello + headers(1));
  w.run();
  client.send(reset(1));
  w.advance(2100);
  assert(client.hasEnded);
}, {
  timeout: { connect: 1000, client: 9000, server: 9000, httpRequest: 1000, httpKeepAlive: 2000 },
});

play("a client of HTTP/1 on the same port, and one that begins as HTTP/2 does", (w) => {
  w.origin("s1", ({ line }) => response(line));
  const old = w.client().request("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  const slow = w.client();
  for (const byte of hello + headers(1, path("/2"))) {
    slow.send(byte);
    w.run();
  }
  const none = w.client().send("PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n");
  w.run();
  assertEquals(old.responses.whole[0]!.content, "GET /1 HTTP/1.1");
  assertEquals(answer(slow, 1).content, "GET /2 HTTP/1.1");
  assertMatch(none.received, /^HTTP\/1.1 400 /);
});

play("option disable-h2-upgrade", (w) => {
  const client = w.client().send(hello + headers(1));
  w.run();
  assertMatch(client.received, /^HTTP\/1.1 400 /);
}, { disableH2Upgrade: true });

play("a WebSocket (RFC 8441) is an upgrade to a server of HTTP/1", (w) => {
  const s1 = w.origin("s1", ({ fields }, connection) => {
    connection.send(
      fields.some((each) => /^upgrade: websocket$/i.test(each))
        ? "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        : response("no"),
    );
    return null;
  });
  const connect = [[":method", "CONNECT"], [":protocol", "websocket"], ...get.slice(1)] as const;
  const client = w.client().send(hello + headers(1, connect, END_HEADERS) + data(1, "early "));
  w.run();
  assertEquals(answer(client, 1).sections, [{ ":status": "200" }]);
  const request = s1.requests[0]!;
  assertEquals(request.line, "GET / HTTP/1.1");
  assertEquals([field(request, "connection"), field(request, "upgrade")], ["Upgrade", "websocket"]);
  assertMatch(field(request, "sec-websocket-key")!, /^[A-Za-z0-9+/]{22}==$/);
  client.send(data(1, "hello"));
  w.run();
  assertMatch(s1.connections[0]!.received, /\r\n\r\nearly hello$/);
  s1.connections[0]!.send("welcome");
  w.run();
  assertEquals([answer(client, 1).content, answer(client, 1).ended], ["welcome", false]);
  client.send(last(1, ""));
  w.run();
  assert(s1.connections[0]!.hasEnded);
  assert(answer(client, 1).ended);
  assert(!client.hasEnded);
});

play("a WebSocket that its server does not open is not taken for open", (w) => {
  w.origin("s1", () => response("a page"));
  const connect = [[":method", "CONNECT"], [":protocol", "websocket"], ...get.slice(1)] as const;
  const client = w.client().send(hello + headers(1, connect, END_HEADERS));
  w.run();
  assertEquals(status(client, 1), "502");
});

play("CONNECT is a tunnel", (w) => {
  const s1 = w.origin("s1", () => "HTTP/1.1 200 Connected\r\n\r\n");
  const connect = [[":method", "CONNECT"], [":authority", "b.example:443"]] as const;
  const client = w.client().send(hello + headers(1, connect, END_HEADERS));
  w.run();
  assertEquals(s1.requests[0]!.line, "CONNECT b.example:443 HTTP/1.1");
  client.send(data(1, "ping"));
  w.run();
  assertMatch(s1.connections[0]!.received, /ping$/);
  s1.connections[0]!.send("pong");
  w.run();
  assertEquals(answer(client, 1).content, "pong");
  assertEquals(w.records.length, 0);
  s1.connections[0]!.fin();
  client.send(last(1, ""));
  w.run();
  assertEquals(w.records.length, 1);
});

play("a soft-stop says goodbye in two steps, and serves what has come", async (w) => {
  const s1 = w.origin("s1", () => null);
  const client = w.client().send(hello + headers(1));
  w.run();
  const finished = w.instance.finish();
  w.advance(10);
  const first = told(client.received).lines;
  assert(first.includes(`goaway ${2 ** 31 - 1} NO_ERROR`), first.join());
  assert(first.includes("ping"));
  // It has not heard of that yet.
  client.send(headers(3));
  w.run();
  const ping = client.received.slice(client.received.indexOf("\0\0\x08\x06\0") + 9).slice(0, 8);
  client.send(frame(6, 1, 0, ping));
  w.run();
  assert(told(client.received).lines.includes("goaway 3 NO_ERROR"));
  // This one is for another connection: it will not be served.
  client.send(headers(5));
  w.run();
  assertEquals(s1.connections.length, 2);
  for (const connection of s1.connections) connection.send(response("done"));
  await settle(w);
  assertEquals([1, 3, 5].map((id) => answer(client, id).content), ["done", "done", ""]);
  assert(client.hasEnded);
  client.close();
  w.advance(100);
  await finished;
  await w.instance.stop();
});

play("a soft-stop waits for no answer to its ping", async (w) => {
  w.origin("s1", () => response("ok"));
  const client = w.client().send(hello + headers(1));
  w.run();
  const finished = w.instance.finish();
  w.advance(1200);
  assert(client.hasEnded);
  assertEquals(told(client.received).lines.at(-1), "goaway 1 NO_ERROR");
  client.close();
  w.advance(100);
  await finished;
  await w.instance.stop();
});

play("requests are balanced each for itself, over connections that others have used", (w) => {
  w.origin("s1");
  w.origin("s2");
  const client = w.client().send(hello + [1, 3, 5, 7].map((id) => headers(id)).join(""));
  w.run();
  assertEquals([1, 3, 5, 7].map((id) => answer(client, id).content), ["s1", "s2", "s1", "s2"]);
}, { servers: [server("s1"), server("s2")] });
