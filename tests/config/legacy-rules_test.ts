/** Rules that HAProxy had up to 2.0, read as those of today. */
import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printHaproxy } from "#src/config/haproxy/print.ts";
import { haproxy } from "../haproxy.ts";
import { test } from "../testing.ts";
import { errors, valid, warnings } from "./support.ts";

const around = (...lines: string[]) =>
  ["defaults", "timeout connect 1s", "timeout client 1s", "timeout server 1s", "frontend l"]
    .concat("mode http", "bind 127.0.0.1:80", "acl a src 10.0.0.1", ...lines)
    .concat("default_backend b", "backend b", "mode http", "").join("\n");

/** Lines as people have them, and the rules that they become. */
const lines: readonly (readonly [line: string, ...rule: string[]])[] = [
  ["reqadd X-Forwarded-Proto:\\ https", "http-request add-header X-Forwarded-Proto https"],
  [
    "reqadd X-A:\\ 5%\\ b if a",
    "http-request add-header X-A '5%% b' if a",
  ],
  [
    "rspadd Strict-Transport-Security:\\ max-age=31536000;\\ includeSubDomains",
    "http-response add-header Strict-Transport-Security 'max-age=31536000; includeSubDomains'",
  ],
  ["reqidel ^X-Forwarded-For:.*", "http-request del-header X-Forwarded-For"],
  ["reqdel ^X-Real-IP:", "http-request del-header X-Real-IP"],
  ["rspidel ^Server:.*", "http-response del-header Server"],
  ["rspdel ^X-.*:.*", "http-response del-header '^X-.*$' -m reg"],
  [
    "reqrep ^([^\\ :]*)\\ /static/(.*) \\1\\ /\\2",
    "http-request replace-pathq ^/static/(.*) /\\1",
  ],
  [
    "reqirep ^([^\\ ]*)\\ /blog/(.*) \\1\\ /\\2 if a",
    "http-request replace-pathq (?i)^/blog/(.*) /\\1 if a",
  ],
  [
    "reqrep ^([^\\ ]*\\ /)api[/]?(.*) \\1\\2",
    "http-request replace-pathq ^(/)api[/]?(.*) \\1\\2",
  ],
  [
    "reqirep ^Host:\\ (.*) Host:\\ www.\\1",
    "http-request replace-header Host (?i)^(.*) www.\\1",
  ],
  [
    "reqirep ^(GET|POST)\\ /old(.*)\\ HTTP/1.1 \\1\\ /new\\2\\ HTTP/1.1",
    "http-request replace-pathq (?i)^/old(.*) /new\\1 if { method GET POST }",
  ],
  [
    "rspirep ^Location:\\ http://(.*) Location:\\ https://\\1",
    "http-response replace-header Location (?i)^http://(.*) https://\\1",
  ],
  [
    "rsprep ^(Set-Cookie:\\ .*) \\1;\\ Secure",
    "http-response replace-header Set-Cookie '^(.*)' '\\1; Secure'",
  ],
  ["reqideny ^User-Agent:\\ bad", "http-request deny if { req.fhdr(User-Agent) -m reg -i ^bad }"],
  [
    "reqdeny ^[^:\\ ]*\\ /admin if a",
    "http-request deny if { url_reg ^/admin } a",
  ],
  [
    "reqdeny cmd\\.exe",
    "http-request deny if { url_reg cmd\\.exe } or { req.hdrs -m reg cmd\\.exe }",
  ],
  ["reqiallow ^Host:\\ www", "http-request allow if { req.fhdr(Host) -m reg -i ^www }"],
  ["reqpass ^Host:", "http-request allow if { req.fhdr(Host) -m found }"],
  ["reqtarpit ^X-Bad: if a or !a", ""],
  ["rspdeny ^HTTP/1\\.1\\ 500", "http-response deny if { status 500 }"],
  ["rspideny ^X-Secret:\\ yes", "http-response deny if { res.fhdr(X-Secret) -m reg -i ^yes }"],
  ["block if a", "http-request deny if a"],
  ["block unless a", "http-request deny unless a"],
  ["reqisetbe ^Host:\\ www b", "use_backend b if { req.fhdr(Host) -m reg -i ^www }"],
];

const words = (text: string) => text.replaceAll(/['"]/g, "").split(" ");

for (const [line, wanted] of lines) {
  test(`removed: ${line}`, () => {
    const { proxies } = valid(around(line));
    const [proxy] = proxies;
    const rules = [
      ...proxy!.httpRequest.map(({ words }) => ["http-request", ...words]),
      ...proxy!.httpResponse.map(({ words }) => ["http-response", ...words]),
      ...proxy!.useBackend.map((each) => ["use_backend", each.backend, ...each.condition]),
    ];
    const tarpit = "http-request tarpit if { req.fhdr(X-Bad) -m found } a or " +
      "{ req.fhdr(X-Bad) -m found } !a";
    const rule = wanted === "" ? tarpit : wanted!;
    assertEquals(rules.map((each) => each.join(" ").split(" ")), [words(rule)]);
    const said = warnings(around(line)).filter((each) => each.includes("has gone from HAProxy"));
    assertEquals(said.length, 1);
    // What the warning names is read as the very same.
    const named = said[0]!.slice(said[0]!.indexOf("write: ") + 7);
    assertEquals(valid(around(named)), valid(around(line)));
  });
}

test("removed: what cannot be said today is an error, with what to write", () => {
  for (
    const line of [
      "reqrep ^(.*)Foo(.*)$ \\1Bar\\2",
      "reqrep ^Host:\\ (.*) X-Host:\\ \\1",
      "reqdel ^[^\\ ]*\\ /x",
      "reqdeny ^Host:\\ x unless a",
      "reqadd nonsense",
      "block",
      "reqadd A:\\ b c",
    ]
  ) assertEquals(errors(around(line)).length, 1, line);
});

test("removed: appsession only warns", () => {
  const text = around() + "  appsession JSESSIONID len 52 timeout 3h request-learn\n";
  assertEquals(warnings(text).filter((each) => each.includes("appsession")).length, 1);
});

test("removed: what they are converted to, HAProxy takes", () => {
  if (haproxy === null) return;
  const folder = mkdtempSync(join(tmpdir(), "sluice-legacy-"));
  try {
    const file = join(folder, "converted.cfg");
    writeFileSync(file, printHaproxy(valid(around(...lines.map(([line]) => line)))));
    const { status, stderr } = spawnSync(haproxy, ["-c", "-f", file], { encoding: "utf8" });
    assertEquals(status, 0, stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
