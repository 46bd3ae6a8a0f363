import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Mailbox } from "#src/shared/mailbox.ts";
import { createMemory, openMemory } from "#src/shared/memory.ts";
import { Outbox } from "#src/shared/outbox.ts";
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

test("mailbox: what is withdrawn does not come, the rest does in order, and a full one says so", () => {
  fc.assert(fc.property(
    fc.array(fc.nat(3), { maxLength: 20 }),
    fc.nat(20),
    (kinds, before) => {
      const memory = createMemory(2, 0);
      const box = new Mailbox(memory, 8, () => {});
      const theirs = new Mailbox(openMemory(memory.blocks, 2, 1), 8, () => {});
      // Somewhere in the ring.
      for (let i = 0; i < before; i++) {
        theirs.post(9, 0, 0, 0);
        box.empty(() => {});
      }
      const fitting = kinds.map((kind, i) => theirs.post(kind, i, 0, 0));
      assertEquals(fitting, kinds.map((_kind, i) => i < 8));
      const sent = kinds.slice(0, 8).map((kind, i) => [kind, i, 0, 0] as const);
      assertEquals(theirs.withdraw(1), sent.filter(([kind]) => kind === 1));
      assertEquals(theirs.withdraw(1), []);
      assertEquals(box.read, before, "the owner has read nothing of it");
      const read: (readonly number[])[] = [];
      box.empty((...message) => read.push(message));
      assertEquals(read, sent.filter(([kind]) => kind !== 1));
    },
  ));
});

test("mailbox: of what a thread withdraws while another reads, each comes once", async () => {
  const times = 3000;
  const threads = crowd(2, "send", times, { capacity: 64 });
  const came = new Set<string>();
  let count = 0;
  const note = (sender: number, number: number) => {
    came.add(`${sender} ${number}`);
    count++;
  };
  const deadline = performance.now() + 20_000;
  while (count < 2 * times) {
    assert(performance.now() < deadline, `${2 * times - count} messages never came`);
    for (const [sender, number] of threads.box.withdraw(1)) note(sender, number);
    threads.box.empty(note);
  }
  await threads.all;
  threads.end();
  assertEquals([came.size, count], [2 * times, 2 * times]);
});

test("outbox: what does not fit goes later, in order, the same only once; others' boxes are no hindrance", () => {
  const memory = createMemory(2, 0);
  const boxes = [new Mailbox(memory, 2, () => {}), new Mailbox(memory, 2, () => {})];
  const outbox = new Outbox(boxes);
  const read: number[] = [];
  const empty = (box: number) => boxes[box]!.empty((kind) => read.push(kind));
  for (const kind of [1, 2, 3, 4, 3, 5]) outbox.post(0, kind, 0, 0, 0);
  outbox.post(1, 9, 0, 0, 0);
  assertEquals(outbox.empty, false);
  empty(1);
  outbox.flush();
  empty(0);
  // It is behind those that wait, though there is room now.
  outbox.post(0, 6, 0, 0, 0);
  while (!outbox.empty) {
    outbox.flush();
    empty(0);
  }
  assertEquals(read, [9, 1, 2, 3, 4, 5, 6]);
  for (const kind of [1, 2, 3, 4]) outbox.post(0, kind, 0, 0, 0);
  assertEquals(outbox.withdraw(0).map(([kind]) => kind), [3, 4]);
  assertEquals(outbox.empty, true);
});
