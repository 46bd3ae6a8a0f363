import { test } from "../testing.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Browser, type RequestSpec } from "#src/simulate/browser.ts";
import { Connection } from "#src/simulate/connection.ts";
import { DemoServer, type Sight } from "#src/simulate/demo-server.ts";
import {
  endsWithConnection,
  messageText,
  readMessage,
  readResponse,
  takeMessage,
} from "#src/simulate/message.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { Server } from "#src/simulate/server.ts";
import type { Endpoint, Network } from "#src/net/socket.ts";
import { systemClock, virtualClock } from "#src/time/clock.ts";

const at: Endpoint = { kind: "ip", host: "127.0.0.1", port: 8000 };
const get = (uri: string, more: Partial<RequestSpec> = {}): RequestSpec => ({
  method: "GET",
  uri,
  version: "HTTP/1.1",
  preamble: null,
  fields: [],
  source: null,
  ...more,
});

/** An origin called webA. */
function makeOrigin(network: Network, checks: string[] = [], sights: Sight[] = []) {
  const part = { network, clock: systemClock, endpoint: at, name: "webA", checks };
  const events = { request: (sight: Sight) => sights.push(sight), line() {}, arrived() {} };
  return new DemoServer(
    { ...part, lines: false, tls: false, proxyHeader: false, tlsOf: null },
    events,
  );
}

/** Listens, and does as told with each connection. */
function server(network: Network, serve: (connection: Connection) => void) {
  return new Server(network, at, serve).listen();
}

const dial = (network: Network) => new Connection().connect(network, at);

/** All that comes, until the peer has sent its end. */
async function everything(connection: Connection): Promise<string> {
  await connection.until(() => false);
  return connection.take(connection.received.length);
}

test("an origin answers in the client's version, with its name, and closes as asked", async () => {
  const network = memoryNetwork({ segment: 3 });
  const sights: Sight[] = [];
  const checks = ["HEAD /index.html HTTP/1.0"];
  const web = makeOrigin(network, checks, sights);
  web.start();
  const wire = dial(network);
  wire.send("GET /a HTTP/1.1\r\nx:  Odd \r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
  wire.send("POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\nT: t\r\n\r\n");
  wire.send("GET /d HTTP/1.1\r\nConnection: close\r\n\r\n");
  const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwebA\n";
  const last = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwebA\n";
  assertEquals(await everything(wire), ok + ok + ok + last);
  assertEquals(sights.map(({ request }) => request.line.split(" ")[1]), ["/a", "/b", "/c", "/d"]);
  assertEquals(sights[0]?.request.fields, ["x:  Odd "]);

  const old = dial(network);
  old.send("HEAD /index.html HTTP/1.0\r\n\r\n");
  assertEquals(await everything(old), "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n");
  assertEquals(sights.length, 4);
  web.stop();
  wire.close();
  old.close();
});

test("an origin answers as it is told, stops and starts", async () => {
  const network = memoryNetwork();
  const web = makeOrigin(network, ["GET /check HTTP/1.1"]);
  const browser = new Browser(() => network, systemClock);
  const ask = async (uri: string) => {
    const { response, failure } = await browser.send(get(uri), at, false);
    return response === null
      ? failure
      : [response.line, ...response.fields.map((line) => line.replace(": ", "="))];
  };
  assertEquals(await ask("/"), "no connection: ECONNREFUSED");
  web.start();
  web.answer("/gone", { kind: "status", status: 404 });
  web.answer("/gone", { kind: "field", name: "Via", value: "x" });
  assertEquals(await ask("/gone"), ["HTTP/1.1 404 Not Found", "Via=x", "Content-Length=5"]);
  web.answer("/gone", null);
  assertEquals(await ask("/gone"), ["HTTP/1.1 200 OK", "Content-Length=5"]);
  web.answerAll([{ kind: "status", status: 204 }]);
  assertEquals(await ask("/"), ["HTTP/1.1 204 No Content"]);
  assertEquals(await ask("/check"), ["HTTP/1.1 200 OK", "Content-Length=5"]);
  web.stop();
  assertEquals(await ask("/"), "no connection: ECONNREFUSED");
  web.start();
  assertEquals(web.running, true);
  web.stop();
  browser.close();
});

test("a client sends its cookies as a browser does", async () => {
  const network = memoryNetwork();
  const web = makeOrigin(network);
  web.start();
  const browser = new Browser(() => network, systemClock);
  const set = async (cookie: string) => {
    web.answerAll([{ kind: "field", name: "Set-Cookie", value: cookie }]);
    const { request } = await browser.send(get("/"), at, false);
    return request.fields.find((line) => line.startsWith("Cookie: "))?.slice(8);
  };
  assertEquals(await set("a=1; path=/; HttpOnly"), undefined);
  assertEquals(await set("b=x=y"), "a=1");
  assertEquals(await set("a=2"), "a=1; b=x=y");
  assertEquals(await set("b=; Max-Age=0"), "a=2; b=x=y");
  assertEquals(await set("a=; Expires=Thu, 01-Jan-1970 00:00:01 GMT"), "a=2");
  assertEquals(await set("c=3; Expires=Thu, 01-Jan-2099 00:00:01 GMT"), undefined);
  browser.acceptsCookies = false;
  assertEquals(await set("d=4"), "c=3");
  assertEquals(await set("e=5"), "c=3");
  const raw = await browser.send(get("/", { fields: ["Cookie: z=0"] }), at, false);
  assertEquals(raw.request.fields, ["Host: 127.0.0.1:8000", "Cookie: z=0"]);
  const old = await browser.send(get("/", { version: "HTTP/1.0" }), at, false);
  assertEquals(old.request.fields, ["Cookie: c=3"]);
  web.stop();
  browser.close();
});

test("a client keeps its connection, and comes from where it is told", async () => {
  const network = memoryNetwork();
  const peers: string[] = [];
  const listener = server(network, (connection) => {
    const { socket } = connection;
    peers.push(`${socket.remoteAddress} ${socket.remotePort}`);
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".repeat(2));
  });
  const browser = new Browser(() => network, systemClock);
  const from = { source: "127.0.0.9" };
  const first = await browser.send(get("/", from), at, false);
  const second = await browser.send(get("/", from), at, true);
  const third = await browser.send(get("/"), at, false);
  assertEquals([first.failure, second.failure, third.failure], [null, null, null]);
  assertEquals(peers.length, 2);
  assert(peers[0]?.startsWith("127.0.0.9 "));
  browser.close();
  const fourth = await browser.send(get("/"), at, true);
  assertEquals(fourth.failure, "the connection is closed");
  listener.kill();
});

test("a client says what went wrong", async () => {
  const failureOf = async (serve: (wire: Connection) => void, text = "") => {
    const network = memoryNetwork();
    const listener = server(network, (wire) => {
      if (text !== "") wire.send(text);
      serve(wire);
    });
    const { failure } = await new Browser(() => network, systemClock).send(get("/"), at, false);
    listener.kill();
    return failure;
  };
  const close = (wire: Connection) => void wire.change().then(() => wire.close());
  assertEquals(await failureOf(close), "closed without a response");
  assertEquals(
    await failureOf(close, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"),
    "closed within the response",
  );
  assertEquals(await failureOf(close, "HTTP/1.1 200"), "closed within the response");

  const network = memoryNetwork();
  const clock = virtualClock();
  const silent = server(network, () => {});
  const answer = new Browser(() => network, clock).send(get("/"), at, false);
  network.run();
  clock.advance(20_000);
  assertEquals((await answer).failure, "nothing within 20 s");
  silent.kill();
});

test("a message is read alike from a text that is there and from a connection, in any pieces", async () => {
  const fields = fc.constantFrom(
    ["Content-Length: 5"],
    ["transfer-encoding: Chunked"],
    ["X: y", "Content-Length: 0"],
    [],
  );
  const framing = fc.constantFrom("request", "GET", "HEAD");
  const line = fc.constantFrom("HTTP/1.1 200 OK", "HTTP/1.1 204 No", "HTTP/1.0 103 Early", "odd");
  const rest = fc.constantFrom(
    "",
    "hello",
    "hello and more",
    "5\r\nhello\r\n0\r\nT: t\r\n\r\nmore",
    "zz",
  );
  await fc.assert(
    fc.asyncProperty(line, fields, rest, framing, fc.integer({ min: 1, max: 9 }), async (
      line,
      fields,
      rest,
      framing,
      segment,
    ) => {
      const text = messageText({ line, fields }, rest);
      const network = memoryNetwork({ segment });
      const listener = server(network, (connection) => connection.send(text).fin());
      const connection = dial(network);
      const message = await readMessage(connection, framing);
      const taken = takeMessage(text, framing, true);
      assertEquals(message, taken?.message ?? null);
      if (taken !== null) assertEquals(await everything(connection), taken.rest);
      connection.close();
      listener.kill();
    }),
  );
});

test("a connection sends all that it is given, and its end, however little a write takes", async () => {
  const network = memoryNetwork({ capacity: 7 });
  let got = "";
  const listener = server(network, async (connection) => {
    got = await everything(connection);
    connection.send("thanks").fin();
  });
  const connection = dial(network).send("a".repeat(100)).send("b".repeat(100)).fin();
  assertEquals(await everything(connection), "thanks");
  assertEquals(got, "a".repeat(100) + "b".repeat(100));
  assertEquals([connection.unsent, connection.receivedCount, connection.hasEnded], [0, 6, true]);
  connection.close();
  listener.kill();
  network.run();
  assertEquals(network.openSockets, 0);
});

test("a server that is killed closes what stands, and listens again where it was", async () => {
  const network = memoryNetwork();
  const listener = new Server(network, { ...at, port: 0 }, () => {}).listen();
  const { endpoint } = listener;
  const [one, two] = [0, 1].map(() => new Connection().connect(network, endpoint));
  network.run();
  assertEquals([listener.open, listener.mostOpen], [2, 2]);
  one!.close();
  network.run();
  assertEquals(listener.open, 2, "a half that has ended is still the server's to close");
  listener.kill();
  assertEquals([listener.open, listener.isListening], [0, false]);
  assertEquals(await two!.until(() => false), false);
  assertEquals(two!.hasEnded, true);
  const refused = new Connection().connect(network, endpoint);
  await refused.until(() => refused.isOpen);
  assertEquals([refused.isOpen, refused.broke], [false, "ECONNREFUSED"]);
  listener.listen();
  assertEquals(listener.endpoint, endpoint);
  two!.close();
  listener.kill();
});

const chunked = fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 20 }))
  .map((chunks) => ({
    head: "Transfer-Encoding: chunked\r\n\r\n",
    body: chunks.map((c) => `${c.length.toString(16)}\r\n${c}\r\n`).join("") + "0\r\nX: y\r\n\r\n",
    content: chunks.join(""),
    untilClose: false,
  }));
const measured = fc.string({ unit: "binary-ascii" }).map((content) => ({
  head: `Content-Length: ${content.length}\r\n\r\n`,
  body: content,
  content,
  untilClose: false,
}));
const endless = fc.string({ unit: "binary-ascii" }).map((content) => ({
  head: "\r\n",
  body: content,
  content,
  untilClose: true,
}));

test("a response is read alike, however it is framed and cut into pieces", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(chunked, measured, endless),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      async ({ head, body, content, untilClose }, segment, interim) => {
        const network = memoryNetwork({ segment });
        const listener = server(network, (wire) => {
          if (interim) wire.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
          wire.send(`HTTP/1.1 200 OK\r\n${head}${body}`);
          wire.close();
        });
        const wire = dial(network);
        const message = await readResponse(wire, "GET");
        assertEquals(message?.content, content);
        assertEquals(endsWithConnection(message!, "GET"), untilClose);
        wire.close();
        listener.kill();
      },
    ),
  );
});
