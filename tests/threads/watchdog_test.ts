import { assertEquals } from "@std/assert";
import { createEpochs } from "#src/threads/epochs.ts";
import { createWatchdog } from "#src/threads/watchdog.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";

const ints = (...values: number[]) => Int32Array.from(values);

function watched() {
  const state = {
    up: ints(1, 1),
    stalled: ints(0, 0),
    turns: ints(0, 0),
    mailboxes: [{ read: 0, idle: false }, { read: 0, idle: false }] as const,
  };
  const mailboxes = state.mailboxes as unknown as { read: number; idle: boolean }[];
  const clock = virtualClock();
  const lines: string[] = [];
  const asked: number[] = [];
  const rescued: number[] = [];
  let looks = 0;
  const watch = createWatchdog(state, clock, {
    report: (line) => lines.push(line),
    ask: (thread) => asked.push(thread),
    stalled: (thread) => rescued.push(thread),
    checked: () => looks++,
  });
  watch.begin();
  /** Time passes, in which the second thread gets on, by turns and by what it reads. */
  function pass(ms: number): void {
    for (let at = 0; at < ms; at += 100) {
      if (at % 200 === 0) state.turns[1]!++;
      else mailboxes[1]!.read++;
      clock.advance(100);
    }
  }
  return { state, mailboxes, clock, lines, asked, rescued, pass, watch, looks: () => looks };
}

test("watch: a thread that stands is given nothing after 0.5 s, and reported once after 2 s", () => {
  const { state, lines, asked, rescued, pass } = watched();
  pass(400);
  assertEquals([...state.stalled], [0, 0]);
  pass(600);
  assertEquals([[...state.stalled], lines], [[1, 0], []]);
  pass(5000);
  assertEquals(lines, [
    "thread 1 has not answered for 2.0 s: its connections wait, the other threads serve on",
  ]);
  assertEquals([asked, [...new Set(rescued)]], [[0], [0]]);
  state.turns[0]!++;
  pass(300);
  assertEquals([...state.stalled], [0, 0]);
  assertEquals(lines.slice(1), ["thread 1 answers again, after 6.0 s"]);
  state.turns[0]!++;
  pass(300);
  assertEquals(lines.length, 2);
});

test("watch: one that sleeps with nothing to do, one that is down, and one that died are not stuck", () => {
  const { state, mailboxes, lines, pass, watch } = watched();
  mailboxes[0]!.idle = true;
  pass(5000);
  mailboxes[0]!.idle = false;
  state.up[0] = 0;
  pass(5000);
  state.up[0] = 1;
  pass(1500);
  assertEquals([...state.stalled], [1, 0]);
  watch.releaseThread(0);
  assertEquals([[...state.stalled], lines], [[0, 0], []]);
  state.up[0] = 0;
  pass(3000);
  assertEquals(lines, []);
});

test("watch: a pause of the whole process is no thread's; the end ends it", () => {
  const { state, clock, lines, looks, watch } = watched();
  const { now } = clock;
  let pause = 0;
  Object.assign(clock, { now: () => now() + pause });
  for (let i = 0; i < 10; i++) {
    clock.advance(240);
    pause += 60_000;
    clock.advance(20);
    state.turns[0]!++;
    state.turns[1]!++;
  }
  assertEquals(lines, []);
  const before = looks();
  watch.stop();
  clock.advance(10_000);
  assertEquals(looks(), before);
});

function epochs() {
  const state = { up: ints(1, 1, 0), stalled: ints(0, 0, 0), done: ints(0, 0, 0) };
  const clock = virtualClock();
  const posted: [number, number][] = [];
  const all = createEpochs(state, clock, (...message) => posted.push(message));
  /** Threads come to what was posted to them last. */
  function come(...threads: number[]): void {
    for (const thread of threads) {
      state.done[thread] = posted.findLast(([to]) => to === thread)![1];
    }
    all.check();
  }
  return { state, clock, posted, all, come };
}

test("epochs: it is done when all that are up have come so far, twice", () => {
  const { posted, all, come } = epochs();
  let done = 0;
  all.whenDone(() => done++);
  assertEquals(posted.map(([thread]) => thread), [0, 1]);
  come(0);
  assertEquals(posted.length, 2);
  come(1);
  assertEquals([posted.length, done], [4, 0]);
  come(0, 1);
  assertEquals(done, 1);
  come(0, 1);
  assertEquals(done, 1);
});

test("epochs: who dies, is stuck, or takes 5 s is not waited for", () => {
  const { state, clock, all, come } = epochs();
  const done: string[] = [];
  all.whenDone(() => done.push("death"));
  state.up[1] = 0;
  come(0);
  come(0);
  assertEquals(done, ["death"]);
  state.up[1] = 1;
  all.whenDone(() => done.push("stuck"));
  state.stalled[1] = 1;
  come(0);
  come(0);
  assertEquals(done, ["death", "stuck"]);
  state.stalled[1] = 0;
  all.whenDone(() => done.push("late"));
  clock.advance(4999);
  all.check();
  assertEquals(done.length, 2);
  clock.advance(1);
  all.check();
  all.check();
  assertEquals(done, ["death", "stuck", "late"]);
});

test("epochs: what must have been passed by all waits for one that is stuck, but not for the dead", () => {
  const { state, clock, all, come } = epochs();
  let passed = 0;
  all.whenAllPassed(() => passed++);
  state.stalled[1] = 1;
  come(0);
  clock.advance(60_000);
  all.check();
  assertEquals(passed, 0);
  come(1);
  assertEquals(passed, 1);
  all.whenAllPassed(() => passed++);
  come(0);
  state.up[1] = 0;
  all.check();
  assertEquals(passed, 2);
  state.up[0] = 0;
  all.whenAllPassed(() => passed++);
  assertEquals(passed, 3, "nobody is up");
});
