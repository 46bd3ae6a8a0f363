/** Descriptors that come along with bytes over a unix socket: they are nobody's, and harm nobody. */
import { assert, assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import type { LoopOptions } from "#src/net/epoll/loop.ts";
import type { Network, Socket } from "#src/net/socket.ts";
import { runtimeName, test } from "../testing.ts";
import { until } from "../until.ts";
import { End, sequence } from "./end.ts";
import { createLoop, nativeNetwork, pump, sendWithDescriptors } from "./native.ts";

const possible = runtimeName === "bun" && process.platform === "linux";
const reason = possible ? "" : " (SKIPPED: only Bun on Linux passes descriptors here)";

const descriptors = () => readdirSync("/proc/self/fd").length;
const numberOf = (socket: Socket): number => {
  const of = socket as unknown as { fd?: number; native?: { fd: number } };
  return of.fd ?? of.native!.fd;
};

/** A pair over a unix socket, each end of which may be the one that passes descriptors. */
async function pairOf(network: Network): Promise<[End, End]> {
  const ends: End[] = [];
  const at = { kind: "abstract", name: `descriptors-${crypto.randomUUID()}` } as const;
  const listener = network.listen(at, {}, (socket) => {
    const end = new End();
    end.socket = socket;
    ends.push(end);
    return end;
  });
  const client = new End();
  client.socket = network.connect(at, {}, client);
  await client.waitFor("opened");
  await until(() => ends.length === 1, "a connection");
  listener.close();
  return [client, ends[0]!];
}

function scene(name: string, body: (network: Network) => Promise<void>): void {
  test(`bun: ${name}${reason}`, () => body(nativeNetwork!), { skip: !possible });
  onLoop(name, body, {});
}
function onLoop(
  name: string,
  body: (network: Network) => Promise<void>,
  options: Partial<LoopOptions>,
): void {
  test(`epoll: ${name}${reason}`, async () => {
    const loop = createLoop!({ splice: true, ...options });
    const stop = pump(loop);
    try {
      await body(loop.network);
    } finally {
      stop();
      loop.close();
    }
  }, { skip: !possible });
}

for (const side of ["client", "server"]) {
  scene(`a ${side} that passes descriptors is read on, and none is kept`, async (network) => {
    const ends = await pairOf(network);
    const [sender, reader] = side === "client" ? ends : ends.reverse() as [End, End];
    const before = descriptors();
    let expected = "";
    for (let round = 0; round < 100; round++) {
      // The read of what came with descriptors ends behind it, whatever follows.
      const piece = new TextEncoder().encode(`round ${round},`);
      const passed = Array.from({ length: 1 + round % 20 }, () => 0);
      assertEquals(sendWithDescriptors(numberOf(sender.socket), piece, passed), piece.length);
      sender.send("plain;");
      expected += `round ${round},plain;`;
      if (round % 7 === 0) await reader.got(expected.length);
    }
    await reader.got(expected.length);
    assertEquals(reader.text, expected);
    assert(descriptors() <= before, `${descriptors() - before} descriptors more`);
    sender.shutdown();
    await reader.waitFor("ended");
    for (const end of ends) end.close();
  });
}

for (const [how, options] of [["copied", { maxPipes: 0 }], ["in pipes", {}]] as const) {
  onLoop(`what is spliced goes on behind descriptors too, ${how}`, async (network) => {
    const [sender, source] = await pairOf(network);
    const [receiver, target] = await pairOf(network);
    const before = descriptors();
    receiver.checks = true;
    let sent = 0;
    const send = (length: number, passed: number[]) => {
      const bytes = sequence(sent, length).slice();
      assertEquals(sendWithDescriptors(numberOf(sender.socket), bytes, passed), length);
      sent += length;
    };
    // Large pieces first: from then on it is known that they are large.
    assert(source.socket.splice!(target.socket, Infinity, { spliced() {} }));
    for (let round = 0; round < 50; round++) {
      send(30_000, [0, 1]);
      send(20_000, [0]);
      send(10, []);
      await receiver.got(sent);
    }
    assertEquals([receiver.violations, receiver.received], [[], sent]);
    assert(descriptors() - before <= 64, "pipes, and nothing else");
    for (const end of [sender, source, receiver, target]) end.close();
  }, options);
}
