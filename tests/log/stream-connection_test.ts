/** Log lines over a connection: framings, a server that comes late, one that goes. */
import { assertEquals } from "@std/assert";
import type { Endpoint } from "#src/net/socket.ts";
import { openConnection } from "#src/log/stream-connection.ts";
import type { Connection } from "#src/simulate/connection.ts";
import { Server } from "#src/simulate/server.ts";
import { freshAddress } from "../binary.ts";
import { listening, nodeNetwork, stopped } from "../node-network.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";

const lines = ["<134>one\n", "<134>zwei, grün\n", "<134>three\n"];
const bytes = new TextEncoder().encode(lines.join(""));
const ends = lines.map((_, i) => new TextEncoder().encode(lines.slice(0, i + 1).join("")).length);

async function collector(at: Endpoint) {
  const connections: Connection[] = [];
  const server = new Server(nodeNetwork, at, (connection) => void connections.push(connection));
  const { endpoint } = await listening(server);
  const received = () =>
    new TextDecoder().decode(
      Uint8Array.from(connections.map((c) => c.received).join(""), (c) => c.charCodeAt(0)),
    );
  return {
    port: endpoint.kind === "ip" ? endpoint.port : 0,
    connections,
    received,
    stop: () => stopped(server, "kill"),
  };
}

for (
  const [framing, expected] of [
    ["legacy", lines.join("")],
    ["octet-count", "8 <134>one16 <134>zwei, grün10 <134>three"],
  ] as const
) {
  test(`lines over a connection: ${framing}`, async () => {
    const host = freshAddress();
    const log = await collector({ kind: "ip", host, port: 0 });
    const transport = openConnection({ kind: "tcp", host, port: log.port, framing });
    try {
      let taken = 0;
      await until(
        () => (taken += transport.send(bytes, ends, taken, lines.length)) === lines.length,
        "the lines to be taken",
      );
      await until(() => log.received().length === expected.length, () => log.received());
      assertEquals(log.received(), expected);
    } finally {
      transport.close();
      await log.stop();
    }
  });
}

test("lines wait for a server that is not there, and go on to one that comes again", async () => {
  const host = freshAddress();
  const first = await collector({ kind: "ip", host, port: 0 });
  const at = { kind: "ip", host, port: first.port } as const;
  await first.stop();
  const transport = openConnection({ ...at, kind: "tcp", framing: "legacy" });
  assertEquals(transport.send(bytes, ends, 0, 1), 0);
  const second = await collector(at);
  try {
    await until(() => transport.send(bytes, ends, 0, 1) === 1, "the line to be taken");
    await until(() => second.received() === lines[0], () => second.received());
    for (const connection of second.connections) connection.close();
    let taken = 0;
    await until(() => {
      taken += transport.send(bytes, ends, 0, 1);
      return second.connections.length > 1 && taken > 0;
    }, "another connection");
    await until(() => second.received().endsWith(lines[0]!), () => second.received());
  } finally {
    transport.close();
    await second.stop();
  }
});
