/** Servers in HTTP/2 (manual: "proto h2"), behind clients in HTTP/1 and in HTTP/2. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { field, request, status } from "#src/simulate/message.ts";
import type { Client } from "#src/simulate/client.ts";
import { test } from "../../testing.ts";
import { type ProxyInput, type Scene, scene, server, web } from "../../proxy/harness.ts";
import { answered, http2Origin, type Http2Peer } from "./origin.ts";
import {
  type Answer,
  data,
  type Field,
  frame,
  headers,
  hello,
  last,
  number,
  open,
  settings,
  told,
} from "./peer.ts";

const s1 = server("s1", { proto: "h2" });
const answer = (client: Client, stream: number): Answer =>
  told(client.received).answers.get(stream) ?? { sections: [], content: "", ended: false };
const path = ({ sections }: Answer) => sections[0]![":path"]!;
/** Answers with the path that was asked for. */
const echo: Http2Peer["onRequest"] = (peer, stream, request) =>
  void peer.send(answered(stream, 200, path(request)));

function play(
  name: string,
  answer: Http2Peer["onRequest"],
  body: (w: Scene, peers: readonly Http2Peer[]) => void,
  settings: Partial<ProxyInput> = {},
  ...pairs: [number, number][]
) {
  test(
    `HTTP/2 to servers: ${name}`,
    scene(web({ httpReuse: "always", servers: [s1], ...settings }), (w) => {
      const origin = http2Origin(w, answer, "s1", ...pairs);
      body(w, origin.connections);
      w.run();
      origin.close();
    }),
  );
}

play("what a client of HTTP/1 asks for", echo, (w, peers) => {
  const fields = ["X-A: 1", "Connection: keep-alive, x-hop", "X-Hop: 1", "TE: trailers, gzip"];
  const client = w.client().request(request("/a?b", null, ...fields));
  w.run();
  assertEquals(peers[0]!.request(1).sections, [{
    ":method": "GET",
    ":scheme": "http",
    ":authority": "a",
    ":path": "/a?b",
    "x-a": "1",
    "te": "trailers",
  }]);
  const [response] = client.responses.whole;
  assertEquals([response!.line, response!.content], ["HTTP/1.1 200 OK", "/a?b"]);
  assertEquals(field(response!, "transfer-encoding"), "chunked");
  assertEquals(w.records.map(({ termination }) => termination), ["----"]);
});

play("a content with a length, and one without", (peer, stream, { content }) => {
  peer.send(answered(stream, 201, content, [["content-length", String(content.length)]]));
}, (w, peers) => {
  const client = w.client();
  client.request(request("/1", "with a length"));
  w.run();
  const head = "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  client.request(`${head}3\r\none\r\n4\r\n two\r\n0\r\nX-End: 1\r\n\r\n`);
  w.run();
  assertEquals(client.responses.whole.map(({ content }) => content), ["with a length", "one two"]);
  assertEquals(client.responses.whole.map((each) => field(each, "transfer-encoding")), [
    null,
    null,
  ]);
  const last = peers[0]!.request(3).sections;
  assertEquals([last[0]!["transfer-encoding"], last[1]], [undefined, { "x-end": "1" }]);
});

play("requests of all clients share a connection", echo, (w, peers) => {
  const clients = ["/a", "/b", "/c"].map((path) => w.client().request(request(path)));
  w.run();
  // Those that came when none stood have made their own.
  const made = peers.length;
  for (const client of clients) client.request(request("/again"));
  w.run();
  assertEquals(
    clients.map(({ responses }) => responses.whole.map(({ content }) => content)),
    [["/a", "/again"], ["/b", "/again"], ["/c", "/again"]],
  );
  assertEquals([peers.length, peers[0]!.request(7).ended], [made, true]);
});

play("a slow response holds up no other one", (peer, stream, request) => {
  if (path(request) !== "/slow") peer.send(answered(stream, 200, "quick"));
}, (w, peers) => {
  const warm = w.client().request(request("/first"));
  w.run();
  const slow = w.client().request(request("/slow"));
  w.run();
  warm.request(request("/second"));
  w.run();
  assertEquals([peers.length, slow.received, warm.responses.whole.length], [1, "", 2]);
  peers[0]!.send(answered(3, 200, "at last"));
  w.run();
  assertEquals(slow.responses.whole[0]!.content, "at last");
});

play(
  "no more streams than the server allows",
  (peer, stream, request) => {
    if (path(request) !== "/slow") peer.send(answered(stream, 200, "quick"));
  },
  (w, peers) => {
    const first = w.client().request(request("/first"));
    w.run();
    const slow = w.client().request(request("/slow"));
    w.run();
    first.request(request("/second"));
    w.run();
    assertEquals([peers.length, first.responses.whole.length], [2, 2]);
    slow.reset();
  },
  {},
  [3, 1],
);

play("a gRPC call: trailers, and content both ways at once", () => {}, (w, peers) => {
  const call: Field[] = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/helloworld.Greeter/Chat"],
    [":authority", "a"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
  const client = w.client().send(hello + headers(1, call, 4));
  w.run();
  const [peer] = peers;
  assertEquals(peer!.request(1).sections[0]!["te"], "trailers");
  peer!.send(frame(1, 4, 1, "\x88"));
  for (const word of ["one", "two"]) {
    client.send(data(1, word));
    w.run();
    peer!.send(data(1, word.toUpperCase()));
    w.run();
  }
  assertEquals([peer!.request(1).content, answer(client, 1).content], ["onetwo", "ONETWO"]);
  client.send(last(1, ""));
  w.run();
  assert(peer!.request(1).ended);
  const end: Field[] = [["grpc-status", "0"], ["grpc-message", "done"]];
  peer!.send(answered(1, 200, null, [], []).slice(0, 0) + headers(1, end));
  w.run();
  assertEquals(answer(client, 1).sections, [
    { ":status": "200" },
    { "grpc-status": "0", "grpc-message": "done" },
  ]);
  assert(answer(client, 1).ended);
});

play("a gRPC call that fails has nothing but a head", (peer, stream) => {
  peer.send(answered(stream, 200, null, [["grpc-status", "12"]]));
}, (w) => {
  const client = w.client().send(hello + open(1) + last(1, "x"));
  w.run();
  assertEquals(answer(client, 1).sections[0]!["grpc-status"], "12");
  assert(answer(client, 1).ended);
});

play("interim responses", (peer, stream) => {
  peer.send(frame(1, 4, stream, "\x08\x03103") + answered(stream, 200, "ok"));
}, (w) => {
  const client = w.client().send(hello + headers(1));
  w.run();
  assertEquals(answer(client, 1).sections.map((each) => each[":status"]), ["103", "200"]);
});

play("HEAD, 204 and 304 have no content", (peer, stream, request) => {
  const code = Number(path(request).slice(1));
  peer.send(answered(stream, code, null, code === 200 ? [["content-length", "9"]] : []));
}, (w) => {
  const client = w.client();
  for (const [method, code] of [["HEAD", 200], ["GET", 204], ["GET", 304]] as const) {
    client.request(`${method} /${code} HTTP/1.1\r\nHost: a\r\n\r\n`);
    w.run();
  }
  assertEquals(client.responses.whole.map(status), [200, 204, 304]);
  assertEquals(client.responses.whole.map(({ content }) => content), ["", "", ""]);
});

let refused = 0;
play("a stream that the server refuses is sent again", (peer, stream, request) => {
  if (path(request) === "/again" && refused++ === 0) {
    peer.send(frame(3, 0, stream, number(7, 4)));
  } else {
    echo(peer, stream, request);
  }
}, (w) => {
  const client = w.client().request(request("/first"));
  w.run();
  client.request(request("/again"));
  w.run();
  assertEquals(client.responses.whole.map(({ content }) => content), ["/first", "/again"]);
});

play(
  "a connection that its server leaves by GOAWAY is for no further request",
  echo,
  (w, peers) => {
    const client = w.client().request(request("/1"));
    w.run();
    peers[0]!.send(frame(7, 0, 0, number(1, 4) + number(0, 4)));
    w.run();
    assert(peers[0]!.hasEnded);
    client.request(request("/2"));
    w.run();
    assertEquals([peers.length, client.responses.whole.length], [2, 2]);
  },
);

play(
  "GOAWAY while a request is under way: it is served, if the server says so",
  () => {},
  (w, peers) => {
    const client = w.client().request(request("/1"));
    w.run();
    peers[0]!.send(frame(7, 0, 0, number(1, 4) + number(0, 4)) + answered(1, 200, "served"));
    w.run();
    assertEquals(client.responses.whole[0]!.content, "served");
    assert(peers[0]!.hasEnded);
  },
);

for (
  const [name, sent] of [
    ["a reset", frame(3, 0, 1, number(2, 4))],
    ["no :status", headers(1, [["x-a", "1"]])],
    ["a :status that is none", headers(1, [[":status", "2000"]])],
    ["a field of the connection", headers(1, [[":status", "200"], ["connection", "close"]])],
    ["a capital letter", headers(1, [[":status", "200"], ["X-A", "1"]])],
    ["a broken block", frame(1, 5, 1, "\x80")],
    ["a switch of protocols", headers(1, [[":status", "101"]])],
    ["a frame that is too long", frame(0, 0, 1, "x".repeat(20_000))],
    ["PUSH_PROMISE", frame(5, 4, 1, number(2, 4) + "\x82")],
    ["DATA before the head", data(1, "x")],
    ["the end of the connection", null],
  ] as const
) {
  play(`${name} is a 502`, (peer) => sent === null ? peer.fin() : peer.send(sent), (w) => {
    const client = w.client().request(request("/"));
    w.run();
    assertEquals(client.responses.whole.map(status), [502]);
  });
}

play("a response that is cut off is not taken for whole", (peer, stream) => {
  peer.send(
    frame(1, 4, stream, "\x88") + data(stream, "half") + frame(3, 0, stream, number(2, 4)),
  );
}, (w) => {
  const old = w.client().request(request("/"));
  const client = w.client().send(hello + headers(1));
  w.run();
  assertEquals(old.responses.whole.length, 0);
  assertMatch(old.received, /half/);
  assertEquals([answer(client, 1).content, answer(client, 1).ended], ["half", false]);
  assertEquals(told(client.received).lines.at(-1), "reset 1 INTERNAL_ERROR");
});

play("a response with another length than its head says is not taken for whole", (peer, stream) => {
  peer.send(answered(stream, 200, "short", [["content-length", "9"]]));
}, (w) => {
  const client = w.client().send(hello + headers(1));
  w.run();
  assertEquals(answer(client, 1).ended, false);
});

play(
  "an upload waits for the server's window",
  (peer, stream, { content }) => {
    peer.send(answered(stream, 200, String(content.length)));
  },
  (w, peers) => {
    const client = w.client().request(request("/first"));
    w.run();
    client.request(request("/", "x".repeat(100_000)));
    w.run();
    const [peer] = peers;
    assertEquals(peer!.request(3).content.length, 1000);
    peer!.send(frame(8, 0, 3, number(50_000, 4)));
    w.run();
    assertEquals(peer!.request(3).content.length, 51_000);
    peer!.send(frame(8, 0, 3, number(90_000, 4)) + frame(8, 0, 0, number(90_000, 4)));
    w.run();
    assertEquals(client.responses.whole[1]!.content, "100000");
  },
  {},
  [4, 1000],
);

play("a client that reads nothing holds up its own stream alone", () => {}, (w, peers) => {
  const slow = w.client().stall().request(request("/slow"));
  w.run();
  const [peer] = peers;
  peer!.send(frame(1, 4, 1, "\x88"));
  let sent = 0;
  for (let i = 0; i < 40; i++) {
    if (sent + 16_000 > 65_535 + (peer!.told.windows.get(1) ?? 0)) break;
    peer!.send(data(1, "x".repeat(16_000)));
    sent += 16_000;
    w.run();
  }
  assert(sent < 400_000, String(sent));
  const quick = w.client().request(request("/quick"));
  w.run();
  peer!.send(answered(3, 200, "quick"));
  w.run();
  assertEquals([peers.length, quick.responses.whole[0]!.content], [1, "quick"]);
  slow.read();
  w.run();
  peer!.send(last(1, "end"));
  w.run();
  assertEquals(slow.responses.whole[0]!.content.length, sent + 3);
});

play("a client that leaves resets its stream, and the connection goes on", () => {}, (w, peers) => {
  const client = w.client().request(request("/1"));
  w.run();
  client.reset();
  w.run();
  assertEquals(peers[0]!.told.lines.at(-1), "reset 1 CANCEL");
  const next = w.client().request(request("/2"));
  w.run();
  peers[0]!.send(answered(3, 200, "ok"));
  w.run();
  assertEquals([peers.length, next.responses.whole[0]!.content], [1, "ok"]);
});

play("a connection that is idle is closed after some time", echo, (w, peers) => {
  w.client().request(request("/"));
  w.run();
  assert(!peers[0]!.hasEnded);
  w.advance(5100);
  assert(peers[0]!.hasEnded);
  assertEquals(peers[0]!.told.lines.at(-1), "goaway 0 NO_ERROR");
});

play("http-reuse never: a connection for each request", echo, (w, peers) => {
  const client = w.client().request(request("/1"));
  w.run();
  client.request(request("/2"));
  w.run();
  assertEquals([peers.length, client.responses.whole.length], [2, 2]);
}, { httpReuse: "never" });

play(
  "a WebSocket of a client of HTTP/1 is a CONNECT (RFC 8441)",
  () => {},
  (w, peers) => {
    const warm = w.client().request(request("/warm"));
    w.run();
    const [peer] = peers;
    peer!.send(answered(1, 200, "ok"));
    w.run();
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    const fields = ["Connection: Upgrade", "Upgrade: websocket", `Sec-WebSocket-Key: ${key}`];
    const client = w.client().request(request("/chat", null, ...fields));
    w.run();
    const { sections } = peer!.request(3);
    assertEquals(sections, [{
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": "http",
      ":authority": "a",
      ":path": "/chat",
    }]);
    peer!.send(frame(1, 4, 3, "\x88"));
    w.run();
    assertMatch(client.received, /^HTTP\/1.1 101 .*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n$/s);
    client.send("hello");
    peer!.send(data(3, "welcome"));
    w.run();
    assertEquals([peer!.request(3).content, client.received.endsWith("welcome")], ["hello", true]);
    peer!.send(last(3, ""));
    w.run();
    assert(client.hasEnded);
    client.fin();
    w.run();
    warm.reset();
  },
  {},
  [8, 1],
);

play("a server that cannot be reached is a 503", echo, (w) => {
  w.network.answer({ kind: "ip", host: "10.0.1.1", port: 80 }, "ECONNREFUSED");
  const client = w.client().request(request("/"));
  w.advance(1100);
  assertEquals(client.responses.whole.map(status), [503]);
}, { retries: 1 });

play("a server that is silent is a 504, and its stream is reset", () => {}, (w, peers) => {
  const client = w.client().request(request("/"));
  w.advance(1100);
  assertEquals(client.responses.whole.map(status), [504]);
  assertEquals(peers[0]!.told.lines.at(-1), "reset 1 CANCEL");
}, { timeout: { connect: 1000, client: 5000, server: 1000 } });

play("a header of the PROXY protocol comes first, and nothing is shared", () => {}, (w, peers) => {
  w.client().request(request("/1"));
  w.client().request(request("/2"));
  w.run();
  assertEquals(peers.length, 2);
  for (const peer of peers) assertMatch(peer.received, /^PROXY TCP4 10\.9\.9\.9 .*\r\nPRI \* HTTP/);
}, { servers: [server("s1", { proto: "h2", sendProxy: "v1" })] });

const secondSettings = settings([4, 100]);
play("settings of a server that change", (peer, stream) => {
  peer.send(secondSettings + answered(stream, 200, "ok"));
}, (w, peers) => {
  const client = w.client().request(request("/"));
  w.run();
  assertEquals(client.responses.whole.length, 1);
  assertEquals(peers[0]!.told.lines.filter((line) => line === "settings ack").length, 2);
});
