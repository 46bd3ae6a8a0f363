/**
 * Rule sets of checks, as they are written: what is sent, and what the log says of what comes. Words
 * and bytes are those of HAProxy 2.6, tried with the same servers.
 */
import { constantExpressions } from "#src/health/expressions.ts";
import { tcpSteps } from "#src/health/ruleset.ts";
import { stepsProbe } from "#src/health/run.ts";
import type { ConnectStep } from "#src/health/steps.ts";
import type { CheckResult } from "#src/health/result.ts";
import { assertEquals } from "@std/assert";
import { listen } from "../config/support.ts";
import { test } from "../testing.ts";
import { type Behaviour, probing, runtimeIn, scene, send, target } from "./scene.ts";

const port = 80;

/** What a server does: what it says at once, and what it says to each request; null: it closes. */
interface Saying {
  readonly banner?: string;
  readonly replies?: readonly (string | null)[];
  readonly closes?: boolean;
}

/** Checks a server by lines of configuration. */
function checked(lines: readonly string[], saying: Saying, ms = 2000) {
  const proxy = listen(...lines, `server s 192.168.1.11:${port} check`);
  const stage = scene();
  const behaviour: Behaviour = {
    accepted(socket) {
      if (saying.banner !== undefined) send(socket, saying.banner);
      if (saying.replies?.[0] === null || saying.banner !== undefined && saying.closes === true) {
        socket.close();
      }
    },
    received(socket, request) {
      const reply = saying.replies?.[said.get(socket) ?? 0];
      said.set(socket, (said.get(socket) ?? 0) + 1);
      if (reply === undefined || request === "") return;
      if (reply !== null) send(socket, reply);
      if (reply === null || saying.closes === true) socket.close();
    },
  };
  const said = new Map<unknown, number>();
  stage.serve(behaviour);
  const probe = probing(stage, proxy.check, undefined, {
    tcpRules: proxy.tcpCheck,
    httpRules: proxy.httpCheck,
  });
  const [result] = stage.check(probe, ms);
  assertEquals(stage.network.openSockets, 0);
  return { result, requests: stage.requests };
}

/** The status, the code and the information of a check that has ended. */
const verdictOf = (result: CheckResult | undefined) =>
  result === undefined ? null : [result.status, result.code, result.info];

/** Declares cases: the lines, what the server does, what is sent, and the verdict. */
function cases(
  name: string,
  list: readonly {
    lines: string[];
    of: Saying;
    sent?: string[];
    is: [string, number | null, string];
  }[],
): void {
  for (const { lines, of, sent, is } of list) {
    test(`${name}: ${lines.slice(1).join("; ") || lines[0]}: ${is.join(" ")}`, () => {
      const { result, requests } = checked(lines, of);
      if (sent !== undefined) assertEquals(requests, sent);
      assertEquals(verdictOf(result), is);
    });
  }
}

const tcp = "option tcp-check";
cases("tcp-check", [
  { lines: [tcp], of: {}, sent: [""], is: ["L4OK", null, ""] },
  { lines: [tcp, "tcp-check connect"], of: {}, is: ["L4OK", null, "(tcp-check)"] },
  {
    lines: [tcp, "tcp-check send hello\\r\\n"],
    of: {},
    sent: ["hello\r\n"],
    is: ["L7OK", 0, "(tcp-check)"],
  },
  {
    lines: [tcp, "tcp-check send PING\\r\\n comment first", "tcp-check expect string +PONG"],
    of: { replies: ["+PONG\r\n"] },
    sent: ["PING\r\n"],
    is: ["L7OK", 0, "(tcp-check)"],
  },
  {
    lines: [
      tcp,
      "tcp-check comment ping\\ phase",
      "tcp-check send PING\\r\\n",
      "tcp-check expect string +PONG",
    ],
    of: { replies: ["-ERR foo\r\n"], closes: true },
    is: ["L7RSP", null, "TCPCHK did not match content '+PONG' at step 3"],
  },
  {
    lines: [tcp, "tcp-check expect string abc"],
    of: { banner: "xyz" },
    is: ["L7TOUT", null, " at step 1 of tcp-check (expect string 'abc')"],
  },
  {
    lines: [tcp, "tcp-check expect string abc comment hi"],
    of: {},
    is: ["L7TOUT", null, " at step 1 of tcp-check (expect string 'abc') comment: 'hi'"],
  },
  {
    lines: [tcp, "tcp-check expect rstring ^abc"],
    of: { banner: "xyzabc" },
    is: ["L7TOUT", null, " at step 1 of tcp-check (expect regex)"],
  },
  {
    lines: [tcp, "tcp-check expect ! string abc"],
    of: { banner: "xyzabc" },
    is: ["L7RSP", null, "TCPCHK matched unwanted content 'abc' at step 1"],
  },
  {
    lines: [tcp, "tcp-check expect !rstring abc min-recv 3"],
    of: { banner: "xyzab" },
    is: ["L7OK", 0, "(tcp-check)"],
  },
  {
    lines: [tcp, "tcp-check expect binary 616263"],
    of: { banner: "xyzabc" },
    is: ["L7OK", 0, "(tcp-check)"],
  },
  {
    lines: [tcp, "tcp-check expect rbinary ^7879"],
    of: { banner: "xyzabc" },
    is: ["L7OK", 0, "(tcp-check)"],
  },
  {
    lines: [tcp, "tcp-check send-binary 50494e470d0a", "tcp-check expect binary 2b504F4e47"],
    of: { replies: ["-x"], closes: true },
    sent: ["PING\r\n"],
    is: ["L7RSP", null, "TCPCHK did not match content (binary) at step 2"],
  },
  {
    lines: [tcp, "tcp-check connect port 1 comment hu"],
    of: {},
    is: [
      "L4CON",
      null,
      "Connection refused at step 1 of tcp-check (connect port 1) comment: 'hu'",
    ],
  },
  {
    lines: [
      tcp,
      "tcp-check connect linger",
      "tcp-check send x",
      "tcp-check connect",
      "tcp-check send y",
    ],
    of: {},
    sent: ["x", "y"],
    is: ["L7OK", 0, "(tcp-check)"],
  },
  {
    lines: [
      tcp,
      "tcp-check expect string foo error-status L7STS on-error no\\ good status-code int(42)",
    ],
    of: { banner: "xyz", closes: true },
    is: ["L7STS", 42, "no good"],
  },
  {
    lines: [tcp, "tcp-check expect string xyz ok-status L4OK on-success fine"],
    of: { banner: "xyz" },
    is: ["L4OK", null, "fine"],
  },
  {
    lines: [tcp, "tcp-check expect string xyz ok-status L7OKC"],
    of: { banner: "xyz" },
    is: ["L7OKC", 0, "(tcp-check)"],
  },
  {
    lines: [tcp, "tcp-check expect string abc comment oh"],
    of: { replies: [null] },
    is: ["L7RSP", null, "TCPCHK got an empty response at step 1 comment: 'oh'"],
  },
  {
    lines: [tcp, "tcp-check expect string abc tout-status L6TOUT"],
    of: {},
    is: ["L6TOUT", null, " at step 1 of tcp-check (expect string 'abc')"],
  },
  {
    // Neither must come: both are looked for again whenever more has come.
    lines: [tcp, "tcp-check expect ! string bad min-recv 2", "tcp-check expect string good"],
    of: { banner: "all is good" },
    is: ["L7OK", 0, "(tcp-check)"],
  },
]);

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const http = "option httpchk";
cases("http-check", [
  {
    lines: [http, "http-check send meth POST uri /a ver HTTP/1.1 hdr Host www hdr X-a b body abc"],
    of: { replies: [ok] },
    sent: [
      "POST /a HTTP/1.1\r\nhost: www\r\nx-a: b\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc",
    ],
    is: ["L7OK", 200, ""],
  },
  {
    lines: [http, "http-check send meth GET uri http://foo/a ver HTTP/1.1 hdr Host www"],
    of: { replies: [ok] },
    sent: ["GET http://www/a HTTP/1.1\r\nhost: www\r\nconnection: close\r\n\r\n"],
    is: ["L7OK", 200, ""],
  },
  {
    lines: [http, "http-check send meth GET hdr X-Up 1 hdr Connection keep-alive hdr Foo bar"],
    of: { replies: [ok] },
    sent: ["GET / HTTP/1.0\r\nx-up: 1\r\nfoo: bar\r\nconnection: keep-alive\r\n\r\n"],
    is: ["L7OK", 200, ""],
  },
  {
    lines: [http, "http-check send meth PUT ver HTTP/2.0"],
    of: { replies: [ok] },
    sent: ["PUT / HTTP/1.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"],
    is: ["L7OK", 200, ""],
  },
  {
    lines: ["http-check send uri /z meth PUT hdr A b", "option httpchk GET /k"],
    of: { replies: [ok] },
    sent: ["GET /k HTTP/1.0\r\na: b\r\n\r\n"],
    is: ["L7OK", 200, ""],
  },
  {
    lines: ["http-check send uri /z meth GET hdr A b", http],
    of: { replies: [ok] },
    sent: ["GET /z HTTP/1.0\r\na: b\r\n\r\n"],
    is: ["L7OK", 200, ""],
  },
  {
    lines: [
      "option httpchk GET /opt",
      "http-check connect",
      "http-check send hdr x y",
      "http-check expect status 200",
      "http-check connect",
      "http-check send uri /b",
      "http-check expect status 200",
    ],
    of: { replies: [ok, ok] },
    sent: ["GET /opt HTTP/1.0\r\nx: y\r\n\r\n", "OPTIONS /b HTTP/1.0\r\n\r\n"],
    is: ["L7OK", 200, ""],
  },
  {
    lines: [http, "http-check expect status 201"],
    of: { replies: [ok] },
    is: ["L7STS", 200, "OK"],
  },
  {
    lines: [http, "http-check expect status 201,300-310,200"],
    of: { replies: [ok] },
    is: ["L7OK", 200, ""],
  },
  {
    lines: [http, "http-check expect ! rstatus ^5"],
    of: { replies: ["HTTP/1.0 503 Oh\r\n\r\n"] },
    is: ["L7STS", 503, "Oh"],
  },
  {
    lines: [http, "http-check expect string foo"],
    of: { replies: [ok] },
    is: ["L7RSP", null, "HTTP content check did not match"],
  },
  {
    lines: [http, "http-check expect ! string hello comment boo"],
    of: { replies: [ok] },
    is: ["L7RSP", null, "HTTP check matched unwanted content comment: boo"],
  },
  {
    lines: [http, "http-check expect rstring ^hel.o"],
    of: { replies: [ok] },
    is: ["L7OK", 200, ""],
  },
  {
    lines: [http, "http-check expect string foo"],
    of: { replies: ["HTTP/1.1 204 No Content\r\n\r\n"] },
    is: ["L7RSP", null, "HTTP content check could not find a response body"],
  },
  {
    lines: ["option httpchk GET /", "http-check expect string abc"],
    of: {
      replies: [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
      ],
    },
    is: ["L7OK", 200, ""],
  },
  {
    lines: ["option httpchk GET /", "http-check expect string abc"],
    of: { replies: ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxyabd"] },
    is: ["L7TOUT", null, ""],
  },
  {
    lines: ["option httpchk GET /", "http-check expect string abc"],
    of: { replies: ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxyabd"], closes: true },
    is: ["L7RSP", null, "HTTP content check did not match"],
  },
  {
    lines: [http, "http-check expect hdr name foo value bar"],
    of: { replies: ["HTTP/1.0 200 Fine\r\nFoo: x, bar\r\n\r\n"] },
    is: ["L7OK", 200, ""],
  },
  {
    lines: [http, "http-check expect fhdr name foo value bar"],
    of: { replies: ["HTTP/1.0 200 Fine\r\nFoo: x, bar\r\n\r\n"] },
    is: ["L7STS", 200, "Fine"],
  },
  {
    lines: [http, "http-check expect hdr name -m beg fo value -m sub a"],
    of: { replies: ["HTTP/1.0 200 Fine\r\nFoo: x, bar\r\n\r\n"] },
    is: ["L7OK", 200, ""],
  },
  {
    lines: [http, "http-check expect hdr name -m reg ^x- value -m end z"],
    of: { replies: ["HTTP/1.0 200 Fine\r\nFoo: x\r\nX-Y: zz\r\n\r\n"] },
    is: ["L7OK", 200, ""],
  },
  {
    lines: [http, "http-check expect status 200 status-code int(7) on-success yes"],
    of: { replies: [ok] },
    is: ["L7OK", 7, "yes"],
  },
  {
    lines: [http, "http-check expect status 201 comment why error-status L7RSP"],
    of: { replies: [ok] },
    is: ["L7RSP", null, "OK comment: why"],
  },
  {
    lines: [http, "http-check expect status 201 tout-status L6TOUT"],
    of: {},
    is: ["L6TOUT", null, ""],
  },
  { lines: [http], of: { replies: [null] }, is: ["SOCKERR", null, "Connection reset by peer"] },
]);

const bytes = (hex: string) => hex.replace(/../g, (two) => String.fromCharCode(parseInt(two, 16)));
const greeting = "\x2e\0\0\0\x0a5.5.5\0" + "x".repeat(39);
const login = "%\0\0\x01\0\x82\0\0\0\x80\0\x01!" + "\0".repeat(23) + "hap\0\0\x01\0\0\0\x01";
const startup = "\0\0\0\x12\0\x03\0\0user\0hap\0\0";
const bind = "0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\0\x80\0";
const ping = "*1\r\n$4\r\nPING\r\n";
cases("protocols", [
  {
    lines: ["option redis-check"],
    of: { replies: ["+PONG\r\n"] },
    sent: [ping],
    is: ["L7OK", 0, "Redis server is ok"],
  },
  {
    lines: ["option redis-check"],
    of: { replies: ["-NOAUTH Authentication required.\r\n"], closes: true },
    is: ["L7STS", 0, "-NOAUTH Authentication required."],
  },
  {
    lines: ["option mysql-check"],
    of: { banner: greeting },
    sent: [""],
    is: ["L7OK", 0, "5.5.5"],
  },
  {
    lines: ["option mysql-check user hap"],
    of: { banner: greeting, replies: ["\x07\0\0\x02\0\0\0\x02\0\0\0"] },
    sent: [login],
    is: ["L7OK", 0, "5.5.5"],
  },
  {
    lines: ["option mysql-check user hap pre-41"],
    of: { banner: greeting, replies: ["\x07\0\0\x02\0\0\0\x02\0\0\0"] },
    sent: ["\n\0\0\x01\0\x80\0\0\x01hap\0\0\x01\0\0\0\x01"],
    is: ["L7OK", 0, "5.5.5"],
  },
  {
    lines: ["option mysql-check user hap"],
    of: { banner: "\x16\0\0\0\xff\x69\x04Host is blocked 123" },
    is: ["L7STS", 1129, "Host is blocked 123"],
  },
  {
    lines: ["option pgsql-check user hap"],
    of: { replies: ["R\0\0\0\x08\0\0\0\0"] },
    sent: [startup],
    is: ["L7OK", 0, "PostgreSQL server is ok"],
  },
  {
    lines: ["option pgsql-check user hap"],
    of: { replies: ["E\0\0\0\x20SFATAL\0C28000\0Mno user\0\0"] },
    is: ["L7RSP", null, "FATAL"],
  },
  {
    lines: ["option pgsql-check user hap"],
    of: { replies: ["X\0\0\0\x08\0\0\0\0"] },
    is: ["L7STS", 0, "PostgreSQL unknown error"],
  },
  {
    lines: ["option ldap-check"],
    of: { replies: [bytes("300c02010161070a010004000400")] },
    sent: [bind],
    is: ["L7OK", 0, "Success"],
  },
  {
    lines: ["option ldap-check"],
    of: { replies: [bytes("300c02010161070a013104000400")] },
    is: ["L7STS", 49, "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9"],
  },
  {
    lines: ["option ldap-check"],
    of: { replies: ["HTTP/1.0 400 foo bar\r\n\r\n"] },
    is: ["L7RSP", null, "Not LDAPv3 protocol"],
  },
  {
    lines: ["option smtpchk"],
    of: { banner: "220 hi\r\n", replies: ["250 ok\r\n", "221 bye now\r\n"] },
    sent: ["HELO localhost\r\nQUIT\r\n"],
    is: ["L7OK", 221, "bye now"],
  },
  {
    lines: ["option smtpchk EHLO me.org"],
    of: { banner: "220 hi\r\n", replies: ["500 nope\r\n"] },
    sent: ["EHLO me.org\r\n"],
    is: ["L7STS", 500, "nope"],
  },
  {
    lines: ["option smtpchk"],
    of: { banner: "554 go away\r\n" },
    sent: [""],
    is: ["L7STS", 554, "go away"],
  },
  {
    lines: ["option smtpchk"],
    of: { banner: "hallo\r\n" },
    is: ["L7RSP", null, "hallo"],
  },
  {
    lines: ["option spop-check"],
    of: { replies: ["\0\0\0\x10"], closes: true },
    sent: [
      "\0\0\0N\x01\0\0\0\x01\0\0\x12supported-versions\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\x06" +
      "\x0ccapabilities\x08\0\x0bhealthcheck\x11",
    ],
    is: ["L7RSP", null, "invalid frame received"],
  },
]);

test("http-check: a 404 asks for no new sessions, where that is wanted", () => {
  const proxy = listen(http, "http-check disable-on-404", "server s 192.168.1.11:80 check");
  assertEquals(proxy.disableOn404, true);
  for (const [mayStop, is] of [[true, "L7OKC"], [false, "L7STS"]] as const) {
    const stage = scene();
    stage.serve({ received: (socket) => send(socket, "HTTP/1.0 404 No\r\n\r\n") });
    const probe = probing(stage, proxy.check, undefined, { mayStop: () => mayStop });
    const [result] = stage.check(probe, 10);
    assertEquals([result?.status, result?.code, result?.passed], [is, 404, mayStop]);
  }
});

test("connect: which connections speak TLS, by which name and protocols, after which header", () => {
  const proxy = listen(
    tcp,
    "tcp-check connect ssl sni a.b alpn h2,http/1.1 send-proxy",
    "tcp-check send x",
    "tcp-check connect default",
    "tcp-check send y",
    "tcp-check connect",
    "server s 192.168.1.11:80 check send-proxy-v2 verify none",
  );
  const stage = scene();
  stage.serve({});
  const asked: unknown[] = [];
  const steps = tcpSteps(proxy.tcpCheck, constantExpressions, true);
  const on = {
    ...runtimeIn(stage),
    connectTls({ ssl, sni, alpn, asServer }: ConnectStep, header: string | null) {
      asked.push([ssl, sni, alpn, asServer, header]);
      return null;
    },
  };
  const to = { ...target, proxyHeader: "v2", proxyVersion: "v2" } as const;
  const [result] = stage.check(stepsProbe(on, () => to, steps), 100);
  assertEquals(verdictOf(result), ["L4OK", null, "(tcp-check)"]);
  assertEquals(asked, [
    [true, "a.b", ["http/1.1"], false, "v2"],
    [false, null, null, true, "v2"],
    [false, null, null, false, null],
  ]);
  assertEquals(stage.requests.map((request) => request.slice(-1)), ["x", "y", ""]);
});
