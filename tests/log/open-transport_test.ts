import { assert, assertEquals, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Transport } from "#src/log/transport.ts";
import { openStream, openTransport } from "#src/log/open-transport.ts";
import { runtimeName, test } from "../testing.ts";
import { until } from "../until.ts";
import { unixDatagrams } from "./unix-datagrams.ts";

/** Lines as a queue keeps them. */
function packed(lines: readonly string[]): { bytes: Uint8Array; ends: number[] } {
  const ends: number[] = [];
  let at = 0;
  for (const line of lines) ends.push(at += line.length + 1);
  return { bytes: new TextEncoder().encode(lines.map((line) => line + "\n").join("")), ends };
}

/** Sends lines until the transport has no room. @returns how many it took */
function send(transport: Transport, lines: readonly string[]): number {
  const { bytes, ends } = packed(lines);
  let from = 0;
  while (from < lines.length) {
    const taken = transport.send(bytes, ends, from, lines.length);
    assert(taken >= 0, transport.failure);
    if (taken === 0) break;
    from += taken;
  }
  return from;
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`);

async function udpReceiver(host: string) {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  const messages: string[] = [];
  socket.on("message", (message) => void messages.push(message.toString()));
  socket.bind(0, host);
  await once(socket, "listening");
  return { messages, port: socket.address().port, close: () => socket.close() };
}

for (const host of ["127.0.0.1", "::1"]) {
  test(`udp: each line is a datagram to ${host}`, async () => {
    const receiver = await udpReceiver(host);
    const transport = openTransport({ kind: "udp", host, port: receiver.port });
    // More than one batch, and not from the first line on.
    const lines = numbered(150);
    const { bytes, ends } = packed(lines);
    assertEquals(transport.send(bytes, ends, 100, 102), 2);
    assertEquals(send(transport, lines), 150);
    await until(() => receiver.messages.length === 152, "152 datagrams");
    const expected = [...lines.slice(100, 102), ...lines].map((line) => line + "\n");
    assertEquals(receiver.messages, expected);
    transport.close();
    receiver.close();
  });
}

test("udp: a name is resolved, and until then there is no room", async () => {
  const { address } = await lookup("localhost");
  const receiver = await udpReceiver(address);
  const transport = openTransport({ kind: "udp", host: "localhost", port: receiver.port });
  assertEquals(send(transport, ["too early"]), 0);
  await until(() => send(transport, ["hello"]) === 1, "the address");
  await until(() => receiver.messages.length > 0, "a datagram");
  assertEquals(receiver.messages, ["hello\n"]);
  transport.close();
  receiver.close();
});

test("udp: a name that does not exist is a failure with a reason", async () => {
  const transport = openTransport({ kind: "udp", host: "no-such-host.invalid", port: 514 });
  const { bytes, ends } = packed(["lost"]);
  await until(() => transport.send(bytes, ends, 0, 1) === -1, "the failure");
  assert(transport.failure.includes("no-such-host.invalid"), transport.failure);
  transport.close();
});

test("udp: that nobody listens harms nobody", async () => {
  const receiver = await udpReceiver("127.0.0.1");
  receiver.close();
  const transport = openTransport({ kind: "udp", host: "127.0.0.1", port: receiver.port });
  for (let i = 0; i < 20; i++) {
    assertEquals(send(transport, numbered(10)), 10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  transport.close();
  transport.close();
});

test("udp: a datagram that is too long is a failure, and the next one goes", async () => {
  const receiver = await udpReceiver("127.0.0.1");
  const transport = openTransport({ kind: "udp", host: "127.0.0.1", port: receiver.port });
  const { bytes, ends } = packed(["x".repeat(65_530), "short"]);
  assertEquals(transport.send(bytes, ends, 0, 2), -1);
  assertEquals(transport.failure, "message too long");
  assertEquals(transport.send(bytes, ends, 1, 2), 1);
  await until(() => receiver.messages.length === 1, "the next one");
  assertEquals(receiver.messages, ["short\n"]);
  transport.close();
  receiver.close();
});

function inDirectory(body: (directory: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), "sluice-log-"));
    try {
      await body(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
}

test(
  `unix (${runtimeName}): lines reach the socket, wait when it is full, survive its restart`,
  inDirectory(async (directory) => {
    const path = join(directory, "log");
    const transport = openTransport({ kind: "unix", path });
    const { bytes, ends } = packed(["early"]);
    assertEquals(transport.send(bytes, ends, 0, 1), -1);
    assertEquals(transport.failure, "no such file or directory");

    const first = await unixDatagrams(path);
    const lines = numbered(100_000);
    const taken = send(transport, lines);
    assert(taken > 0 && taken < lines.length, `${taken} lines taken`);
    for (let i = 0; i < taken; i++) assertEquals(first.receive(), `line ${i}\n`);
    first.close();
    assertEquals(transport.send(bytes, ends, 0, 1), -1);
    rmSync(path, { force: true });

    const second = await unixDatagrams(path);
    assertEquals(send(transport, ["again"]), 1);
    assertEquals(second.receive(), "again\n");
    second.close();
    transport.close();
  }),
);

test("unix: a path that no socket can have is refused", () => {
  assertThrows(() => openTransport({ kind: "unix", path: "/" + "x".repeat(200) }), Error, "107");
});

/** Opens a named pipe for reading and writing, in the usual, blocking mode. */
function openPipe(directory: string): number {
  const path = join(directory, "pipe");
  assertEquals(spawnSync("mkfifo", [path]).status, 0);
  return openSync(path, "r+");
}

test(
  "stream: a pipe which nobody reads does not block, and loses nothing",
  inDirectory((directory) => {
    const fd = openPipe(directory);
    const transport = openStream(fd);
    const lines = [...numbered(20_000), "x".repeat(9000), ...numbered(10)];
    const { bytes, ends } = packed(lines);
    let received = "";
    let from = 0;
    let stalls = 0;
    const buffer = new Uint8Array(5000);
    while (from < lines.length) {
      const taken = transport.send(bytes, ends, from, lines.length);
      assert(taken >= 0, transport.failure);
      from += taken;
      if (from === lines.length) break;
      stalls++;
      received += new TextDecoder().decode(buffer.subarray(0, readSync(fd, buffer)));
    }
    assert(stalls > 10, `${stalls} stalls`);
    const all = new TextDecoder().decode(bytes);
    while (received.length < all.length) {
      received += new TextDecoder().decode(buffer.subarray(0, readSync(fd, buffer)));
    }
    assert(received === all);
    closeSync(fd);
  }),
);

test(
  "stream: waiting for room ends in time",
  inDirectory((directory) => {
    const fd = openPipe(directory);
    const transport = openStream(fd);
    assert(send(transport, numbered(20_000)) < 20_000);
    const start = performance.now();
    transport.wait(20);
    assert(performance.now() - start >= 15);
    closeSync(fd);
  }),
);

test(
  "stream: a file takes everything; a closed descriptor is a failure",
  inDirectory((directory) => {
    const path = join(directory, "file");
    const fd = openSync(path, "w");
    const transport = openStream(fd);
    assertEquals(send(transport, numbered(3000)), 3000);
    assertEquals(readFileSync(path, "utf8"), numbered(3000).map((line) => line + "\n").join(""));
    closeSync(fd);

    const readOnly = openSync(path, "r");
    const refused = openStream(readOnly);
    const { bytes, ends } = packed(["lost"]);
    assertEquals(refused.send(bytes, ends, 0, 1), -1);
    assertEquals(refused.failure, "bad file descriptor");
    closeSync(readOnly);
  }),
);

test("stream: a full device is told in words", () => {
  // full(4): every write finds no space.
  const fd = openSync("/dev/full", "w");
  const transport = openStream(fd);
  const { bytes, ends } = packed(["lost"]);
  assertEquals(transport.send(bytes, ends, 0, 1), -1);
  assertEquals(transport.failure, "no space left on device");
  closeSync(fd);
});
