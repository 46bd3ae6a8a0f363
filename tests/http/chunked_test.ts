/** What of the chunked coding goes on to the other side. */
import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { CHUNKED, createContent, scanContent, startContent } from "#src/http/h1/content.ts";
import { parseRequest, parseResponse } from "#src/http/h1/parse.ts";
import { createHead } from "#src/http/head.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { change, chunked, cuts } from "./messages.ts";
import { decodeChunked } from "./reference.ts";

interface Options {
  readonly isServer?: boolean;
  /** The value of the head's Connection field. */
  readonly connection?: string;
}

const request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
const response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";

/** What passes on of a content that comes in pieces; null: it is broken, or not whole. */
function passed(
  text: string,
  cutAt: readonly number[] = [],
  { isServer = false, connection = "" }: Options = {},
): string | null {
  const head = createHead();
  const start = `${isServer ? response : request}Connection: ${connection}\r\n\r\n`;
  const headBytes = bytesOf(start);
  const parse = isServer ? parseResponse : parseRequest;
  assertStrictEquals(parse(head, headBytes, 0, headBytes.length), headBytes.length, head.error);
  const content = createContent();
  startContent(content, CHUNKED, 0, head, headBytes);
  const bytes = bytesOf(text);
  let from = 0;
  let out = "";
  for (const to of [...cutAt, text.length]) {
    // The buffer that bytes come in is used again: nothing of it may be needed later.
    const piece = bytes.slice(0, to);
    const end = scanContent(content, piece, from, to);
    assertEquals(textOf(piece, 0, to), text.slice(0, to), "the bytes change");
    if (end < 0) {
      assert(content.error !== "");
      assertStrictEquals(content.outFrom, content.outTo);
      return null;
    }
    out += textOf(content.out, content.outFrom, content.outTo);
    const { outFrom, outTo } = content;
    if (content.out === piece) assert(outFrom >= from && (outTo === end || outTo === outFrom));
    else assert(content.out.buffer !== piece.buffer);
    piece.fill(0);
    if (content.done) return out;
    from = to;
  }
  return null;
}

const everyByte = (text: string) => Array.from({ length: text.length - 1 }, (_, i) => i + 1);

/** Expects the same whether the content comes at once or byte for byte. */
function assertPassed(text: string, expected: string | null, options: Options = {}): void {
  assertEquals(passed(text, [], options), expected, JSON.stringify(text));
  assertEquals(passed(text, everyByte(text), options), expected, JSON.stringify(text));
}

test("chunked: what need not change passes as the bytes that came", () => {
  const text = "5\r\nhello\r\n00a\r\n0123456789\r\n0\r\n\r\nbehind";
  const content = createContent();
  const head = createHead();
  startContent(content, CHUNKED, 0, head, bytesOf(""));
  const bytes = bytesOf(text);
  assertEquals(scanContent(content, bytes, 0, bytes.length), text.length - 6);
  assertStrictEquals(content.out, bytes);
  assertEquals([content.outFrom, content.outTo], [0, text.length - 6]);
  assertEquals(scanContent(content, bytes, text.length - 6, text.length), text.length - 6);
  assertEquals(content.outFrom, content.outTo);
});

test("chunked: extensions do not pass, in either direction", () => {
  for (const isServer of [false, true]) {
    for (
      const extension of [
        ";",
        ";a",
        ";a=b",
        ' ;a = "b;c"',
        "\t; \x80;;",
        ';a="\t',
        ";\x01".slice(0, 1),
      ]
    ) {
      const text = `2${extension}\r\nhi\r\n00${extension}\r\n\r\n`;
      assertPassed(text, "2\r\nhi\r\n00\r\n\r\n", { isServer });
    }
    for (const broken of [";\0", ";\x01", ";\x7f", ";a\rb", " a", " \0"]) {
      assertPassed(`2${broken}\r\nhi\r\n0\r\n\r\n`, null, { isServer });
    }
  }
});

test("chunked: a server's lines may end in LF alone, and its sizes in spaces", () => {
  const regular = "2\r\nhi\r\n0\r\n\r\n";
  for (
    const text of [
      "2\nhi\r\n0\r\n\r\n",
      "2\r\nhi\n0\r\n\r\n",
      "2\r\nhi\r\n0\n\r\n",
      "2\r\nhi\r\n0\r\n\n",
      "2\nhi\n0\n\n",
      "2 \r\nhi\r\n0\t \r\n\r\n",
      "2  \nhi\r\n0 \n\n",
    ]
  ) {
    assertPassed(text, regular, { isServer: true });
    assertPassed(text, null);
  }
  assertPassed("1\n\n\n0\r\nX: y\nZ: \r\n\n", "1\r\n\n\r\n0\r\nX: y\r\nZ: \r\n\r\n", {
    isServer: true,
  });
});

test("chunked: what has two readings is refused of servers, too", () => {
  for (
    const text of [
      "2;a\nhi\r\n0\r\n\r\n", // who looks for CR LF finds the extension to go on
      "2\rhi\r\n0\r\n\r\n",
      "2\r\r\nhi\r\n0\r\n\r\n",
      "2\r\nhi\r\r\n0\r\n\r\n",
      "2\r\nhi0\r\n\r\n",
      " 2\r\nhi\r\n0\r\n\r\n",
      "0x2\r\nhi\r\n0\r\n\r\n",
      "+2\r\nhi\r\n0\r\n\r\n",
      "2,2\r\nhi\r\n0\r\n\r\n",
      "2 2\r\nhi\r\n0\r\n\r\n",
      "2\r\nhi\r\n\r\n0\r\n\r\n",
      "\r\n2\r\nhi\r\n0\r\n\r\n",
      "0\r\nX: y\r\n z\r\n\r\n",
      "0\r\nX : y\r\n\r\n",
      "0\r\nX: \0\r\n\r\n",
      "0\r\nX: y\r\r\n\r\n",
      "00000000000000002\r\nhi\r\n0\r\n\r\n",
      "10000000000000002\r\nhi\r\n0\r\n\r\n",
    ]
  ) assertPassed(text, null, { isServer: true });
});

const harmless = [
  ...["grpc-status", "grpc-message", "server-timing", "x-checksum", "digest", "content-md5"],
  ...["content-digest", "repr-digest", "etag", "x-amz-checksum-crc32", "x-forward", "iffy", "x"],
  ...["second", "expires-in", "signature", "x-stream-error", "hosts", "x-urls", "x-checks"],
];

const forbidden = [
  // framing and this hop
  ...["content-length", "transfer-encoding", "trailer", "te", "connection", "keep-alive"],
  ...["proxy-connection", "upgrade", "http2-settings"],
  // routing, and what hops say of others
  ...["host", "forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"],
  ...["x-real-ip", "x-original-url", "x-rewrite-url", "x-client-ip", "true-client-ip"],
  ...["x-accel-redirect", "x-ssl-client-verify", "ssl-client-cert", "x-remote-user"],
  ...["fastly-client-ip", "cf-connecting-ip", "remote-addr", "x-envoy-external-address"],
  // controls and conditions
  ...["cache-control", "expect", "max-forwards", "pragma", "range", "if-match", "if-none-match"],
  ...["if-modified-since", "if-range", "x-http-method-override"],
  // authentication
  ...["authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"],
  ...["authentication-info", "proxy-authentication-info", "cookie", "set-cookie", "x-auth-user"],
  ...["cookie2", "set-cookie2", "x-api-key", "apikey", "x-csrf-token", "x-authenticated-user"],
  ...["x-amz-security-token", "x-session-id", "x-goog-iap-jwt-assertion", "sec-websocket-key"],
  // responses
  ...[
    "access-control-allow-origin",
    "location",
    "retry-after",
    "vary",
    "date",
    "age",
    "expires",
    "warning",
  ],
  // the content's processing
  ...["content-encoding", "content-type", "content-range", "content-location"],
];

test("chunked: trailers pass, but for those that change what the head said", () => {
  for (const isServer of [false, true]) {
    for (const name of harmless) {
      const text = `0\r\n${name}: x\r\n\r\n`;
      assertPassed(text, text, { isServer });
    }
    for (const name of forbidden) {
      for (const written of [name, name.toUpperCase(), name.replaceAll("-", "_")]) {
        assertPassed(`0\r\n${written}: x\r\n\r\n`, "0\r\n\r\n", { isServer });
      }
    }
  }
});

test("chunked: some of several trailers pass, in their order, byte for byte", () => {
  assertPassed(
    "1;e\r\nx\r\n0;e\r\nA:1\r\nHost: b\r\nB:\t \x80\t\r\nte: x\r\nHost: c\r\na:2\r\n\r\n",
    "1\r\nx\r\n0\r\nA:1\r\nB:\t \x80\t\r\na:2\r\n\r\n",
  );
});

test("chunked: trailers that Connection names do not pass", () => {
  const text = "0\r\nGrpc-Status: 0\r\nX-A: 1\r\nx-b: 2\r\n\r\n";
  for (
    const [connection, kept] of [
      ["", "Grpc-Status: 0\r\nX-A: 1\r\nx-b: 2\r\n"],
      ["close, te, keep-alive", "Grpc-Status: 0\r\nX-A: 1\r\nx-b: 2\r\n"],
      ["x-a", "Grpc-Status: 0\r\nx-b: 2\r\n"],
      [" ,X-B ,close,\tGRPC-STATUS", "X-A: 1\r\n"],
    ] as const
  ) assertPassed(text, `0\r\n${kept}\r\n`, { connection });
});

test("chunked: a trailer section may be long, and no longer than what is held of it", () => {
  const field = "X: y\r\n";
  const text = (times: number) => `0\r\n${field.repeat(times)}\r\n`;
  assertEquals(passed(text(2700)), text(2700));
  assertEquals(passed(text(2700), [5, 100, 4000, 9000]), text(2700));
  assertEquals(passed(text(2800)), null);
  assertEquals(passed(text(2800), [5, 100, 4000, 9000]), null);
  // Sections without end are refused before they are.
  assertEquals(passed(`0\r\nX: ${"y".repeat(17_000)}`), null);
});

test("chunked: nothing of one content is left for the next", () => {
  const content = createContent();
  const head = createHead();
  const scan = (text: string) => {
    const end = scanContent(content, bytesOf(text), 0, text.length);
    return end < 0 ? null : textOf(content.out, content.outFrom, content.outTo);
  };
  for (const left of ["0\r\nX: y\r\nZ", "1;a", "1;a\r\nx\r\n!", "0;a\r\nX: y\r\n\0"]) {
    startContent(content, CHUNKED, 0, head, bytesOf(""));
    scan(left);
    startContent(content, CHUNKED, 0, head, bytesOf(""));
    assertEquals(scan("1;b\r\nz\r\n"), "1\r\nz\r\n");
    assertEquals(scan("0\r\nA: b\r\n\r\n"), "0\r\nA: b\r\n\r\n");
  }
});

const trailer = fc.tuple(
  fc.constantFrom(...harmless, ...forbidden, "Host", "X-Named", "GRPC-Status"),
  fc.constantFrom(":", ": x", ":\t\x80 "),
).map((parts) => parts.join(""));
/** What names at random may come to hold, too. */
const credentials = /api-?key|auth|cookie|credential|jwt|password|secret|session|token/;
const families =
  /^(?:access-control|cf|if|proxy|sec|ssl)[-_]|(?:^|[-_])(?:client[-_]ip|real[-_]ip|remote[-_][a-z]+)$/;
const mayPass = (name: string) =>
  !forbidden.includes(name) && !families.test(name) && !credentials.test(name) &&
  name !== "x-named";
/** A chunked content whose trailers matter. */
const withTrailers = fc.tuple(chunked, fc.array(trailer, { maxLength: 4 })).map(([text, fields]) =>
  text.replace(/\r\n$/, `${fields.map((field) => `${field}\r\n`).join("")}\r\n`)
);
const lineEnds = fc.infiniteStream(fc.constantFrom("\r\n", "\n", "\r\n", " \r\n"));

test("chunked: in any pieces, what passes is what a naive coder makes of it", () => {
  fc.assert(
    fc.property(
      withTrailers.chain((text) => fc.tuple(fc.constant(text), cuts(text.length))),
      fc.boolean(),
      ([text, cutAt], isServer) => {
        const expected = decodeChunked(text, isServer, mayPass);
        assert(expected !== null);
        assertEquals(passed(text, cutAt, { isServer, connection: "X-Named" }), expected.passed);
      },
    ),
    { numRuns: 1000 },
  );
});

test("chunked: spoilt, it passes as a naive coder writes it, or is broken", () => {
  fc.assert(
    fc.property(
      withTrailers,
      lineEnds,
      fc.array(change, { maxLength: 2 }),
      fc.array(fc.nat(60), { maxLength: 4 }),
      fc.boolean(),
      (valid, ends, changes, where, isServer) => {
        const loose = valid.replaceAll("\r\n", () => isServer ? ends.next().value ?? "\n" : "\r\n");
        const text = changes.reduce((t, changed) => changed(t), loose);
        const cutAt = [...new Set(where)].filter((at) => at > 0 && at < text.length)
          .sort((a, b) => a - b);
        const expected = decodeChunked(text, isServer, (name) => !isForbiddenInTest(name));
        const found = passed(text, cutAt, { isServer, connection: "X-Named" });
        assertEquals(found, expected?.passed ?? null);
      },
    ),
    { numRuns: 3000 },
  );
});

/** Names that arise from a change to another may be of a forbidden family. */
const isForbiddenInTest = (name: string) =>
  !mayPass(name) || !mayPass(name.replaceAll("_", "-")) ||
  /^(if|proxy|sec|ssl|cf|x-(accel|client|forwarded|original|rewrite|ssl))-|^x-url$/.test(name) ||
  /auth|cookie|token|session/.test(name);
