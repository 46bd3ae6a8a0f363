import { test } from "../testing.ts";
import { assertEquals } from "@std/assert";
import { withLinks } from "#src/simulate/links.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import type { Endpoint, Network, Socket, SocketEvents } from "#src/net/socket.ts";

const at: Endpoint = { kind: "ip", host: "10.0.0.1", port: 80 };
const decoder = new TextDecoder();

/** An owner of a socket that writes down what it hears. */
function listening(seen: string[]): SocketEvents {
  return {
    opened: () => void seen.push("opened"),
    data: (_, bytes) => void seen.push(decoder.decode(bytes)),
    drain() {},
    ended: () => void seen.push("ended"),
    closed: (_, { code }) => void seen.push(code),
  };
}

/** A server, what it hears, and a client behind a layer of links, with what that hears. */
async function scene(
  play: (scene: {
    readonly connect: () => Socket;
    readonly down: () => void;
    readonly up: () => Promise<void>;
    readonly settle: () => Promise<void>;
    readonly client: string[];
    readonly server: string[];
    readonly accepted: Socket[];
  }) => Promise<void>,
): Promise<void> {
  const network = memoryNetwork();
  const links = withLinks(network as Network);
  const [client, server]: [string[], string[]] = [[], []];
  const accepted: Socket[] = [];
  const listener = links.listen(at, {}, (socket) => {
    accepted.push(socket);
    return listening(server);
  });
  const settle = async () => {
    for (let i = 0; i < 3; i++) {
      network.run();
      await Promise.resolve();
    }
  };
  await play({
    connect: () => links.connect(at, { source: { host: "10.0.0.2", port: 0 } }, listening(client)),
    down: () =>
      links.cut("x", (source, to) => source === "10.0.0.2" && to.kind === "ip" && to.port === 80),
    async up() {
      assertEquals(links.restore("x"), true);
      await settle();
    },
    settle,
    client,
    server,
    accepted,
  });
  listener.close();
  links.dispose();
  for (const socket of accepted) socket.close();
  network.run();
  assertEquals(network.openSockets, 0);
}

const write = (socket: Socket, text: string) =>
  socket.write(new TextEncoder().encode(text), 0, text.length);

test("while a link is down nothing passes in either direction; then all of it does", () =>
  scene(async ({ connect, down, up, settle, client, server, accepted }) => {
    const socket = connect();
    await settle();
    assertEquals([write(socket, "one"), client], [3, ["opened"]]);
    await settle();
    down();
    assertEquals(write(socket, "two"), 3);
    assertEquals(write(accepted[0]!, "answer"), 6);
    socket.shutdown();
    accepted[0]!.shutdown();
    await settle();
    assertEquals([client, server], [["opened"], ["one"]]);
    await up();
    await settle();
    assertEquals([client, server], [["opened", "answer", "ended"], ["one", "two", "ended"]]);
    socket.close();
  }));

test("a connect gets no answer while the link is down, and may be given up", () =>
  scene(async ({ connect, down, up, settle, client, accepted }) => {
    down();
    const impatient = connect();
    const patient = connect();
    await settle();
    assertEquals([client, accepted.length, write(patient, "x")], [[], 0, 0]);
    assertEquals([patient.remoteAddress, patient.localAddress], ["10.0.0.1", "10.0.0.2"]);
    impatient.close();
    await up();
    assertEquals([client, accepted.length], [["opened"], 1]);
    patient.close();
  }));

test("an end in silence reaches the other side when the link is back", () =>
  scene(async ({ connect, down, up, settle, client, server, accepted }) => {
    const [closing, resetting, reset] = [connect(), connect(), connect()];
    await settle();
    write(closing, "a");
    await settle();
    down();
    write(closing, "b");
    closing.close();
    resetting.reset();
    accepted[2]!.reset();
    await settle();
    assertEquals([client, server], [["opened", "opened", "opened"], ["a"]]);
    assertEquals(reset.peerGone(), false);
    await up();
    await settle();
    assertEquals(server, ["a", "b", "ended", "ended"]);
    assertEquals(client, ["opened", "opened", "opened", "ECONNRESET"]);
  }));

test("a silent connection takes as much as a kernel would, and asks for more when it is back", () =>
  scene(async ({ connect, down, up, settle, server }) => {
    const socket = connect();
    await settle();
    down();
    let drained = 0;
    socket.events = { ...socket.events, drain: () => void drained++ };
    const much = new Uint8Array(100_000).fill(120);
    const taken = socket.write(much, 0, much.length);
    assertEquals([taken, socket.write(much, taken, much.length)], [65_536, 0]);
    await up();
    assertEquals(server.join("").length, taken);
    assertEquals(drained > 0, true);
    socket.close();
  }));
