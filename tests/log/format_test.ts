/** Format strings (manual, chapter 8.2.6); what is expected here was seen of HAProxy 2.6. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { compileLogFormat } from "#src/log/format/compile.ts";
import { fusions } from "#src/log/format/fused.ts";
import { standardFormats } from "#src/log/format/standard.ts";
import { logVariables } from "#src/log/format/variables.ts";
import type { LogRecord } from "#src/log/record.ts";
import { test } from "../testing.ts";
import { lineWriter, usable } from "./lines.ts";
import { example, records } from "./records.ts";

/** A record with every fact. */
const full: LogRecord = {
  ...example,
  requestDate: example.acceptDate + 300,
  timeHandshake: 1,
  timeIdle: 299,
  uploaded: 33,
  frontendAddress: "127.0.0.7",
  frontendPort: 80,
  sourceAddress: "127.0.0.1",
  sourcePort: 57604,
  serverAddress: "::1",
  serverPort: 8080,
  requestCount: 12,
  logCount: 7,
  uniqueId: "7F000001:8229]x",
  requestCookie: 'A=x"y]\\#',
  requestHeaders: ["abcde", null, 'a"b|{}]\\#\xe9'],
  responseHeaders: [null, "2"],
  tlsVersion: "TLSv1.3",
  tlsCipher: "TLS_AES_256_GCM_SHA384",
  sni: "1wt.eu",
};

const write = (format: string, record: Partial<LogRecord> = {}) =>
  lineWriter(format)({ ...example, ...record });

function checkLines(lines: Readonly<Record<string, string>>, record: Partial<LogRecord> = {}) {
  for (const [format, line] of Object.entries(lines)) assertEquals(write(format, record), line);
}

test("log-format: text, percent signs, and spaces, of which one is written", () => {
  checkLines({
    "": "",
    "   ": "",
    "100%% sure": "100% sure",
    "%%%%": "%%",
    "  a  b   c  ": "a b c ",
    "tab\there": "tab\there",
    "%s%s": "srv1srv1",
    "%s_%b-%ci": "srv1_static-10.0.1.2",
    '"%s"': '"srv1"',
    "}{": "}{",
  });
});

test("log-format: what is not there", () => {
  checkLines({
    "a %hr %hs b": "a b",
    "a %hr %hs": "a ",
    "%hr%hs|": "|",
    "x %hrl %hsl y": "x y",
    "x%hr y": "x y",
    "%{+Q}o %CC %hr %hrl z": '"" z',
    "%CC %CS": "- -",
    "%ID|%{+Q}ID": '-|""',
    "%si|%sp|%bi|%bp|%sslc|%sslv": "-|-|-|-|-|-",
    "%{+Q}si|%{+Q}sp|%{+X}bi|%{+X}bp|%{+Q}sslv": '""|""|-|-|""',
    "%Th|%Ti|%U|%rt|%lc": "0|0|0|0|0",
  });
});

test("log-format: each variable", () => {
  checkLines({
    "%B|%ST|%U|%ac|%bc|%bq|%fc|%rc|%sc|%sq": "2750|200|33|1|1|0|1|0|1|0",
    "%H|%pid|%rt|%lc": "edge|7667|12|7",
    "%b|%f|%ft|%s|%ts|%tsc": "static|http-in|http-in|srv1|--|----",
    "%ci|%cp|%fi|%fp|%bi|%bp|%si|%sp": "10.0.1.2|33317|127.0.0.7|80|127.0.0.1|57604|::1|8080",
    "%T|%Ts|%ms": "06/Feb/2009:12:14:14 +0000|1233922454|655",
    "%t|%tr": "06/Feb/2009:12:14:14.655|06/Feb/2009:12:14:14.955",
    "%trg|%trl|%Tl": Array(3).fill("06/Feb/2009:12:14:14 +0000").join("|"),
    "%Ta|%Tc|%Td|%Th|%Ti|%Tq|%TR|%Tr|%Tt|%Tu|%Tw": "109|30|0|1|299|310|10|69|409|110|0",
    "%sslv|%sslc": "TLSv1.3|TLS_AES_256_GCM_SHA384",
    "%hr %hs b": "{abcde||a#22b#7C#7B#7D]\\#23#E9} {|2} b",
    "a%hrl%hsl|b": "aabcde - a#22b#7C#7B#7D]\\#23#E9- 2|b",
    "%CC %ID": 'A=x"y]\\# 7F000001:8229]x',
  }, full);
});

test("log-format: flag Q", () => {
  checkLines({
    "%{+Q}H %{+Q}s %{+Q}ci %{+Q}ID": '"edge" "srv1" "10.0.1.2" "7F000001:8229]x"',
    "%{+Q}r": '"GET /index.html HTTP/1.1"',
    "%{+Q}T|%{+Q}t|%{+Q}ts|%{+Q}tsc|%{+Q}ST|%{+Q}cp|%{+Q}pid":
      "06/Feb/2009:12:14:14 +0000|06/Feb/2009:12:14:14.655|--|----|200|33317|7667",
    "%{+Q}hr|%{+Q}hs": '"{abcde||a#22b#7C#7B#7D]\\#23#E9}"|"{|2}"',
    "%{+Q}hrl|%{+Q}hsl": '"abcde" "" "a#22b#7C#7B#7D]\\#23#E9"|"" "2"',
    "%{+Q}o%{-Q}s|%s|%{+X}o%s|%{-Q}o%s|%cp": 'srv1|"srv1"|"srv1"|srv1|8225',
  }, full);
});

test("log-format: flag X", () => {
  checkLines({
    "%{+X}ci|%{+X}si": "0A000102|00000000000000000000000000000001",
    "%{+X}cp|%{+X}fp|%{+X}sp|%{+X}bp": "8225|0050|1F90|E104",
    "%{+X}Ts|%{+X}ms|%{+X}pid|%{+X}rt|%{+X}lc": "498C2996|28F|1DF3|000C|0007",
    "%{+X}ST|%{+X}B|%{+X}Ta|%{+X}ac|%{+X}rc|%{+X}b": "200|2750|109|1|0|static",
    "%{+X,+Q}ci|%{+X,+Q}cp": "0A000102|8225",
  }, full);
  // HAProxy ends the line here.
  assertEquals(write("%{+X}ci|%s", { clientAddress: "unix" }), "unix|srv1");
});

test("log-format: flag E", () => {
  checkLines({
    "%{+E}CC|%{+E}ID": 'A=x\\"y\\]\\\\#|7F000001:8229\\]x',
    "%{+E}hr": "{abcde||a#22b#7C#7B#7D\\]\\\\#23#E9}",
    "%{+Q,+E}CC": '"A=x\\"y\\]\\\\#"',
    "%{+E}s": "srv1",
  }, full);
  assertEquals(
    write("%{+Q,+E}r", { requestLine: 'GET /a"{|}#\\] HTTP/1.0' }),
    '"GET /a#22{|}#23\\\\\\] HTTP/1.0"',
  );
});

const requests: readonly [string, string][] = [
  ["GET /a?b HTTP/1.0", "GET|/a|/a|?b|/a?b|HTTP/1.0"],
  ["GET http://h/p/q?x#f HTTP/1.1", "GET|http://h/p/q|/p/q|?x#23f|http://h/p/q?x#23f|HTTP/1.1"],
  ["GET http://h HTTP/1.1", "GET|http://h|||http://h|HTTP/1.1"],
  ["GET http://h?x HTTP/1.1", "GET|http://h||?x|http://h?x|HTTP/1.1"],
  ["OPTIONS * HTTP/1.1", "OPTIONS|*|||*|HTTP/1.1"],
  ["CONNECT h:80 HTTP/1.1", "CONNECT|h:80|||h:80|HTTP/1.1"],
  ["GET /?a?b=1 HTTP/1.1", "GET|/|/|?a?b=1|/?a?b=1|HTTP/1.1"],
  ["GET /? HTTP/1.1", "GET|/|/|?|/?|HTTP/1.1"],
  ["GET //a HTTP/1.1", "GET|//a|//a||//a|HTTP/1.1"],
  ["GET foo?x HTTP/1.1", "GET|foo||?x|foo?x|HTTP/1.1"],
  ["GET /a;p=1?q HTTP/1.1", "GET|/a;p=1|/a;p=1|?q|/a;p=1?q|HTTP/1.1"],
  ["<BADREQ>", Array(6).fill("<BADREQ>").join("|")],
  [
    `GET /?${"x".repeat(1500)} HTTP/1.1`,
    `GET|/|/|?${"x".repeat(1017)}|/?${"x".repeat(1017)}|HTTP/0.9`,
  ],
];
test("log-format: the parts of a request line", () => {
  for (const [requestLine, parts] of requests) {
    assertEquals(write("%HM|%HP|%HPO|%HQ|%HU|%HV", { requestLine }), parts);
  }
});

test("log-format: empty parts keep the space behind them", () => {
  assertEquals(write("a %HPO b", { requestLine: "OPTIONS * HTTP/1.1" }), "a  b");
  assertEquals(write("%{+Q}HQ"), '""');
});

test("log-format: times that never began", () => {
  const none = { timeRequest: -1, timeQueue: -1, timeConnect: -1, timeResponse: -1 };
  assertEquals(
    write("%Ta|%Tc|%Td|%Th|%Ti|%Tq|%TR|%Tr|%Tt|%Tu|%Tw", { ...none, timeTotal: 200 }),
    "200|-1|-1|0|0|-1|-1|-1|200|200|-1",
  );
  const tcp = { ...none, timeQueue: 1, timeConnect: 2, timeTotal: 10 };
  assertEquals(write("%Td", tcp), "7");
});

const clf = '"http-in" "static" "srv1" 10 0 30 69 109 ---- 1 1 1 1 0 0 0 "" ""';
test("httplog clf, and httpslog of a connection without TLS", () => {
  assertEquals(
    write("httplog clf"),
    '10.0.1.2 - - [06/Feb/2009:12:14:14 +0000] "GET /index.html HTTP/1.1" 200 2750 "" "" ' +
      `33317 655 ${clf} `,
  );
  const http = write("httplog");
  assertEquals(write("httpslog"), `${http} 0/-/-/-/0 -/-/-`);
  const { tlsVersion, tlsCipher, sni } = full;
  assertEquals(
    write("httpslog", { tls: true, tlsVersion: tlsVersion!, tlsCipher: tlsCipher!, sni: sni! })
      .split('" ')[1],
    "0/0/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384",
  );
});

const wrong: readonly [string, number, RegExp, RegExp | null][] = [
  ["a %", 3, /^nothing follows/, /%%/],
  ["%B%%%", 5, /^nothing follows/, /%%/],
  ["50% of", 3, /begins with ' '/, /%%/],
  ["%5s", 1, /begins with '5'/, /%%/],
  ["%ci %Ci", 5, /no variable '%Ci'/, /^did you mean '%ci'\?$/],
  ["x%TRx", 2, /no variable '%TRx'/, /did you mean '%T/],
  ["%bogus", 1, /no variable '%bogus'/, /%%/],
  ["a%ob", 2, /no variable '%ob'/, /^did you mean '%\w+'\?$/],
  ["%{+Q", 1, /not closed/, /'}'/],
  ["%{+Q}", 1, /no variable follows the flags '%{\+Q}'/, null],
  ["%{+Q}%B", 1, /no variable follows/, null],
  ["%{+Q}{+X}s", 1, /no variable follows/, null],
  ["a %[src]", 3, /^sample expressions come later: '%\[src\]'$/, null],
  ["%{+Q}[capture.req.hdr(0)]", 1, /sample expressions come later/, null],
  ["%[req.hdr(a]b)]x", 1, /'%\[req\.hdr\(a\]b\)\]'$/, null],
  ["x %[src", 3, /not closed/, /']'/],
];
for (const [format, column, error, hint] of wrong) {
  test(`log-format: '${format}' is refused at its place`, () => {
    const compiled = compileLogFormat(format);
    assert(!("format" in compiled));
    assertEquals(compiled.column, column);
    assertMatch(compiled.error, error);
    if (hint === null) assertEquals(compiled.hint, null);
    else assertMatch(compiled.hint!, hint);
  });
}

test("log-format: what HAProxy ignores is warned of", () => {
  const warned = (format: string) =>
    usable(compileLogFormat(format)).warnings.map(({ column, message }) => [column, message]);
  assertEquals(warned("a %{+Q,+Z}s"), [[8, "'+Z' is no flag and ignored"]]);
  assertEquals(warned("%{Q}s"), [[3, "'Q' is no flag and ignored"]]);
  assertEquals(warned("a %-s"), [[3, "'%' before '-' is left out"]]);
  assertEquals(warned("%{+Q,-X,+E}s %{+Q,}s %{}s"), []);
  checkLines({ "%{+Q,+Z}s|%{Q}s|%{+Q,}s": '"srv1"|srv1|"srv1"', "%-s%(a)": "-s(a)" });
});

test("log-format: a format says what is in it and what it needs", () => {
  const format = usable(compileLogFormat("%ci %{+Q}r %si %sp"));
  assertEquals(
    format.variables.map(({ variable, column }) => [variable.name, variable.httpOnly, column]),
    [["ci", false, 1], ["r", true, 5], ["si", false, 12], ["sp", false, 16]],
  );
  assertEquals([...format.needs], ["request line", "server address"]);
});

test("log-format: variables have names of their own, and one line of documentation each", () => {
  assertEquals(new Set(logVariables.map(({ name }) => name)).size, logVariables.length);
  for (const { name, help } of logVariables) {
    assertMatch(name, /^[A-Za-z]+$/);
    assertMatch(help, /^[ -~]{4,}[^.]$/);
  }
});

/** Each variable compiled for itself: nothing of them is fused. */
function apart(format: string): (record: LogRecord) => string {
  const parts = format.match(/%\w+|[^%]+/g)!.map((part) =>
    part.startsWith("%") ? lineWriter(part) : () => part
  );
  return (record) => parts.map((part) => part(record)).join("");
}

test("log-format: a run that is written by one function is written as its parts are", () => {
  for (const { text } of fusions) {
    const [together, each] = [lineWriter(text), apart(text)];
    fc.assert(fc.property(records, fc.option(fc.nat(), { nil: undefined }), (record, later) => {
      const dated = later === undefined
        ? record
        : { ...record, requestDate: record.acceptDate + later };
      assertEquals(together(dated), each(dated));
    }));
  }
  for (const [name, count] of [["httplog", 4], ["tcplog", 2]] as const) {
    const found = fusions.filter(({ text }) => standardFormats[name].includes(text));
    assertEquals(found.length, count);
  }
});

test("log-format: a run with flags, or cut short, is not taken for one", () => {
  assertEquals(
    write("%{+Q}o %ci:%cp [%tr] %ft %b/%s"),
    '"10.0.1.2":33317 [06/Feb/2009:12:14:14.655] "http-in" "static"/"srv1"',
  );
  assertEquals(write("%TR/%Tw/%Tc/%Tr-%Ta"), "10/0/30/69-109");
  assertEquals(write("%TR/%Tw/%Tc/%Tr"), "10/0/30/69");
});

test("log-format: any string is compiled or refused at a place in it", () => {
  const pieces = fc.array(fc.oneof(
    fc.constantFrom("%", "%%", "%{", "}", "+Q", "[", "]", " ", "  ", "a", "%s", "%hr", "%{+X}ci"),
    fc.string({ maxLength: 4 }),
  ));
  fc.assert(fc.property(pieces, records, (pieces, record) => {
    const text = pieces.join("");
    const compiled = compileLogFormat(text);
    if ("format" in compiled) lineWriter(text)(record);
    else assert(compiled.column >= 1 && compiled.column <= text.length);
  }));
});
