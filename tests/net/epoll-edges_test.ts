/** Where the event loop of our own could lose an edge, a byte, a reason or an address. */
import { assert, assertEquals } from "@std/assert";
import type { EpollLoop } from "#src/net/epoll/loop.ts";
import type { Endpoint, Listener, ListenOptions, Socket, SpliceEvents } from "#src/net/socket.ts";
import { runtimeName, test } from "../testing.ts";
import { untilNow } from "../until.ts";
import { End, sequence } from "./end.ts";

const possible = runtimeName === "bun" && process.platform === "linux";
const reason = possible ? "" : " (SKIPPED: only Bun on Linux has it)";
const on = possible
  ? {
    ...await import("#src/net/epoll/loop.ts"),
    ...await import("#src/net/linux/libc.ts"),
    ...await import("#src/net/linux/connect.ts"),
  }
  : undefined;

const at: Endpoint = { kind: "ip", host: "127.47.1.1", port: 0 };
const MSG_OOB = 1;

/** A loop, and another whose sockets are its peers; a case turns them by hand. */
class Stage {
  readonly loop: EpollLoop = on!.createLoop({ splice: true });
  readonly peers: EpollLoop = on!.createLoop({ splice: false });

  close(): void {
    this.loop.close();
    this.peers.close();
  }
  /** Turns both until `done`. */
  until(done: () => boolean, what: string): void {
    const deadline = performance.now() + 10_000;
    while (!done()) {
      assert(performance.now() < deadline, `it does not come to that: ${what}`);
      this.peers.turn(0);
      this.loop.turn(1);
    }
  }
  listen(where: Endpoint, by: EpollLoop, accept: (end: End) => void): Listener {
    const options: ListenOptions = {};
    return by.network.listen(where, options, (socket) => {
      const end = new End();
      end.socket = socket;
      accept(end);
      return end;
    });
  }
  /** A connection between both loops, with nothing to be told. */
  pair(): [peer: End, end: End] {
    let end: End | undefined;
    const listener = this.listen(at, this.loop, (accepted) => end = accepted);
    const peer = new End();
    peer.socket = this.peers.network.connect(listener.endpoint, {}, peer);
    this.until(() => end !== undefined && peer.log.length > 0, "a connection");
    listener.close();
    this.loop.turn(0);
    this.loop.turn(0);
    return [peer, end!];
  }
}

function scene(name: string, body: (stage: Stage) => void): void {
  test(`epoll edges: ${name}${reason}`, () => {
    const stage = new Stage();
    try {
      body(stage);
    } finally {
      stage.close();
    }
  }, { skip: !possible });
}

function numberOf(socket: Socket): number {
  return (socket as unknown as { fd: number }).fd;
}

const account: SpliceEvents = { spliced() {} };

scene("a connect that fails at once tells why, also to who has tried to write", (stage) => {
  const end = new End();
  const source = { host: "203.0.113.9", port: 0 };
  end.socket = stage.loop.network.connect({ ...at, port: 9 }, { source }, end);
  assert(end.write(Uint8Array.of(1)) <= 0);
  stage.until(() => end.log.length > 0, "a reason");
  assertEquals(end.log, ["closed EADDRNOTAVAIL"]);
});

scene("a server on a unix socket that speaks and leaves before we look is heard", (stage) => {
  const where: Endpoint = { kind: "abstract", name: `epoll-edges-${crypto.randomUUID()}` };
  let server: End | undefined;
  const listener = stage.listen(where, stage.peers, (end) => server = end);
  const end = new End();
  end.socket = stage.loop.network.connect(where, {}, end);
  stage.peers.turn(0);
  server!.send("hello");
  server!.close();
  stage.until(() => end.log.length > 1 || end.broken, "an end");
  assertEquals([end.text, end.log], ["hello", ["opened", "ended"]]);
  end.close();
  listener.close();
});

scene("what a splice holds for a target that was full before it stays as it is", (stage) => {
  const [sender, source] = stage.pair();
  const [receiver, target] = stage.pair();
  const [other, bystander] = stage.pair();
  let filled = 0;
  for (let taken = 1; taken > 0; filled += Math.max(0, taken)) {
    taken = target.write(sequence(0, 60_000));
  }
  receiver.checks = false;
  assert(source.socket.splice!(target.socket, Infinity, account));
  sender.send("mine");
  for (let i = 0; i < 3; i++) stage.loop.turn(1);
  other.send("else");
  stage.until(() => receiver.received >= filled + 4, "the message");
  assertEquals(String.fromCharCode(...receiver.content.slice(filled)), "mine");
  assertEquals(bystander.text, "else");
});

scene("what follows urgent data is read too", (stage) => {
  const [peer, end] = stage.pair();
  peer.send("before");
  const urgent = new TextEncoder().encode("!");
  assertEquals(on!.C.send(numberOf(peer.socket), urgent, 1, MSG_OOB), 1);
  peer.send("after");
  stage.until(() => end.text.endsWith("after"), `all of it, not "${end.text}"`);
  assertEquals(end.text, "beforeafter");
});

scene("what follows urgent data is spliced too", (stage) => {
  const [sender, source] = stage.pair();
  const [receiver, target] = stage.pair();
  assert(source.socket.splice!(target.socket, 100_000, account));
  sender.send("before");
  const urgent = new TextEncoder().encode("!");
  assertEquals(on!.C.send(numberOf(sender.socket), urgent, 1, MSG_OOB), 1);
  sender.send("after");
  stage.until(() => receiver.received >= 11, `all of it, not "${receiver.text}"`);
  assertEquals(receiver.text, "beforeafter");
});

scene("who has reset his connection before it was accepted has an address still", (stage) => {
  let accepted: End | undefined;
  const seen: (string | number)[] = [];
  const listener = stage.listen(at, stage.loop, (end) => accepted = end);
  const source = { host: "127.47.1.2", port: 0 };
  const peer = new End();
  peer.socket = stage.peers.network.connect(listener.endpoint, { source }, peer);
  stage.peers.turn(0);
  const port = peer.socket.localPort;
  peer.send("request");
  peer.reset();
  stage.until(() => accepted !== undefined, "a connection");
  const { remoteAddress, remotePort } = accepted!.socket;
  seen.push(remoteAddress, remotePort, accepted!.text);
  assertEquals(seen, ["127.47.1.2", port, "request"]);
  listener.close();
});

scene("after a splice it can be asked whether more has come", (stage) => {
  for (const [more, fin] of [["", false], ["x", false], ["", true]] as const) {
    const [sender, source] = stage.pair();
    const [, target] = stage.pair();
    sender.send("x".repeat(100_000) + more);
    if (fin) sender.shutdown();
    for (let i = 0; i < 3; i++) stage.peers.turn(0);
    const told: boolean[] = [];
    let left = 100_000;
    const spliced = (socket: Socket, count: number) => {
      left -= count;
      if (left === 0) told.push(socket.isQuiet());
    };
    assert(source.socket.splice!(target.socket, left, { spliced }));
    stage.until(() => left === 0, "all to pass");
    assertEquals(told, [more === "" && !fin]);
    // What comes later is told all the same.
    sender.send("later");
    if (!fin) stage.until(() => source.text === `${more}later`, "what comes later");
    else stage.until(() => source.log.length > 0, "the end");
  }
});

scene("an idle connection is asked of the kernel, whatever the set has told so far", (stage) => {
  const [peer, end] = stage.pair();
  assert(end.socket.isQuiet());
  peer.send("as told");
  stage.until(() => end.text === "as told", "data");
  assert(end.socket.isQuiet());
  // Where the last wait was before the bytes came, only the kernel knows of them.
  peer.send("unasked");
  untilNow(() => !end.socket.isQuiet(), "bytes");
  assertEquals(end.text, "as told");
  stage.until(() => end.text === "as toldunasked", "the rest");
  assert(end.socket.isQuiet());
  // A byte of urgent data is none that recv() gives.
  assertEquals(on!.C.send(numberOf(peer.socket), Uint8Array.of(1), 1, MSG_OOB), 1);
  untilNow(() => !end.socket.isQuiet(), "urgent data");
});

scene("sockets that are read out of turn take their time as others do", (stage) => {
  const pairs = Array.from({ length: 12 }, () => stage.pair());
  for (const [peer, end] of pairs) {
    end.pause();
    peer.send("?");
  }
  for (let i = 0; i < 3; i++) stage.loop.turn(1);
  for (const [, end] of pairs) end.resume();
  const { performance } = globalThis;
  const real = performance.now;
  let now = real.call(performance);
  performance.now = () => now;
  try {
    for (const [, end] of pairs) {
      end.then.data = () => {
        assert(now - stage.loop.clock.now() <= 30, "time stands still for long");
        now += 10;
      };
    }
    stage.loop.turn(0);
  } finally {
    performance.now = real;
  }
  assertEquals(pairs.map(([, end]) => end.text), pairs.map(() => "?"));
});

scene("a connection that is handed over waits for nothing", (stage) => {
  let calls = 0;
  const [peer, fd] = connection(stage);
  stage.loop.serve(fd, () => {
    queueMicrotask(() => calls++);
    return new End();
  });
  const start = performance.now();
  stage.loop.turn(1500);
  assertEquals(calls, 1);
  assert(performance.now() - start < 1000, "it has slept first");
  peer.close();
});

/** A connection whose one end is a descriptor of nobody's. */
function connection(stage: Stage): [End, number] {
  let peer: End | undefined;
  const listener = stage.listen(at, stage.peers, (end) => peer = end);
  const { endpoint } = listener;
  assert(endpoint.kind === "ip");
  const fd = on!.connectTo(endpoint, undefined);
  assert(typeof fd === "number");
  stage.until(() => peer !== undefined, "a connection");
  listener.close();
  return [peer!, fd];
}
