/** What a configuration loads without, and what is said of it. */
import { assert, assertEquals } from "@std/assert";
import {
  bindAbsent,
  globalAbsent,
  proxyAbsent,
  serverAbsent,
} from "#src/config/keywords/absent.ts";
import { whyNoWarnings } from "#src/config/load.ts";
import { test } from "../testing.ts";
import { errors, global, load, valid, warnings } from "./support.ts";

const http = "defaults\nmode http\ntimeout client 1s\ntimeout connect 1s\ntimeout server 1s\n";

test("each keyword that has no effect is warned of once, whatever follows it", () => {
  const texts: [name: string, text: string][] = [
    ...globalAbsent.map(({ name, example }): [string, string] => [
      name,
      `global\n${name} ${example}\nlisten l\nbind :80\n`,
    ]),
    ...proxyAbsent.map(({ name, example }): [string, string] => [
      name,
      `listen l\nbind :80\n${name} ${example}\n`,
    ]),
    ...bindAbsent.map(({ name, example }): [string, string] => [
      name,
      `listen l\nbind :80 ${name} ${example} name after\n`,
    ]),
    ...serverAbsent.map(({ name, example, usage }): [string, string] => [
      name,
      `listen l\nbind :80\nserver s 10.0.0.1:80 ${name} ${example} ${
        usage.endsWith("...]") ? "" : "weight 7"
      }\n`,
    ]),
  ];
  for (const [name, text] of texts) {
    const said = warnings(text).filter((warning) => warning.includes(`'${name}' has no effect: `));
    assertEquals(said.length, 1, text);
  }
});

test("a section without effect is left out with its lines; what follows it counts", () => {
  const text = "program api\n command /usr/bin/api\n no option start-on-reload\n" +
    "traces\n trace h1 sink stdout\nlisten l\n bind :80\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";
  assertEquals(warnings(text), [
    "1:1 warning section 'program' has no effect: sluice starts no programs: an init system does",
    "4:1 warning section 'traces' has no effect: sluice has no traces",
  ]);
  assertEquals(valid(text).proxies.map(({ name }) => name), ["l"]);
});

test("filters that a message may do without", () => {
  const text = `${http}listen l\nbind :80\nfilter spoe engine waf config /etc/waf.conf\n` +
    "filter bwlim-out slow default-limit 1m default-period 1s\n" +
    "http-request send-spoe-group waf check\nhttp-response set-bandwidth-limit slow limit int(5)\n";
  assertEquals(warnings(text).map((warning) => warning.replace(/ has no effect.*/, "")), [
    "8:8 warning 'filter spoe'",
    "9:8 warning 'filter bwlim-out'",
    "10:14 warning 'send-spoe-group'",
    "11:15 warning 'set-bandwidth-limit'",
  ]);
});

test("variables of the process begin with a value", () => {
  const { initialVariables } = global(
    "set-var proc.a str(x)",
    "set-var-fmt proc.b %[var(proc.a)]-%pid if TRUE",
  );
  assertEquals(initialVariables, [
    { name: "proc.a", format: false, words: ["str(x)"] },
    { name: "proc.b", format: true, words: ["%[var(proc.a)]-%pid", "if", "TRUE"] },
  ]);
});

test("variables of the process that cannot begin so", () => {
  const lines: [line: string, expected: string][] = [
    ["set-var", "2:8 error 'set-var' expects a name"],
    ["set-var txn.a int(1)", "2:9 error 'txn.a' is not a variable of the process"],
    ["set-var proc.a", "2:15 error 'proc.a' expects an expression"],
    ["set-var proc.a foo", "2:16 error there is no sample fetch 'foo'"],
    ["set-var proc.a src", "2:16 error 'src' needs the client's connection"],
    ["set-var proc.a int(1) x", "2:23 error unexpected word 'x'"],
    ["set-var-fmt proc.a %[path]", "2:20 error in '%[path]': 'path' needs HTTP request headers"],
  ];
  for (const [line, expected] of lines) {
    const [first = ""] = errors(`global\n${line}\nlisten l\nbind :80\n`);
    assert(first.startsWith(expected), `${line}: ${first}`);
  }
});

test("'or' may be written large, and names of fetches may have a '+'", () => {
  assertEquals(
    errors(
      `${http}listen l\nbind :80\nstick-table type binary len 20 size 10 store http_req_cnt\n` +
        "http-request track-sc0 base32+src\nhttp-request deny if { path /a } OR { path /b }\n",
    ),
    [],
  );
});

test("QUIC is left out: the clients go on over TCP", () => {
  const text = `${http}listen l\nbind :80\nbind quic4@:443 ssl crt x.pem alpn h3\n`;
  assertEquals(warnings(text), [
    "8:6 warning 'bind quic4@:443' has no effect: sluice has no QUIC, and clients go on over TCP",
  ]);
  assertEquals(valid(text).proxies[0]?.bind.length, 1);
});

test("'zero-warning' is not about what has no effect in sluice alone", () => {
  const whole = (lines: string) =>
    `global\nzero-warning\n${lines}${http}frontend f\nbind :80\nmonitor-uri /\n`;
  assertEquals(whyNoWarnings(load(whole("lua-load x.lua\n"))), null);
  assertEquals(
    whyNoWarnings(load(whole("") + "default_backend b\nbackend b\nbalance roundrobin\nbind :1\n")),
    "some warnings were found, and 'zero-warning' is set",
  );
});
