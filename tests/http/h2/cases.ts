/** What RFC 9113 asks of a server, case by case: what a client sends, and what must come of it. */
import {
  block,
  data,
  type Field,
  frame,
  get,
  headers,
  hello,
  helloAlone,
  last,
  number,
  open,
  post,
  settings,
  string,
} from "./peer.ts";

/**
 * A case. Of `want` each line must come: `goaway 1 PROTOCOL_ERROR`, `reset 1 CANCEL`, `ping ack`;
 * `200 on 1`: a whole response with this status on this stream.
 */
export interface Case {
  readonly name: string;
  readonly send: string;
  readonly want: readonly string[];
  /** What the request must look like to the server, in a regular expression; null: it gets none. */
  readonly server?: RegExp | null;
}

const cases: Case[] = [];
const of = (section: string) =>
(
  name: string,
  send: string | readonly string[],
  want: string | readonly string[],
  server?: RegExp | null,
) =>
  cases.push({
    name: `${section}: ${name}`,
    send: [send].flat().join(""),
    want: [want].flat(),
    ...server === undefined ? {} : { server },
  });

const good = "200 on 1";
const goaway = (code: string, stream = 0) => `goaway ${stream} ${code}`;
const reset = (code: string, stream = 1) => `reset ${stream} ${code}`;
const ping = frame(6, 0, 0, "12345678");
const request = hello + headers(1);

{
  const c = of("3.4 preface");
  c("a request behind it", request, good);
  c(
    "another letter in it",
    `${helloAlone.replace("SM", "SN")}${settings()}`,
    goaway("PROTOCOL_ERROR"),
  );
  c("no SETTINGS behind it", helloAlone + ping, goaway("PROTOCOL_ERROR"));
  c("HEADERS before SETTINGS", helloAlone + headers(1), goaway("PROTOCOL_ERROR"), null);
  c("DATA before SETTINGS", helloAlone + data(1, "x"), goaway("PROTOCOL_ERROR"));
  c(
    "an acknowledgement in the place of SETTINGS",
    helloAlone + frame(4, 1, 0),
    goaway("PROTOCOL_ERROR"),
  );
  c("SETTINGS are acknowledged", hello, "settings ack");
}
{
  const c = of("4.1 frames");
  c("an unknown type is ignored", [hello, frame(0xfa, 0xff, 0, "any"), headers(1)], good);
  c("an unknown type on a stream", [hello, frame(0xfa, 0, 1, "any"), headers(1)], good);
  c("unknown flags are ignored", [hello, frame(6, 0x16, 0, "12345678")], "ping ack");
  c("the reserved bit is ignored", [hello, frame(6, 0, 0x8000_0000, "12345678")], "ping ack");
}
{
  const c = of("4.2 frame size");
  c("DATA of the greatest size", [hello, open(1), last(1, "x".repeat(16384))], good);
  c(
    "DATA that is too long",
    [hello, open(1), data(1, "x".repeat(16385))],
    goaway("FRAME_SIZE_ERROR", 1),
  );
  c(
    "HEADERS that are too long",
    [hello, headers(1, [...get, ["x", "x".repeat(16500)]])],
    goaway("FRAME_SIZE_ERROR"),
    null,
  );
  c(
    "an unknown type that is too long",
    [hello, frame(0xfa, 0, 0, "x".repeat(16385))],
    goaway("FRAME_SIZE_ERROR"),
  );
}
{
  const c = of("4.3 field blocks");
  c(
    "one that cannot be read",
    [hello, frame(1, 5, 1, "\x80")],
    goaway("COMPRESSION_ERROR", 1),
    null,
  );
  c(
    "another stream's frame within it",
    [hello, frame(1, 1, 1, block(get)), headers(3)],
    goaway("PROTOCOL_ERROR"),
    null,
  );
  c("PING within it", [hello, frame(1, 1, 1, block(get)), ping], goaway("PROTOCOL_ERROR"), null);
  c(
    "DATA within it",
    [hello, frame(1, 1, 1, block(get)), data(1, "x")],
    goaway("PROTOCOL_ERROR"),
    null,
  );
  c(
    "an unknown type within it",
    [hello, frame(1, 1, 1, block(get)), frame(0xfa, 0, 1)],
    goaway("PROTOCOL_ERROR"),
    null,
  );
  c("in several pieces", [
    hello,
    frame(1, 1, 1, block(get).slice(0, 5)),
    frame(9, 0, 1, block(get).slice(5, 9)),
    frame(9, 4, 1, block(get).slice(9)),
  ], good);
  c(
    "the table goes on behind a malformed request",
    [
      hello,
      frame(1, 5, 1, `@${string("x-kept")}${string("one")}${block(get)}`),
      frame(1, 5, 3, `${block(get)}\xbe`),
    ],
    ["200 on 3", reset("PROTOCOL_ERROR")],
    /x-kept: one/,
  );
  c("the table goes on behind a refused stream's fields", [
    hello,
    open(1),
    frame(3, 0, 1, number(8, 4)),
    frame(1, 5, 3, `${block(get)}@${string("x-a")}${string("b")}`),
    frame(1, 5, 5, `${block(get)}\xbe`),
  ], ["200 on 3", "200 on 5"]);
}
{
  const c = of("5.1 stream states");
  c("idle: DATA", [hello, data(1, "x")], goaway("PROTOCOL_ERROR"));
  c("idle: RST_STREAM", [hello, frame(3, 0, 1, number(8, 4))], goaway("PROTOCOL_ERROR"));
  c("idle: WINDOW_UPDATE", [hello, frame(8, 0, 1, number(9, 4))], goaway("PROTOCOL_ERROR"));
  c("idle: CONTINUATION", [hello, frame(9, 4, 1, block(get))], goaway("PROTOCOL_ERROR"));
  c("idle: PRIORITY", [hello, frame(2, 0, 1, number(0, 4) + "\x10"), headers(1)], good);
  c(
    "half-closed: DATA",
    [hello, headers(1, [...get, ["x-slow", "1"]]), data(1, "x")],
    reset("STREAM_CLOSED"),
  );
  c(
    "half-closed: HEADERS",
    [hello, headers(1, [...get, ["x-slow", "1"]]), headers(1)],
    reset("STREAM_CLOSED"),
  );
  c(
    "half-closed: CONTINUATION",
    [hello, headers(1, [...get, ["x-slow", "1"]]), frame(9, 4, 1)],
    goaway("PROTOCOL_ERROR", 1),
  );
  c("half-closed: WINDOW_UPDATE", [hello, headers(1), frame(8, 0, 1, number(9, 4))], good);
  c("half-closed: PRIORITY", [hello, headers(1), frame(2, 0, 1, number(0, 4) + "\x10")], good);
  c("half-closed: RST_STREAM", [
    hello,
    headers(1, [...get, ["x-slow", "1"]]),
    frame(3, 0, 1, number(8, 4)),
    headers(3),
  ], "200 on 3");
  c("closed by RST_STREAM: DATA under way is nothing", [
    hello,
    open(1),
    frame(3, 0, 1, number(8, 4)),
    data(1, "x"),
    headers(3),
  ], "200 on 3");
  c("closed by RST_STREAM: HEADERS under way is nothing", [
    hello,
    open(1),
    frame(3, 0, 1, number(8, 4)),
    headers(1),
    headers(3),
  ], "200 on 3");
  c("closed: RST_STREAM is nothing", [
    hello,
    open(1),
    frame(3, 0, 1, number(8, 4)).repeat(2),
    headers(3),
  ], "200 on 3");
  c("closed: WINDOW_UPDATE is nothing", [
    hello,
    open(1),
    frame(3, 0, 1, number(8, 4)),
    frame(8, 0, 1, number(8, 4)),
    headers(3),
  ], "200 on 3");
}
{
  const c = of("5.1.1 stream identifiers");
  c("an even one", hello + headers(2), goaway("PROTOCOL_ERROR"), null);
  c("0", [hello, headers(0)], goaway("PROTOCOL_ERROR"), null);
  c("less than before", [hello, headers(5), headers(3)], goaway("STREAM_CLOSED", 5));
  c("some are left out", [hello, headers(7), headers(101)], ["200 on 7", "200 on 101"]);
  c("the greatest", [hello, headers(0x7fffffff)], "200 on 2147483647");
}
{
  const c = of("5.1.2 concurrency");
  const many = Array.from({ length: 101 }, (_, i) => open(2 * i + 1)).join("");
  c("more than announced", hello + many, reset("REFUSED_STREAM", 201));
  c("and the others go on", [hello, many, last(1, "x")], [good, reset("REFUSED_STREAM", 201)]);
}
{
  const c = of("5.2 and 6.9 flow control");
  c(
    "WINDOW_UPDATE of 0 on the connection",
    [hello, frame(8, 0, 0, number(0, 4))],
    goaway("PROTOCOL_ERROR"),
  );
  c(
    "WINDOW_UPDATE of 0 on a stream",
    [hello, open(1), frame(8, 0, 1, number(0, 4))],
    reset("PROTOCOL_ERROR"),
  );
  c("WINDOW_UPDATE of 3 bytes", [hello, frame(8, 0, 0, number(1, 3))], goaway("FRAME_SIZE_ERROR"));
  c(
    "WINDOW_UPDATE of 5 bytes on a stream",
    [hello, open(1), frame(8, 0, 1, number(1, 5))],
    goaway("FRAME_SIZE_ERROR", 1),
  );
  c(
    "a window of the connection beyond 2^31-1",
    [hello, frame(8, 0, 0, number(0x7fffffff, 4))],
    goaway("FLOW_CONTROL_ERROR"),
  );
  c(
    "a window of a stream beyond 2^31-1",
    [hello, open(1), frame(8, 0, 1, number(0x7fffffff, 4))],
    reset("FLOW_CONTROL_ERROR"),
  );
  c("a window of exactly 2^31-1", [
    hello,
    frame(8, 0, 0, number(0x7fffffff - 65535, 4)),
    headers(1),
  ], good);
  c(
    "the reserved bit of an increment",
    [hello, frame(8, 0, 0, number(0x80000001, 4)), headers(1)],
    good,
  );
  c("DATA beyond the window of a stream", [
    hello,
    open(1, ["x-slow", "1"]),
    data(1, "x".repeat(16384)).repeat(4),
    data(1, "xx"),
  ], reset("FLOW_CONTROL_ERROR"));
  c(
    "INITIAL_WINDOW_SIZE beyond 2^31-1",
    [hello, settings([4, 0x80000000])],
    goaway("FLOW_CONTROL_ERROR"),
  );
  c("INITIAL_WINDOW_SIZE that overflows a stream's window", [
    hello,
    open(1),
    frame(8, 0, 1, number(100, 4)),
    settings([4, 0x7fffffff]),
  ], goaway("FLOW_CONTROL_ERROR", 1));
  c("a window of 0, opened afterwards", [
    helloAlone,
    settings([4, 0]),
    headers(1),
    frame(8, 0, 1, number(100, 4)),
  ], good);
  c("a window of 1 byte, opened by SETTINGS", [
    helloAlone,
    settings([4, 1]),
    headers(1),
    settings([4, 100]),
  ], good);
  c("a negative window", [
    helloAlone,
    settings([4, 2]),
    headers(1),
    settings([4, 0]),
    frame(8, 0, 1, number(100, 4)),
  ], good);
}
{
  const c = of("6.1 DATA");
  c(
    "a content",
    [hello, open(1), data(1, "one "), last(1, "two")],
    good,
    /transfer-encoding: chunked[^]*4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n$/,
  );
  c(
    "an empty last one",
    [hello, open(1), data(1, "one"), last(1, "")],
    good,
    /3\r\none\r\n0\r\n\r\n$/,
  );
  c("only an empty last one", [hello, open(1), last(1, "")], good, /\r\n\r\n0\r\n\r\n$/);
  c("padded", [hello, open(1), frame(0, 9, 1, "\x03one\0\0\0")], good, /3\r\none\r\n0/);
  c("nothing but padding", [hello, open(1), frame(0, 9, 1, "\x03\0\0\0")], good);
  c("padding of no bytes", [hello, open(1), frame(0, 9, 1, "\0one")], good, /3\r\none\r\n0/);
  c(
    "as much padding as there is room",
    [hello, open(1), frame(0, 9, 1, "\x05one\0")],
    goaway("PROTOCOL_ERROR", 1),
  );
  c(
    "padded, without the length",
    [hello, open(1), frame(0, 8, 1, "")],
    goaway("FRAME_SIZE_ERROR", 1),
  );
  c("on stream 0", [hello, data(0, "x")], goaway("PROTOCOL_ERROR"));
}
{
  const c = of("6.2 HEADERS");
  c("padded", [hello, frame(1, 0x0d, 1, `\x02${block(get)}\0\0`)], good);
  c(
    "too much padding",
    [hello, frame(1, 0x0d, 1, `\xff${block(get)}`)],
    goaway("PROTOCOL_ERROR"),
    null,
  );
  c("padded, without the length", [hello, frame(1, 0x0d, 1)], goaway("FRAME_SIZE_ERROR"), null);
  c("with a priority", [hello, frame(1, 0x25, 1, `${number(0, 4)}\x10${block(get)}`)], good);
  c("with a priority and padding", [
    hello,
    frame(1, 0x2d, 1, `\x01${number(0, 4)}\x10${block(get)}\0`),
  ], good);
  c("with half a priority", [hello, frame(1, 0x25, 1, "\0\0")], goaway("FRAME_SIZE_ERROR"), null);
  c(
    "that depend on themselves",
    [hello, frame(1, 0x25, 1, `${number(1, 4)}\x10${block(get)}`)],
    goaway("PROTOCOL_ERROR"),
    null,
  );
}
{
  const c = of("6.3 PRIORITY");
  c("is ignored", [hello, frame(2, 0, 3, `${number(1, 4)}\x10`), headers(1)], good);
  c("on stream 0", [hello, frame(2, 0, 0, `${number(1, 4)}\x10`)], goaway("PROTOCOL_ERROR"));
  c("of 4 bytes", [hello, frame(2, 0, 1, number(3, 4))], goaway("FRAME_SIZE_ERROR"));
  c("on itself", [hello, frame(2, 0, 1, `${number(1, 4)}\x10`)], goaway("PROTOCOL_ERROR"));
}
{
  const c = of("6.4 RST_STREAM");
  c("on stream 0", [hello, frame(3, 0, 0, number(8, 4))], goaway("PROTOCOL_ERROR"));
  c("of 3 bytes", [hello, open(1), frame(3, 0, 1, number(8, 3))], goaway("FRAME_SIZE_ERROR", 1));
  c(
    "with an unknown code",
    [hello, open(1), frame(3, 0, 1, number(0xdead, 4)), headers(3)],
    "200 on 3",
  );
}
{
  const c = of("6.5 SETTINGS");
  c("on a stream", [hello, frame(4, 0, 1)], goaway("PROTOCOL_ERROR"));
  c("of 5 bytes", [hello, frame(4, 0, 0, "12345")], goaway("FRAME_SIZE_ERROR"));
  c(
    "an acknowledgement with a payload",
    [hello, frame(4, 1, 0, number(4, 2) + number(1, 4))],
    goaway("FRAME_SIZE_ERROR"),
  );
  c("ENABLE_PUSH of 2", [hello, settings([2, 2])], goaway("PROTOCOL_ERROR"));
  c("ENABLE_PUSH of 1", [hello, settings([2, 1]), headers(1)], good);
  c("MAX_FRAME_SIZE of 16383", [hello, settings([5, 16383])], goaway("PROTOCOL_ERROR"));
  c("MAX_FRAME_SIZE of 2^24", [hello, settings([5, 2 ** 24])], goaway("PROTOCOL_ERROR"));
  c("MAX_FRAME_SIZE of 2^24-1", [hello, settings([5, 2 ** 24 - 1]), headers(1)], good);
  c("an unknown one", [hello, settings([0xff, 1]), headers(1)], good);
  c("one twice: the last counts", [helloAlone, settings([4, 0], [4, 100]), headers(1)], good);
  c("ENABLE_CONNECT_PROTOCOL of 2 (RFC 8441)", [hello, settings([8, 2])], goaway("PROTOCOL_ERROR"));
  c("HEADER_TABLE_SIZE of 0", [helloAlone, settings([1, 0]), headers(1), headers(3)], [
    good,
    "200 on 3",
  ]);
  c("each is acknowledged", [hello, settings([3, 10])], ["settings ack", "settings ack"]);
}
{
  const c = of("6.6 PUSH_PROMISE");
  c("of a client", [hello, frame(5, 4, 1, number(2, 4) + block(get))], goaway("PROTOCOL_ERROR"));
}
{
  const c = of("6.7 PING");
  c("is answered", hello + ping, "ping ack");
  c("an answer is not", [hello, frame(6, 1, 0, "12345678"), headers(1)], good);
  c("of 6 bytes", [hello, frame(6, 0, 0, "123456")], goaway("FRAME_SIZE_ERROR"));
  c("on a stream", [hello, frame(6, 0, 1, "12345678")], goaway("PROTOCOL_ERROR"));
}
{
  const c = of("6.8 GOAWAY");
  c("on a stream", [hello, frame(7, 0, 1, number(0, 8))], goaway("PROTOCOL_ERROR"));
  c("of 7 bytes", [hello, frame(7, 0, 0, number(0, 7))], goaway("FRAME_SIZE_ERROR"));
  c(
    "streams go on behind it",
    [hello, open(1), frame(7, 0, 0, number(0, 8) + "why"), last(1, "x")],
    good,
  );
}
{
  const c = of("6.10 CONTINUATION");
  c("of nothing", [hello, headers(1), frame(9, 4, 1, block(get))], goaway("PROTOCOL_ERROR", 1));
  c(
    "on stream 0",
    [hello, frame(1, 1, 1, ""), frame(9, 4, 0, block(get))],
    goaway("PROTOCOL_ERROR"),
    null,
  );
  c(
    "on another stream",
    [hello, frame(1, 1, 1, ""), frame(9, 4, 3, block(get))],
    goaway("PROTOCOL_ERROR"),
    null,
  );
  c("behind DATA", [hello, open(1), data(1, "x"), frame(9, 4, 1)], goaway("PROTOCOL_ERROR", 1));
  c("that is empty, and ends it", [hello, frame(1, 1, 1, block(get)), frame(9, 4, 1)], good);
}

const without = (name: string, fields = get) => fields.filter(([each]) => each !== name);
const withField = (...more: Field[]) => [hello, headers(1, [...get, ...more])];
const replaced = (name: string, value: string) =>
  headers(1, get.map((field) => field[0] === name ? [name, value] : field));
{
  const c = of("8.1 messages");
  c(
    "trailers",
    [hello, open(1), data(1, "x"), headers(1, [["x-end", "1"]])],
    good,
    /1\r\nx\r\n0\r\nx-end: 1\r\n\r\n$/,
  );
  c(
    "trailers without a content",
    [hello, open(1), headers(1, [["x-end", "1"]])],
    good,
    /\r\n\r\n0\r\nx-end: 1\r\n\r\n$/,
  );
  c(
    "trailers that do not end it",
    [hello, open(1), headers(1, [["x-end", "1"]], 4)],
    reset("PROTOCOL_ERROR"),
  );
  c(
    "a pseudo-header field in trailers",
    [hello, open(1), headers(1, [[":path", "/"]])],
    reset("PROTOCOL_ERROR"),
  );
  c(
    "a capital letter in trailers",
    [hello, open(1), headers(1, [["X-End", "1"]])],
    reset("PROTOCOL_ERROR"),
  );
  c(
    "trailers that may not pass are left out",
    [hello, open(1), data(1, "x"), headers(1, [["content-length", "9"], ["x-end", "1"]])],
    good,
    /0\r\nx-end: 1\r\n\r\n$/,
  );
}
{
  const c = of("8.1.1 Content-Length");
  const length = (n: number) => open(1, ["content-length", String(n)]);
  c(
    "as announced",
    [hello, length(6), data(1, "one"), last(1, "two")],
    good,
    /content-length: 6[^]*\r\n\r\nonetwo$/,
  );
  c("more DATA", [hello, length(2), last(1, "one")], reset("PROTOCOL_ERROR"));
  c("less DATA", [hello, length(4), last(1, "one")], reset("PROTOCOL_ERROR"));
  c(
    "less DATA, and trailers",
    [hello, length(4), data(1, "one"), headers(1, [["x-end", "1"]])],
    reset("PROTOCOL_ERROR"),
  );
  c(
    "a content announced in a request without",
    withField(["content-length", "1"]),
    reset("PROTOCOL_ERROR"),
    null,
  );
  c("0, and none", withField(["content-length", "0"]), good);
  c("0, and an empty DATA", [hello, length(0), last(1, "")], good);
  c("0, and DATA", [hello, length(0), last(1, "x")], reset("PROTOCOL_ERROR"));
  c(
    "two that differ",
    withField(["content-length", "0"], ["content-length", "1"]),
    reset("PROTOCOL_ERROR"),
    null,
  );
  c(
    "two that are equal",
    [
      hello,
      headers(1, [...post, ["content-length", "1"], ["content-length", "1"]], 4),
      last(1, "x"),
    ],
    good,
    /content-length: 1\r\n(?!content-length)/,
  );
  for (const value of ["-1", "+1", "1, 1", "0x1", "", "1 1", "99999999999999999999"]) {
    c(
      `"${value}"`,
      [hello, headers(1, [...post, ["content-length", value]], 4), last(1, "x")],
      reset("PROTOCOL_ERROR"),
      null,
    );
  }
}
{
  const c = of("8.2.1 field validity");
  for (
    const name of ["X-A", "x a", "x:a", "", "x\0", "x\r\n", "x\x7f", "x\xff", "(x)", " x", "x "]
  ) {
    c(`the name ${JSON.stringify(name)}`, withField([name, "1"]), reset("PROTOCOL_ERROR"), null);
  }
  for (
    const value of ["a\rb", "a\nb", "a\0b", "a\r\nx: y", " a", "a ", "\ta", "a\t", "a\x01", "a\x7f"]
  ) {
    c(
      `the value ${JSON.stringify(value)}`,
      withField(["x-a", value]),
      reset("PROTOCOL_ERROR"),
      null,
    );
    c(
      `the cookie ${JSON.stringify(value)}`,
      withField(["cookie", value]),
      reset("PROTOCOL_ERROR"),
      null,
    );
  }
  c("a value with bytes above ASCII", withField(["x-a", "\xe4 b"]), good, /x-a: \xe4 b\r\n/);
  c("an empty value", withField(["x-a", ""]), good, /x-a: \r\n/);
}
{
  const c = of("8.2.2 fields of the connection");
  for (
    const [name, value] of [
      ["connection", "close"],
      ["connection", "x-a"],
      ["keep-alive", "timeout=5"],
      ["proxy-connection", "close"],
      ["transfer-encoding", "chunked"],
      ["transfer-encoding", "identity"],
      ["upgrade", "h2c"],
      ["te", "gzip"],
      ["te", "trailers, gzip"],
      ["te", ""],
    ] as const
  ) c(`${name}: ${value}`, withField([name, value]), reset("PROTOCOL_ERROR"), null);
  c("te: trailers", withField(["te", "trailers"]), good, /te: trailers/i);
}
{
  const c = of("8.2.3 cookies");
  c(
    "crumbs become one",
    withField(["cookie", "a=1"], ["x-b", "2"], ["cookie", "c=3"]),
    good,
    /x-b: 2\r\ncookie: a=1; c=3\r\n/,
  );
}
{
  const c = of("8.3 pseudo-header fields");
  const malformed = (name: string, fields: readonly Field[]) =>
    c(name, [hello, headers(1, fields)], reset("PROTOCOL_ERROR"), null);
  malformed("an unknown one", [...get, [":x", "1"]]);
  malformed("one of responses", [...get, [":status", "200"]]);
  malformed("behind a field", [...get.slice(0, 3), ["x-a", "1"], get[3]!]);
  malformed("no fields at all", []);
  for (const [name, value] of get) {
    malformed(`${name} twice`, [...get, [name, value]]);
    malformed(`${name} that is empty`, get.map((field) => field[0] === name ? [name, ""] : field));
    if (name !== ":authority") malformed(`no ${name}`, without(name));
  }
  malformed("neither :authority nor Host", without(":authority"));
  for (const host of ["b.example", "a.example:81", "a.example@b", "", "a.example, b"]) {
    malformed(`a Host of "${host}" beside another :authority`, [...get, ["host", host]]);
  }
  malformed("two Hosts without :authority", [...without(":authority"), ["host", "a"], [
    "host",
    "a",
  ]]);
  malformed("two Hosts beside :authority", [...get, ["host", "a.example"], ["host", "a.example"]]);
  for (
    const path of [
      "a",
      "*",
      "//a b",
      "/a\tb",
      "/#a",
      "/\0",
      "/\r\nX: y",
      "http://b.example/",
      "/\x7f",
      "/\xe4",
      "?a",
    ]
  ) {
    malformed(
      `the path ${JSON.stringify(path)}`,
      get.map((field) => field[0] === ":path" ? [":path", path] : field),
    );
  }
  for (const method of ["GE T", "GET /x HTTP/1.1\r\nX: y\r\n\r\nGET", "G\0T", "(GET)"]) {
    malformed(
      `the method ${JSON.stringify(method)}`,
      get.map((field) => field[0] === ":method" ? [":method", method] : field),
    );
  }
  for (const scheme of ["http://x/", "ht tp", "1http", "http\r\n"]) {
    malformed(
      `the scheme ${JSON.stringify(scheme)}`,
      get.map((field) => field[0] === ":scheme" ? [":scheme", scheme] : field),
    );
  }
  for (
    const host of ["a b", "u@a.example", "a/b", "a?b", "a#b", "a\r\nX: y", "a:b", "[::1", ":80"]
  ) {
    malformed(
      `the authority ${JSON.stringify(host)}`,
      get.map((field) => field[0] === ":authority" ? [":authority", host] : field),
    );
  }
  c(
    "a Host in the place of :authority",
    [hello, headers(1, [...without(":authority"), ["host", "b.example"]])],
    good,
    /^GET \/ HTTP\/1.1\r\nhost: b.example\r\n\r\n/,
  );
  c(
    "a Host that is the :authority",
    [hello, headers(1, [...get, ["host", "A.example:80"]])],
    good,
    /^GET \/ HTTP\/1.1\r\nhost: a.example\r\n\r\n$/,
  );
  c(
    "OPTIONS *",
    [
      hello,
      headers(1, [[":method", "OPTIONS"], [":scheme", "http"], [":path", "*"], [
        ":authority",
        "a",
      ]]),
    ],
    good,
    /^OPTIONS \* HTTP\/1.1\r\n/,
  );
  c(
    "an unknown method",
    [hello, headers(1, [[":method", "BREW"], ...get.slice(1)])],
    good,
    /^BREW \/ HTTP\/1.1\r\n/,
  );
  c(
    "an IPv6 address",
    hello + replaced(":authority", "[::1]:8080"),
    good,
    /host: \[::1\]:8080\r\n/,
  );
  c(
    "a path with a query",
    hello + replaced(":path", "/a?b=c&d"),
    good,
    /^GET \/a\?b=c&d HTTP\/1.1\r\n/,
  );
}
{
  const c = of("8.5 CONNECT");
  const connect = (...more: Field[]) => hello + headers(1, [[":method", "CONNECT"], ...more], 4);
  c("with :path", connect([":authority", "a:1"], [":path", "/"]), reset("PROTOCOL_ERROR"), null);
  c(
    "with :scheme",
    connect([":authority", "a:1"], [":scheme", "http"]),
    reset("PROTOCOL_ERROR"),
    null,
  );
  c("without :authority", connect(), reset("PROTOCOL_ERROR"), null);
  c("without a port", connect([":authority", "a"]), reset("PROTOCOL_ERROR"), null);
  c(
    ":protocol without CONNECT (RFC 8441)",
    [hello, headers(1, [...get, [":protocol", "websocket"]])],
    reset("PROTOCOL_ERROR"),
    null,
  );
  c(
    ":protocol without :path (RFC 8441)",
    connect([":authority", "a"], [":protocol", "websocket"]),
    reset("PROTOCOL_ERROR"),
    null,
  );
  c(
    "a protocol that is not known (RFC 8441)",
    connect([":scheme", "http"], [":path", "/"], [":authority", "a"], [":protocol", "h2c"]),
    "501 on 1",
    null,
  );
}
{
  const c = of("10.5 what is too much");
  const long: Field[] = [["x-long", "x".repeat(8000)], ["x-more", "x".repeat(8000)]];
  const text = block([...get, ...long]);
  c("a head that is too large", [
    hello,
    frame(1, 1, 1, text.slice(0, 16000)),
    frame(9, 4, 1, text.slice(16000)),
    headers(3),
  ], ["431 on 1", "200 on 3"]);
  c(
    "too many fields",
    withField(...Array.from({ length: 110 }, (_, i): Field => [`x-${i}`, "1"])),
    "431 on 1",
    null,
  );
  c(
    "a block that is too large",
    [hello, frame(1, 1, 1, text.slice(0, 16000)), frame(9, 0, 1, text + text)],
    goaway("FRAME_SIZE_ERROR"),
    null,
  );
  c(
    "a block that does not end",
    [hello, frame(1, 1, 1, text.slice(0, 16000)), frame(9, 0, 1, text.slice(0, 9000))],
    goaway("ENHANCE_YOUR_CALM"),
    null,
  );
  c(
    "a flood of CONTINUATION",
    [hello, frame(1, 1, 1, ""), frame(9, 0, 1, "").repeat(1000)],
    goaway("ENHANCE_YOUR_CALM"),
    null,
  );
  c("a flood of PING", hello + ping.repeat(3000), goaway("ENHANCE_YOUR_CALM"));
  c("a flood of SETTINGS", hello + settings([4, 1]).repeat(3000), goaway("ENHANCE_YOUR_CALM"));
  c(
    "a flood of PRIORITY",
    hello + frame(2, 0, 1, `${number(3, 4)}\x10`).repeat(3000),
    goaway("ENHANCE_YOUR_CALM"),
  );
  c(
    "a flood of empty DATA",
    [hello, open(1), data(1, "").repeat(1000)],
    goaway("ENHANCE_YOUR_CALM", 1),
  );
  c(
    "a flood of WINDOW_UPDATE",
    hello + frame(8, 0, 0, number(1, 4)).repeat(3000),
    goaway("ENHANCE_YOUR_CALM"),
  );
  c(
    "a flood of an unknown type",
    hello + frame(0xfa, 0, 0).repeat(3000),
    goaway("ENHANCE_YOUR_CALM"),
  );
  c(
    "a flood of malformed requests",
    hello + Array.from({ length: 500 }, (_, i) => headers(2 * i + 1, [])).join(""),
    /goaway/.source,
  );
  c(
    "rapid reset",
    hello +
      Array.from(
        { length: 2000 },
        (_, i) => headers(2 * i + 1) + frame(3, 0, 2 * i + 1, number(8, 4)),
      ).join(""),
    "goaway",
  );
  c("a bomb of indexed fields", [
    hello,
    frame(
      1,
      5,
      1,
      `${block(get)}@${string("x")}${string("y".repeat(3000))}${"\xbe".repeat(12000)}`,
    ),
    headers(3),
  ], ["431 on 1", "200 on 3"]);
}

/** The cases. */
export const conformance: readonly Case[] = cases;
