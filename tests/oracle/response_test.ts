/** Responses that break HTTP/1.1, could be read in two ways, or never become whole. */
import { type Case, oracleCases } from "./harness.ts";
import { ambiguousFramings, forwardedForms, refusedForms } from "../http/response-forms.ts";
import type { DifferenceName } from "./differences.ts";

const get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\n";

const bad = (name: string, bytes: string, ...differs: DifferenceName[]): Case => ({
  name,
  // haproxy passes some on that no client can read: they end by time.
  config: ["timeout client 1s"],
  answer: { bytes, then: "close" },
  requests: [get],
  logs: 1,
  differs,
});
const withLength = (fields: string) => `${ok}Content-Length: 2\r\n${fields}\r\nok`;
const chunked = (content: string) => `${ok}Transfer-Encoding: chunked\r\n\r\n${content}`;

oracleCases("bad heads of responses", [
  {
    name: "204 with length 0",
    answer: "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
    requests: [get],
  },
  bad("nothing", ""),
  { ...bad("a reset", ""), answer: { bytes: "", then: "reset" } },
  bad("half a status line", "HTTP/1."),
  bad("half a head", "HTTP/1.1 200 OK\r\nX: y\r\n"),
  bad("garbage", "hello\r\n\r\n"),
  bad("HTTP/0.9", "<html>hello</html>"),
  bad("HTTP/2.0", `HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok`),
  bad("other protocol", "ICY 200 OK\r\nContent-Length: 2\r\n\r\nok"),
  bad("lower-case version", "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
  bad("no status", "HTTP/1.1\r\nContent-Length: 2\r\n\r\nok"),
  bad(
    "status of two digits",
    "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
    "stricter with responses",
  ),
  bad(
    "status of four digits",
    "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
    "stricter with responses",
  ),
  bad("status with a letter", "HTTP/1.1 2O0 OK\r\nContent-Length: 2\r\n\r\nok"),
  bad("status 099", "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok", "stricter with responses"),
  bad("status 600", "HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok"),
  bad("space before", ` ${withLength("")}`),
  bad("space before the colon", withLength("X : y\r\n")),
  bad("no colon", withLength("X\r\n")),
  bad("empty name", withLength(": x\r\n")),
  bad("folded field", withLength("X: y\r\n z\r\n")),
  bad("NUL in a value", withLength("X: a\0b\r\n"), "stricter with responses"),
  bad("bare CR in a value", withLength("X: a\rb\r\n")),
  bad("only LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
  bad("differing lengths", withLength("Content-Length: 3\r\n")),
  bad("differing lengths in a list", `${ok}Content-Length: 2, 3\r\n\r\nok`),
  bad("negative length", `${ok}Content-Length: -2\r\n\r\nok`),
  bad("length is no number", `${ok}Content-Length: two\r\n\r\nok`),
  bad(
    "length with chunked",
    `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    "stricter with responses",
  ),
  bad(
    "chunked in HTTP/1.0",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "stricter with responses",
  ),
  bad("unknown coding", `${ok}Transfer-Encoding: foo\r\n\r\nok`),
  bad("chunked twice", `${ok}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`),
  bad("204 with content", "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok"),
  bad("101 that nobody asked for", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"),
  bad("too long", withLength(`X: ${"y".repeat(20_000)}\r\n`)),
  bad("too many fields", withLength("X: y\r\n".repeat(101))),
  bad("interim only", "HTTP/1.1 103 Early\r\n\r\n"),
]);

const formed = (form: { head: string; haproxy: boolean }, isForwarded: boolean): Case =>
  bad(
    JSON.stringify(form.head),
    `${form.head}${/chunked/i.test(form.head) ? "2\r\nok\r\n0\r\n\r\n" : "okoko"}`,
    ...(form.haproxy && !isForwarded ? ["stricter with responses" as const] : []),
  );

oracleCases("forms of response heads", [
  ...forwardedForms.map((form) => formed(form, true)),
  ...[...refusedForms, ...ambiguousFramings].map((form) => formed(form, false)),
]);

const looselyChunked = (content: string): Case => bad(JSON.stringify(content), chunked(content));

oracleCases(
  "forms of the chunked coding",
  [
    ...["2\nok\r\n0\r\n\r\n", "2\r\nok\n0\r\n\r\n", "2\r\nok\r\n0\n\r\n", "2\r\nok\r\n0\r\n\n"],
    ...[
      "2\nok\n0\n\n",
      "2 \r\nok\r\n0\t \r\n\r\n",
      "002\r\nok\r\n00\r\n\r\n",
      "2;a\r\nok\r\n0;b=c\r\n\r\n",
    ],
    ...[
      '2 ;a="b;c"\r\nok\r\n0\r\n\r\n',
      "2\r\nok\r\n0\r\nX: y\nZ: z\r\n\n",
      " 2\r\nok\r\n0\r\n\r\n",
    ],
    ...[
      "0x2\r\nok\r\n0\r\n\r\n",
      "2,2\r\nok\r\n0\r\n\r\n",
      "2\r\r\nok\r\n0\r\n\r\n",
      "2;a\rb\r\nok\r\n0\r\n\r\n",
    ],
  ].map(looselyChunked),
);

oracleCases("bad contents of responses", [
  bad("too short", `${ok}Content-Length: 20\r\n\r\nok`),
  {
    ...bad("reset", `${ok}Content-Length: 20\r\n\r\nok`),
    answer: {
      bytes: `${ok}Content-Length: 20\r\n\r\nok`,
      then: "reset",
    },
  },
  bad("chunked, no end", chunked("2\r\nok\r\n")),
  bad("chunked, within a chunk", chunked("20\r\nok")),
  bad("chunked, no empty line", chunked("2\r\nok\r\n0\r\n")),
  bad("bad chunk size", chunked("2\r\nok\r\nx\r\n")),
  {
    name: "more than was announced",
    answer: {
      bytes: `${withLength("")}HTTP/1.1 200 Extra\r\nContent-Length: 0\r\n\r\n`,
      then: "keep",
    },
    requests: [get, get],
  },
]);
