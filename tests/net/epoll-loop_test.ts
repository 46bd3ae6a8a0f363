/** The event loop of our own: its turns, its time, and what it has to do with other threads. */
import { assert, assertEquals } from "@std/assert";
import { Worker } from "node:worker_threads";
import type { EpollLoop, LoopOptions } from "#src/net/epoll/loop.ts";
import type { Endpoint, Socket, SocketEvents } from "#src/net/socket.ts";
import { runtimeName, test } from "../testing.ts";
import { until } from "../until.ts";
import { End } from "./end.ts";
import { listeningDescriptor, nativeNetwork } from "./native.ts";

const possible = runtimeName === "bun" && process.platform === "linux";
const reason = possible ? "" : " (SKIPPED: only Bun on Linux has it)";
const on = possible
  ? { ...await import("#src/net/epoll/loop.ts"), ...await import("#src/net/linux/listen.ts") }
  : undefined;

function scene(
  name: string,
  body: (loop: EpollLoop) => void | Promise<void>,
  options: Partial<LoopOptions> = {},
): void {
  test(`epoll loop: ${name}${reason}`, async () => {
    const loop = on!.createLoop({ splice: true, ...options });
    try {
      await body(loop);
    } finally {
      loop.close();
    }
  }, { skip: !possible });
}

/** How long something takes, in ms. */
function timed(what: () => void): number {
  const start = performance.now();
  what();
  return performance.now() - start;
}

scene("a turn without anything to do waits as long as it is told to", (loop) => {
  const spent = timed(() => loop.turn(30));
  assert(spent >= 29 && spent < 1000, `${spent} ms`);
  // A busy machine may hold one of them up.
  const turns = Array.from({ length: 10 }, () => timed(() => loop.turn(0)));
  assert(Math.min(...turns) < 30, `${turns} ms`);
});

scene("a timer ends the wait, and is never early", (loop) => {
  for (const delay of [0, 0.3, 1, 7.5, 20]) {
    const start = performance.now();
    let at = 0;
    loop.clock.schedule(delay, () => at = performance.now());
    while (at === 0) loop.turn(1000);
    assert(at - start >= delay, `${at - start} ms instead of ${delay}`);
    assert(at - start < delay + 500, `${at - start} ms instead of ${delay}`);
  }
});

scene("timers are called in their order, unless they are taken back", (loop) => {
  const called: string[] = [];
  const schedule = (name: string, delay: number) =>
    loop.clock.schedule(delay, () => called.push(name));
  const { performance } = globalThis;
  const real = performance.now;
  let now = real.call(performance);
  performance.now = () => now;
  try {
    schedule("third", 3);
    schedule("first", 1);
    const cancel = schedule("never", 2);
    schedule("second", 2);
    schedule("second too", 2);
    cancel();
    cancel();
    loop.clock.schedule(4, () => {
      schedule("last", 0.5);
      called.push("fourth");
    });
    loop.turn(0);
    assertEquals(called, []);
    now += 3.5;
    loop.turn(0);
    assertEquals(called, ["first", "second", "second too", "third"]);
    now += 1;
    loop.turn(0);
    now += 0.4;
    loop.turn(0);
    assertEquals(called.slice(4), ["fourth"]);
    now += 0.1;
    loop.turn(0);
    assertEquals(called.slice(4), ["fourth", "last"]);
  } finally {
    performance.now = real;
  }
});

scene("time stands still for a moment in a turn only", (loop) => {
  const first = loop.clock.now();
  while (performance.now() - first < 2);
  assert(loop.clock.now() - first >= 2);
  const read: number[] = [];
  loop.defer(() => {
    const before = performance.now();
    read.push(loop.clock.now(), loop.clock.now());
    assert(loop.clock.now() >= before - 1);
  });
  loop.turn(0);
  assertEquals(read[0], read[1]);
  assert(Math.abs(loop.clock.wall() - Date.now()) <= 1);
});

scene("what is deferred is called at the end of the turn, or in the next", (loop) => {
  const called: string[] = [];
  loop.defer(() => {
    called.push("one");
    loop.defer(() => called.push("two"));
    void Promise.resolve().then(() => called.push("microtask"));
  });
  assertEquals(called, []);
  assert(timed(() => loop.turn(1000)) < 500, "it does not wait");
  assertEquals(called, ["one", "microtask"]);
  assert(timed(() => loop.turn(1000)) < 500, "it does not wait");
  assertEquals(called, ["one", "microtask", "two"]);
});

scene("wake() ends a wait once, whether it comes before or during it", (loop) => {
  on!.wake(loop.wakeFd);
  on!.wake(loop.wakeFd);
  assert(timed(() => loop.turn(5000)) < 2000);
  const spent = timed(() => loop.turn(20));
  assert(spent >= 19, `it spins: ${spent} ms`);
});

{
  const calls: string[] = [];
  let waiting = false;
  const mailbox = {
    sleeps: () => {
      calls.push("sleeps");
      return waiting;
    },
    wakes: () => void calls.push("wakes"),
  };
  scene("a mailbox is asked before the loop sleeps, and told after each wait", (loop) => {
    loop.turn(0);
    assertEquals(calls.splice(0), ["wakes"]);
    loop.turn(5);
    assertEquals(calls.splice(0), ["sleeps", "wakes"]);
    waiting = true;
    assert(timed(() => loop.turn(5000)) < 2000);
    assertEquals(calls.splice(0), ["sleeps", "wakes"]);
  }, { mailbox });
}

const host = "127.41.3.1";

/** A listening descriptor, clients of it, and who was accepted by a name. */
function sharedListener(body: (fd: number, connect: () => End) => Promise<void>): Promise<void> {
  const how = { backlog: 100, ipv6Only: false, transparent: false, beside: false };
  const fd = on!.listenOn({ kind: "ip", host, port: 0 }, how);
  const bound = on!.addressOf(fd);
  const to: Endpoint = { kind: "ip", host, port: bound?.kind === "ip" ? bound.port : 0 };
  const clients: End[] = [];
  const connect = () => {
    const client = new End();
    client.socket = nativeNetwork!.connect(to, {}, client);
    client.send("hello");
    clients.push(client);
    return client;
  };
  return body(fd, connect).finally(() => {
    for (const client of clients) client.reset();
    nativeNetwork!.listen({ kind: "fd", fd }, {}, () => new End()).close();
  });
}

function echo(ends: End[]): (socket: Socket) => SocketEvents {
  return (socket) => {
    const end = new End();
    end.socket = socket;
    end.echoes = true;
    ends.push(end);
    return end;
  };
}

scene("several loops accept from one descriptor, every connection once", async (loop) => {
  const other = on!.createLoop({ splice: true });
  await sharedListener(async (fd, connect) => {
    const [mine, others]: [End[], End[]] = [[], []];
    const accepting = [loop.accepting(fd, echo(mine)), other.accepting(fd, echo(others))];
    const turn = () => {
      loop.turn(1);
      other.turn(1);
    };
    const clients = Array.from({ length: 40 }, connect);
    await until(() => {
      turn();
      return clients.every((client) => client.text === "hello");
    }, "40 echoes");
    assertEquals(mine.length + others.length, 40);
    // One stops, one pauses: who comes now waits.
    accepting[0]!.stop();
    accepting[1]!.pause();
    const late = connect();
    for (let i = 0; i < 5; i++) turn();
    assertEquals(late.text, "");
    accepting[1]!.resume();
    await until(() => {
      turn();
      return late.text === "hello";
    }, "the late echo");
    assertEquals(others.at(-1)?.text, "hello");
  });
  other.close();
});

scene("a connection is handed to another loop before anybody has it", async (loop) => {
  const other = on!.createLoop({ splice: true });
  await sharedListener(async (fd, connect) => {
    const [mine, others]: [End[], End[]] = [[], []];
    let turn = 0;
    loop.accepting(fd, echo(mine), (accepted) => {
      if (turn++ % 2 === 0) return true;
      other.serve(accepted, echo(others));
      return false;
    });
    const clients = Array.from({ length: 10 }, connect);
    await until(() => {
      loop.turn(1);
      other.turn(1);
      return clients.every((client) => client.text === "hello");
    }, "10 echoes");
    assertEquals([mine.length, others.length], [5, 5]);
    clients[0]!.close();
    await until(() => {
      loop.turn(1);
      other.turn(1);
      return [...mine, ...others].some((end) => end.log.includes("ended"));
    }, "the end of one");
  });
  other.close();
});

test(
  `epoll loop: a thread that never comes back from it serves, and is woken${reason}`,
  async () => {
    const inherited = listeningDescriptor();
    const words = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(new URL("./epoll-worker.ts", import.meta.url).pathname, {
      workerData: { fd: inherited.fd, words },
    });
    try {
      await until(() => Atomics.load(words, 0) !== 0, "the thread's loop");
      const client = new End();
      const to: Endpoint = { kind: "ip", host: "127.0.0.1", port: inherited.port };
      client.socket = nativeNetwork!.connect(to, {}, client);
      client.send("to the thread");
      await client.got(13);
      // It counts what has ended its waits; nothing else does so now.
      const before = Atomics.load(words, 1);
      on!.wake(Atomics.load(words, 0));
      await until(() => Atomics.load(words, 1) > before, "the end of its wait");
      client.close();
    } finally {
      await worker.terminate();
      inherited.close();
    }
  },
  { skip: !possible },
);
