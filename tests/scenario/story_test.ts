import { test } from "../testing.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { burstParts, SendMany } from "#src/scenario/bursts.ts";
import { plain } from "#src/scenario/drawing.ts";
import type { Names } from "#src/simulate/topology.ts";
import { beginParts, exchangeParts, Send, sendParts } from "#src/scenario/requests.ts";
import { logParts, Narration } from "#src/scenario/step.ts";
import { parseStory, sentences } from "#src/scenario/story.ts";
import { connectParts, talkParts } from "#src/scenario/talks.ts";
import { Wait } from "#src/scenario/waits.ts";

const names: Names = {
  servers: ["webA", "webB", "site1/web"],
  aliases: ["webfarm/webA", "webfarm/webB", "site1/web"],
  proxies: ["webfarm", "relay"],
  entries: [{ proxy: "webfarm", port: 80 }, { proxy: "relay", port: 5 }],
  checks: ["HEAD /index.html HTTP/1.0"],
  runtimeApi: true,
};

function story(...lines: string[]) {
  return parseStory(lines.map((line) => `#>${line}`).join("\n"), "s.cfg", names);
}

/** The one error of a story, as `line:column message / fix`. */
function errorOf(...lines: string[]): string {
  const { errors } = story(...lines);
  assertEquals(errors.length, 1, JSON.stringify(errors));
  const error = errors[0]!;
  assertEquals([error.file, error.severity], ["s.cfg", "error"]);
  return `${error.line}:${error.column} ${error.message} / ${error.hint}`;
}

test("a story is read out of comments, whatever stands around them", () => {
  const text = [
    "#---------",
    "# demo: a summary",
    "listen x 127.0.0.1:80   #> not in a line of its own",
    "   #> == The beginning ==",
    "  # an ordinary comment",
    "#> ( narration",
    "#>   over two lines )",
    "#>",
    "#> webA stops",
  ].join("\r\n");
  const { steps, errors } = parseStory(text, "s.cfg", names);
  assertEquals(errors, []);
  assertEquals(steps.map(({ line, text }) => [line, text]), [
    [4, "== The beginning =="],
    [6, "( narration over two lines )"],
    [9, "webA stops"],
  ]);
  const [heading, narration] = steps;
  assert(heading instanceof Narration && narration instanceof Narration);
  const look = { width: 70, paint: plain, file: "s.cfg" };
  assertEquals(heading.draw(look), ["== The beginning =="]);
  assertEquals(narration.draw(look), ["  narration over two lines"]);
  assertEquals(steps[2]!.isAction, true);
});

test("an exchange gathers what is indented under it", () => {
  const { steps, errors } = story(
    " browser sends GET /URI1 HTTP/1.0 on the same connection to webfarm",
    "   with Cookie: a=1; b=2",
    "   from 127.0.0.9",
    "   ( before )",
    "   the server answers with 404",
    "   the server answers with Set-Cookie: JSESSIONID=123",
    "   webA sees Cookie: a=*",
    "   another server sees no Via",
    "   site1/web sees GET /URI1 HTTP/1.0",
    "   the same server serves it",
    "   no server sees it",
    "   ( between )",
    "   browser gets 404",
    "   browser gets no Set-Cookie",
    "   the connection closes",
    "   ( after )",
  );
  assertEquals(errors, []);
  assertEquals(steps.length, 1);
  const step = steps[0];
  assert(step instanceof Send);
  assertEquals(step.request, {
    method: "GET",
    uri: "/URI1",
    version: "HTTP/1.0",
    fields: ["Cookie: a=1; b=2"],
    source: "127.0.0.9",
    preamble: null,
    proxy: "webfarm",
    port: null,
  });
  assert(step.sameConnection);
  assertEquals(step.answers, [
    { kind: "status", status: 404 },
    { kind: "field", name: "Set-Cookie", value: "JSESSIONID=123" },
  ]);
  assertEquals(step.asides, [
    { place: "request", text: "before" },
    { place: "response", text: "between" },
    { place: "end", text: "after" },
  ]);
  assertEquals(step.expectations.map(({ line, text }) => `${line} ${text}`), [
    "7 webA sees Cookie: a=*",
    "8 another server sees no Via",
    "9 site1/web sees GET /URI1 HTTP/1.0",
    "10 the same server serves it",
    "11 no server sees it",
    "13 browser gets 404",
    "14 browser gets no Set-Cookie",
    "15 the connection closes",
  ]);
  assertEquals([...step.spoken], ["set-cookie", "cookie", "via"]);
});

test("bursts, answers, waits and time", () => {
  const { steps, errors } = story(
    "76 new clients send GET / HTTP/1.0 at once",
    "  from 127.0.0.10 upward",
    "  webA serves 12, webB 12, and site1/web 52",
    "  at least 3 servers serve them",
    "  every client gets 200",
    "browser sends GET /a 20 times",
    "every server answers /a with X-Served: yes",
    "webA answers /a as usual",
    "wait until webB is DOWN, at most 500 ms",
    "wait until webB is UP",
    "10s pass",
    "browser accepts no cookies",
  );
  assertEquals(errors, []);
  const [many, twenty, answers, usual, down, up, pass, none] = steps;
  assert(many instanceof SendMany && twenty instanceof SendMany);
  assertEquals([many.count, many.client, many.atOnce, many.upward], [76, null, true, true]);
  assertEquals(many.request.source, "127.0.0.10");
  assertEquals(many.expectations.length, 3);
  assertEquals([twenty.count, twenty.client, twenty.atOnce], [20, "browser", false]);
  assertEquals([answers, usual, none].map((step) => step?.isAction), [true, true, true]);
  assert([down, up, pass].every((step) => step instanceof Wait));
});

test("errors name the place, the word and the fix", () => {
  assertEquals(
    errorOf(" browser sendz GET /"),
    "1:12 'sendz' is not understood / did you mean 'sends'?",
  );
  assertEquals(
    errorOf(" webC hangs"),
    "1:4 no server is named 'webC' / did you mean 'webA'? (there are webA, webB, site1/web)",
  );
  assertEquals(
    errorOf(" webC stops"),
    "1:4 no server or proxy is named 'webC' / did you mean 'webA'? " +
      "(there are webA, webB, site1/web, webfarm, relay)",
  );
  assertEquals(
    errorOf(" ben connects to relay port 80"),
    "1:31 relay does not listen on port 80 / there is 5",
  );
  assertEquals(
    errorOf(" ben connects port 81"),
    "1:22 no proxy listens on port 81 / there are 80, 5",
  );
  assertEquals(
    errorOf(" ben says hello"),
    "1:4 'ben' has no connection / write 'ben connects' above it",
  );
  assertEquals(
    errorOf(" ben waits for its response"),
    "1:4 'ben' has no connection / write 'ben begins GET /' above it",
  );
  assertEquals(
    errorOf(" ben connects", "   bem hears x"),
    "2:6 no client or server is named 'bem' / did you mean 'ben'? (there are ben, webA, webB, site1/web)",
  );
  assertEquals(
    errorOf(" the link between 10.0.0.0/33 and 10.0.1.0/24 comes back"),
    "1:21 '10.0.0.0/33' is no network / write it as 127.0.1.0/24, or an address",
  );
  assertEquals(
    errorOf(" sluice gets USR2"),
    "1:16 no signal is named 'USR2' / did you mean 'USR1'? (there are TTOU, TTIN, USR1, HUP, TERM, INT)",
  );
  assertStringIncludes(
    errorOf(" webA vanishs"),
    "'vanishs' is not understood / did you mean 'vanishes'?",
  );
  assertEquals(
    errorOf(" b sends GET / HTTP/2"),
    "1:18 'HTTP/2' is not spoken here / write HTTP/1.0 or HTTP/1.1",
  );
  assertEquals(
    errorOf(" b sends HEAD /index.html HTTP/1.0"),
    "1:12 the health checks send this very request / ask for another URI",
  );
  assertEquals(
    errorOf(" ben sends GET /", "   bob gets 200"),
    "2:6 'bob' did not send this request / ben did, in line 1: write 'ben gets'",
  );
  assertEquals(
    errorOf(" webA serves it"),
    "1:4 this speaks of a request, and stands alone / indent it under the request that it speaks of",
  );
  assertStringIncludes(errorOf(" == One ==", "   webA serves it"), "none is above it");
  assertStringIncludes(errorOf(" ( a story without"), "no end / close it with ')'");
  assertStringIncludes(
    errorOf(" wait for webA"),
    "write wait until SERVER is UP|DOWN [, at most TIME]",
  );
});

test("all errors are reported, and what is right is kept", () => {
  const { steps, errors } = story(" webX stops", " webA stops", " nonsense", " webB starts");
  assertEquals(errors.map((error) => error.line), [1, 3]);
  assertEquals(steps.map((step) => step.text), ["webA stops", "webB starts"]);
});

test("whatever words a line has: no exception, and errors point into it", () => {
  const word = fc.constantFrom(
    ..."browser webA webX sends GET / HTTP/1.0 sees gets serves it no 200 Cookie: a=b the server"
      .split(" "),
    ..."connects says hears the end log hangs up finishes vanishes link between sluice TTOU port 5"
      .split(" "),
    ..."answers with 12 new clients send wait until is UP passes ( ) == from 127.0.0.1 upward at"
      .split(" "),
  );
  const line = fc.tuple(fc.nat(4), fc.array(word, { minLength: 1, maxLength: 9 }))
    .map(([indent, words]) => `#>${" ".repeat(indent)}${words.join(" ")}`);
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
      const { steps, errors } = parseStory(lines.join("\n"), "s.cfg", names);
      for (const error of errors) {
        const at = lines[error.line - 1];
        assert(at !== undefined && error.column >= 3 && error.column <= at.length);
        assert(error.message !== "" && error.hint !== undefined);
      }
      assert(steps.length + errors.length > 0);
    }),
  );
});

test("every sentence is read by an example of its own shape", () => {
  const example = (shape: string) =>
    shape.replaceAll(/ \([^)]*\)/g, "").replaceAll(/ ?\[[^\][]*\]/g, "")
      .replaceAll(/ ?\[[^\][]*\]/g, "").replace(", ...", "").replaceAll(/\|\w+/g, "")
      .replaceAll("SERVER", "webA").replaceAll("CLIENT", "browser").replace("METHOD", "GET")
      .replace(/NAME(?= (finishes|stops|starts))/, "webA").replace("NAME", "browser")
      .replace("URI", "/").replace("PATH", "/etc/sluice/some.pem").replace("STATUS", "404").replace(
        "FIELD: VALUE",
        "Via: x",
      )
      .replace(/(?<=gets )CLAIM/, "404").replace("CLAIM", "Via: x").replaceAll(
        "NETWORK",
        "10.0.0.0/8",
      )
      .replaceAll("ADDRESS", "127.0.0.1").replaceAll(/\bN\b/g, "5").replace("TIME", "5 s")
      .replace("at TEXT", "at 10.0.0.1").replace("TEXT", "some words").replace("SLUICE", "sluice")
      .replace("SIGNAL", "TTOU");
  const before = [" browser connects", " browser begins GET /"];
  for (const { shape } of sentences) {
    const { errors, steps } = story(...before, ` ${example(shape)}`);
    // It is there to be refused, with the reason.
    if (/ same connection .* N times/.test(shape)) assertEquals(errors[0]?.column, 24);
    else assertEquals([errors, steps.length], [[], 3], shape);
  }
  const owners = [
    [sendParts, "browser sends GET /"],
    [beginParts, "browser begins GET /"],
    [exchangeParts, "browser waits for its response"],
    [burstParts, "browser sends GET / 3 times"],
    [connectParts, "browser connects"],
    [talkParts, "browser says hello"],
    [talkParts, "webA finishes"],
    [talkParts, "browser hangs up"],
    [logParts, "webA stops"],
    [logParts, "wait until webA is UP"],
  ] as const;
  for (const [parts, owner] of owners) {
    for (const { shape } of parts) {
      const { errors, steps } = story(...before, ` ${owner}`, `   ${example(shape)}`, "   ( so )");
      assertEquals([errors, steps.length], [[], 3], `${owner} / ${shape}`);
    }
  }
});
