import { assert, assertEquals } from "@std/assert";
import type { LogTarget } from "#src/config/model.ts";
import { localDates } from "#src/log/date.ts";
import { createLogOutputs, openLogSinks } from "#src/log/sink.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";
import { type FakeTransport, fakeTransport } from "./transports.ts";

const udp = { kind: "udp", host: "::1", port: 514 } as const;
const plain: LogTarget = {
  target: { kind: "stdout" },
  format: "raw",
  len: 1024,
  facility: "local0",
  level: "debug",
  minlevel: "emerg",
};

function setUp() {
  const opened: [LogTarget["target"], FakeTransport][] = [];
  const failures: string[] = [];
  const clock = virtualClock();
  const due: (() => void)[] = [];
  const outputs = createLogOutputs({
    open(target) {
      const transport = fakeTransport();
      opened.push([target, transport]);
      return transport;
    },
    clock,
    originator: { tag: "sluice", pid: 7, hostname: "edge" },
    defer: (callback) => void due.push(callback),
    onFailure: (text) => void failures.push(text),
  });
  const transport = (i: number) => opened[i]![1];
  const endOfTurn = () => due.splice(0).forEach((callback) => callback());
  return { opened, transport, failures, clock, outputs, endOfTurn };
}

test("each target gets a message in its own format, cut to its own length", () => {
  const { transport, outputs } = setUp();
  const sink = openLogSinks([
    plain,
    { ...plain, target: udp, format: "local" },
    { ...plain, target: { kind: "stderr" }, format: "short", len: 80 },
  ], outputs);
  const message = "x".repeat(100);
  sink.write("notice", message, 1000);
  sink.flush();
  assertEquals(transport(0).lines, [message]);
  assertEquals(transport(1).lines, [`<133>${localDates.rfc3164(1000)} sluice[7]: ${message}`]);
  assertEquals(transport(2).lines, ["<5>" + "x".repeat(76)]);
});

test("a target gets only the levels that it wants", () => {
  const { transport, outputs } = setUp();
  const sink = openLogSinks([
    { ...plain, level: "err" },
    { ...plain, target: udp, level: "notice" },
  ], outputs);
  for (const level of ["alert", "notice", "info"] as const) sink.write(level, level, 0);
  sink.flush();
  assertEquals(transport(0).lines, ["alert"]);
  assertEquals(transport(1).lines, ["alert", "notice"]);
  assertEquals([sink.wants("notice"), sink.wants("info")], [true, false]);
});

test("sinks without targets take everything and do nothing", () => {
  const { opened, outputs } = setUp();
  const sink = openLogSinks([], outputs);
  sink.write("emerg", "is not logged", 0);
  sink.flush();
  sink.close();
  assertEquals(sink.wants("emerg"), false);
  assertEquals(opened.length, 0);
});

test("sinks share what leads to the same address, and the last one closes it", () => {
  const { opened, transport, outputs } = setUp();
  const first = openLogSinks([plain, { ...plain, target: udp }], outputs);
  const second = openLogSinks([{ ...plain, format: "short" }], outputs);
  assertEquals(opened.map(([target]) => target.kind), ["stdout", "udp"]);
  first.write("info", "one", 0);
  second.write("info", "two", 0);
  first.write("info", "three", 0);
  first.close();
  first.close();
  assertEquals([transport(0).closed, transport(1).closed], [false, true]);
  assertEquals(transport(1).lines, ["one", "three"]);
  second.close();
  assertEquals(transport(0).lines, ["one", "<6>two", "three"]);
  assert(transport(0).closed);
});

test("an address that was closed can be opened again", () => {
  const { opened, transport, outputs } = setUp();
  openLogSinks([plain], outputs).close();
  const sink = openLogSinks([plain], outputs);
  sink.write("info", "again", 0);
  sink.flush();
  assertEquals(opened.length, 2);
  assertEquals(transport(1).lines, ["again"]);
});

test("dropped lines are reported in the target's format, and the failure with the address", () => {
  const { transport, failures, clock, outputs, endOfTurn } = setUp();
  const sink = openLogSinks([{ ...plain, target: udp, format: "priority" }], outputs);
  transport(0).takes = () => -1;
  sink.write("info", "one", 0);
  sink.write("info", "two", 0);
  endOfTurn();
  assertEquals(failures, ["cannot log to [::1]:514: out of order"]);
  assertEquals(sink.dropped, 2);
  transport(0).takes = () => Infinity;
  sink.write("info", "three", 0);
  endOfTurn();
  clock.advance(100);
  assertEquals(transport(0).lines, ["<134>three", "<132>2 log lines dropped"]);
});
