import { assert, assertEquals, assertRejects } from "@std/assert";
import { noEvents } from "#src/net/socket.ts";
import { randomOf, simulate } from "#src/simulate/simulation.ts";
import { test } from "../testing.ts";

const at = { kind: "ip", host: "10.0.0.1", port: 80 } as const;

test("simulation: what is awaited takes virtual time only", async () => {
  const { clock, complete } = simulate();
  const before = performance.now();
  const hours = async () => {
    for (let i = 0; i < 24; i++) {
      await new Promise<void>((resolve) => clock.schedule(3_600_000, resolve));
    }
    return "a day";
  };
  assertEquals(await complete(hours()), "a day");
  assertEquals(clock.now(), 24 * 3_600_000);
  assert(performance.now() - before < 5000);
});

test("simulation: what is due on the network comes before the next timer", async () => {
  const { clock, network, complete } = simulate();
  const seen: string[] = [];
  const listener = network.listen(at, {}, () => {
    seen.push(`accepted at ${clock.now()}`);
    return noEvents;
  });
  const socket = network.connect(at, {}, {
    ...noEvents,
    opened: () => void seen.push(`opened at ${clock.now()}`),
  });
  await complete(new Promise<void>((resolve) => clock.schedule(5, resolve)));
  assertEquals(seen.sort(), ["accepted at 0", "opened at 0"]);
  socket.close();
  listener.close();
});

test("simulation: a failure is who awaits it's own; a wait for nothing is told", async () => {
  await assertRejects(
    () => simulate().complete(Promise.reject(new Error("broken"))),
    Error,
    "broken",
  );
  await assertRejects(
    () => simulate().complete(new Promise(() => {})),
    Error,
    "the simulation waits for what never comes",
  );
});

test("simulation: chance is the same for the same seed, and even", () => {
  const series = (seed: number) => Array.from({ length: 4000 }, randomOf(seed));
  assertEquals(series(7), series(7));
  const [one, other] = [series(1), series(2)];
  assert(one.some((value, i) => value !== other[i]));
  assert(one.every((value) => value >= 0 && value < 1));
  for (let tenth = 0; tenth < 10; tenth++) {
    const count = one.filter((value) => Math.floor(value * 10) === tenth).length;
    assert(count > 320 && count < 480, `${count} of 4000 in one tenth`);
  }
});
