import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Configuration, type LogTarget, Proxy } from "#src/config/model.ts";
import { openProxyLog } from "#src/log/proxy-log.ts";
import { createLogOutputs } from "#src/log/sink.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";
import { lineWriter } from "./lines.ts";
import { example } from "./records.ts";
import { fakeTransport } from "./transports.ts";

const stdout: LogTarget = {
  target: { kind: "stdout" },
  format: "raw",
  len: 1024,
  facility: "local0",
  level: "debug",
  minlevel: "emerg",
};

function proxy(logFormat: string | null, settings: Partial<Proxy> = {}): Proxy {
  const log = { logFormat: logFormat as Proxy["logFormat"], log: [stdout] };
  return { ...v.parse(Proxy, { name: "web", kind: "listen", mode: "http" }), ...log, ...settings };
}

function open(...proxies: Proxy[]) {
  const clock = virtualClock();
  const transport = fakeTransport();
  const outputs = createLogOutputs({
    open: () => transport,
    clock,
    originator: { tag: "sluice", pid: 7, hostname: "edge" },
    defer: (callback) => callback(),
    onFailure: () => {},
  });
  const log = openProxyLog({ ...v.parse(Configuration, {}), proxies }, outputs, clock);
  return { log, lines: transport.lines };
}

test("each proxy logs in its own format, named or given as a string", () => {
  const [http, tcp] = [proxy("httplog"), proxy("tcplog", { mode: "tcp" })];
  const own = proxy("%H %pid %s %{+Q}r");
  const { log, lines } = open(http, tcp, own);
  for (const each of [http, tcp, own]) log.session(each, { ...example });
  assertEquals(lines, [
    lineWriter("httplog")(example),
    lineWriter("tcplog")(example),
    'edge 7 srv1 "GET /index.html HTTP/1.1"',
  ]);
});

test("in TCP mode there is no request to log", () => {
  const relay = proxy("httplog", { mode: "tcp" });
  const { log, lines } = open(relay);
  log.session(relay, { ...example });
  assertEquals(lines, [lineWriter("tcplog")(example)]);
});

test("each proxy counts its lines", () => {
  const [first, second] = [proxy("a%lc"), proxy("b%lc")];
  const { log, lines } = open(first, second);
  for (const each of [first, first, second, first]) log.session(each, { ...example });
  assertEquals(lines, ["a0", "a1", "b0", "a2"]);
});

test("an empty line is not logged", () => {
  const quiet = proxy("%hr");
  const { log, lines } = open(quiet);
  log.session(quiet, { ...example });
  log.session(quiet, { ...example, requestHeaders: ["a"] });
  assertEquals(lines, ["{a}"]);
});

test("what no format asks for need not be found out", () => {
  const [http, own, silent] = [proxy("httplog"), proxy("%si"), proxy("%si", { log: [] })];
  const { log } = open(http, own, silent);
  assertEquals(
    [http, own, silent].map((each) => log.needs(each, "server address")),
    [false, true, false],
  );
});

test("a format that is wrong was to be found by the configuration check", () => {
  assertThrows(() => open(proxy("%ci %nope")), Error, "column 5: there is no variable '%nope'");
});
