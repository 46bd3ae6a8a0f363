/** Descriptors that are connected again. */
import { assert, assertEquals } from "@std/assert";
import type { EpollLoop } from "#src/net/epoll/loop.ts";
import type { Endpoint, Socket } from "#src/net/socket.ts";
import { runtimeName, test } from "../testing.ts";
import { End, sequence } from "./end.ts";

const possible = runtimeName === "bun" && process.platform === "linux";
const reason = possible ? "" : " (SKIPPED: only Bun on Linux has it)";
const on = possible ? await import("#src/net/epoll/loop.ts") : undefined;

const four: Endpoint = { kind: "ip", host: "127.47.1.2", port: 0 };
const six: Endpoint = { kind: "ip", host: "::1", port: 0 };
const first = { speaksFirst: true } as const;
const question = Uint8Array.of(63);

const numberOf = (socket: Socket) => (socket as unknown as { fd: number }).fd;

/** A loop that connects, and one that listens. */
class Stage {
  readonly loop: EpollLoop = on!.createLoop({ splice: true });
  readonly peers: EpollLoop = on!.createLoop({ splice: false });
  readonly accepted: End[] = [];

  listen(at: Endpoint): Endpoint {
    return this.peers.network.listen(at, {}, (socket) => {
      const end = new End();
      end.socket = socket;
      this.accepted.push(end);
      return end;
    }).endpoint;
  }
  until(done: () => boolean, what: string): void {
    const deadline = performance.now() + 10_000;
    while (!done()) {
      assert(performance.now() < deadline, `it does not come to that: ${what}`);
      this.peers.turn(0);
      this.loop.turn(1);
    }
  }
  /** Connects, and says something. */
  ask(to: Endpoint, options = {}): End {
    const end = new End();
    end.socket = this.loop.network.connect(to, { ...first, ...options }, end);
    if (end.socket.write(question, 0, 1) === 0) end.then.opened = () => end.write(question);
    return end;
  }
  /** The peer of the connection that was made last, which has heard its question. */
  peer(count: number): End {
    this.until(() => (this.accepted[count - 1]?.received ?? 0) > 0, "a question");
    return this.accepted[count - 1]!;
  }
  close(): void {
    this.loop.close();
    this.peers.close();
  }
}

function scene(name: string, body: (stage: Stage) => void): void {
  test(`epoll spares: ${name}${reason}`, () => {
    const stage = new Stage();
    try {
      body(stage);
    } finally {
      stage.close();
    }
  }, { skip: !possible });
}

for (const [family, at] of [["IPv4", four], ["IPv6", six]] as const) {
  scene(`${family}: whatever became of a connection, the next one is its own`, (stage) => {
    const to = stage.listen(at);
    const numbers = new Set<number>();
    for (let i = 1; i <= 60; i++) {
      const end = stage.ask(to);
      numbers.add(numberOf(end.socket));
      const peer = stage.peer(i);
      const answer = sequence(i, i % 3 === 0 ? 50_000 : 3);
      peer.write(answer);
      // It leaves, breaks, or goes on; and what it still says is for nobody.
      if (i % 4 === 1) peer.close();
      stage.until(() => end.received >= answer.length, "an answer");
      if (i % 4 === 2) peer.socket.reset();
      if (i % 4 === 3) peer.send("more");
      if (i % 8 > 4) stage.peers.turn(0);
      end.socket.reset();
      assertEquals(end.content, [...answer]);
      assert(!end.broken, "broken");
    }
    // One that broke before it was reset is closed.
    assert(numbers.size < 30, `${numbers.size} descriptors`);
  });
}

scene(
  "the peer of a connection that is reset learns so, and a listener that is gone refuses",
  (stage) => {
    const to = stage.listen(four);
    const end = stage.ask(to);
    const peer = stage.peer(1);
    peer.send("!");
    stage.until(() => end.received === 1, "an answer");
    end.socket.reset();
    stage.until(() => peer.broken, "a reset");
    const nobody = { kind: "ip", host: "127.47.1.2", port: 1 } as const;
    const refused = new End();
    refused.socket = stage.loop.network.connect(nobody, first, refused);
    stage.until(() => refused.broken, "a refusal");
    assertEquals(refused.log, ["closed ECONNREFUSED"]);
    // It works again after that.
    const again = stage.ask(to);
    stage.peer(2).send("!");
    stage.until(() => again.received === 1, "an answer");
  },
);

scene(
  "one with a source address, and one after it without, have descriptors of their own",
  (stage) => {
    const to = stage.listen(four);
    const end = stage.ask(to);
    stage.peer(1).send("!");
    stage.until(() => end.received === 1, "an answer");
    const number = numberOf(end.socket);
    end.socket.reset();
    const other = stage.ask(to, { source: { host: "127.47.1.9", port: 0 } });
    assert(numberOf(other.socket) !== number, "the same descriptor");
    assertEquals(other.socket.localAddress, "127.47.1.9");
    const next = stage.ask(to);
    assertEquals([numberOf(next.socket), next.socket.localAddress], [number, "127.0.0.1"]);
  },
);

scene("what is written last arrives, with the end", (stage) => {
  const to = stage.listen(four);
  const end = stage.ask(to);
  const peer = stage.peer(1);
  assertEquals(peer.socket.writeLast!(sequence(0, 5_000), 0, 5_000), 5_000);
  peer.socket.shutdown();
  stage.until(() => end.log.includes("ended"), "its end");
  assertEquals(end.content, [...sequence(0, 5_000)]);
});
