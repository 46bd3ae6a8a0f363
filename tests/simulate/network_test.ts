import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { memoryNetwork, type MemoryOptions } from "#src/simulate/network.ts";
import type { Endpoint, Socket } from "#src/net/socket.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";
import { End, ignoringEvents } from "../net/end.ts";

const at: Endpoint = { kind: "ip", host: "10.0.0.1", port: 80 };

/** A network, a client of a server on it, and the server's end, with nothing more to deliver. */
function connected(options: MemoryOptions = {}) {
  const network = memoryNetwork(options);
  const [client, server] = [new End(), new End()];
  network.listen(at, {}, (socket) => {
    server.socket = socket;
    return server;
  });
  client.socket = network.connect(at, {}, client);
  network.run();
  return { network, client, server };
}

test("memory: run() delivers what is due, and nothing comes before it", () => {
  const { network, client, server } = connected();
  assertEquals(client.log, ["opened"]);
  client.send("hello");
  assertEquals(server.text, "");
  network.run();
  assertEquals(server.text, "hello");
});

test("memory: it delivers by itself when the running code has returned", async () => {
  const { client, server } = connected();
  client.send("hello");
  await Promise.resolve();
  assertEquals(server.text, "hello");
});

test("memory: bytes are overwritten after data, unless kept", () => {
  const { network, client, server } = connected();
  const seen: Uint8Array[] = [];
  const kept: Uint8Array[] = [];
  server.socket.events = {
    ...ignoringEvents,
    data(socket, bytes) {
      seen.push(bytes);
      kept.push(socket.retain(bytes, 0, bytes.length));
    },
  };
  client.write(new Uint8Array([1, 2, 3]));
  network.run();
  assertEquals(seen, [new Uint8Array([0xee, 0xee, 0xee])]);
  assertEquals(kept, [new Uint8Array([1, 2, 3])]);
});

test("memory: a write is one data call, or as many as the segments it takes", () => {
  const lengths = (options: MemoryOptions) => {
    const { network, client, server } = connected(options);
    const calls: number[] = [];
    server.socket.events = { ...ignoringEvents, data: (_, bytes) => calls.push(bytes.length) };
    client.write(new Uint8Array(5));
    client.write(new Uint8Array(2));
    network.run();
    return calls;
  };
  assertEquals(lengths({}), [5, 2]);
  assertEquals(lengths({ segment: 2 }), [2, 2, 1, 2]);
});

test("memory: a full buffer takes a part, and drain follows when there is room", () => {
  const { network, client, server } = connected({ capacity: 10 });
  server.pause();
  assertEquals(client.write(new Uint8Array(8)), 8);
  assertEquals(client.write(new Uint8Array(8)), 2);
  assertEquals(client.write(new Uint8Array(8)), 0);
  network.run();
  assertEquals(client.drains, 0);
  server.resume();
  network.run();
  assertEquals([client.drains, server.received], [1, 10]);
});

test("memory: answers of a chosen kind", () => {
  const { network } = connected();
  const attempt = () => {
    const end = new End();
    end.socket = network.connect(at, {}, end);
    network.run();
    return end;
  };
  network.answer(at, "EHOSTUNREACH");
  assertEquals(attempt().log, ["closed EHOSTUNREACH"]);
  network.answer(at, "silence");
  const silent = attempt();
  assertEquals(silent.log, []);
  network.answer(at, "listener");
  assertEquals(attempt().log, ["opened"]);
  assertEquals(silent.log, []);
});

test("memory: connections beyond the accept queue get no answer until there is room", () => {
  const network = memoryNetwork();
  const accepted: Socket[] = [];
  const listener = network.listen(at, { backlog: 1 }, (socket) => {
    accepted.push(socket);
    return ignoringEvents;
  });
  listener.pause();
  const clients = Array.from({ length: 4 }, () => new End());
  for (const client of clients) client.socket = network.connect(at, {}, client);
  network.run();
  assertEquals(clients.map((client) => client.log.length), [1, 1, 0, 0]);
  clients[2]?.close();
  listener.resume();
  network.run();
  assertEquals(clients.map((client) => client.log.length), [1, 1, 0, 1]);
  assertEquals(accepted.length, 3);
});

test("memory: a listener that closes accepts its queue and refuses who waits", () => {
  const network = memoryNetwork();
  const accepted: Socket[] = [];
  const listener = network.listen(at, { backlog: 0 }, (socket) => {
    accepted.push(socket);
    return ignoringEvents;
  });
  listener.pause();
  const clients = [new End(), new End()];
  for (const client of clients) client.socket = network.connect(at, {}, client);
  network.run();
  listener.close();
  network.run();
  assertEquals(clients.map((client) => client.log), [["opened"], ["closed ECONNREFUSED"]]);
  assertEquals(accepted.length, 1);
  clients[0]?.close();
  accepted[0]?.close();
  assertEquals(network.openSockets, 0);
});

test("memory: closing with unread bytes resets, after what was sent", () => {
  const { network, client, server } = connected();
  server.pause();
  client.send("request");
  network.run();
  server.send("answer");
  server.close();
  network.run();
  assertEquals([client.text, client.log], ["answer", ["opened", "closed ECONNRESET"]]);
});

test("memory: a reset drops what is on its way", () => {
  const { network, client, server } = connected();
  server.send("lost");
  server.reset();
  network.run();
  assertEquals([client.text, client.log], ["", ["opened", "closed ECONNRESET"]]);
});

test("memory: openSockets counts both ends until they are closed or told so", () => {
  const { network, client, server } = connected();
  assertEquals(network.openSockets, 2);
  client.close();
  network.run();
  assertEquals(network.openSockets, 1);
  server.close();
  server.close();
  assertEquals(network.openSockets, 0);
});

/** Two ends that send a byte back and forth. */
function endless() {
  const { network, client, server } = connected();
  let rounds = 0;
  const byte = new Uint8Array(1);
  const events = {
    ...ignoringEvents,
    data: (socket: Socket) => {
      rounds++;
      socket.write(byte, 0, 1);
    },
  };
  client.socket.events = server.socket.events = events;
  client.write(byte);
  return { network, client, rounds: () => rounds };
}

test("memory: run() gives up on a conversation without end", () => {
  const { network, client } = endless();
  assertThrows(() => network.run(), Error, "no rest");
  client.close();
});

test("memory: a conversation without end leaves timers their turn", async () => {
  const { client, rounds } = endless();
  await until(() => rounds() > 0, "the first round");
  client.close();
});

test("memory: what a handler throws comes out of run(), and the rest is still delivered", () => {
  const { network, client, server } = connected();
  server.then.data = () => {
    server.then = {};
    throw new Error("handler");
  };
  client.write(new Uint8Array(1));
  client.write(new Uint8Array(1));
  assertThrows(() => network.run(), Error, "handler");
  network.run();
  assertEquals(server.received, 2);
});

test("memory: whatever is written, paused and segmented arrives in order", () => {
  const action = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.constantFrom("pause" as const, "resume" as const, "run" as const),
  );
  fc.assert(fc.property(
    fc.array(action, { maxLength: 60 }),
    fc.integer({ min: 1, max: 64 }),
    fc.integer({ min: 1, max: 64 }),
    (actions, capacity, segment) => {
      const { network, client, server } = connected({ capacity, segment });
      const taken: number[] = [];
      for (const action of actions) {
        if (action === "run") network.run();
        else if (typeof action === "string") server[action]();
        else taken.push(...action.subarray(0, client.write(action)));
        if (taken.length - server.received > capacity) throw new Error("more than the capacity");
      }
      client.close();
      server.resume();
      network.run();
      assertEquals(server.content, taken);
      assertEquals(server.log, ["ended"]);
      assertEquals(server.violations, []);
    },
  ));
});
