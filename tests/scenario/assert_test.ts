import { test } from "../testing.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Burst } from "#src/scenario/bursts.ts";
import { SendMany } from "#src/scenario/bursts.ts";
import { matches } from "#src/scenario/claim.ts";
import type { Exchange } from "#src/scenario/exchange.ts";
import type { Names } from "#src/simulate/topology.ts";
import type { LogView } from "#src/scenario/logs.ts";
import { Send } from "#src/scenario/requests.ts";
import type { Step } from "#src/scenario/step.ts";
import { parseStory } from "#src/scenario/story.ts";

const names: Names = {
  servers: ["webA", "webB", "bkpA"],
  aliases: [],
  proxies: [],
  entries: [],
  checks: [],
  runtimeApi: false,
};
/** Nothing here speaks of it. */
const noLog = {} as LogView;
/** webA and its backup share an address, hence an origin. */
const originOf = (server: string) => server === "bkpA" ? "webA" : server;

const exchange: Exchange = {
  client: "browser",
  proxy: null,
  sameConnection: false,
  source: null,
  previous: "webB",
  originOf,
  sights: [{
    server: "webA",
    from: "10.0.0.7",
    onBehalfOf: "192.0.2.7",
    request: { line: "GET / HTTP/1.0", fields: ["X-A: 1", "x-a: 2"] },
    response: { line: "HTTP/1.0 200 OK", fields: [] },
    content: "",
    answered: true,
  }],
  outcome: {
    request: { line: "GET / HTTP/1.0", fields: [] },
    response: { line: "HTTP/1.0 200 OK", fields: ["Set-Cookie: SERVERID=A; path=/"] },
    content: "",
    failure: null,
    refused: false,
    shown: [],
    closed: true,
    wait: 1,
  },
};

function last(...lines: string[]): Step {
  const { steps, errors } = parseStory(lines.map((l) => `#>${l}`).join("\n"), "s.cfg", names);
  assertEquals(errors, []);
  return steps.at(-1)!;
}

/** What is wrong with a sentence about the exchange: null if it holds. */
async function wrong(sentence: string, about: Exchange = exchange): Promise<string | null> {
  const step = last("browser sends GET / HTTP/1.0", ` ${sentence}`);
  assert(step instanceof Send);
  const [expectation] = step.expectations;
  assert(expectation !== undefined);
  assertEquals([expectation.line, expectation.text], [2, sentence]);
  return await expectation.find(about, noLog);
}

test("expectations that hold", async () => {
  const sentences = [
    "webA serves it",
    "bkpA serves it",
    "another server serves it",
    "the server sees X-A: 1",
    "webA sees x-A: 2",
    "webA sees X-A: *",
    "webA sees GET / HTTP/1.0",
    "the server sees it from 10.0.0.7",
    "webA sees it on behalf of 192.0.2.7",
    "another server sees no Cookie",
    "browser gets 200",
    "browser gets set-cookie: SERVERID=A; path=/",
    "browser gets Set-Cookie: SERVERID=*",
    "browser gets no Via",
    "the connection closes",
  ];
  for (const sentence of sentences) assertEquals(await wrong(sentence), null, sentence);
});

test("expectations that do not hold say what was there instead", async () => {
  assertEquals(await wrong("webB serves it"), "webA served it");
  assertEquals(await wrong("webB sees X-A: 1"), "webA served it");
  assertEquals(await wrong("the same server serves it"), "webA served it, webB before it");
  assertEquals(
    await wrong("another server serves it", { ...exchange, previous: "webA" }),
    "webA served it again",
  );
  assertEquals(await wrong("no server sees it"), "webA saw it");
  assertEquals(await wrong("webA sees X-A: 3"), "X-A: 1, X-A: 2");
  assertEquals(await wrong("webA sees Via: x"), "no Via among X-A, x-a");
  assertEquals(await wrong("webA sees no X-A"), "X-A: 1, X-A: 2");
  assertEquals(await wrong("webA sees GET /x HTTP/1.0"), "GET / HTTP/1.0");
  assertEquals(await wrong("webA sees it from 10.0.0.8"), "it came from 10.0.0.7");
  assertEquals(await wrong("webA sees it on behalf of 10.0.0.7"), "it was on behalf of 192.0.2.7");
  assertEquals(await wrong("browser gets nothing"), "HTTP/1.0 200 OK");
  assertEquals(await wrong("browser is refused"), "HTTP/1.0 200 OK");
  assertEquals(await wrong("browser gets 404"), "HTTP/1.0 200 OK");
  assertEquals(
    await wrong("browser gets Set-Cookie: SERVERID=A"),
    "Set-Cookie: SERVERID=A; path=/",
  );
  const kept = { ...exchange, outcome: { ...exchange.outcome, closed: false } };
  assertEquals(await wrong("the connection closes", kept), "it stays open");
});

test("without a server or a response, little holds", async () => {
  const outcome = { ...exchange.outcome, response: null, failure: "ECONNRESET" };
  const none: Exchange = { ...exchange, sights: [], outcome };
  assertEquals(await wrong("no server sees it", none), null);
  assertEquals(await wrong("webA serves it", none), "no server saw it");
  assertEquals(await wrong("webA sees it from 10.0.0.7", none), "no server saw it");
  assertEquals(await wrong("browser gets nothing", none), null);
  assertEquals(await wrong("browser is refused", none), "ECONNRESET");
  const refused = { ...none, outcome: { ...outcome, refused: true } };
  assertEquals(await wrong("browser is refused", refused), null);
  assertEquals(await wrong("the server sees no Cookie", none), "no server saw it");
  assertEquals(await wrong("browser gets no Set-Cookie", none), "ECONNRESET");
});

test("bursts are asserted by their sums", async () => {
  const burst: Burst = {
    from: "",
    line: "GET / HTTP/1.1",
    proxy: null,
    count: 4,
    counts: new Map([["webA", 3], ["webB", 0]]),
    order: ["webA", "webA", "webA"],
    statuses: new Map([[200, 3], [0, 1]]),
    atOnce: true,
    peaks: new Map([["webA", 3], ["webB", 1]]),
    mean: 12.4,
    p99: 40,
    originOf,
  };
  const wrongIn = async (sentence: string) => {
    const step = last("4 new clients send GET /", ` ${sentence}`);
    assert(step instanceof SendMany);
    return await step.expectations[0]!.find(burst, noLog);
  };
  assertEquals(await wrongIn("webA serves 3, webB 0"), null);
  assertEquals(await wrongIn("webA serves 3"), null);
  assertEquals(await wrongIn("webA serves 2, webB 1"), "webA 3, webB 0");
  assertEquals(await wrongIn("at least 1 servers serve them"), null);
  assertEquals(await wrongIn("at least 2 servers serve them"), "1 did");
  assertEquals(await wrongIn("the mean wait is at most 13 ms"), null);
  assertEquals(await wrongIn("the mean wait is at most 12ms"), "12 ms");
  assertEquals(await wrongIn("the 99th percentile is at most 0.04 s"), null);
  assertEquals(await wrongIn("the 99th percentile is at most 39 ms"), "40 ms");
  assertEquals(await wrongIn("webB never has more than 1 request at once"), null);
  assertEquals(await wrongIn("bkpA never has more than 2 requests at once"), "webA had 3");
  assertEquals(await wrongIn("no server ever has more than 3 requests at once"), null);
  assertEquals(await wrongIn("no server ever has more than 2 requests at once"), "webA had 3");
  assertEquals(await wrongIn("webA comes to 3 requests at once"), null);
  assertEquals(await wrongIn("bkpA comes to 4 requests at once"), "it had 3 at most");
  assertEquals(await wrongIn("every client gets 200"), "3 x 200, 1 no response");
});

test("a pattern matches itself, and whatever stands for its stars", () => {
  const plain = fc.string({ unit: fc.constantFrom(..."ab*.+?()[]\\^$|{}~ ".split("")) });
  fc.assert(fc.property(plain, (text) => matches(text, text)));
  fc.assert(
    fc.property(fc.array(plain, { minLength: 2, maxLength: 4 }), plain, (parts, filling) => {
      const literal = parts.map((part) => part.replaceAll("*", ""));
      assert(matches(literal.join("*"), literal.join(filling)));
      assert(!matches(literal.join(""), `${literal.join("")}!`));
    }),
  );
});
