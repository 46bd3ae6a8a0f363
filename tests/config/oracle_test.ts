/** The same configurations through the real haproxy: both accept, or both refuse. */
import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateCondition } from "#src/config/haproxy/condition.ts";
import { test } from "../testing.ts";
import { load } from "./support.ts";

const haproxy = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].find((path) => existsSync(path));
const skip = haproxy === undefined;
const why = skip ? " (SKIPPED: haproxy is not installed)" : "";
const env = { A: "v1 v2", EMPTY: "" };

/** What haproxy says of a configuration; status 2 is that nothing listens. */
function check(text: string): { status: number | null; said: string } {
  const folder = mkdtempSync(join(tmpdir(), "sluice-"));
  try {
    const file = join(folder, "x.cfg");
    writeFileSync(file, text);
    const run = spawnSync(haproxy ?? "", ["-c", "-f", file], { encoding: "utf8", env });
    return { status: run.status, said: run.stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const defaults =
  "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n";

// Lines of a 'listen' section, whole sections after them where a line begins with one.
const texts: readonly string[] = [
  "",
  "server a 127.0.0.1:80 check inter 2s rise 2 fall 3 weight 10 cookie x maxconn 5",
  "server a 127.0.0.1:80\nserver a 127.0.0.2:80",
  "server a 127.0.0.1:80 chek",
  "server a 127.0.0.1:80 weight 257",
  "server a 127.0.0.1:80 rise 0",
  "server a 127.0.0.1:80 inter 0",
  "server a 127.0.0.1:80 inter x",
  "server a 127.0.0.1:80 cookie",
  "server a 127.0.0.1:99999",
  "server a 127.0.0.1:80-90",
  "server a 127.0.0.1:+10",
  "server a 127.0.0.1",
  "server a [::1]:80",
  "server a ::1:80",
  "server a ::1",
  "server a unix@/x check",
  "server a abns@x",
  "server a fd@4",
  "server a/b 127.0.0.1:80",
  "server a",
  "server",
  "server a 127.0.0.1:80 source 127.0.0.1",
  "server a 127.0.0.1:80 backup no-backup check no-check disabled enabled",
  "default-server inter 5s check\nserver a 127.0.0.1:80",
  "default-server 127.0.0.1:80",
  "mode tcp",
  "mode health",
  "mode foo",
  "mode",
  "mode http tcp",
  "balance leastconn",
  "balance source\nhash-type consistent",
  "balance foo",
  "hash-type foo",
  "retries 5",
  "retries",
  "maxconn 100",
  "maxconn",
  "maxconn 1 2",
  "backlog 10",
  "fullconn 10",
  "source 127.0.0.1",
  "source",
  "source 127.0.0.1 x",
  "dispatch 127.0.0.1:80",
  "dispatch 127.0.0.1",
  "description some words",
  "disabled\ndefault_backend nowhere",
  "disabled x",
  "default_backend nowhere",
  "default_backend l",
  "cookie C insert indirect nocache",
  "cookie C insert prefix",
  "cookie C rewrite indirect",
  "cookie C preserve",
  "cookie C prefix preserve indirect",
  "cookie C insert domain .a.example maxidle 10 maxlife 1h httponly secure postonly",
  "cookie C insert domain a;b",
  "cookie C insert domain shop",
  "cookie C bogus",
  "cookie",
  "option httpchk",
  "option httpchk GET /x HTTP/1.1",
  "option httpchk GET /x HTTP/1.1 y",
  "option ssl-hello-chk",
  "option ssl-hello-chk x",
  "option tcp-check",
  "option forwardfor except 10.0.0.0/8 header X if-none",
  "option forwardfor except x/y",
  "option forwardfor foo",
  "option originalto except 10.0.0.1",
  "option originalto if-none",
  "option httplog",
  "option tcplog x",
  "option dontlognull",
  "option redispatch",
  "no option redispatch",
  "no option httplog",
  "no option forwardfor",
  "no mode http",
  "no log",
  "no log x",
  "option persist x",
  "option httpclos",
  "option",
  "option http-server-close\noption http-keep-alive\noption httpclose\nno option httpclose",
  "option abortonclose\noption allbackups\noption persist",
  "timeout queue 5s\ntimeout check 1s\ntimeout http-request 1s\ntimeout http-keep-alive 1s",
  "timeout clint 5s",
  "timeout client 5x",
  "timeout client 25d",
  "timeout client 2147483647",
  "timeout client 2147483648",
  "timeout client 1s 2s",
  "timeout client",
  "log 127.0.0.1 local0 info err",
  "log 127.0.0.1:1514 len 100 format rfc5424 local0",
  "log stdout format raw daemon",
  "log /dev/log local0",
  "log global",
  "log 127.0.0.1",
  "log 127.0.0.1 local9",
  "log 127.0.0.1 local0 loud",
  "log 127.0.0.1 len 79 local0",
  "log 127.0.0.1 format nonsense local0",
  "log 127.0.0.1 local0 info err x",
  "bind :81,:82",
  "bind :8100-8103 name x",
  "bind :::81 v6only",
  "bind [::1]:81 v4v6 backlog 5",
  "bind ipv4@:81,ipv6@:82",
  "bind unix@/x,/y",
  "bind abns@x",
  "bind fd@x",
  "bind 127.0.0.1",
  "bind :0",
  "bind :70000",
  "bind :90-80",
  "bind :80-",
  "bind 127.0.0.1:",
  "bind [::1:80",
  "bind ipv4@::1:80",
  "bind :81 bogus",
  "bind",
  "listen l\nbind :81",
  "listen",
  "frontend x/y",
  "backend l",
  "frontend l\nbind :81",
  "backend b\nbackend b",
  "frontend f\nbind :81\ndefault_backend b\nbackend b\nserver s 127.0.0.1:80",
  "frontend f\nbind :81\ndefault_backend b\nbackend b\nmode tcp",
  "frontend f\nbind :81\ndefault_backend g\nfrontend g\nbind :82",
  "frontend f\nbind :81\nserver s 127.0.0.1:80",
  "frontend f\nbind :81\nbalance source\ncookie C insert\nretries 2\ntimeout server 1s",
  "backend b\nbind :81\nmaxconn 5\noption httplog\noption dontlognull",
  "backend b\nserver s 127.0.0.1 check",
  "backend b\nserver s unix@/x check addr 127.0.0.1",
  "defaults\nbind :80",
  "defaults\nserver s 127.0.0.1:80",
  "defaults\ndescription x",
  "defaults a\ndefaults b from a\nfrontend f from b\nbind :81",
  "frontend f from nowhere\nbind :81",
  "defaults a\ndefaults a\nfrontend f from a\nbind :81",
  "global\ndaemon\nmaxconn 100\nlog 127.0.0.1 local0\nspread-checks 5\ntune.maxrewrite 512",
  "global\nmaxconn 0",
  "global\ndaemon x",
  "global\nlog global",
  "global\nspread-checks 51",
  "global\nbogus",
  "global\npidfile",
  "global\nsetenv X",
  'global\nsetenv X 8181\nfrontend f\nbind ":$X"',
  "global x",
  "bogus",
  'mode "http',
  "mode 'http",
  "mode ht\\x",
  'description "$1"',
  'description "${A"',
  ".if 1\nmode http\n.else\nbogus\n.endif",
  ".if 0\nbogus\n.endif",
  ".if foo(1)\n.endif",
  ".if 1",
  ".endif",
  ".else",
  ".if 1\n.else\n.else\n.endif",
  ".if 1\n.else\n.elif 1\n.endif",
  ".fi",
  '.alert "no"',
  '.warning "hm"',
];

for (const text of texts) {
  test(`haproxy agrees on: ${JSON.stringify(text)}${why}`, () => {
    const whole = `${defaults}listen l\nbind :80\n${text}\n`;
    const { status, said } = check(whole);
    assertEquals(load(whole, env).configuration !== null, status === 0, said);
  }, { skip });
}

// Words as they follow 'mode', which haproxy repeats in its error.
const words: readonly string[] = [
  "a\\ b",
  "a\\#b",
  "a#b",
  "a\\\\b",
  "a\\'b",
  'a\\"b',
  "a\\qb",
  "a\\",
  "a\\tb",
  "\\x41",
  '"a b"',
  '"\\x41\\\\"',
  `"it's"`,
  `'a "b" \\x41 $A'`,
  `"a"'b'c`,
  "$A",
  '"$A"',
  '"<${A}>"',
  '"\\$A"',
  '"${A-x}"',
  '"${B-x y}"',
  '"${B-$A}"',
  `"\${B-it's "quoted" \\x41}"`,
  '"${EMPTY-x}z"',
  '"$A.x"',
  '"$A[*]"',
  '"${.LINE}${.SECTION}"',
];
for (const word of words) {
  test(`haproxy reads the same word in: ${word}${why}`, () => {
    const { said } = check(`listen l\nmode ${word}\n`);
    const theirs = /unknown proxy mode '(.*)'\.\n/.exec(said)?.[1];
    const { diagnostics } = load(`listen l\nmode ${word}\n`, env);
    const [error] = diagnostics.filter(({ severity }) => severity === "error");
    assertEquals(/'(.*)' is not a mode$/.exec(error?.message ?? "")?.[1], theirs);
  }, { skip });
}

// Conditions for -cc: their value, or that they are wrong.
const conditions: readonly string[] = [
  "",
  "0",
  "7",
  "!1",
  "! 0",
  "1 && 0 || 1",
  "0 && 1 || 0",
  "1 || 0 && 0",
  "!(1 && 0)",
  "defined(A)",
  "!defined(B)",
  "streq(a,a)",
  "streq(a ,a)",
  "strneq(a,a)",
  "version_atleast(2.4-dev19)",
  "version_before(2.4)",
  "version_atleast(99)",
  "streq(a)",
  "streq(a,b,c)",
  "foo(1)",
  "(1",
  "1)",
  "1 1",
  "1 &&",
];
for (const condition of conditions) {
  test(`haproxy agrees on the condition: ${condition}${why}`, () => {
    const { status } = spawnSync(haproxy ?? "", ["-cc", condition], { env });
    const ours = evaluateCondition(condition, env);
    assertEquals("value" in ours ? (ours.value ? 0 : 1) : 2, status);
  }, { skip });
}
