import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createQueue } from "#src/log/queue.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";
import { fakeTransport } from "./transports.ts";

function setUp() {
  const transport = fakeTransport();
  const clock = virtualClock();
  const failures: string[] = [];
  const due: (() => void)[] = [];
  const queue = createQueue({
    transport,
    clock,
    defer: (callback) => void due.push(callback),
    dropLine: (count) => `${count} dropped`,
    dropLimit: 80,
    onFailure: (reason) => void failures.push(reason),
  });
  const endOfTurn = () => due.splice(0).forEach((callback) => callback());
  return { transport, clock, failures, queue, endOfTurn };
}

test("the lines of a turn leave together at its end", () => {
  const { transport, queue, endOfTurn } = setUp();
  queue.put("one", 80);
  queue.put("two", 80);
  assertEquals(transport.lines, []);
  endOfTurn();
  assertEquals(transport.lines, ["one", "two"]);
  assertEquals(transport.offered, [2]);
  endOfTurn();
  assertEquals(transport.offered, [2], "nothing is left to do");
});

test("flush does not wait for the end of the turn", () => {
  const { transport, queue } = setUp();
  queue.put("one", 80);
  queue.flush();
  assertEquals(transport.lines, ["one"]);
});

test("lines are cut to their limit", () => {
  const { transport, queue } = setUp();
  queue.put("x".repeat(100), 80);
  queue.flush();
  assertEquals(transport.lines, ["x".repeat(80)]);
});

test("what a busy transport does not take is tried again, in order", () => {
  const { transport, clock, queue, endOfTurn } = setUp();
  let room = 1;
  transport.takes = () => {
    const taken = Math.min(room, 1);
    room -= taken;
    return taken;
  };
  for (const line of ["one", "two", "three"]) queue.put(line, 80);
  endOfTurn();
  assertEquals(transport.lines, ["one"]);
  room = Infinity;
  queue.put("four", 80);
  clock.advance(1);
  assertEquals(transport.lines, ["one", "two", "three", "four"]);
  assertEquals(queue.dropped, 0);
});

test("a transport that stays busy is asked less and less often, but at least 10 times a second", () => {
  const { transport, clock, queue, endOfTurn } = setUp();
  transport.takes = () => 0;
  queue.put("one", 80);
  endOfTurn();
  clock.advance(10_000);
  const asked = transport.offered.length;
  assert(asked >= 100 && asked <= 200, `asked ${asked} times`);
});

test("memory is bounded: lines without room are dropped, counted, and reported later", () => {
  const { transport, clock, queue, endOfTurn } = setUp();
  transport.takes = () => 0;
  const line = "x".repeat(1000);
  for (let i = 0; i < 3000; i++) queue.put(line, 1024);
  endOfTurn();
  const { dropped } = queue;
  assert(dropped > 1900 && dropped < 2100, `dropped ${dropped}`);
  transport.takes = () => Infinity;
  clock.advance(100);
  assertEquals(transport.lines.length, 3000 - dropped + 1);
  assertEquals(transport.lines.at(-1), `${dropped} dropped`);
  assertEquals(queue.dropped, dropped);
});

test("a turn with more than fits in memory loses nothing if the transport keeps up", () => {
  const { transport, queue, endOfTurn } = setUp();
  const line = "x".repeat(1000);
  for (let i = 0; i < 3000; i++) queue.put(line, 1024);
  endOfTurn();
  assertEquals(queue.dropped, 0);
  assertEquals(transport.lines.length, 3000);
});

test("a transport which fails is reported once, until it has worked again", () => {
  const { transport, failures, queue, clock, endOfTurn } = setUp();
  transport.takes = () => -1;
  for (let i = 0; i < 5; i++) {
    queue.put("lost", 80);
    endOfTurn();
  }
  assertEquals(failures, ["out of order"]);
  assertEquals(queue.dropped, 5);
  transport.takes = () => Infinity;
  queue.put("there", 80);
  endOfTurn();
  clock.advance(10);
  assertEquals(transport.lines, ["there", "5 dropped"]);
  transport.takes = () => -1;
  queue.put("lost", 80);
  endOfTurn();
  assertEquals(failures, ["out of order", "out of order"]);
});

test("dropped lines are reported at most once a second, and all of them in the end", () => {
  const { transport, clock, queue, endOfTurn } = setUp();
  for (let i = 0; i < 50; i++) {
    transport.takes = () => -1;
    queue.put("lost", 80);
    endOfTurn();
    transport.takes = () => Infinity;
    queue.put("there", 80);
    endOfTurn();
    clock.advance(50);
  }
  const reports = () => transport.lines.filter((line) => line.endsWith("dropped"));
  assertEquals(reports(), ["1 dropped", "20 dropped", "20 dropped"]);
  queue.close();
  assertEquals(reports().at(-1), "9 dropped");
});

test("close waits a while for a slow reader, and gives up on one that stands", () => {
  const slow = setUp();
  slow.transport.takes = () => slow.transport.offered.length % 2;
  for (const line of ["one", "two", "three"]) slow.queue.put(line, 80);
  slow.queue.close();
  assertEquals(slow.transport.lines, ["one", "two", "three"]);
  assert(slow.transport.closed);

  const standing = setUp();
  standing.transport.takes = () => 0;
  standing.queue.put("one", 80);
  standing.queue.close();
  assertEquals(standing.transport.waits.reduce((a, b) => a + b), 1000);
  assertEquals(standing.queue.dropped, 1);
  assertEquals(standing.failures, ["1 lines not delivered at the end"]);
  assert(standing.transport.closed);
});

test("close reports dropped lines at once", () => {
  const { transport, queue } = setUp();
  transport.takes = () => transport.offered.length === 1 ? -1 : Infinity;
  queue.put("lost", 80);
  queue.close();
  assertEquals(transport.lines, ["1 dropped"]);
});

test("after close lines are counted as dropped, and nothing is touched", () => {
  const { transport, queue, endOfTurn } = setUp();
  queue.close();
  queue.put("late", 80);
  queue.flush();
  endOfTurn();
  assertEquals(transport.offered, []);
  assertEquals(queue.dropped, 1);
});

test("whatever the transport does, every line arrives once, whole and in order, or is counted", () => {
  const behaviour = fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 1, maxLength: 50 });
  const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 100 });
  fc.assert(fc.property(behaviour, sizes, (answers, sizes) => {
    const { transport, clock, queue, endOfTurn } = setUp();
    let call = 0;
    transport.takes = () => answers[call++] ?? Infinity;
    sizes.forEach((size, i) => {
      queue.put(`${i} ${"x".repeat(size)}`, 4096);
      if (size % 3 === 0) endOfTurn();
      if (size % 7 === 0) clock.advance(1);
    });
    endOfTurn();
    clock.advance(10_000);
    queue.close();
    const arrived = transport.lines.filter((line) => !line.endsWith("dropped"));
    const reports = transport.lines.filter((line) => line.endsWith("dropped"));
    let last = -1;
    for (const line of arrived) {
      const index = parseInt(line);
      assert(index > last);
      last = index;
      assertEquals(line, `${index} ${"x".repeat(sizes[index]!)}`);
    }
    assertEquals(queue.dropped, sizes.length - arrived.length);
    const reported = reports.reduce((sum, line) => sum + parseInt(line), 0);
    // If something was delivered at the end, so was the truth about the rest.
    if (call > answers.length) assertEquals(reported, queue.dropped);
    else assert(reported <= queue.dropped);
  }));
});
