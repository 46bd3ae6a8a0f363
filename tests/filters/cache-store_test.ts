/** The memory of a cache: whatever threads do with it, what is held stays as it was written. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bytesOf } from "#src/bytes/bytes.ts";
import { CacheStore } from "#src/filters/cache/store.ts";
import { createMemory, openMemory } from "#src/shared/memory.ts";
import { test } from "../testing.ts";

const blocks = 12;
const threads = 2;
const keys = ["a", "bb", "c".repeat(1500)].map(bytesOf);
const any = () => true;
const facts = (expires: number) => ({
  headLength: 0,
  expires,
  validated: 0,
  modified: 0,
  age: 0,
  tagFrom: 0,
  tagLength: 0,
  vary: 0,
});
const noVariant = new Int32Array(3);

function stores(): CacheStore[] {
  const first = createMemory(threads, 0);
  const made = new CacheStore(first, blocks * 1024, [1, 2], 2000);
  const second = openMemory(first.blocks, threads, 1);
  return [made, new CacheStore(second, blocks * 1024, [3, 4], 2000)];
}

/** Bytes that tell which entry they are of, and where in it they stand. */
function content(serial: number, from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (serial * 7 + (from + i) * 13) & 255);
}

function readAll(store: CacheStore, entry: number): Uint8Array {
  const { keyLength } = store.facts(entry);
  const size = store.size(entry);
  const bytes = new Uint8Array(size - keyLength);
  // In two steps, the second one from the block where the first has ended.
  const middle = keyLength + Math.floor(bytes.length / 2);
  const block = store.read(store.blockAt(entry, keyLength), keyLength, middle, bytes, 0);
  store.read(block, middle, size, bytes, middle - keyLength);
  return bytes;
}

interface Writing {
  readonly thread: number;
  readonly entry: number;
  readonly serial: number;
  readonly key: number;
  length: number;
}
interface Holding {
  readonly thread: number;
  readonly entry: number;
  readonly expected: Uint8Array;
}

const step = fc.record({
  what: fc.constantFrom("create", "append", "complete", "abandon", "find", "release", "invalidate"),
  thread: fc.nat(threads - 1),
  key: fc.nat(keys.length - 1),
  length: fc.oneof(fc.nat(40), fc.nat(4000)),
  pick: fc.nat(),
});

test("cache: the memory gives back what was put in, and all of its room", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, dies) => {
      const all = stores();
      const writing: Writing[] = [];
      const holding: Holding[] = [];
      /** What was completed last for each key. */
      const complete: (Uint8Array | null)[] = keys.map(() => null);
      let serial = 0;
      for (const { what, thread, key, length, pick } of steps) {
        const store = all[thread]!;
        store.setKey(keys[key]!, 0, keys[key]!.length);
        const own = writing.filter((each) => each.thread === thread);
        const chosen = own[pick % Math.max(1, own.length)];
        if (what === "create") {
          const busy = writing.some((each) => each.key === key);
          const entry = store.create(1, any, facts(10), noVariant, Infinity);
          if (entry === 0) continue;
          assert(!busy, "two are made of one key");
          complete[key] = null;
          writing.push({ thread, entry, serial: serial++, key, length: 0 });
        } else if (what === "append" && chosen !== undefined) {
          const bytes = content(chosen.serial, chosen.length, length);
          if (store.append(chosen.entry, bytes, 0, length)) chosen.length += length;
        } else if (what === "complete" && chosen !== undefined) {
          store.complete(chosen.entry);
          writing.splice(writing.indexOf(chosen), 1);
          complete[chosen.key] = content(chosen.serial, 0, chosen.length);
        } else if (what === "abandon" && chosen !== undefined) {
          store.abandon(chosen.entry);
          writing.splice(writing.indexOf(chosen), 1);
        } else if (what === "find") {
          const entry = store.find(1, any);
          if (entry === 0) continue;
          const expected = complete[key];
          assert(expected !== null && expected !== undefined, "what is not whole is found");
          assertEquals(readAll(store, entry), expected);
          holding.push({ thread, entry, expected });
        } else if (what === "release") {
          const held = holding.filter((each) => each.thread === thread);
          const one = held[pick % Math.max(1, held.length)];
          if (one === undefined) continue;
          assertEquals(readAll(store, one.entry), one.expected);
          store.release(one.entry);
          holding.splice(holding.indexOf(one), 1);
        } else if (what === "invalidate") {
          store.invalidate();
          complete[key] = null;
          // What is being made of it goes on, and is never found.
          for (const each of writing.filter((other) => other.key === key)) {
            all[each.thread]!.abandon(each.entry);
            writing.splice(writing.indexOf(each), 1);
          }
        }
        for (const { thread: by, entry, expected } of holding) {
          assertEquals(readAll(all[by]!, entry), expected, "what is held has changed");
        }
      }
      if (dies) {
        all[0]!.releaseThread(1);
      }
      for (const { thread, entry } of writing) {
        if (!dies || thread === 0) all[thread]!.abandon(entry);
      }
      for (const { thread, entry } of holding) {
        if (!dies || thread === 0) all[thread]!.release(entry);
      }
      for (const key of keys) {
        all[0]!.setKey(key, 0, key.length);
        all[0]!.invalidate();
      }
      assertEquals(all[0]!.list(), []);
      // All of the room is there again, for one that takes it.
      const entry = all[0]!.create(1, any, facts(10), noVariant, Infinity);
      assert(entry > 0);
      const left = blocks * 1024 - keys.at(-1)!.length;
      assert(all[0]!.append(entry, new Uint8Array(left), 0, left), "room is lost");
      assert(!all[0]!.append(entry, new Uint8Array(1), 0, 1));
    }),
    { numRuns: 300 },
  );
});

test("cache: the entry that was not used for longest leaves, and none that is held", () => {
  const [store] = stores() as [CacheStore];
  const put = (key: string, size: number) => {
    const bytes = bytesOf(key);
    store.setKey(bytes, 0, bytes.length);
    const entry = store.create(1, any, facts(10), noVariant, Infinity);
    const whole = store.append(entry, new Uint8Array(size), 0, size);
    if (whole) store.complete(entry);
    else store.abandon(entry);
    return whole;
  };
  const find = (key: string) => {
    const bytes = bytesOf(key);
    store.setKey(bytes, 0, bytes.length);
    return store.find(1, any);
  };
  for (const key of ["x", "y", "z"]) assert(put(key, 4000));
  store.release(find("x"));
  const held = find("z");
  assert(put("w", 4000));
  assertEquals(find("y"), 0);
  const x = find("x");
  assert(x > 0);
  // Three are held or new: of two there is no room for so much.
  assert(!put("v", 9000));
  store.release(x);
  store.release(held);
  assert(put("v", 9000));
});

test("cache: what has expired is not found, and gives way", () => {
  const [store] = stores() as [CacheStore];
  const key = bytesOf("k");
  store.setKey(key, 0, key.length);
  store.complete(store.create(1, any, facts(10), noVariant, Infinity));
  assert(store.find(9, any) > 0);
  assertEquals(store.find(10, any), 0);
  // Of several of a key there are no more than so many.
  const never = () => false;
  assertEquals(store.create(9, never, facts(10), noVariant, 1), 0);
  assert(store.create(10, never, facts(20), noVariant, 1) > 0);
});
