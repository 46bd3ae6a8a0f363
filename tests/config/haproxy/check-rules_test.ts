/** The rules of checks in HAProxy's language: what is refused, and what a proxy takes over. */
import { printHaproxy } from "#src/config/haproxy/print.ts";
import {
  errorStatuses,
  type HttpRule,
  okStatuses,
  type TcpRule,
  timeoutStatuses,
} from "#src/health/rules.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../../testing.ts";
import { errors, listen, valid, warnings } from "../support.ts";

/** The errors of lines in a backend, without places. */
function wrong(...lines: string[]): string[] {
  const text = `listen l\nbind :80\n${lines.join("\n")}\nserver s 10.0.0.1:80 check\n`;
  return errors(text).map((line) => line.replace(/^\S+ error /, ""));
}

test("check rules: what is wrong is said, with what could stand there", () => {
  const http = "option httpchk";
  for (
    const [line, message] of [
      [
        "http-check foo",
        "'foo' is no rule of 'http-check' - one of: comment, connect, send, expect",
      ],
      [
        "http-check expct status 200",
        "'expct' is no rule of 'http-check' - did you mean 'expect'?",
      ],
      ["http-check expect", "it does not say what is expected"],
      ["http-check expect status 20x", "'20x' is no list of status codes - as in 200,301-303"],
      ["http-check expect status 300-200", "'300-200' is no list of status codes"],
      ["http-check expect binary 00", "'binary' cannot stand here"],
      ["http-check expect status 200 string x", "it expects 'status' already"],
      ["http-check expect rstring (", "'(' is not a regular expression"],
      ["http-check expect hdr foo", "'hdr' expects 'name' and the name of a field"],
      ["http-check expect ! comment x", "'!' cannot stand before 'comment'"],
      ["http-check expect ok-status L7STS", "'L7STS' cannot be given here - one of: L7OK, L7OKC"],
      ["http-check send hdr Host a hdr Host b", "there is a field 'Host' already"],
      ["http-check send foo", "'foo' cannot stand here"],
      [
        "tcp-check foo",
        "'foo' is no rule of 'tcp-check' - one of: comment, connect, send, send-lf",
      ],
      ["tcp-check expect status 200", "'status' cannot stand here"],
      ["tcp-check send-binary 0", "'0' is not binary - hexadecimal digits, two a byte"],
      ["tcp-check connect port 70000", "'70000' is not a port - 1 to 65535, or an expression"],
      ["tcp-check connect proto h2", "sluice checks servers by HTTP/1 and TCP alone"],
      ["option mysql-check foo bar", "'foo' is not 'user'"],
      ["option mysql-check user x post-42", "'post-42' is neither 'post-41' nor 'pre-41'"],
      ["option pgsql-check", "it expects 'user'"],
    ] as const
  ) {
    const [first = ""] = wrong(http, line);
    assertEquals(first.startsWith(message), true, `${line}: ${first}`);
  }
});

test("check rules: rules that could not follow each other are refused", () => {
  assertEquals(wrong("option httpchk", "http-check connect", "http-check expect string x"), [
    "'expect' needs a request - 'http-check send' before it",
  ]);
  assertEquals(wrong("option httpchk", "http-check send uri /a", "http-check send uri /b"), [
    "'send' needs a connection of its own - 'http-check connect' before it",
  ]);
  assertEquals(wrong("option httpchk", "http-check connect port 1", "http-check connect port 2"), [
    "'connect' ends what nothing is expected of - 'http-check expect' before it",
  ]);
  assertEquals(wrong("option tcp-check", "tcp-check send a", "tcp-check connect"), [
    "the first rule must be a 'connect', too - only comments and variables may come before it",
  ]);
});

test("check rules: a port in them is a port to check", () => {
  const text = (rule: string) =>
    `listen l\nbind fd@3\noption tcp-check\n${rule}\nserver s 10.0.0.1 check\n`;
  assertEquals(errors(text("tcp-check connect port 81")), []);
  assertEquals(errors(text("tcp-check connect")).length, 1);
});

test("check rules: without their option they are ignored, and that is said once", () => {
  const text = "listen l\nbind :80\nhttp-check expect status 200\nserver s 10.0.0.1:80 check\n";
  assertEquals(warnings(text).filter((line) => line.includes("http-check")), [
    "3:12 warning proxy 'l': 'http-check' rules are ignored without 'option httpchk'",
  ]);
  const inherited = `defaults\ntcp-check send foo\nlisten l\nbind :80\noption httpchk\n`;
  assertEquals(warnings(inherited).filter((line) => line.includes("tcp-check")), []);
});

test("check rules: a server in HTTP/2 is checked in HTTP/1, and that is said", () => {
  const text = (check: string, server: string) =>
    `listen l\nbind :80\nmode http\n${check}server s 10.0.0.1:80 proto h2 ${server}\n`;
  const said = (text: string) => warnings(text).filter((line) => line.includes("HTTP/1"));
  assertEquals(said(text("option httpchk\n", "check")), [
    "5:28 warning server 's' is checked in HTTP/1, though it has 'proto h2' - " +
    "where it speaks HTTP/2 alone, checks without 'option httpchk' only connect",
  ]);
  assertEquals(said(text("option httpchk\n", "check check-proto h1")), []);
  assertEquals(said(text("option httpchk\n", "")), []);
  assertEquals(said(text("", "check")), []);
});

/** The checks of a proxy below a `defaults` section. */
function below(defaults: string[], ...lines: string[]) {
  const text = ["defaults", ...defaults, "listen l", "bind :80", ...lines].join("\n");
  const { check, httpCheck, tcpCheck } = valid(text).proxies[0]!;
  const data = tcpCheck.map((rule) => "data" in rule ? rule.data : rule.rule);
  return [check.kind, data, httpCheck.map(({ rule }) => rule)];
}

// Tried with HAProxy 2.6.
test("check rules: what a proxy takes over from a 'defaults' section", () => {
  const tcp = "option tcp-check";
  assertEquals(below([tcp, "tcp-check send A"]), ["tcp-check", ["A"], []]);
  assertEquals(below([tcp, "tcp-check send A"], tcp), ["tcp-check", ["A"], []]);
  assertEquals(below(["tcp-check send A"], tcp), ["tcp-check", [], []]);
  assertEquals(below([tcp, "tcp-check send A"], "tcp-check send B"), ["tcp-check", ["B"], []]);
  assertEquals(below([tcp], "tcp-check send B"), ["tcp-check", ["B"], []]);
  const http = "option httpchk";
  assertEquals(below([http, "http-check send hdr a b"]), ["http", [], ["request"]]);
  assertEquals(below([http, "http-check send hdr a b"], http), ["http", [], []]);
  assertEquals(below(["http-check expect status 201"], http), ["http", [], []]);
  assertEquals(below([http], "http-check expect status 200"), ["http", [], ["expect"]]);
});

test("check rules: programs must be allowed, and named", () => {
  assertEquals(wrong("option external-check", "external-check command /bin/true"), [
    "proxy 'l': checks may not run programs - 'external-check' in the global section",
  ]);
  const { externalCommand } = listen("external-check command /bin/true");
  assertEquals(externalCommand, "/bin/true");
});

test("check rules: what a check cannot know is refused, with its place", () => {
  const http = "option httpchk";
  for (
    const [line, message] of [
      ["http-check expect status 200 status-code foo", "there is no sample fetch 'foo'"],
      ["http-check send uri-lf /%[foo]", "there is no sample fetch 'foo'"],
      ["http-check send hdr X %[always_true,foo]", "there is no converter 'foo'"],
      ["http-check expect string-lf %[always_true", ""],
      ["http-check set-var(check.a) foo", "there is no sample fetch 'foo'"],
      ["http-check set-var(check.a,foo) always_true", "'foo' is no condition of 'set-var'"],
      ["http-check set-var(txn.a) always_true", "a check has no variables 'txn'"],
      ["tcp-check send-lf %[foo]", "there is no sample fetch 'foo'"],
      ["tcp-check connect port foo", "there is no sample fetch 'foo'"],
    ] as const
  ) {
    const [first = ""] = wrong(http, line);
    assertEquals(first !== "" && first.startsWith(message), true, `${line}: ${first}`);
  }
});

const text = fc.string({ minLength: 1, maxLength: 9, unit: "grapheme-ascii" })
  .filter((each) => !each.includes("%"));
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const expectation = {
  rule: fc.constant("expect" as const),
  not: fc.boolean(),
  minRecv: fc.constantFrom(-1, 0, 7),
  okStatus: orNull(fc.constantFrom(...okStatuses)),
  errorStatus: orNull(fc.constantFrom(...errorStatuses)),
  toutStatus: orNull(fc.constantFrom(...timeoutStatuses)),
  onSuccess: orNull(text),
  onError: orNull(text),
  statusCode: orNull(fc.constant("int(7)")),
  comment: orNull(text),
};
const fieldPattern = fc.record({
  match: fc.constantFrom("str", "beg", "end", "sub"),
  format: fc.boolean(),
  text: text.filter((each) => each !== "-m"),
});
const tcpRule: fc.Arbitrary<TcpRule> = fc.oneof(
  fc.record({ rule: fc.constant("comment" as const), text }),
  fc.record({
    rule: fc.constantFrom("send", "send-lf"),
    data: text,
    comment: orNull(text),
  }),
  fc.record({
    ...expectation,
    match: fc.constantFrom("string", "string-lf"),
    pattern: text,
  }),
);
const httpRule: fc.Arbitrary<HttpRule> = fc.oneof(
  fc.record({
    rule: fc.constant("request" as const),
    method: orNull(text),
    uri: text,
    uriFormat: fc.boolean(),
    version: orNull(text),
    fields: fc.array(fc.record({ name: fc.stringMatching(/^X-[a-z]{1,5}$/), value: text }), {
      maxLength: 2,
    }),
    body: text,
    bodyFormat: fc.boolean(),
    comment: orNull(text),
  }),
  fc.record({
    ...expectation,
    match: fc.constantFrom("hdr", "fhdr"),
    name: fieldPattern,
    value: orNull(fieldPattern),
  }),
  fc.record({ ...expectation, match: fc.constant("status"), pattern: fc.constant("200-204,301") }),
);

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value));

test("check rules: what is written is read as the same", () => {
  const model = valid("listen l\nbind :80\noption httpchk\n");
  fc.assert(fc.property(httpRule, fc.array(tcpRule, { maxLength: 4 }), (http, tcp) => {
    const [proxy] = model.proxies;
    const written = { ...model, proxies: [{ ...proxy!, httpCheck: [http], tcpCheck: tcp }] };
    const { proxies: [again] } = valid(printHaproxy(written));
    assertEquals(again!.httpCheck, plain([http]));
    assertEquals(again!.tcpCheck, plain(tcp));
  }));
});
