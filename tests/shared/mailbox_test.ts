import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Mailbox } from "#src/shared/mailbox.ts";
import { createMemory, openMemory } from "#src/shared/memory.ts";
import { test } from "../testing.ts";
import { crowd } from "./threads.ts";

/** Reads what threads send, asleep whenever there is nothing. @returns what came, by sender */
function readAll(
  { box, signal }: Pick<ReturnType<typeof crowd>, "box" | "signal">,
  count: number,
): Map<number, number[]> {
  const came = new Map<number, number[]>();
  let left = count;
  const receive = (sender: number, number: number, negative: number) => {
    assertEquals(negative, -number === 0 ? 0 : -number, "a message torn apart");
    const numbers = came.get(sender) ?? [];
    numbers.push(number);
    came.set(sender, numbers);
    left--;
  };
  const deadline = performance.now() + 20_000;
  while (left > 0) {
    assert(performance.now() < deadline, `${left} messages never came`);
    const seen = Atomics.load(signal, 0);
    if (!box.sleeps()) {
      const before = left;
      const woken = Atomics.wait(signal, 0, seen, 5000);
      box.wakes();
      box.empty(receive);
      assert(woken !== "timed-out" || left === before, "mail came, and nobody woke the sleeper");
      continue;
    }
    box.empty(receive);
  }
  return came;
}

for (const capacity of [2, 16, 4096]) {
  test(`mailbox of ${capacity}: all that threads send comes once, each sender's in order`, async () => {
    const times = 5000;
    const threads = crowd(3, "send", times, { capacity });
    const came = readAll(threads, 3 * times);
    await threads.all;
    threads.end();
    const numbers = Array.from({ length: times }, (_, i) => i);
    for (const sender of [1, 2, 3]) assertEquals(came.get(sender), numbers);
    let more = 0;
    threads.box.empty(() => more++);
    assertEquals(more, 0);
  });
}

test("mailbox: a sleeper is woken, once, and nobody else is", () => {
  const memory = createMemory(2, 0);
  let wakes = 0;
  const box = new Mailbox(memory, 8, () => wakes++);
  const theirs = new Mailbox(openMemory(memory.blocks, 2, 1), 8, () => wakes++);
  const read: number[] = [];
  const empty = () => box.empty((kind) => read.push(kind));
  theirs.post(1, 0, 0, 0);
  assertEquals(wakes, 0, "he is awake");
  assertEquals(box.sleeps(), true, "there is something in it");
  theirs.post(2, 0, 0, 0);
  assertEquals(wakes, 0, "he did not go to sleep");
  empty();
  assertEquals(box.sleeps(), false);
  theirs.post(3, 0, 0, 0);
  theirs.post(4, 0, 0, 0);
  assertEquals(wakes, 1);
  box.wakes();
  empty();
  theirs.post(5, 0, 0, 0);
  assertEquals(wakes, 1);
  empty();
  assertEquals(read, [1, 2, 3, 4, 5]);
});

test("mailbox: what is sent while it is emptied comes too, in order, and round the ring's end", () => {
  fc.assert(fc.property(
    fc.array(fc.nat(8), { maxLength: 50 }),
    fc.integer({ min: 8, max: 20 }),
    (bursts, capacity) => {
      const memory = createMemory(2, 0);
      const box = new Mailbox(memory, capacity, () => {});
      const theirs = new Mailbox(openMemory(memory.blocks, 2, 1), capacity, () => {});
      let sent = 0;
      const read: number[] = [];
      for (const burst of bursts) {
        for (let i = 0; i < burst; i++) theirs.post(sent++, 0, 0, 0);
        box.empty((kind) => {
          read.push(kind);
          if (kind % 5 === 0) box.post(sent++, 0, 0, 0);
        });
      }
      assertEquals(read, Array.from({ length: sent }, (_, i) => i));
    },
  ));
});
