import { test } from "../testing.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Burst, drawBurst } from "#src/scenario/bursts.ts";
import { type Look, paintFor, plain } from "#src/scenario/drawing.ts";
import { drawExchange, type Exchange, type ExchangeStyle } from "#src/scenario/exchange.ts";
import { ownLine, render, type Report, withOwn } from "#src/scenario/step.ts";
import { drawTalk } from "#src/scenario/talks.ts";

const look: Look = { width: 72, paint: plain, file: "s.cfg" };
const head = (line: string, ...fields: string[]) => ({ line, fields });

const style: ExchangeStyle = { asides: [], spoken: new Set(), sources: false };
const draw = (picture: Report["picture"], more: Partial<Report> = {}, as = look) =>
  render({ picture, own: null, verdicts: [], log: [], notes: [], ...more }, as);
const originOf = (server: string) => server;

function exchange(more: Partial<Exchange> = {}): Exchange {
  return {
    client: "browser",
    proxy: null,
    sameConnection: false,
    source: null,
    previous: null,
    originOf,
    sights: [{
      server: "webA",
      from: "",
      onBehalfOf: null,
      request: head("GET /URI2 HTTP/1.0"),
      response: head("HTTP/1.0 200 OK", "Content-Length: 5"),
      content: "webA\n",
      answered: true,
    }],
    outcome: {
      request: head("GET /URI2 HTTP/1.0", "Cookie: SERVERID=A"),
      response: head("HTTP/1.0 200 OK", "Content-Length: 5", "Set-Cookie: SERVERID=A"),
      content: "webA\n",
      failure: null,
      refused: false,
      shown: [],
      closed: true,
      wait: 1,
    },
    ...more,
  };
}

test("an exchange is drawn in three columns, as the guide draws it", () => {
  const asides = [
    { place: "request", text: "it goes to server A" },
    { place: "response", text: "a cookie is added" },
  ] as const;
  const verdicts = [
    { line: 3, text: "webA sees no Cookie", held: true, saw: null },
    { line: 4, text: "browser gets 404", held: false, saw: "HTTP/1.0 200 OK" },
  ];
  assertEquals(
    draw((look) => drawExchange(exchange(), { ...style, asides }, look), { verdicts }),
    `\
(browser)                       (sluice)                          (webA)
  >-- GET /URI2 HTTP/1.0 ---------> |
      Cookie: SERVERID=A            |
                        ( it goes to server A )
                                    | >-- GET /URI2 HTTP/1.0 --------->
                                    | <-- HTTP/1.0 200 OK ------------<
                         ( a cookie is added )
  <-- HTTP/1.0 200 OK ------------< |
      Set-Cookie: SERVERID=A        |
  ok      webA sees no Cookie
  FAILED  browser gets 404  (s.cfg:4)
          instead: HTTP/1.0 200 OK

`,
  );
});

test("fields that pass unchanged are left out, unless the story speaks of them", () => {
  const drawn = (...spoken: string[]) =>
    draw((look) => drawExchange(exchange(), { ...style, spoken: new Set(spoken) }, look));
  assert(!drawn().includes("Content-Length"));
  assertEquals(drawn("content-length").match(/Content-Length: 5/g)?.length, 2);
});

test("no response and no server are drawn as such", () => {
  const none = exchange({
    sights: [],
    outcome: { ...exchange().outcome, response: null, failure: "no connection: ECONNREFUSED" },
  });
  const lines = draw((look) => drawExchange(none, style, look)).split("\n");
  assert(lines[0]?.endsWith("(no server)"));
  assertEquals(lines[3]?.trimEnd(), "  <-- no connection: ECONNREFUSED   |");
});

test("a burst is drawn with a bar for each server, and the order of their turns", () => {
  const burst: Burst = {
    from: "",
    line: "GET / HTTP/1.0",
    proxy: null,
    count: 4,
    atOnce: false,
    peaks: new Map(),
    mean: 0,
    p99: 0,
    counts: new Map([["webA", 1], ["webB", 3]]),
    order: ["webB", "webA", "webB", "webB"],
    statuses: new Map([[200, 4]]),
    originOf,
  };
  assertEquals(
    draw((look) => drawBurst(burst, look)),
    `\
4 requests: GET / HTTP/1.0
  webA  # 1
  webB  ### 3
  in this order  BABB

`,
  );
});

test("a burst at once also tells how long clients waited, and how many servers had at once", () => {
  const burst: Burst = {
    from: "",
    line: "GET / HTTP/1.0",
    proxy: null,
    count: 2,
    atOnce: true,
    counts: new Map([["web", 2]]),
    peaks: new Map([["web", 1]]),
    order: ["web", "web"],
    statuses: new Map([[200, 2]]),
    mean: 15.4,
    p99: 1234,
    originOf,
  };
  assertEquals(
    draw((look) => drawBurst(burst, look), { log: ["web web/web 200"], notes: ["told below"] }),
    `\
2 requests: GET / HTTP/1.0
  web  ## 2
  waiting time: mean 15 ms, 99th percentile 1.23 s; most requests at
  once: web 1
                             ( told below )
  log     web web/web 200

`,
  );
});

test("a connection is drawn in the same columns", () => {
  const talk = {
    client: "anna",
    proxy: null,
    server: "relayed",
    flows: [
      { side: "client", way: "out", text: "hello" },
      { side: "server", way: "out", text: "hello" },
      { side: "server", way: "back", text: "relayed: hello" },
      { side: "client", way: "back", text: "relayed: hello" },
    ],
  } as const;
  const verdicts = [{ line: 2, text: "anna hears bye", held: false, saw: "anna heard nothing" }];
  assertEquals(
    draw((look) => drawTalk(talk, look), { verdicts }),
    `\
(anna)                          (sluice)                       (relayed)
  >-- hello ----------------------> |
                                    | >-- hello ---------------------->
                                    | <-- relayed: hello -------------<
  <-- relayed: hello -------------< |
  FAILED  anna hears bye  (s.cfg:2)
          instead: anna heard nothing

`,
  );
});

test("an action or wait that is in question tells so in its own line", () => {
  const started = { line: 1, text: "a new sluice starts", held: true, saw: null };
  assertEquals(
    draw((look) => ownLine("a new sluice starts", started, look)),
    "* a new sluice starts  ok\n\n",
  );
  const ends = { line: 1, text: "sluice ends", held: false, saw: "it has not ended" };
  const verdicts = [{ line: 2, text: "the log says x", held: true, saw: null }];
  assertEquals(
    draw((look) => withOwn(" 1.2 s", ends, look), { verdicts, log: ["x"] }),
    ` 1.2 s
  FAILED  sluice ends  (s.cfg:1)
          instead: it has not ended
  log     x
  ok      the log says x

`,
  );
});

const printable = fc.string({ unit: fc.constantFrom(..."abcXYZ;=/-. ".split("")), maxLength: 150 });
const fields = fc.array(
  fc.tuple(fc.constantFrom("Cookie", "Via", "X-Forwarded-For"), printable)
    .map(([name, value]) => `${name}: ${value.trim()}`),
  { maxLength: 3 },
);
const scenes = fc.record({
  exchange: fc.record({ sent: fields, seen: fields, answered: fields, got: fields, uri: printable })
    .map(({ sent, seen, answered, got, uri }) => {
      const line = `GET /${uri.replaceAll(" ", "")} HTTP/1.1`;
      return exchange({
        sights: [{
          server: "webA",
          from: "",
          onBehalfOf: null,
          request: head(line, ...seen),
          response: head("HTTP/1.1 200 OK", ...answered),
          content: "",
          answered: true,
        }],
        outcome: {
          request: head(line, ...sent),
          response: head("HTTP/1.1 200 OK", ...got),
          content: "",
          failure: null,
          refused: false,
          shown: [],
          closed: false,
          wait: 1,
        },
      });
    }),
  asides: fc.array(
    fc.record({
      place: fc.constantFrom("request" as const, "response" as const, "end" as const),
      text: printable.map((text) => `told ${text.replaceAll(/\S{20}/g, "$& ")}`),
    }),
    { maxLength: 3 },
  ),
  spoken: fc.constant(new Set(["via"])),
  sources: fc.boolean(),
});

const drawn = ({ exchange, ...style }: ExchangeStyle & { exchange: Exchange }, as: Look) =>
  draw((look) => drawExchange(exchange, style, look), {}, as);

test("whatever is exchanged: no line exceeds the width, and the bar stands straight", () => {
  fc.assert(
    fc.property(scenes, fc.integer({ min: 60, max: 100 }), (scene, width) => {
      const middle = Math.floor(width / 2);
      for (const line of drawn(scene, { ...look, width }).split("\n")) {
        assert(line.length <= width, line);
        if (line.includes("|")) assertEquals(line.indexOf("|"), middle);
      }
    }),
  );
});

test("colour changes no text", () => {
  const paint = paintFor(true, {});
  assert(paint.colour);
  fc.assert(
    fc.property(scenes, (scene) => {
      const coloured = drawn(scene, { ...look, paint });
      assert(coloured.includes("\x1b["));
      // deno-lint-ignore no-control-regex
      const stripped = coloured.replaceAll(/\x1b\[\d+m/g, "").replaceAll(/ +$/gm, "");
      assertEquals(stripped, drawn(scene, look));
    }),
  );
});

test("colour is for terminals, and NO_COLOR turns it off", () => {
  assertEquals(
    [
      paintFor(true, {}),
      paintFor(false, {}),
      paintFor(true, { NO_COLOR: "1" }),
      paintFor(true, { NO_COLOR: "" }),
      paintFor(true, { TERM: "dumb" }),
    ].map((paint) => paint.colour),
    [true, false, false, true, false],
  );
});
