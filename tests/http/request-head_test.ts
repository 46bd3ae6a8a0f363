import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import {
  createHead,
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_COOKIE,
  FIELD_HOST,
  FIELD_OTHER,
  FIELD_SET_COOKIE,
  FIELD_TRANSFER_ENCODING,
  fieldKind,
  INCOMPLETE,
  INVALID,
  maxFields,
  METHOD_CONNECT,
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER,
  METHOD_POST,
  METHOD_PUT,
  METHOD_TRACE,
} from "#src/http/head.ts";
import { parseRequest } from "#src/http/h1/parse.ts";
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { badRequests, lines, withField } from "./bad-requests.ts";
import { fieldsOf } from "./reading.ts";

function parsed(text: string) {
  const head = createHead();
  const bytes = bytesOf(text);
  const end = parseRequest(head, bytes, 0, bytes.length);
  assertEquals(end, bytes.length, `${JSON.stringify(text)}: ${head.error}`);
  return { head, bytes };
}

/** Why the request is refused; "": it is not. */
function refusal(text: string): string {
  const head = createHead();
  const end = parseRequest(head, bytesOf(text), 0, text.length);
  return end === INVALID ? head.error : "";
}

test("request: line and fields are found where they stand", () => {
  const { head, bytes } = parsed(
    lines("POST /a?b=c HTTP/1.1", "Host: www", "Content-Length:\t 12 ", "X-Empty:", "cookie:a=b"),
  );
  assertEquals(head.method, METHOD_POST);
  assertEquals(textOf(bytes, head.targetStart, head.targetEnd), "/a?b=c");
  assertEquals(textOf(bytes, head.lineStart, head.lineEnd), "POST /a?b=c HTTP/1.1");
  assertEquals(head.minor, 1);
  assertEquals(fieldsOf(head, bytes), [
    ["Host", "www"],
    ["Content-Length", "12"],
    ["X-Empty", ""],
    ["cookie", "a=b"],
  ]);
  assertEquals([head.contentLength, head.chunked, head.host], [12, false, 0]);
  assertEquals([head.hasCookie, head.hasSetCookie, head.hasConnection], [true, false, false]);
  assertEquals(head.emptyLine, bytes.length - 2);
});

test("request: fields that matter are known in any case, and only they", () => {
  const { head } = parsed(withField(
    "CONNECTION: x",
    "content-LENGTH: 0",
    "Cookie: a",
    "Set-Cookie: a",
    "Cookies: a",
    "Hos: a",
    "Content-Lengti: 7",
    "Transfer_Encoding: chunked",
  ));
  assertEquals(Array.from({ length: head.count }, (_, i) => fieldKind(head, i)), [
    FIELD_HOST,
    FIELD_CONNECTION,
    FIELD_CONTENT_LENGTH,
    FIELD_COOKIE,
    FIELD_SET_COOKIE,
    ...new Array<number>(4).fill(FIELD_OTHER),
  ]);
  const chunked = parsed(withField("TRANSFER-encoding: Chunked")).head;
  assertEquals([fieldKind(chunked, 1), chunked.chunked], [FIELD_TRANSFER_ENCODING, true]);
});

test("request: methods are case-sensitive; an unknown one is a method too", () => {
  const methods = {
    GET: METHOD_GET,
    HEAD: METHOD_HEAD,
    POST: METHOD_POST,
    OPTIONS: METHOD_OPTIONS,
    PUT: METHOD_PUT,
    DELETE: METHOD_DELETE,
    TRACE: METHOD_TRACE,
    get: METHOD_OTHER,
    GETS: METHOD_OTHER,
    PROPFIND: METHOD_OTHER,
    "!#$%&'*+-.^_`|~": METHOD_OTHER,
  };
  for (const [name, method] of Object.entries(methods)) {
    assertEquals(parsed(lines(`${name} / HTTP/1.1`, "Host: a")).head.method, method, name);
  }
  assertEquals(parsed(lines("CONNECT a:1 HTTP/1.1", "Host: a:1")).head.method, METHOD_CONNECT);
});

test("request: accepted though unusual", () => {
  for (
    const text of [
      "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.0\r\n\r\n",
      withField("X: \x80\xff\t."),
      withField("X: a\x20\x20b"),
      withField("Content-Length: 5", "content-length: 5"),
      withField("Content-Length: 0009007199254740991".replace("000", "")),
      lines('GET /a%20b;c?d|e"<>[]{}^`\\ HTTP/1.1', "Host: a"),
      lines("GET / HTTP/1.1", "Host:"),
      lines("GET / HTTP/1.1", "Host: [::1]:80"),
      lines("GET / HTTP/1.1", "Host: a.example:"),
      lines("OPTIONS * HTTP/1.1", "Host: a"),
      lines("OPTIONS http://a HTTP/1.1", "Host: a"),
      lines("GET http://A:80/x HTTP/1.1", "Host: a"),
      lines("GET http://a/ HTTP/1.1", "Host: a:80"),
      lines("GET HTTPS://a?q HTTP/1.1", "Host: a:443"),
      lines("GET x+y-z.0://a:7/ HTTP/1.1", "Host: a:7"),
      lines("GET http://a/ HTTP/1.0"),
      lines("CONNECT A.b:443 HTTP/1.1", "Host: a.b:443"),
      lines("CONNECT [::1]:443 HTTP/1.0"),
    ]
  ) {
    assertEquals(refusal(text), "", text);
    parsed(text);
  }
});

const longest = lines("GET / HTTP/1.1", "Host: a", ...new Array<string>(maxFields - 1).fill("x:"));

test("request: as many fields as HAProxy takes, and no more", () => {
  assertEquals(parsed(longest).head.count, maxFields);
  assertEquals(refusal(longest.replace("Host: a", "Host: a\r\ny:")), "too many fields");
});

for (const [reason, heads] of Object.entries(badRequests)) {
  test(`request: refused for its ${reason}`, () => {
    for (const text of heads) assertEquals(refusal(text), reason, JSON.stringify(text));
  });
}

test("request: what is no request is refused at its first wrong byte", () => {
  for (const text of ["\x16", "\r\nG\0", "GET\t", "GET / x", "GET / HTTP/2", "GET / HTTP/1.1\n"]) {
    const head = createHead();
    const bytes = bytesOf(text);
    assertEquals(parseRequest(head, bytes, 0, bytes.length - 1), INCOMPLETE, text);
    assertEquals(parseRequest(head, bytes, 0, bytes.length), INVALID, text);
  }
});

test("request: connection options are whole elements of the list", () => {
  const options = (...values: string[]) => {
    const { head } = parsed(withField(...values.map((value) => `Connection: ${value}`)));
    return [head.close, head.keepAlive, head.upgrade];
  };
  assertEquals(options("close"), [true, false, false]);
  assertEquals(options("Keep-Alive"), [false, true, false]);
  assertEquals(options(" ,, x ,\tUPGRADE\t, y"), [false, false, true]);
  assertEquals(options("close,keep-alive", "upgrade"), [true, true, true]);
  assertEquals(options(""), [false, false, false]);
  assertEquals(options("closed, xclose, not close, close;x, close=1"), [false, false, false]);
});

test("request: a head is used again without a trace of the one before", () => {
  const full = parsed(withField(
    "Connection: close, keep-alive, upgrade",
    "Content-Length: 1",
    "Content-Length: 1",
    "Cookie: a",
    "Set-Cookie: a",
    "Connection: x",
    "Upgrade: x",
    "TE: x",
    "Expect: x",
    "Authorization: NTLM",
  ));
  full.head.irregular = full.head.framingIgnored = true;
  full.head.status = 204;
  const twoHosts = bytesOf(withField("Host: b"));
  assertEquals(parseRequest(full.head, twoHosts, 0, twoHosts.length), INVALID);
  const again = bytesOf("GET / HTTP/1.0\r\n\r\n");
  assertEquals(parseRequest(full.head, again, 0, again.length), again.length);
  const fresh = parsed("GET / HTTP/1.0\r\n\r\n").head;
  assertEquals({ ...full.head, fields: null, error: "" }, { ...fresh, fields: null });
});
