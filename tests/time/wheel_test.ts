import { type Clock, virtualClock } from "#src/time/clock.ts";
import { Timer, TimerWheel } from "#src/time/wheel.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

/** How late a time-out may be: a tick, and its rounding. */
const latest = 17;

/** A timer that keeps account of when it fired. */
class Noted extends Timer {
  readonly fired: number[] = [];
  constructor(readonly clock: Clock, readonly then: () => void = () => {}) {
    super();
  }
  override fire(): void {
    this.fired.push(this.clock.now());
    this.then();
  }
}

function scene() {
  const clock = virtualClock();
  const wheel = new TimerWheel(clock);
  return { clock, wheel, timer: (then?: () => void) => new Noted(clock, then) };
}

/** Whether the timer fired once, for a deadline at `due`. */
function assertFired(timer: Noted, due: number): void {
  assertEquals(timer.fired.length, 1);
  const late = timer.fired[0]! - due;
  assert(late >= 0 && late <= latest, `${late} ms late`);
}

test("wheel: fires once, not early, and late by a tick at most", () => {
  for (const delay of [0, 0.1, 1, 15, 16, 17, 100, 1000.5, 16_384, 16_400, 60_000, 1_000_000]) {
    const { clock, wheel, timer } = scene();
    clock.advance(7);
    const noted = timer();
    wheel.set(noted, delay);
    clock.advance(delay + latest);
    assertFired(noted, 7 + delay);
    assertEquals([noted.deadline, wheel.size], [Infinity, 0]);
    clock.advance(100_000);
    assertEquals(noted.fired.length, 1);
  }
});

test("wheel: a deadline that moves later fires once, then", () => {
  const { clock, wheel, timer } = scene();
  const noted = timer();
  wheel.set(noted, 50);
  for (let i = 0; i < 1000; i++) {
    clock.advance(40);
    wheel.set(noted, 50);
  }
  assertEquals([noted.fired, wheel.size], [[], 1]);
  clock.advance(50 + latest);
  assertFired(noted, 40_050);
});

test("wheel: a deadline that moves earlier fires once, then", () => {
  const { clock, wheel, timer } = scene();
  const noted = timer();
  wheel.set(noted, 30_000);
  clock.advance(1000);
  wheel.set(noted, 100);
  clock.advance(100 + latest);
  assertFired(noted, 1100);
  clock.advance(60_000);
  assertEquals(noted.fired.length, 1);
});

test("wheel: what is disarmed does not fire, and is let go of", () => {
  const { clock, wheel, timer } = scene();
  const [cleared, unset, removed] = [timer(), timer(), timer()];
  for (const noted of [cleared, unset, removed]) wheel.set(noted, 100);
  wheel.clear(cleared);
  wheel.set(unset, null);
  wheel.remove(removed);
  assertEquals(wheel.size, 2); // cleared ones stay until their slot comes round
  wheel.remove(removed);
  clock.advance(100 + latest);
  assertEquals(wheel.size, 0);
  assertEquals([...cleared.fired, ...unset.fired, ...removed.fired], []);
});

test("wheel: a timer may be armed again, by itself and by others, while timers fire", () => {
  for (const delay of [0, 1, 16, 17, 16_384]) {
    const { clock, wheel, timer } = scene();
    let rounds = 0;
    const other = timer();
    const noted = timer(() => {
      if (++rounds === 1) wheel.set(noted, delay);
      if (rounds === 1) wheel.set(other, delay);
    });
    wheel.set(noted, 16);
    clock.advance(16 + delay + 2 * latest);
    assertEquals(noted.fired.length, 2);
    assertEquals(other.fired.length, 1);
    assertEquals(other.fired[0], noted.fired[1]);
  }
});

test("wheel: a timer that fires may disarm and remove the others of its tick", () => {
  for (const way of ["clear", "remove"] as const) {
    const { clock, wheel, timer } = scene();
    const timers: Noted[] = Array.from({ length: 3 }, () =>
      timer(() => {
        for (const other of timers) wheel[way](other);
      }));
    for (const noted of timers) wheel.set(noted, 20);
    clock.advance(100);
    assertEquals(timers.flatMap((noted) => noted.fired).length, 1);
    assertEquals(wheel.size, 0);
  }
});

test("wheel: after a stop nothing fires", () => {
  const { clock, wheel, timer } = scene();
  const before = timer();
  wheel.set(before, 20);
  wheel.stop();
  const after = timer();
  wheel.set(after, 20);
  clock.advance(1000);
  assertEquals([before.fired, after.fired], [[], []]);
});

test("wheel: a stop by a timer that fires holds for the others too", () => {
  const { clock, wheel, timer } = scene();
  const timers = [1, 2, 3].map(() => timer(() => wheel.stop()));
  for (const noted of timers) wheel.set(noted, 20);
  clock.advance(1000);
  assertEquals(timers.flatMap((noted) => noted.fired).length, 1);
});

test("wheel: thousands of timers need one of the clock's", () => {
  const { clock, timer } = scene();
  const waiting = new Set<() => void>();
  let most = 0;
  let made = 0;
  const counted: Clock = {
    ...clock,
    schedule(delay, callback) {
      made++;
      const cancel = clock.schedule(delay, () => {
        waiting.delete(cancel);
        callback();
      });
      waiting.add(cancel);
      most = Math.max(most, waiting.size);
      return () => {
        waiting.delete(cancel);
        cancel();
      };
    },
  };
  const wheel = new TimerWheel(counted);
  const timers = Array.from(
    { length: 5000 },
    (_, i) => ({ noted: timer(), due: i * 7919 % 40_000 }),
  );
  for (const { noted, due } of timers) wheel.set(noted, due);
  made = 0;
  for (const { noted, due } of timers) wheel.set(noted, due + 20_000);
  assertEquals(made, 0); // moving later costs the clock nothing
  assertEquals(wheel.size, 5000);
  clock.advance(60_000 + latest);
  for (const { noted, due } of timers) assertFired(noted, due + 20_000);
  assertEquals([wheel.size, most], [0, 1]);
});

test("wheel: of several, any may be unlinked, first, last or between", () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]]) {
    const { clock, wheel, timer } = scene();
    const timers = [timer(), timer(), timer(), timer()];
    for (const noted of timers) wheel.set(noted, 20);
    for (const i of order) wheel.remove(timers[i]!);
    assertEquals(wheel.size, 1);
    clock.advance(100);
    assertEquals(timers.map((noted) => noted.fired.length), [0, 0, 0, 1]);
  }
});

/** A clock whose callbacks all come at the end of an advance: a process that was held up. */
function haltingClock() {
  let now = 3.25;
  const due = new Set<{ at: number; callback: () => void }>();
  const clock: Clock = {
    now: () => now,
    wall: () => now,
    schedule(delay, callback) {
      const entry = { at: now + Math.max(0, delay), callback };
      due.add(entry);
      return () => due.delete(entry);
    },
  };
  return {
    clock,
    advance(ms: number) {
      now += ms;
      for (;;) {
        const entry = [...due].find(({ at }) => at <= now);
        if (entry === undefined) return;
        due.delete(entry);
        entry.callback();
      }
    },
  };
}

test("wheel: after the process was held up, all that is overdue fires at once", () => {
  for (const pause of [500, 16_384, 16_400, 100_000]) {
    const { clock, advance } = haltingClock();
    const wheel = new TimerWheel(clock);
    const timers = Array.from(
      { length: 300 },
      (_, i) => ({ noted: new Noted(clock), due: i * 331 }),
    );
    for (const { noted, due } of timers) wheel.set(noted, due);
    advance(pause);
    for (const { noted, due } of timers) {
      if (due <= pause - latest) assertEquals(noted.fired.length, 1, `${due} after ${pause}`);
      if (due > pause) assertEquals(noted.fired.length, 0, `${due} after ${pause}`);
    }
    // And those that it armed on the way are not forgotten.
    for (let i = 0; i < 10_000; i++) advance(16);
    assertEquals(timers.every(({ noted }) => noted.fired.length === 1), true);
    assertEquals(wheel.size, 0);
  }
});

const delay = fc.oneof(
  fc.nat(100),
  fc.nat(40_000),
  fc.double({ min: 0, max: 50, noNaN: true }),
  fc.constantFrom(0, 16, 32, 16_384, 16_368, 16_400, 32_768),
);
const timers = 6;
const step = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), timer: fc.nat(timers - 1), delay }),
  fc.record({ kind: fc.constant("set" as const), timer: fc.nat(timers - 1), delay }),
  fc.record({
    kind: fc.constantFrom("clear" as const, "remove" as const, "unset" as const),
    timer: fc.nat(timers - 1),
  }),
  fc.record({ kind: fc.constant("advance" as const), delay }),
);

test("wheel: fires what a list of deadlines says", () => {
  const again = fc.array(fc.option(delay, { nil: null }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), again, (steps, rearm) => {
      const { clock, wheel } = scene();
      const deadlines = new Array<number>(timers).fill(Infinity);
      const next = rearm.values();
      const set = (i: number, delay: number) => {
        deadlines[i] = clock.now() + delay;
        wheel.set(noted[i]!, delay);
      };
      const noted = deadlines.map((_, i) =>
        new Noted(clock, () => {
          const late = clock.now() - deadlines[i]!;
          assert(late >= 0 && late <= latest, `timer ${i}: ${late} ms late`);
          deadlines[i] = Infinity;
          // Some arm themselves again, or a neighbour.
          const delay = next.next().value ?? null;
          if (delay !== null) set((i + Math.floor(delay) % 2) % timers, delay);
        })
      );
      const advance = (ms: number) => {
        clock.advance(ms);
        for (const deadline of deadlines) assert(deadline > clock.now() - latest, "overdue");
      };
      for (const step of steps) {
        if (step.kind === "advance") {
          advance(step.delay);
        } else if (step.kind === "set") {
          set(step.timer, step.delay);
        } else {
          deadlines[step.timer] = Infinity;
          if (step.kind === "unset") wheel.set(noted[step.timer]!, null);
          else wheel[step.kind](noted[step.timer]!);
        }
      }
      for (let i = 0; i < 12; i++) advance(40_000);
      assertEquals([wheel.size, new Set(deadlines)], [0, new Set([Infinity])]);
    }),
    { numRuns: 500 },
  );
});
