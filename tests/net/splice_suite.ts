/** What every adapter does that passes bytes from socket to socket unseen. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Endpoint, Socket, SpliceEvents } from "#src/net/socket.ts";
import { socketFromStreams } from "#src/net/streams/network.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";
import { type End, ignoringEvents, sequence } from "./end.ts";
import { play, type Scene, scenes, type Subject } from "./scene.ts";

const megabyte = 1 << 20;
/** More than all buffers between two sockets hold. */
const large = 48 * megabyte;
/** What may at most be on its way to a reader that does not read: the kernel's buffers and ours. */
const bound = 32 * megabyte;

/** Keeps the account of a splice. */
class Account implements SpliceEvents {
  passed = 0;
  waits = false;
  calls = 0;
  /** Whether the owner is in a call of its own. */
  inside = false;
  readonly violations: string[] = [];
  /** Called after each entry. */
  then: (count: number) => void = () => {};

  spliced(_: Socket, count: number, waits: boolean): void {
    if (this.inside) this.violations.push("spliced inside a call");
    if (count === 0 && waits === this.waits) this.violations.push("spliced for nothing");
    this.calls++;
    this.passed += count;
    this.waits = waits;
    this.then(count);
  }
}

/** sender -> source, which is spliced to target -> receiver. */
interface Line {
  readonly sender: End;
  readonly source: End;
  readonly target: End;
  readonly receiver: End;
  readonly account: Account;
  /** @returns what the source said */
  splice(count: number): boolean;
}

async function lineOf(scene: Scene, at?: () => Endpoint): Promise<Line> {
  const [sender, source] = await scene.pair(at?.());
  const [target, receiver] = await scene.pair(at?.());
  const account = new Account();
  receiver.checks = true;
  return {
    sender,
    source,
    target,
    receiver,
    account,
    splice(count) {
      account.inside = true;
      const is = source.socket.splice?.(target.socket, count, account) ?? false;
      account.inside = false;
      return is;
    },
  };
}

/** Declares the cases for sockets that can splice. */
export function spliceSuite(subject: Subject): void {
  const declare = scenes(subject);

  function scene(name: string, body: (line: Line, scene: Scene) => Promise<void>): void {
    declare(`splice: ${name}`, async (scene) => {
      const line = await lineOf(scene);
      await body(line, scene);
      assertEquals(line.account.violations, []);
    });
  }

  for (const count of [1, 100, 65_535, 65_536, 65_537, megabyte, 5 * megabyte + 1]) {
    scene(`${count} bytes pass unseen, what follows is shown`, async (line) => {
      const { sender, source, receiver, account } = line;
      assert(line.splice(count));
      sender.sendSequence(count + 1000);
      await receiver.got(count);
      await source.got(1000);
      assertEquals([receiver.received, account.passed, account.waits], [count, count, false]);
      assertEquals(source.content, [...sequence(count, 1000)]);
    });
  }

  scene("many small pieces pass, one after the other", async (line) => {
    assert(line.splice(Infinity));
    for (let i = 1; i <= 50; i++) {
      line.sender.sendSequence(i * 100);
      await line.receiver.got(i * 100);
    }
    assertEquals([line.source.received, line.account.passed], [0, 5000]);
  });

  scene("a splice that begins in data takes the rest", async (line) => {
    const { sender, source, receiver, account } = line;
    const total = megabyte;
    let shown = 0;
    source.then.data = () => {
      if (shown > 0) return;
      shown = source.received;
      // What was shown here is not shown there.
      receiver.received = shown;
      assert(line.splice(total - shown));
    };
    sender.sendSequence(total + 10);
    await until(() => shown > 0, "the first bytes");
    await receiver.got(total);
    await source.got(shown + 10);
    assertEquals([receiver.received, account.passed], [total, total - shown]);
    assertEquals(source.content.slice(-10), [...sequence(total, 10)]);
  });

  scene("the end comes after all that came before it", async (line) => {
    const { sender, source, target, receiver, account } = line;
    assert(line.splice(Infinity));
    let atEnd = 0;
    source.then.ended = () => {
      atEnd = account.passed;
      target.shutdown();
    };
    sender.sendSequence(3 * megabyte);
    await until(() => sender.sequenceSent === 3 * megabyte, "all to be sent");
    sender.shutdown();
    await receiver.waitFor("ended");
    assertEquals([receiver.received, atEnd, source.received], [3 * megabyte, 3 * megabyte, 0]);
    // The other directions are as they were.
    sender.checks = true;
    source.sendSequence(1000);
    await sender.got(1000);
  });

  scene("an end before the count is told as such", async (line) => {
    const { sender, source, target, receiver, account } = line;
    assert(line.splice(1000));
    sender.sendSequence(999);
    sender.shutdown();
    await source.waitFor("ended");
    assertEquals(account.passed, 999);
    // It is over: the target is its owner's again.
    await receiver.got(999);
    receiver.checks = false;
    target.send("x");
    await receiver.got(1000);
  });

  scene("both directions at once", async (line) => {
    const { sender, source, target, receiver, account } = line;
    const back = new Account();
    assert(line.splice(Infinity));
    assert(target.socket.splice!(source.socket, Infinity, back));
    sender.checks = true;
    sender.sendSequence(4 * megabyte);
    receiver.sendSequence(4 * megabyte);
    await receiver.got(4 * megabyte);
    await sender.got(4 * megabyte);
    assertEquals([account.passed, back.passed], [4 * megabyte, 4 * megabyte]);
    assertEquals([source.received, target.received], [0, 0]);
  });

  scene("a reader that stops stalls the sender, then gets everything", async (line, scene) => {
    const { sender, target, receiver, account } = line;
    assert(line.splice(large));
    const { drains } = target;
    receiver.pause();
    sender.sendSequence(large);
    await until(() => account.waits, "word of waiting");
    await scene.settle();
    assert(sender.sequenceSent < bound, `${sender.sequenceSent} bytes taken while nobody reads`);
    receiver.resume();
    await receiver.got(large);
    assertEquals([account.passed, account.waits, target.drains], [large, false, drains]);
  });

  scene("a pause of the source stops the passing", async (line, scene) => {
    const { sender, source, receiver, account } = line;
    assert(line.splice(Infinity));
    sender.sendSequence(1000);
    await receiver.got(1000);
    source.pause();
    sender.sendSequence(2000);
    sender.shutdown();
    await scene.settle();
    assertEquals([receiver.received, account.passed], [1000, 1000]);
    assert(!source.log.includes("ended"));
    source.resume();
    await source.waitFor("ended");
    await receiver.got(2000);
    assertEquals(account.passed, 2000);
  });

  scene("inside spliced the next splice may begin", async (line) => {
    const { sender, source, receiver, account } = line;
    let rounds = 1;
    assert(line.splice(500));
    account.then = () => {
      if (account.passed % 500 !== 0 || rounds === 5) return;
      rounds++;
      assert(line.splice(500));
    };
    sender.sendSequence(5 * 500 + 7);
    await source.got(7);
    await receiver.got(2500);
    assertEquals([rounds, receiver.received, source.received], [5, 2500, 7]);
  });

  scene("inside spliced the target is its owner's, when all is passed", async (line) => {
    const { sender, target, receiver, account } = line;
    receiver.checks = false;
    assert(line.splice(3));
    account.then = () => {
      if (account.passed === 3) target.send("!");
    };
    sender.send("abc");
    await receiver.got(4);
    assertEquals(receiver.text, "abc!");
  });

  scene("a reset of the sender is told, and the target is as it was", async (line, scene) => {
    const { sender, source, target, receiver } = line;
    assert(line.splice(Infinity));
    sender.sendSequence(1000);
    await receiver.got(1000);
    sender.reset();
    await source.waitFor("closed ECONNRESET");
    await scene.settle();
    assertEquals([target.broken, receiver.broken], [false, false]);
    receiver.checks = false;
    target.send("x");
    await receiver.got(1001);
  });

  scene("a reset of the sender is told while the target is full", async (line) => {
    const { sender, source, target, receiver, account } = line;
    assert(line.splice(Infinity));
    receiver.pause();
    sender.sendSequence(large);
    await until(() => account.waits, "word of waiting");
    sender.reset();
    await source.waitFor("closed ECONNRESET");
    receiver.resume();
    target.close();
    await receiver.waitFor("ended");
    assertEquals(receiver.received, account.passed);
  });

  scene("a reset of the receiver is told, and the source is shown again", async (line) => {
    const { sender, source, target, receiver } = line;
    assert(line.splice(Infinity));
    receiver.reset();
    await target.waitFor("closed ECONNRESET");
    assertEquals(source.broken, false);
    sender.send("after");
    await source.got(5);
    assertEquals(source.text, "after");
  });

  scene("a reset of the receiver is told while the target is full", async (line) => {
    const { sender, source, target, receiver, account } = line;
    assert(line.splice(Infinity));
    receiver.pause();
    sender.sendSequence(large);
    await until(() => account.waits, "word of waiting");
    source.pause();
    receiver.reset();
    await target.waitFor("closed ECONNRESET");
    assertEquals(source.broken, false);
  });

  for (const action of ["close", "reset"] as const) {
    scene(`${action}() of the source ends it`, async (line, scene) => {
      const { sender, source, target, receiver, account } = line;
      assert(line.splice(Infinity));
      receiver.pause();
      sender.sendSequence(large);
      await until(() => account.waits, "word of waiting");
      source[action]();
      const { calls, passed } = account;
      receiver.resume();
      await receiver.got(passed);
      await scene.settle();
      assertEquals([account.calls, receiver.received, target.broken], [calls, passed, false]);
      receiver.checks = false;
      target.send("x");
      await receiver.got(passed + 1);
    });

    scene(`${action}() of the target ends it`, async (line) => {
      const { sender, source, target, receiver, account } = line;
      assert(line.splice(Infinity));
      sender.sendSequence(1000);
      await receiver.got(1000);
      target[action]();
      const { calls } = account;
      sender.sendSequence(3000);
      await source.got(2000);
      assertEquals([account.calls, source.content], [calls, [...sequence(1000, 2000)]]);
    });

    scene(`${action}() of both inside spliced is safe and final`, async (line, scene) => {
      const { sender, source, target, account } = line;
      assert(line.splice(Infinity));
      account.then = () => {
        source[action]();
        target[action]();
      };
      sender.sendSequence(megabyte);
      await until(() => account.calls > 0, "an entry");
      await scene.settle();
      assertEquals([account.calls, source.received], [1, 0]);
      assertEquals([source.broken, target.broken], [false, false]);
    });
  }

  scene("what cannot be is refused, and nothing changes by it", async (line, scene) => {
    const { sender, source, target, receiver, account } = line;
    const [other] = await scene.pair();
    const splice = (from: End, to: Socket) => from.socket.splice!(to, 5, account);
    assert(!line.splice(0));
    assert(!line.splice(NaN));
    assert(!splice(source, strange()), "another adapter's socket");
    assert(line.splice(5));
    assert(!line.splice(5), "a source that is being spliced");
    assert(!splice(other, target.socket), "a target to which something is spliced");
    sender.sendSequence(5 + 10);
    await receiver.got(5);
    await source.got(10);
    target.shutdown();
    assert(!line.splice(5), "a target that is shut down");
    target.close();
    assert(!line.splice(5), "a target that is closed");
    sender.shutdown();
    await source.waitFor("ended");
    assert(!splice(source, other.socket), "a source that has ended");
    source.close();
    assert(!splice(source, other.socket), "a source that is closed");
    assertEquals([account.passed, source.received], [5, 10]);
  });

  declare("splice: unix sockets", async (scene) => {
    const line = await lineOf(scene, () => ({
      kind: "abstract",
      name: `splice-suite-${crypto.randomUUID()}`,
    }));
    assert(line.splice(3 * megabyte));
    line.sender.sendSequence(3 * megabyte + 10);
    await line.receiver.got(3 * megabyte);
    await line.source.got(10);
    assertEquals(line.source.content, [...sequence(3 * megabyte, 10)]);
  }, !subject.network.can.abstract);

  const property = "splice: whatever the sizes and the pauses, nothing is lost or doubled";
  test(`${subject.name}: ${property}`, async () => {
    const cases = fc.array(part, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cases, (parts) => play(subject, (scene) => alternate(scene, parts))),
      { numRuns: 40 },
    );
  });
}

/** A socket that leads nowhere. */
function strange(): Socket {
  const streams = { readable: new ReadableStream(), writable: new WritableStream() };
  return socketFromStreams(streams, ignoringEvents);
}

/** A stretch of a stream: shown, or spliced; and who pauses for a moment at its beginning. */
interface Part {
  readonly length: number;
  readonly spliced: boolean;
  readonly pauses: "source" | "receiver" | null;
}

const part: fc.Arbitrary<Part> = fc.record({
  length: fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 1, max: 200_000 }),
    fc.constantFrom(32_768, 65_536, 131_072, megabyte),
  ),
  spliced: fc.boolean(),
  pauses: fc.constantFrom("source" as const, "receiver" as const, null, null),
});

/** A relay that passes on some parts by hand and splices others; the receiver gets all of them. */
async function alternate(scene: Scene, parts: readonly Part[]): Promise<void> {
  const line = await lineOf(scene);
  const { sender, source, target, receiver, account } = line;
  /** How far the source is, which part that is in, and where that ends. */
  let position = 0;
  let index = -1;
  let end = 0;
  let splicing = false;
  let unsent: Uint8Array[] = [];
  let ended = false;

  /** Nothing is pending: the next bytes may be spliced. */
  function next(): void {
    if (ended) return target.shutdown();
    while (position >= end) {
      index++;
      if (index === parts.length) return;
      end += parts[index]!.length;
      const { pauses } = parts[index]!;
      const pausing = pauses === "source" ? source : receiver;
      if (pauses === null) continue;
      pausing.pause();
      setTimeout(() => pausing.resume(), 1);
    }
    if (splicing || index === parts.length || !parts[index]!.spliced) return;
    splicing = true;
    assert(line.splice(end - position));
  }
  function flush(): void {
    const [bytes] = unsent;
    if (bytes === undefined) return next();
    const taken = Math.max(0, target.write(bytes));
    unsent = taken < bytes.length ? [bytes.subarray(taken), ...unsent.slice(1)] : unsent.slice(1);
    if (taken === bytes.length) flush();
  }
  account.then = (count) => {
    position += count;
    splicing = position < end;
    if (!splicing) next();
  };
  target.then.drain = () => {
    if (!splicing) flush();
  };
  source.socket.events = {
    ...ignoringEvents,
    data(socket, bytes) {
      if (splicing) account.violations.push("data while splicing");
      position += bytes.length;
      unsent.push(socket.retain(bytes, 0, bytes.length));
      flush();
    },
    ended() {
      ended = true;
      flush();
    },
  };

  next();
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  sender.then.drain = () => {
    if (sender.sequenceSent === total) sender.shutdown();
  };
  sender.sendSequence(total);
  if (sender.sequenceSent === total) sender.shutdown();
  await receiver.waitFor("ended");
  assertEquals([receiver.received, position, account.violations], [total, total, []]);
}
