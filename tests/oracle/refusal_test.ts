/**
 * Requests that break HTTP/1.1 or could be read in two ways. What haproxy refuses sluice refuses
 * too; where sluice is stricter the table says why; and nothing refused reaches a server.
 */
import { assertEquals } from "@std/assert";
import { type Case, oracle, transcripts } from "./harness.ts";
import { normalise, type Transcript } from "./transcript.ts";

/** Why sluice refuses what haproxy 2.6 passes on. */
const version = "RFC 9112, section 2.3: there is no such version of HTTP/1";
const spaces = "RFC 9112, section 3: single spaces; others read other targets";
const character =
  "RFC 9112, section 3.2, and RFC 9110, section 5.5: a character that may not stand here";
const lineEnd =
  "RFC 9112, section 2.2: lines end with CRLF; servers differ in what else they take for one";
const folding = "RFC 9112, section 5.2: folded lines are refused, or replaced: we replace nothing";
const star = "RFC 9112, section 3.2.4: only OPTIONS may have it";
const oneHost =
  "RFC 9112, section 3.2: a request of HTTP/1.1 has exactly one Host field, and a valid one";
const length = "RFC 9112, section 6.3: a length that others may read differently";
const lengthAndCoding = "RFC 9112, section 6.1: a sign of request smuggling";
const oldCoding = "RFC 9112, section 6.1: faulty framing in HTTP/1.0";
const chunk = "RFC 9112, section 7.1: a server may find other chunks in it";
/** Of a bad content haproxy may have passed the head on before it sees it: it depends on the time. */
const late = "haproxy refuses it, sooner or later";

/** With a reason: haproxy accepts it. */
type Row = readonly [name: string, bytes: string, stricter?: string];

const h = "Host: h\r\n";
const post = (fields: string, content = "") => `POST / HTTP/1.1\r\n${h}${fields}\r\n${content}`;
const get = (fields: string) => `GET / HTTP/1.1\r\n${h}${fields}\r\n`;
const chunked = (content: string) => post("Transfer-Encoding: chunked\r\n", content);
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";

const table: readonly Row[] = [
  // the request line
  ["garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"],
  ["no version", `GET /\r\n${h}\r\n`],
  ["HTTP/0.9", "GET /\r\n"],
  ["HTTP/2.0", `GET / HTTP/2.0\r\n${h}\r\n`, version],
  ["HTTP/1.2", `GET / HTTP/1.2\r\n${h}\r\n`, version],
  ["HTTP/1.10", `GET / HTTP/1.10\r\n${h}\r\n`],
  ["HTTP/11", `GET / HTTP/11\r\n${h}\r\n`],
  ["lower-case version", `GET / http/1.1\r\n${h}\r\n`],
  ["other protocol", `GET / RTSP/1.0\r\n${h}\r\n`],
  ["space before the method", ` GET / HTTP/1.1\r\n${h}\r\n`],
  ["two spaces after the method", `GET  / HTTP/1.1\r\n${h}\r\n`, spaces],
  ["two spaces before the version", `GET /  HTTP/1.1\r\n${h}\r\n`, spaces],
  ["tab in the request line", `GET\t/ HTTP/1.1\r\n${h}\r\n`, spaces],
  ["space in the target", `GET /a b HTTP/1.1\r\n${h}\r\n`],
  ["space after the version", `GET / HTTP/1.1 \r\n${h}\r\n`],
  ["method with a slash", `GE/T / HTTP/1.1\r\n${h}\r\n`],
  ["method with a colon", `GET: / HTTP/1.1\r\n${h}\r\n`],
  ["NUL in the target", `GET /a\0b HTTP/1.1\r\n${h}\r\n`],
  ["DEL in the target", `GET /a\x7fb HTTP/1.1\r\n${h}\r\n`, character],
  ["byte above 127 in the target", `GET /caf\xe9 HTTP/1.1\r\n${h}\r\n`],
  ["fragment in the target", `GET /a#b HTTP/1.1\r\n${h}\r\n`],
  ["target without slash", `GET x HTTP/1.1\r\n${h}\r\n`],
  ["GET *", `GET * HTTP/1.1\r\n${h}\r\n`, star],
  ["bare CR in the request line", `GET /\r HTTP/1.1\r\n${h}\r\n`],
  ["bare LF after the request line", `GET / HTTP/1.1\n${h}\r\n`, lineEnd],
  ["only LF", "GET / HTTP/1.1\nHost: h\n\n", lineEnd],
  ["CONNECT with a path", `CONNECT /x HTTP/1.1\r\n${h}\r\n`],
  ["CONNECT without port", "CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n"],
  // fields
  ["space before the colon", get("X : y\r\n")],
  ["tab before the colon", get("X\t: y\r\n")],
  ["no colon", get("X\r\n")],
  ["empty name", get(": y\r\n")],
  ["space in the name", get("X Y: z\r\n")],
  ["folded field", get("X: a\r\n b\r\n"), folding],
  ["folded with a tab", get("X: a\r\n\tb\r\n"), folding],
  ["folded first line", `GET / HTTP/1.1\r\n X: a\r\n${h}\r\n`],
  ["NUL in a value", get("X: a\0b\r\n"), character],
  ["NUL in a name", get("X\0: b\r\n")],
  ["bare CR in a value", get("X: a\rb\r\n")],
  ["bare CR before the end", get("X: a\r\r\n")],
  ["bare LF in a field", get("X: a\nY: b\r\n"), lineEnd],
  ["control character in a value", get("X: a\x01b\r\n"), character],
  ["DEL in a value", get("X: a\x7fb\r\n"), character],
  ["byte above 127 in a name", get("X\xe9: y\r\n")],
  ["brackets in a name", get("X(y): z\r\n")],
  ["LF as the empty line", `GET / HTTP/1.1\r\n${h}\n`, lineEnd],
  ["more than 101 fields", get("X: y\r\n".repeat(101))],
  // Host
  ["no Host", "GET / HTTP/1.1\r\n\r\n", oneHost],
  ["two Hosts", get("Host: i\r\n")],
  ["two equal Hosts", get("Host: h\r\n"), oneHost],
  ["Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", oneHost],
  ["Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", oneHost],
  ["Host with a comma", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", oneHost],
  ["Host with user", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", oneHost],
  ["Host differs from the target", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"],
  ["Host differs in the port", "GET http://a:81/ HTTP/1.1\r\nHost: a:82\r\n\r\n"],
  ["Host differs from the authority", "CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"],
  // framing
  ["differing lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")],
  ["differing lengths in a list", post("Content-Length: 3, 4\r\n", "abcd")],
  ["equal lengths in a list", post("Content-Length: 3, 3\r\n", "abc"), length],
  ["negative length", post("Content-Length: -1\r\n", "abc")],
  ["length with a plus", post("Content-Length: +3\r\n", "abc")],
  ["hexadecimal length", post("Content-Length: 0x3\r\n", "abc")],
  ["length with a space", post("Content-Length: 1 0\r\n", "abcdefghij")],
  ["empty length", post("Content-Length:\r\n")],
  ["length with a fraction", post("Content-Length: 3.0\r\n", "abc")],
  ["length of 20 digits", post("Content-Length: 18446744073709551616\r\n", "abc"), length],
  ["length of 40 zeros", post(`Content-Length: ${"0".repeat(40)}3\r\n`, "abc"), length],
  [
    "length with chunked",
    post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${smuggled}`),
    lengthAndCoding,
  ],
  [
    "chunked with length",
    post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", `0\r\n\r\n${smuggled}`),
    lengthAndCoding,
  ],
  [
    "chunked in HTTP/1.0",
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    oldCoding,
  ],
  ...["GET", "HEAD", "DELETE"].map((method): Row => [
    `${method} with content in HTTP/1.0`,
    `${method} / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc`,
  ]),
  ["chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")],
  [
    "chunked in two fields",
    post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
  ],
  ["chunked is not last", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n")],
  ["gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")],
  ["identity", post("Transfer-Encoding: identity\r\n")],
  ["unknown coding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")],
  ["coding with a parameter", post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n")],
  ["coding in quotes", post('Transfer-Encoding: "chunked"\r\n', "0\r\n\r\n")],
  ["coding with a vertical tab", post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n")],
  ["empty coding", post("Transfer-Encoding:\r\n", "0\r\n\r\n")],
  ["chunk size is no number", chunked("x\r\n"), late],
  ["chunk size empty", chunked("\r\n0\r\n\r\n"), late],
  ["chunk size negative", chunked("-1\r\n"), late],
  ["chunk size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), late],
  ["chunk size with a space before", chunked(" 3\r\nabc\r\n0\r\n\r\n"), late],
  ["chunk size too large", chunked("fffffffffffffffff\r\nabc"), late],
  ["chunk size followed by garbage", chunked("3 x\r\nabc\r\n0\r\n\r\n"), late],
  ["chunk size line ends with LF", chunked("3\nabc\r\n0\r\n\r\n"), chunk],
  ["chunk size line ends with CR", chunked("3\rabc\r\n0\r\n\r\n"), late],
  ["chunk longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n"), late],
  ["chunk ends with LF", chunked("3\r\nabc\n0\r\n\r\n"), chunk],
  ["NUL in a chunk extension", chunked("3;a=\0\r\nabc\r\n0\r\n\r\n"), chunk],
  ["LF in a chunk extension", chunked("3;a\nb\r\nabc\r\n0\r\n\r\n"), late],
  ["trailer without colon", chunked("0\r\nX\r\n\r\n"), late],
  ["trailer with a space before the colon", chunked("0\r\nX : y\r\n\r\n"), late],
  ["folded trailer", chunked("0\r\nX: y\r\n z\r\n\r\n"), chunk],
  ["last line ends with LF", chunked("0\r\n\n"), chunk],
  // too long
  ["target too long", `GET /${"x".repeat(20_000)} HTTP/1.1\r\n${h}\r\n`],
  ["field too long", get(`X: ${"y".repeat(20_000)}\r\n`)],
  [
    "fields too long",
    get(
      "X-Long: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(90) +
        `Y: ${"z".repeat(13_000)}\r\n`,
    ),
  ],
];

/** What was seen of a request that must be refused. */
function judge(transcript: Transcript) {
  const { connections: [connection], servers, log } = normalise(transcript);
  const { requests, garbage } = servers["s"]!;
  return {
    statuses: connection!.responses.map(({ line }) => line),
    passed: requests.length > 0 || garbage.length > 0,
    ended: connection!.end !== "open",
    log,
  };
}

/** Of heads that are too long we say what is too long; in all else a bad request is just that. */
const sameStatus = (theirs = "", ours = "") =>
  theirs === "page 400" && /^page 4(14|31)$/.test(ours) ||
  theirs.replace(/413|422/, "400") === ours;

oracle(`refusals: what haproxy refuses of ${table.length} requests sluice refuses`, async () => {
  const cases = table.map(([name, bytes]): Case => ({
    name,
    answer: "HTTP/1.1 204 No Content\r\n\r\n",
    logs: 1,
    probe: false,
    async play({ connect }) {
      const client = await connect();
      client.send(bytes);
      await client.answered();
      client.halfClose();
      await client.ended();
    },
  }));
  const [theirs, ours] = await transcripts(cases);
  const wrong = table.flatMap(([name, , stricter], i) => {
    const a = theirs![i]!;
    const b = ours![i]!;
    if (a instanceof Error || b instanceof Error) return [`${name}: ${a} / ${b}`];
    const haproxy = judge(a);
    const sluice = judge(b);
    const errors: string[] = [];
    const expect = (good: boolean, what: string) => {
      if (good) return;
      errors.push(`${name}: ${what}\n  ${JSON.stringify(haproxy)}\n  ${JSON.stringify(sluice)}`);
    };
    expect(!sluice.passed, "sluice must not pass it on");
    expect(sluice.statuses.length === 1 && /^page 4/.test(sluice.statuses[0]!), "one 4xx");
    expect(sluice.ended, "sluice must end the connection");
    expect(sluice.log.every((line) => / (400|414|431) PR-- /.test(line)), "logged as refused");
    if (stricter === late) return errors;
    if (stricter !== undefined) {
      expect(haproxy.passed, "haproxy refuses it too: no reason is needed");
      return errors;
    }
    expect(!haproxy.passed, "haproxy accepts it: why is sluice stricter?");
    expect(sameStatus(haproxy.statuses[0], sluice.statuses[0]), "same status");
    const lines = (log: readonly string[]) => log.join().replace(/ 4\d\d /, " 4xx ");
    expect(lines(sluice.log) === lines(haproxy.log), "same log");
    return errors;
  });
  assertEquals(wrong, [], wrong.join("\n"));
});
