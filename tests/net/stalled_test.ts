/** What a reader that stalls costs on Bun's sockets, which read all that has come. */
import { assert, assertEquals } from "@std/assert";
import { runtimeName, test } from "../testing.ts";
import { until } from "../until.ts";
import { ignoringEvents, sequence } from "./end.ts";
import { nativeNetwork } from "./native.ts";
import { loopback, play } from "./scene.ts";

const possible = runtimeName === "bun" && nativeNetwork !== undefined;
const subject = {
  name: "bun",
  network: nativeNetwork!,
  resets: true,
  asksKernel: true,
  arrivals: "all",
} as const;

test("bun: what one event brings is bounded, where the reader stops", async () => {
  await play(subject, async (scene) => {
    const sizes: number[] = [];
    for (let round = 0; round < 10; round++) {
      const [client, server] = await scene.pair(loopback);
      server.checks = true;
      client.sendSequence(8 << 20);
      let told = 0;
      server.then.data = () => {
        // It reads a little, stops, and goes on later than more has come.
        if (++told % 3 !== 0) return;
        server.pause();
        setTimeout(() => server.resume(), 1);
      };
      let before = 0;
      const { then } = server;
      const count = then.data!;
      then.data = () => {
        sizes.push(server.received - before);
        before = server.received;
        count();
      };
      await server.got(8 << 20);
      client.close();
    }
    const most = Math.max(...sizes.slice(3));
    assert(most <= 262_144, `${most} bytes at once`);
  });
}, { skip: !possible });

test("bun: of a large read a small rest is kept by itself", async () => {
  await play(subject, async (scene) => {
    const [client, server] = await scene.pair(loopback);
    const kept: Uint8Array[] = [];
    let whole = 0;
    server.socket.events = {
      ...ignoringEvents,
      data(socket, bytes) {
        whole = Math.max(whole, bytes.length);
        kept.push(socket.retain(bytes, bytes.length - 10, bytes.length));
      },
    };
    server.pause();
    client.sendSequence(60_000);
    await scene.settle();
    server.resume();
    await until(() => whole > 16_384, "a large read");
    for (const piece of kept) assert(piece.buffer.byteLength < 16_384, "it pins the rest");
    await scene.settle();
    // And it lasts, though the read itself has been given back.
    assertEquals(kept.at(-1)!.length, 10);
    assertEquals([...kept.at(-1)!], [...sequence(60_000 - 10, 10)]);
  });
}, { skip: !possible });
