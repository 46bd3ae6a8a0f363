import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { escapeLine } from "#src/log/format/escape.ts";
import { test } from "../testing.ts";
import { lineWriter } from "./lines.ts";
import { example, records, requestLines } from "./records.ts";

const httpLine = lineWriter("httplog");
const tcpLine = lineWriter("tcplog");

test("httplog: the manual's example", () => {
  assertEquals(
    httpLine(example),
    "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 " +
      '- - ---- 1/1/1/1/0 0/0 "GET /index.html HTTP/1.1"',
  );
});

test("httplog: a request that came to nothing", () => {
  const line = httpLine({
    ...example,
    server: "<NOSRV>",
    timeRequest: -1,
    timeQueue: -1,
    timeConnect: -1,
    timeResponse: -1,
    timeTotal: 8490,
    status: -1,
    bytes: 0,
    termination: "CR--",
    requestLine: "<BADREQ>",
  });
  assertEquals(
    line.slice(line.indexOf("static")),
    'static/<NOSRV> -1/-1/-1/-1/8490 -1 0 - - CR-- 1/1/1/1/0 0/0 "<BADREQ>"',
  );
});

test("httplog: TLS, redispatch, queues, fractions of milliseconds", () => {
  const line = httpLine({
    ...example,
    tls: true,
    timeRequest: 0.9,
    timeQueue: 3.5,
    timeTotal: 109.999,
    actconn: 5,
    feconn: 4,
    beconn: 3,
    srvconn: 2,
    retries: 1,
    redispatched: true,
    srvQueue: 7,
    backendQueue: 9,
  });
  assertEquals(
    line.slice(line.indexOf("http-in")),
    "http-in~ static/srv1 0/3/30/69/109 200 2750 - - ---- 5/4/3/2/+1 7/9 " +
      '"GET /index.html HTTP/1.1"',
  );
});

test("tcplog: the manual's example", () => {
  const line = tcpLine({
    ...example,
    clientPort: 33313,
    acceptDate: Date.parse("2009-02-06T12:12:51.443Z"),
    frontend: "fnt",
    backend: "bck",
    timeConnect: 0,
    timeTotal: 5007,
    bytes: 212,
    termination: "cD--",
    actconn: 0,
    feconn: 0,
    beconn: 0,
    srvconn: 0,
    retries: 3,
  });
  assertEquals(
    line,
    "10.0.1.2:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 cD 0/0/0/0/3 0/0",
  );
});

test("quotes, hashes and what is not printable are written as # and two digits", () => {
  assertEquals(escapeLine('GET /"#" HTTP/1.1'), "GET /#22#23#22 HTTP/1.1");
  assertEquals(escapeLine("\0\t\n\x1f \x7e\x7f\x80\xff"), "#00#09#0A#1F ~#7F#80#FF");
  assertEquals(escapeLine("{a|b}\\'"), "{a|b}\\'");
  assertEquals(escapeLine(""), "");
});

test("an escaped text can be read back", () => {
  fc.assert(fc.property(requestLines, (text) => {
    const back = escapeLine(text)
      .replace(/#([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    assertEquals(back, text);
  }));
});

test("any record gives one line of printable ASCII, its fields where they belong", () => {
  const http =
    /^\S+:\d+ \[\d\d\/\w{3}\/\d{4}(:\d\d){3}\.\d{3}\] \S+ \S+\/\S+ (-?\d+\/){4}-?\d+ -?\d+ \d+ - - \S{4} (\d+\/){4}\+?\d+ \d+\/\d+ "[^"]*"$/;
  const tcp =
    /^\S+:\d+ \[\d\d\/\w{3}\/\d{4}(:\d\d){3}\.\d{3}\] \S+ \S+\/\S+ (-?\d+\/){2}-?\d+ \d+ \S\S (\d+\/){4}\+?\d+ \d+\/\d+$/;
  fc.assert(fc.property(records, (record) => {
    for (const [line, shape] of [[httpLine(record), http], [tcpLine(record), tcp]] as const) {
      assertMatch(line, /^[ -~]*$/);
      assertMatch(line, shape);
    }
  }));
});

test("a request line is logged up to 1023 bytes, counted before escaping", () => {
  const quoted = (requestLine: string) => {
    const line = httpLine({ ...example, requestLine });
    return line.slice(line.indexOf('"') + 1, -1);
  };
  assertEquals(quoted("x".repeat(1023)).length, 1023);
  assertEquals(quoted("x".repeat(2000)).length, 1023);
  assertEquals(quoted("\xff".repeat(2000)), "#FF".repeat(1023));
  assert(!quoted("x".repeat(1023) + "y").includes("y"));
});
