import { assertEquals, assertRejects } from "@std/assert";
import { memoryNetwork } from "#src/simulate/network.ts";
import { type Socket, SocketError, type SocketEvents } from "#src/net/socket.ts";
import { socketFromStreams, streamsFromSocket } from "#src/net/streams/network.ts";
import { test } from "../testing.ts";
import { connectionSuite } from "./connection_suite.ts";
import { until } from "../until.ts";
import { End } from "./end.ts";
import { play } from "./scene.ts";

/** Sockets that became streams that became sockets. */
const plain = {
  name: "streams",
  network: memoryNetwork(),
  resets: true,
  asksKernel: false,
  arrivals: "none",
} as const;
connectionSuite({
  ...plain,
  wrap: (socket: Socket, events: SocketEvents) =>
    socketFromStreams(streamsFromSocket(socket), events),
});

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

/** Two sockets over two crossed streams. */
function crossed(): [End, End] {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  const ends: [End, End] = [new End(), new End()];
  const addresses = { remoteAddress: "192.0.2.1", remotePort: 1, localAddress: "", localPort: 0 };
  ends[0].socket = socketFromStreams(
    { readable: back.readable, writable: there.writable },
    ends[0],
    addresses,
  );
  ends[1].socket = socketFromStreams(
    { readable: there.readable, writable: back.writable },
    ends[1],
  );
  return ends;
}

test("streams: a socket over plain transform streams", async () => {
  const [client, server] = crossed();
  server.checks = client.checks = true;
  client.sendSequence(1_000_000);
  await server.got(1_000_000);
  client.shutdown();
  await server.waitFor("ended");
  server.sendSequence(100_000);
  await client.got(100_000);
  server.close();
  await client.waitFor("ended");
  assertEquals([client.socket.remoteAddress, server.socket.remoteAddress], ["192.0.2.1", ""]);
  assertEquals([...client.violations, ...server.violations], []);
});

test("streams: a reset goes through plain transform streams", async () => {
  const [client, server] = crossed();
  server.reset();
  await client.waitFor("closed ECONNRESET");
  assertEquals(client.log, ["closed ECONNRESET"]);
});

test("streams: any other error is EIO, and comes once", async () => {
  const end = new End();
  let written: unknown;
  end.socket = socketFromStreams({
    readable: new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) }),
    writable: new WritableStream({ abort: (reason) => void (written = reason) }),
  }, end);
  await end.waitFor("closed EIO");
  await until(() => written !== undefined, "the writable aborted");
  assertEquals((written as Error).message, "broken");
  assertEquals(end.log, ["closed EIO"]);
});

test("streams: a stalled writable holds at most what one buffer does", async () => {
  const end = new End();
  let sink = 0;
  let release = () => {};
  end.socket = socketFromStreams({
    readable: new ReadableStream(),
    writable: new WritableStream({
      write(chunk) {
        sink += chunk.length;
        return new Promise((resolve) => release = resolve);
      },
    }),
  }, end);
  end.sendSequence(1 << 20);
  assertEquals(end.sequenceSent, 65_536);
  await until(() => sink > 0, "the first chunk");
  assertEquals(end.sequenceSent, 65_536);
  await until(() => {
    release();
    return sink === 1 << 20;
  }, "the rest");
});

test("streams: whoever gets a chunk may hold it", async () => {
  const end = new End();
  const chunks: Uint8Array[] = [];
  end.socket = socketFromStreams({
    readable: new ReadableStream(),
    writable: new WritableStream({ write: (chunk) => void chunks.push(chunk) }),
  }, end);
  for (const [i, word] of ["one", "two", "three"].entries()) {
    end.send(word);
    await until(() => chunks.length > i, word);
  }
  assertEquals(chunks.map(text), ["one", "two", "three"]);
});

test("streams: a socket as streams", () =>
  play(plain, async ({ pair }) => {
    const [client, server] = await pair();
    const { readable, writable } = streamsFromSocket(client.socket);
    const reader = readable.getReader();
    const writer = writable.getWriter();
    await writer.write(bytes("ping"));
    await server.got(4);
    server.send("pong");
    const { value } = await reader.read();
    assertEquals(text(value as Uint8Array), "pong");
    server.shutdown();
    assertEquals((await reader.read()).done, true);
    await writer.close();
    await server.waitFor("ended");
    assertEquals(server.text, "ping");
  }));

test("streams: closing both streams closes the socket, and not before", () =>
  play({ ...plain, network: memoryNetwork() }, async ({ network, pair }) => {
    const memory = network as ReturnType<typeof memoryNetwork>;
    const [client, server] = await pair();
    const { readable, writable } = streamsFromSocket(client.socket);
    await readable.cancel();
    server.send("nobody reads this");
    memory.run();
    assertEquals([memory.openSockets, server.log], [2, []]);
    await writable.close();
    memory.run();
    assertEquals([memory.openSockets, server.log], [1, ["ended"]]);
  }));

test("streams: an unread readable slows the sender down", () =>
  play(plain, async (scene) => {
    const [client, server] = await scene.pair();
    const { readable } = streamsFromSocket(client.socket);
    server.sendSequence(1 << 20);
    await scene.settle();
    // One buffer in the network, one in the stream, and what was on its way past the mark.
    assertEquals(server.sequenceSent < 4 * 65_536, true);
    let received = 0;
    for await (const chunk of readable) {
      received += chunk.length;
      if (received === 1 << 20) break;
    }
    assertEquals(received, 1 << 20);
  }));

test("streams: a reset errs both streams, and a write under way", () =>
  play(plain, async ({ pair, settle }) => {
    const [client, server] = await pair();
    server.pause();
    const { readable, writable } = streamsFromSocket(client.socket);
    const writing = writable.getWriter().write(new Uint8Array(1 << 20));
    const reading = readable.getReader().read();
    const outcomes = Promise.all([
      assertRejects(() => writing, SocketError),
      assertRejects(() => reading, SocketError),
    ]);
    await settle();
    server.reset();
    assertEquals((await outcomes).map((error) => error.code), ["ECONNRESET", "ECONNRESET"]);
  }));

test("streams: aborting the writable resets, also during a write", () =>
  play(plain, async ({ pair, settle }) => {
    const [client, server] = await pair();
    server.pause();
    const { writable } = streamsFromSocket(client.socket);
    const writer = writable.getWriter();
    const writing = assertRejects(() => writer.write(new Uint8Array(1 << 20)), Error, "stop");
    await settle();
    await assertRejects(() => writer.abort(new Error("stop")), Error, "stop");
    await writing;
    await server.waitFor("closed ECONNRESET");
  }));

test("streams: streams of a socket that still connects wait for it", () =>
  play(plain, async ({ listen, connect }) => {
    const server = listen();
    server.onAccept = (end) => end.echoes = true;
    const { socket } = connect(server.listener.endpoint);
    const { readable, writable } = streamsFromSocket(socket);
    const writer = writable.getWriter();
    void writer.write(bytes("early"));
    const { value } = await readable.getReader().read();
    assertEquals(text(value as Uint8Array), "early");
  }));
