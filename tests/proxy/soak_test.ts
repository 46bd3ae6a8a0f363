/**
 * Everything at once: random clients, servers that fail at random, aborts at any moment. Nothing
 * may throw, nothing may be left over (the harness looks), and what looks like an answer is one.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { type Answer, type Client, scene, server, web } from "./harness.ts";
import {
  chunked,
  field,
  type Message,
  request,
  response,
  status,
  target,
} from "#src/simulate/message.ts";

/** What an origin's answer must be, known from the request alone. */
const contentFor = (path: string, sent: string) => `${path}:${sent}:`.repeat(1 + path.length % 7);

const whims = [
  "length",
  "chunked",
  "until close",
  "close",
  "slow",
  "early",
  "interim",
  "silent",
  "dies",
  "breaks off",
  "garbage",
  "more than asked",
] as const;

/** An origin that serves each request as its path says. */
const whimsical: Answer = (asked, connection) => {
  const path = target(asked);
  const whim = whims[Number(path.split("/")[1])]!;
  const content = contentFor(path, asked.content);
  switch (whim) {
    case "length":
    case "slow":
    case "early":
      return response(content);
    case "chunked":
      return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(content, [3, 50])}`;
    case "until close":
      connection.send(`HTTP/1.1 200 OK\r\n\r\n${content}`).fin();
      return null;
    case "close":
      connection.send(response(content, 200, "Connection: close")).fin();
      return null;
    case "interim":
      return `HTTP/1.1 103 Early Hints\r\n\r\n${response(content)}`;
    case "silent":
      return null;
    case "dies":
      connection.reset();
      return null;
    case "breaks off":
      connection.send(response(content).slice(0, -1));
      connection.fin();
      return null;
    case "garbage":
      return "what? ";
    case "more than asked":
      return response(content) + response("nobody asked");
  }
};

type Act =
  | { readonly kind: "ask"; readonly whim: number; readonly size: number; readonly who: number }
  | { readonly kind: "part" | "rest" | "leave" | "fin" | "stall" | "read"; readonly who: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "server down" | "server up" | "servers reset"; readonly who: number };

const who = fc.nat(30);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      whim: fc.nat(whims.length - 1),
      size: fc.oneof(fc.constant(0), fc.nat(5000)),
      who,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("part", "rest", "leave", "fin", "stall", "read"),
      who,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(3000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("server down", "server up", "servers reset"),
      who,
    }),
  },
);

/** Every whole response must be right for its request; of one that is not whole nothing is said. */
function judge(client: Client, asked: string[][]): void {
  const answers = client.responses.whole.filter((message) => status(message) >= 200);
  assert(answers.length <= asked.length + 1, "more answers than requests");
  answers.forEach((answer: Message, i) => {
    const code = status(answer);
    if (code !== 200) {
      assert([400, 408, 502, 503, 504].includes(code), `status ${code}`);
      return;
    }
    // A content until close can be told from a broken one by the reset alone.
    const framed = field(answer, "content-length") ?? field(answer, "transfer-encoding");
    if (framed === null && client.broke !== null) return;
    const [path = "", sent = ""] = asked[i]!;
    assertEquals(answer.content, contentFor(path, sent));
  });
}

test("soak: whatever happens, every answer is right and nothing is left over", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 10, maxLength: 120 }),
      fc.record({
        connection: fc.constantFrom("keep-alive", "server-close", "close"),
        redispatch: fc.boolean(),
        balance: fc.constantFrom("roundrobin", "leastconn"),
        maxconn: fc.constantFrom(null, 4),
      }),
      fc.constantFrom(50, 1000, 65_536),
      fc.constantFrom(7, Infinity),
      async (acts, settings, capacity, segment) => {
        await scene(
          web({
            ...settings,
            timeout: { connect: 1000, client: 5000, server: 4000, queue: 2000, httpRequest: 3000 },
            cookie: { name: "C", mode: "insert" },
            servers: [
              server("s1", { maxconn: 2, cookie: "1", check: true, inter: 500, fall: 1, rise: 1 }),
              server("s2", { maxconn: 3, cookie: "2" }),
            ],
          }),
          (w) => {
            const origins = [w.origin("s1", whimsical), w.origin("s2", whimsical)];
            const clients: { client: Client; asked: string[][]; rest: string }[] = [];
            for (const [i, step] of acts.entries()) {
              if (step.kind === "wait") {
                w.advance(step.ms);
                continue;
              }
              const origin = origins[step.who % 2]!;
              const known = clients[step.who % (clients.length || 1)];
              switch (step.kind) {
                case "ask": {
                  const path = `/${step.whim}/${i}`;
                  const content = step.size === 0 ? null : `${i}.`.repeat(step.size / 3 + 1);
                  const text = request(path, content, ...i % 3 === 0 ? ["Cookie: C=1"] : []);
                  const old = known !== undefined && known.rest === "" && step.who % 3 > 0;
                  const one = old ? known : { client: w.client(), asked: [], rest: "" };
                  if (!old) clients.push(one);
                  one.asked.push([path, content ?? ""]);
                  one.client.methods.push("GET");
                  const cut = step.who % 2 === 0 ? text.length : Math.floor(text.length / 2);
                  one.client.send(text.slice(0, cut));
                  one.rest = text.slice(cut);
                  break;
                }
                case "part":
                case "rest": {
                  if (known === undefined) break;
                  const cut = step.kind === "part" ? 1 : known.rest.length;
                  known.client.send(known.rest.slice(0, cut));
                  known.rest = known.rest.slice(cut);
                  break;
                }
                case "leave":
                  known?.client.reset();
                  break;
                case "fin":
                  known?.client.fin();
                  break;
                case "stall":
                  known?.client.stall();
                  break;
                case "read":
                  known?.client.read();
                  break;
                case "server down":
                  origin.stop();
                  break;
                case "server up":
                  origin.stop();
                  origin.listen();
                  break;
                case "servers reset":
                  for (const connection of origin.connections) connection.reset();
                  break;
              }
              // Sometimes several things happen in one turn.
              if (i % 4 > 0) w.run();
            }
            for (const { client } of clients) client.read();
            // Requests that wait behind others take their time-outs one after the other.
            const done = ({ client }: { client: Client }) => client.isOver || client.hasEnded;
            for (let s = 0; s < 4 * acts.length + 10 && !clients.every(done); s++) w.advance(1000);
            for (const { client, asked } of clients) judge(client, asked);
            for (const origin of origins) {
              origin.stop();
              origin.listen();
            }
            // Those who did not abort have been answered, or left by a time-out, by now.
            assert(clients.every(done), "somebody still waits");
            w.advance(12_000);
            for (const cookie of ["1", "2"]) {
              const last = w.client().request(request("/0/last", null, `Cookie: C=${cookie}`));
              w.run();
              assertEquals(last.responses.whole.map(status), [200]);
              const { beconn, srvconn, server } = w.records.at(-1)!;
              assertEquals([beconn, srvconn, server], [0, 0, `s${cookie}`], "streams left over");
              last.close();
              w.run();
            }
          },
          { capacity, segment: Math.max(segment, capacity / 100) },
        )();
      },
    ),
    { numRuns: 150 },
  ));
