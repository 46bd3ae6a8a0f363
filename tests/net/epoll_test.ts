/** What is special to the event loop of our own; what it shares with others is in the suites. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readdirSync } from "node:fs";
import type { EpollLoop, LoopOptions } from "#src/net/epoll/loop.ts";
import type { Endpoint, Listener, Socket } from "#src/net/socket.ts";
import { runtimeName, test } from "../testing.ts";
import { End, ignoringEvents } from "./end.ts";
import { limitDescriptors, listeningDescriptor } from "./native.ts";

const possible = runtimeName === "bun" && process.platform === "linux";
const reason = possible ? "" : " (SKIPPED: only Bun on Linux has it)";
const on = possible
  ? {
    ...await import("#src/net/epoll/loop.ts"),
    ...await import("#src/net/linux/libc.ts"),
    ...await import("#src/net/linux/listen.ts"),
  }
  : undefined;

const at: Endpoint = { kind: "ip", host: "127.41.2.1", port: 0 };

/** A loop, and another whose sockets are its peers; a case turns them by hand. */
class Stage {
  readonly loop: EpollLoop;
  readonly peers = on!.createLoop({ splice: false });

  constructor(options: LoopOptions) {
    this.loop = on!.createLoop(options);
  }

  /** Turns both until `done`. */
  until(done: () => boolean): void {
    const deadline = performance.now() + 10_000;
    while (!done()) {
      assert(performance.now() < deadline, "it does not come to that");
      this.peers.turn(0);
      this.loop.turn(1);
    }
  }

  /** Turns the loop `count` times, without waiting. */
  turns(count: number): void {
    for (let i = 0; i < count; i++) this.loop.turn(0);
  }

  listen(accept: (end: End) => void = () => {}, where = at): Listener {
    return this.loop.network.listen(where, {}, (socket) => {
      const end = new End();
      end.socket = socket;
      accept(end);
      return end;
    });
  }

  /** A connection of the peers' to a listener. */
  client(listener: Listener): End {
    const peer = new End();
    peer.socket = this.peers.network.connect(listener.endpoint, {}, peer);
    return peer;
  }

  /** A connection between both loops, with nothing to be told. */
  pair(where = at): [peer: End, end: End] {
    let end: End | undefined;
    const listener = this.listen((accepted) => end = accepted, where);
    const peer = this.client(listener);
    this.until(() => end !== undefined && peer.log.length > 0);
    listener.close();
    this.turns(2);
    return [peer, end!];
  }
}

function scene(name: string, body: (stage: Stage) => void, options: Partial<LoopOptions> = {}) {
  test(`epoll: ${name}${reason}`, () => {
    const before = descriptors();
    const stage = new Stage({ splice: true, ...options });
    try {
      body(stage);
    } finally {
      stage.loop.close();
      stage.peers.close();
    }
    assertEquals(descriptors(), before, "descriptors left");
  }, { skip: !possible });
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
function numberOf(socket: Socket): number {
  return (socket as unknown as { fd: number }).fd;
}

scene("an event of a closed socket does not reach who has its number now", (stage) => {
  const [firstPeer, first] = stage.pair();
  const [secondPeer, second] = stage.pair();
  const listener = stage.listen();
  const number = numberOf(second.socket);
  const newcomers: End[] = [];
  first.then.data = () => {
    second.close();
    // The lowest numbers that are free come first.
    while (newcomers.length === 0 || numberOf(newcomers.at(-1)!.socket) < number) {
      const newcomer = new End();
      newcomer.socket = stage.loop.network.connect(listener.endpoint, {}, newcomer);
      newcomers.push(newcomer);
    }
  };
  // Both events are there before the turn, in this order; the second would break the newcomer.
  firstPeer.send("now");
  secondPeer.reset();
  stage.turns(1);
  const [newcomer] = newcomers.slice(-1);
  assertEquals(numberOf(newcomer!.socket), number);
  assertEquals([first.text, second.log, newcomer!.log], ["now", [], []]);
  stage.until(() => newcomer!.log.length > 0);
  assertEquals(newcomer!.log, ["opened"]);
  listener.close();
});

scene("a busy socket leaves the turn to others", (stage) => {
  // What is written to a unix socket can be read at once.
  const [busyPeer, busy] = stage.pair({ kind: "abstract", name: crypto.randomUUID() });
  const [quietPeer, quiet] = stage.pair();
  const more = new Uint8Array(200_000);
  let told = 0;
  busy.socket.events = {
    ...ignoringEvents,
    data() {
      if (++told < 1000) busyPeer.write(more);
    },
  };
  busyPeer.write(more);
  quietPeer.send("hello");
  stage.turns(1);
  assertEquals(quiet.text, "hello");
  assert(told > 1 && told < 20, `told ${told} times in one turn`);
  const before = told;
  stage.turns(1);
  assert(told > before, "it is read on");
});

scene("what an owner throws comes out of turn(), and the others are told in the next", (stage) => {
  const pairs = [stage.pair(), stage.pair(), stage.pair()];
  pairs[1]![1].then.data = () => {
    pairs[1]![1].then = {};
    throw new Error("on purpose");
  };
  for (const [peer] of pairs) peer.send("x");
  assertThrows(() => stage.turns(1), Error, "on purpose");
  stage.turns(1);
  assertEquals(pairs.map(([, end]) => end.text), ["x", "x", "x"]);
  pairs[1]![0].send("y");
  stage.until(() => pairs[1]![1].text === "xy");
});

const faults: unknown[] = [];
scene("a fault that is heard ends nothing but its socket, and the turn goes on", (stage) => {
  const pairs = [stage.pair(), stage.pair(), stage.pair()];
  const fail = () => {
    throw new Error("on purpose");
  };
  pairs[1]![1].then = { data: fail, closed: fail };
  const called: string[] = [];
  pairs[0]![1].then.data = () => {
    stage.loop.defer(fail);
    stage.loop.defer(() => called.push("deferred"));
    stage.loop.clock.schedule(0, fail);
    stage.loop.clock.schedule(0, () => called.push("timer"));
  };
  for (const [peer] of pairs) peer.send("x");
  stage.turns(1);
  assertEquals(pairs.map(([, end]) => end.text), ["x", "x", "x"]);
  stage.until(() => called.length === 2);
  assertEquals(faults.splice(0).length, 4);
  assertEquals(pairs.map(([, end]) => end.log.join()), ["", "closed EIO", ""]);
  stage.until(() => pairs[1]![0].broken);
  assertEquals(pairs[1]![0].log.at(-1), "closed ECONNRESET");
  // A refusal that is known at once, told by what was put off.
  const refused = new End();
  refused.then.closed = fail;
  const nowhere = { host: "203.0.113.9", port: 0 };
  refused.socket = stage.loop.network.connect({ ...at, port: 9 }, { source: nowhere }, refused);
  stage.until(() => refused.log.length > 0);
  assertEquals(faults.splice(0).length, 1);
}, { onFault: (error) => faults.push(error) });

scene("what throws where a connection is placed leaves no descriptor", (stage) => {
  const { fd, close } = listeningDescriptor();
  const before = descriptors();
  const bound = on!.addressOf(fd);
  assert(bound?.kind === "ip");
  const accepting = stage.loop.accepting(fd, () => ignoringEvents, () => {
    throw new Error("on purpose");
  });
  const peer = new End();
  peer.socket = stage.peers.network.connect(bound, {}, peer);
  stage.until(() => peer.log.length > 1);
  assertEquals(faults.splice(0).length, 1);
  accepting.stop();
  peer.close();
  assertEquals(descriptors(), before);
  close();
}, { onFault: (error) => faults.push(error) });

scene("who throws while accepting has no connection", (stage) => {
  const listener = stage.listen(() => {
    throw new Error("on purpose");
  });
  const client = stage.client(listener);
  assertThrows(() => stage.until(() => false), Error, "on purpose");
  stage.until(() => client.log.length > 1);
  listener.close();
});

scene("what came before a reset is told, and then the reset", (stage) => {
  const [peer, end] = stage.pair();
  peer.send("last words");
  peer.reset();
  stage.turns(1);
  assertEquals([end.text, end.log], ["last words", ["closed ECONNRESET"]]);
});

scene("what came before a write has failed is told, and then the reset", (stage) => {
  const [peer, end] = stage.pair();
  end.pause();
  peer.send("no, thanks");
  peer.socket.reset();
  end.resume();
  assertEquals(end.write(new Uint8Array(10)), -1);
  assertEquals(end.write(new Uint8Array(10)), -1);
  assertEquals([end.text, end.log], ["", []]);
  stage.turns(2);
  assertEquals([end.text, end.log], ["no, thanks", ["closed ECONNRESET"]]);
});

scene("a FIN and then a reset are told as both", (stage) => {
  const [peer, end] = stage.pair();
  peer.send("all of it");
  peer.close();
  // Nobody is there for these: the answer is a reset.
  end.write(new Uint8Array(10));
  stage.turns(2);
  assertEquals([end.text, end.log], ["all of it", ["ended", "closed EPIPE"]]);
});

scene("a refusal that a write has found out is told once", (stage) => {
  const listener = stage.listen();
  listener.close();
  const client = new End();
  client.socket = stage.loop.network.connect(listener.endpoint, {}, client);
  assertEquals(client.write(new Uint8Array(1)), -1);
  assertEquals(client.log, []);
  stage.turns(3);
  assertEquals(client.log, ["closed ECONNREFUSED"]);
});

scene("a half-close before the connection is made follows it", (stage) => {
  const listener = stage.peers.network.listen(at, { backlog: 1 }, () => ignoringEvents);
  listener.pause();
  const clients = Array.from({ length: 6 }, () => {
    const client = new End();
    client.socket = stage.loop.network.connect(listener.endpoint, {}, client);
    return client;
  });
  stage.turns(3);
  const waiting = clients.find((client) => client.log.length === 0);
  assert(waiting !== undefined, "all connect at once, with a queue of 1");
  waiting.shutdown();
  assertEquals(waiting.write(new Uint8Array(1)), -1);
  stage.turns(3);
  assertEquals(waiting.log, []);
  listener.resume();
  stage.until(() => waiting.log.length > 0);
  assertEquals(waiting.log, ["opened"]);
  listener.close();
});

scene("no descriptor is left to accept with: it rests, and goes on", (stage) => {
  const ends: End[] = [];
  const listener = stage.listen((end) => ends.push(end));
  const clients = [1, 2, 3].map(() => stage.client(listener));
  const free = on!.duplicate(0);
  on!.closeDescriptor(free);
  const restore = limitDescriptors(free);
  let turns = 0;
  try {
    const until = performance.now() + 250;
    for (; performance.now() < until; turns++) stage.loop.turn(1000);
    assertEquals(ends.length, 0);
    assert(turns < 10, `${turns} turns in 250 ms`);
    // Connecting fails, and says why.
    const late = new End();
    late.socket = stage.loop.network.connect(listener.endpoint, {}, late);
    stage.turns(1);
    assertEquals(late.log, ["closed EMFILE"]);
  } finally {
    restore();
  }
  stage.until(() => ends.length === 3 && clients.every((client) => client.log.length > 0));
  listener.close();
});

scene("no descriptor is left for a pipe: bytes are copied", (stage) => {
  const [[sender, source], [receiver, target]] = [stage.pair(), stage.pair()];
  receiver.checks = true;
  let passed = 0;
  const seen = { spliced: (_: Socket, count: number) => void (passed += count) };
  assert(source.socket.splice!(target.socket, 8 << 20, seen));
  const free = on!.duplicate(0);
  on!.closeDescriptor(free);
  const restore = limitDescriptors(free);
  try {
    sender.sendSequence(8 << 20);
    stage.until(() => receiver.received === 8 << 20);
  } finally {
    restore();
  }
  assertEquals([passed, receiver.violations], [8 << 20, []]);
});

scene("a pipe is lent for as long as bytes are in it, and few are kept", (stage) => {
  const lines = Array.from({ length: 40 }, () => {
    const [[sender, source], [receiver, target]] = [stage.pair(), stage.pair()];
    receiver.checks = true;
    return { sender, source, receiver, target, waits: false };
  });
  const before = descriptors();
  for (const line of lines) {
    const seen = { spliced: (_: Socket, __: number, waits: boolean) => void (line.waits = waits) };
    assert(line.source.socket.splice!(line.target.socket, Infinity, seen));
    line.receiver.pause();
    line.sender.sendSequence(48 << 20);
  }
  stage.until(() => lines.every(({ waits }) => waits));
  assertEquals(descriptors() - before, 2 * lines.length);
  for (const { sender, receiver } of lines.slice(0, 35)) {
    sender.sendSequence(sender.sequenceSent);
    receiver.resume();
  }
  stage.until(() => lines.slice(0, 35).every((l) => l.receiver.received === l.sender.sequenceSent));
  assertEquals(descriptors() - before, 2 * (32 + 5), "32 for the next, 5 with bytes in them");
  // Those with something in them are closed with what it is for.
  for (const { source } of lines) source.close();
  assertEquals(descriptors() - before + lines.length, 2 * 32);
});

scene("splicing may be switched off", (stage) => {
  const [[, source], [, target]] = [stage.pair(), stage.pair()];
  assert(!source.socket.splice!(target.socket, 10, { spliced() {} }));
}, { splice: false });

scene("close() closes all, in silence, and the loop is over", (stage) => {
  const pairs = [stage.pair(), stage.pair()];
  const before = pairs.map(([, end]) => [...end.log]);
  const listener = stage.listen();
  stage.loop.close();
  stage.loop.close();
  stage.loop.turn(1000);
  assertEquals(pairs.map(([, end]) => end.log), before);
  assertEquals(pairs.map(([, end]) => end.write(new Uint8Array(1))), [-1, -1]);
  for (const [peer] of pairs) stage.until(() => peer.log.includes("ended"));
  const late = stage.client(listener);
  stage.until(() => late.broken);
  assertEquals(late.log, ["closed ECONNREFUSED"]);
});
