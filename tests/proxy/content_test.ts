/** Content passes whole, in order and in bounded memory, whatever its framing and its cuts. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { type Client, type Origin, type Scene, scene, web } from "./harness.ts";
import {
  chunked,
  field,
  type Message,
  request,
  response,
  takeMessage,
} from "#src/simulate/message.ts";
import type { Connection } from "#src/simulate/connection.ts";

/** Content in which every place looks different. */
function content(length: number): string {
  let text = "";
  for (let i = 0; text.length < length; i++) text += `${i.toString(36)}\xff`;
  return text.slice(0, length);
}

const framings = ["length", "chunked", "chunked with trailers", "until close"] as const;
type Framing = typeof framings[number];

const trailers = ["X-Check: a1", "X-Empty:"];

function message(start: string, framing: Framing, text: string, sizes: readonly number[]): string {
  if (framing === "length") return `${start}Content-Length: ${text.length}\r\n\r\n${text}`;
  if (framing === "until close") return `${start}\r\n${text}`;
  const after = framing === "chunked" ? [] : trailers;
  return `${start}Transfer-Encoding: chunked\r\n\r\n${chunked(text, sizes, after)}`;
}

/** One exchange: what is sent each way, in which pieces, how readily each side reads. */
interface Exchange {
  readonly up: { framing: Exclude<Framing, "until close">; size: number };
  readonly down: { framing: Framing; size: number };
  readonly chunkSizes: number[];
  readonly pieces: number[];
  /** Rounds in which client and server do not read. */
  readonly clientStalls: boolean[];
  readonly serverStalls: boolean[];
  /** The response begins before the request has come, all of it but its last byte. */
  readonly early: boolean;
}

const size = fc.oneof(fc.nat(40), fc.nat(3000), fc.nat(200_000));
const exchange: fc.Arbitrary<Exchange> = fc.record({
  up: fc.record({ framing: fc.constantFrom(...framings.slice(0, 3)), size }),
  down: fc.record({ framing: fc.constantFrom(...framings), size }),
  chunkSizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(9000)), {
    minLength: 1,
    maxLength: 4,
  }),
  pieces: fc.array(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(70_000)), {
    minLength: 1,
    maxLength: 5,
  }),
  clientStalls: fc.array(fc.boolean(), { maxLength: 6 }),
  serverStalls: fc.array(fc.boolean(), { maxLength: 6 }),
  early: fc.boolean(),
}) as fc.Arbitrary<Exchange>;

/** Sends `text` in at most 200 pieces, of the sizes over and over, each delivered before the next. */
function* piecewise(peer: Connection, text: string, sizes: readonly number[]): Generator<void> {
  for (let at = 0, i = 0; at < text.length; i++) {
    const end = i < 200 ? at + (sizes[i % sizes.length] ?? text.length) : text.length;
    peer.send(text.slice(at, end));
    at = end;
    yield;
  }
}

function play(w: Scene, s1: Origin, e: Exchange): { client: Client; sent: string } {
  const client = w.client();
  const { up, down, chunkSizes, pieces } = e;
  const asked = message("POST / HTTP/1.1\r\nHost: a\r\n", up.framing, content(up.size), chunkSizes);
  const answered = message("HTTP/1.1 200 OK\r\n", down.framing, content(down.size), chunkSizes);
  client.methods.push("POST");
  const before = s1.connections.length;
  const requestPieces = piecewise(client, asked, pieces);
  let responsePieces: Generator<void> | null = null;
  let last = "";
  for (let round = 0;; round++) {
    const connection = s1.connections[before];
    const asking = !requestPieces.next().done;
    if (e.clientStalls[round] === true) client.stall();
    else client.read();
    if (connection !== undefined) {
      if (e.serverStalls[round] === true) connection.stall();
      else connection.read();
      const whole = takeMessage(connection.received, "request", false) !== null;
      if (whole || e.early) {
        if (responsePieces === null && e.early) last = answered.slice(-1);
        responsePieces ??= piecewise(
          connection,
          answered.slice(0, answered.length - last.length),
          pieces,
        );
      }
      if (responsePieces?.next().done && whole) {
        connection.send(last);
        last = "";
        if (down.framing === "until close") connection.fin();
        if (!asking && round > 6) break;
      }
    }
    w.run();
    if (round > 1000) throw new Error("stuck");
  }
  w.run();
  return { client, sent: asked };
}

test("content: both ways, any framing, any cuts, any stalls: what was sent is what comes", async () => {
  await fc.assert(
    fc.asyncProperty(
      exchange,
      fc.constantFrom(300, 5000, 65_536),
      fc.constantFrom(1000, Infinity),
      async (e, capacity, segment) => {
        await scene(web(), (w) => {
          const s1 = w.origin("s1", () => null);
          const { client, sent } = play(w, s1, e);
          const [connection] = s1.connections;
          assertEquals(connection!.received, sent);
          const [answer] = client.responses.whole;
          assert(answer !== undefined, "no whole response");
          assertEquals(answer.content, content(e.down.size));
          assertEquals(client.responses.rest, "");
          assertEquals(client.broke, null);
          const trailing = e.down.framing === "chunked with trailers" ? trailers : [];
          assertEquals(answer.trailers, trailing);
          assertEquals(w.records.length, 1);
          assertEquals(w.records[0]!.termination, "----");
          assertEquals(w.records[0]!.bytes, client.received.length);
        }, { capacity, segment: Math.max(segment, capacity / 100) })();
      },
    ),
    { numRuns: 150 },
  );
});

const large = content(1_000_000);
/** What the network holds for each direction of a connection, and the most that a proxy may. */
const capacity = 65_536;
const held = 2 * capacity;

test(
  "content: a client that does not read stops the server, in bounded memory",
  scene(web(), (w) => {
    const s1 = w.origin("s1", () => response(large));
    const client = w.client().request(request("/"));
    client.stall();
    w.run();
    const [connection] = s1.connections;
    const passed = large.length - connection!.unsent;
    assert(passed <= 2 * capacity + held, `${passed} bytes taken off the server`);
    client.read();
    w.run();
    assertEquals(client.responses.whole[0]!.content.length, large.length);
    assert(client.responses.whole[0]!.content === large);
  }, { capacity }),
);

test(
  "content: a server that is not connected yet stops the client",
  scene(web(), (w) => {
    const s1 = w.origin("s1", () => response("done"));
    const to = { kind: "ip", host: "10.0.1.1", port: 80 } as const;
    w.network.answer(to, "silence");
    const client = w.client();
    const asked = request("/", large);
    client.request(asked);
    w.run();
    const passed = asked.length - client.unsent;
    assert(passed <= capacity + held, `${passed} bytes taken off the client`);
    w.network.answer(to, "listener");
    w.advance(4100);
    assertEquals(client.responses.whole.map(({ content }) => content), ["done"]);
    assert(s1.requests.at(-1)!.content === large);
  }, { capacity }),
);

test(
  "content: a stalled server stops the client in bounded memory",
  scene(web(), (w) => {
    const s1 = w.origin("s1");
    const client = w.client();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${large.length}\r\n\r\n`);
    client.methods.push("POST");
    w.run();
    s1.connections[0]!.stall();
    client.send(large);
    w.run();
    const passed = large.length - client.unsent;
    assert(passed <= 2 * capacity + held, `${passed} bytes taken off the client`);
    s1.connections[0]!.read();
    w.run();
    assertEquals(client.responses.whole.map(({ content }) => content), ["s1"]);
    assert(s1.requests[0]!.content === large);
  }, { capacity }),
);

test(
  "content: a flood of interim responses stops with its client",
  scene(web(), (w) => {
    const flood = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(20_000);
    const s1 = w.origin("s1", () => flood + response("at last"));
    const client = w.client().request(request("/"));
    client.stall();
    w.run();
    const passed = flood.length - s1.connections[0]!.unsent;
    assert(passed <= 2 * capacity + held, `${passed} bytes taken off the server`);
    client.read();
    w.run();
    assert(client.received === flood + response("at last"));
  }, { capacity }),
);

test(
  "content: large pipelined requests wait in the network",
  scene(web(), (w) => {
    const s1 = w.origin("s1", () => null);
    const client = w.client().request(request("/first"));
    w.run();
    const many = request("/next", null, `X: ${"y".repeat(5000)}`);
    for (let i = 0; i < 200; i++) client.request(many);
    w.run();
    assert(client.unsent > 1_000_000 - capacity - held, `only ${client.unsent} bytes left`);
    s1.answer = (asked: Message) => response(asked.line);
    s1.connections[0]!.send(response("first"));
    w.run();
    assertEquals(client.responses.whole.length, 201);
  }, { capacity }),
);

test(
  "content: none follows HEAD, 204 and 304, whatever their fields say",
  scene(web(), (w) => {
    const s1 = w.origin("s1", (asked) => {
      const code = Number(asked.line.split(" ")[1]!.slice(1));
      return code === 204
        ? "HTTP/1.1 204 No Content\r\n\r\n"
        : `HTTP/1.1 ${code} Text\r\nContent-Length: 1000\r\n\r\n`;
    });
    const client = w.client();
    for (const [method, code] of [["HEAD", 200], ["GET", 304], ["GET", 204], ["HEAD", 404]]) {
      client.request(`${method} /${code} HTTP/1.1\r\nHost: a\r\n\r\n`);
      w.run();
    }
    assertEquals(client.responses.whole.map(({ line }) => line.split(" ")[1]), [
      "200",
      "304",
      "204",
      "404",
    ]);
    assertEquals(client.responses.rest, "");
    assertEquals(s1.connections.length, 1);
    assertEquals(field(client.responses.whole[0]!, "content-length"), "1000");
  }),
);
