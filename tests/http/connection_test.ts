/** What a head says of this hop alone, and of the connection that it comes over. */
import { bytesOf } from "#src/bytes/bytes.ts";
import { parseRequest, parseResponse } from "#src/http/h1/parse.ts";
import {
  createHead,
  EXPECT_CONTINUE,
  EXPECT_NONE,
  EXPECT_OTHER,
  FIELD_AUTHENTICATE,
  FIELD_AUTHORIZATION,
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_COOKIE,
  FIELD_EXPECT,
  FIELD_HOST,
  FIELD_NAMED,
  FIELD_OTHER,
  FIELD_TE,
  FIELD_TRAILER,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  fieldKind,
  type Head,
  INVALID,
  maxFields,
} from "#src/http/head.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { withField } from "./bad-requests.ts";
import { fieldsOf } from "./reading.ts";

function parse(text: string, parser: typeof parseRequest): Head {
  const head = createHead();
  const bytes = bytesOf(text);
  assertEquals(parser(head, bytes, 0, bytes.length), bytes.length, head.error);
  return head;
}

/** The head of a request with these field lines after its Host. */
const request = (...fields: string[]) => parse(withField(...fields), parseRequest);
const response = (...fields: string[]) =>
  parse(`HTTP/1.1 200 OK\r\n${fields.map((f) => `${f}\r\n`).join("")}\r\n`, parseResponse);

/** The kinds of the fields, Host aside. */
function kinds(head: Head): number[] {
  return Array.from({ length: head.count }, (_, i) => fieldKind(head, i)).filter((kind) =>
    kind !== FIELD_HOST
  );
}

test("head: fields of one hop, and of authentication, are known in any case", () => {
  const rows: [string, number][] = [
    ["Upgrade: h2c", FIELD_UPGRADE],
    ["TE: trailers", FIELD_TE],
    ["te:", FIELD_TE],
    ["TRAILER: x", FIELD_TRAILER],
    ["expect: 100-continue", FIELD_EXPECT],
    ["Authorization: x", FIELD_AUTHORIZATION],
    ["proxy-authorization: x", FIELD_AUTHORIZATION],
    ["WWW-Authenticate: x", FIELD_AUTHENTICATE],
    ["Proxy-Authenticate: x", FIELD_AUTHENTICATE],
    ["T: x", FIELD_OTHER],
    ["TX: x", FIELD_OTHER],
    ["Upgrades: x", FIELD_OTHER],
    ["Trailers: x", FIELD_OTHER],
    ["Proxy-Authenticated: x", FIELD_OTHER],
    ["Proxy-Authorizatiom: x", FIELD_OTHER],
  ];
  for (const [field, kind] of rows) assertEquals(kinds(request(field)), [kind], field);
  const { hasUpgrade, hasTe, hasNamed } = request("Upgrade: x", "TE: y");
  assertEquals([hasUpgrade, hasTe, hasNamed], [true, true, false]);
  const none = request("X: y");
  assertEquals([none.hasUpgrade, none.hasTe, none.expect], [false, false, EXPECT_NONE]);
});

test("head: a field that a Connection option names is of this hop, wherever either stands", () => {
  const named = FIELD_NAMED;
  const connection = FIELD_CONNECTION;
  const rows: [string[], number[]][] = [
    [["Connection: close, X-Forwarded-For", "X-Forwarded-For: a"], [connection, named]],
    [["X-Forwarded-For: a", "Connection: x-forwarded-FOR"], [named, connection]],
    [["X: 1", "Connection: X", "x: 2", "XX: 3"], [named, connection, named, FIELD_OTHER]],
    [["Connection: a", "A: 1", "B: 2", "Connection: b, c"], [connection, named, named, connection]],
    [["Connection: ,, \t,X ,", "X:"], [connection, named]],
    [["Connection: Cookie", "Cookie: S=A"], [connection, named]],
    [["Connection: Set-Cookie", "Set-Cookie: a"], [connection, named]],
    [["Connection: trailer, expect", "Trailer: a", "Expect: b"], [connection, named, named]],
    [["Connection: authorization", "Authorization: a"], [connection, named]],
    [["Connection: HTTP2-Settings, upgrade", "HTTP2-Settings: a"], [connection, named]],
    [["Connection: proxy-connection", "Proxy-Connection: a"], [connection, named]],
    [["Connection: x-forwarded-for"], [connection]],
    // What is no name names nothing.
    [['Connection: "X", X;a, X Y', "X: 1"], [connection, FIELD_OTHER]],
  ];
  for (const [fields, expected] of rows) {
    for (const head of [request(...fields), response(...fields)]) {
      assertEquals([kinds(head), head.hasNamed], [expected, true], fields.join());
    }
  }
});

test("head: framing and routing are never of one hop, and Upgrade and TE stay what they are", () => {
  const rows: [string, string, number][] = [
    ["Connection", "close", FIELD_CONNECTION],
    ["Content-Length", "0", FIELD_CONTENT_LENGTH],
    ["Transfer-Encoding", "chunked", FIELD_TRANSFER_ENCODING],
    ["Upgrade", "h2c", FIELD_UPGRADE],
    ["TE", "trailers", FIELD_TE],
  ];
  for (const [name, value, kind] of rows) {
    for (const option of [name, name.toLowerCase(), `x, ${name.toUpperCase()}`]) {
      for (const make of [request, response]) {
        assertEquals(kinds(make(`Connection: ${option}`, `${name}: ${value}`))[1], kind, option);
      }
    }
  }
  const head = request("Connection: host");
  assertEquals([fieldKind(head, 0), head.host], [FIELD_HOST, 0]);
  // HAProxy lets Keep-Alive pass behind `Connection: keep-alive`.
  const kept = request("Connection: keep-alive", "Keep-Alive: timeout=5");
  assertEquals([kinds(kept), kept.hasNamed], [[FIELD_CONNECTION, FIELD_OTHER], false]);
});

test("head: options that say something of the connection itself name no field", () => {
  for (const options of ["close", "Keep-Alive", "UPGRADE", "te", "close, ,TE,upgrade,", "", ","]) {
    const head = request(`Connection: ${options}`, "Close: x", "Cookie: y");
    assertEquals(head.hasNamed, false, options);
    assertEquals(kinds(head), [FIELD_CONNECTION, FIELD_OTHER, FIELD_COOKIE], options);
  }
});

test("head: no more Connection options than there may be fields", () => {
  const text = (count: number) =>
    withField(`Connection: ${Array.from({ length: count }, (_, i) => `x${i}`).join()}`);
  const head = createHead();
  assertEquals(parseRequest(head, bytesOf(text(maxFields)), 0, 5000) > 0, true);
  assertEquals(parseRequest(head, bytesOf(text(maxFields + 1)), 0, 5000), INVALID);
  assertEquals(head.error, "too many Connection options");
  // Those that name nothing cost nothing.
  request(`Connection: ${"close,,".repeat(500)}`);
});

const names = ["a", "A", "b-c", "Cookie", "cOOkie", "Set-Cookie", "Close", "Keep-Alive", "x.y"];
const fixed = ["Connection", "Host", "Transfer-Encoding", "content-length", "TE", "Upgrade"];
const basic = ["close", "keep-alive", "upgrade", "te"];

test("head: named are the fields whose names are options, and no others", () => {
  const option = fc.constantFrom(...names, ...fixed, ...basic, "", "none", '"a"');
  const value = fc.array(option, { maxLength: 4 }).map((options) => options.join(" ,\t"));
  const line = fc.oneof(
    value.map((options) => ["Connection", options] as const),
    fc.constantFrom(...names, "Upgrade", "TE").map((name) => [name, "1"] as const),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const bytes = bytesOf(withField(...lines.map(([name, text]) => `${name}: ${text}`)));
      const head = createHead();
      assertEquals(parseRequest(head, bytes, 0, bytes.length), bytes.length);
      const options = lines.filter(([name]) => name === "Connection")
        .flatMap(([, text]) => text.split(","))
        .map((text) => text.trim().toLowerCase())
        .filter((text) => text !== "" && !basic.includes(text));
      const expected = fieldsOf(head, bytes).map(([name]) =>
        options.includes(name.toLowerCase()) && !/^(connection|host|te|upgrade)$/i.test(name)
      );
      const found = expected.map((_, i) => fieldKind(head, i) === FIELD_NAMED);
      assertEquals(found, expected);
      assertEquals(head.hasNamed, options.length > 0);
    }),
    { numRuns: 500 },
  );
});

test("head: an expectation is 100-continue alone, or one that may not be understood", () => {
  const expectation = (...values: string[]) =>
    request(...values.map((value) => `Expect: ${value}`)).expect;
  assertEquals(expectation("100-continue"), EXPECT_CONTINUE);
  assertEquals(expectation(" 100-CONTINUE\t"), EXPECT_CONTINUE);
  for (
    const value of [
      ...["200-ok", "", "100-continue, 100-continue", "100-continue;q=1", "100-continu"],
      ...["100-continue,", '"100-continue"', "100", "x100-continue"],
    ]
  ) assertEquals(expectation(value), EXPECT_OTHER, value);
  assertEquals(expectation("100-continue", "100-continue"), EXPECT_OTHER);
  assertEquals(expectation("x", "100-continue"), EXPECT_OTHER);
  assertEquals(expectation("100-continue", "x"), EXPECT_OTHER);
});

test("head: credentials that authenticate the connection", () => {
  for (const field of ["Authorization", "proxy-AUTHORIZATION"]) {
    for (const value of ["NTLM TlRM", "ntlm", "Negotiate YII", "nego2 x", "NEGOTIATE", "Negoex"]) {
      assertEquals(request(`${field}: ${value}`).connectionAuth, true, value);
    }
    for (const value of ["", "Basic TlRMTQ==", "Bearer ntlm", "NTL", "Digest nego", "xNTLM"]) {
      assertEquals(request(`${field}: ${value}`).connectionAuth, false, value);
    }
  }
  assertEquals(request("Authorization: Basic x", "Authorization: NTLM x").connectionAuth, true);
  assertEquals(request("Authorization: NTLM x", "Authorization: Basic x").connectionAuth, true);
  assertEquals(request("X-Authorization: NTLM x").connectionAuth, false);
  // Also where the field is said to be of this hop alone.
  assertEquals(request("Authorization: NTLM x", "Connection: authorization").connectionAuth, true);
});

test("head: challenges that authenticate the connection, among others", () => {
  for (const field of ["WWW-Authenticate", "proxy-authenticate"]) {
    for (
      const value of [
        ...["NTLM", "Negotiate", "nego2", 'Basic realm="a", NTLM', "Basic, negotiate x, Digest"],
        ...['Digest realm="a,b" , Negotiate', ",\tNTLM"],
      ]
    ) assertEquals(response(`${field}: ${value}`).connectionAuth, true, value);
    for (const value of ["", 'Basic realm="NTLM"', "Digest ntlm", "Bearer, Basic", "NTL, M"]) {
      assertEquals(response(`${field}: ${value}`).connectionAuth, false, value);
    }
    assertEquals(response(`${field}: Basic`, `${field}: NTLM`).connectionAuth, true);
    assertEquals(response(`${field}: NTLM`, `${field}: Basic`).connectionAuth, true);
  }
});
