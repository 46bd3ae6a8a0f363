/**
 * A fault of ours costs one session: whatever callback throws, on real sockets of each engine, other
 * sessions lose nothing, and what the session held is released.
 */
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { Configuration } from "#src/config/model.ts";
import { onFault } from "#src/net/faults.ts";
import type { Network } from "#src/net/socket.ts";
import { singleThread } from "#src/proxy/workers.ts";
import { HttpClientConnection } from "#src/proxy/http/client-connection.ts";
import { HttpTransaction } from "#src/proxy/http/transaction.ts";
import { listenAll } from "#src/proxy/instance.ts";
import { createProxies } from "#src/proxy/proxies.ts";
import { ServerConnection } from "#src/proxy/stream/server-connection.ts";
import { TcpClientEndpoint } from "#src/proxy/tcp/endpoint.ts";
import { TcpSession } from "#src/proxy/tcp/session.ts";
import { createSessions, type Sessions } from "#src/proxy/sessions.ts";
import { createMemory } from "#src/shared/memory.ts";
import { Connection } from "#src/simulate/connection.ts";
import { Origin } from "#src/simulate/server.ts";
import { type Clock, systemClock } from "#src/time/clock.ts";
import { createLoop, nativeNetwork, pump } from "../net/native.ts";
import { runtimeName, test } from "../testing.ts";
import { until } from "../until.ts";

interface Engine {
  readonly name: string;
  /** Opens it; faults go to `hear`. */
  open(hear: (error: unknown) => void): { network: Network; clock: Clock; close(): void };
}

const engines: Engine[] = [];
if (nativeNetwork !== undefined) {
  engines.push({
    name: `${runtimeName}'s sockets`,
    open(hear) {
      onFault(hear);
      return { network: nativeNetwork!, clock: systemClock, close: () => onFault(null) };
    },
  });
}
if (createLoop !== undefined) {
  engines.push({
    name: "epoll",
    open(hear) {
      const loop = createLoop!({ splice: false, onFault: hear });
      const stop = pump(loop);
      return {
        network: loop.network,
        clock: loop.clock,
        close() {
          stop();
          loop.close();
        },
      };
    },
  });
}

const large = "x".repeat(12_000_000);
const post = (path: string, content: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${content.length}\r\n\r\n${content}`;

/** What says that nothing has come on a connection for 30 ms, when it is asked again and again. */
function standstill(connection: () => Connection | undefined): () => boolean {
  let length = -1;
  let since = 0;
  return () => {
    const now = connection()?.received.length ?? 0;
    if (now !== length) since = performance.now();
    length = now;
    return performance.now() - since > 30;
  };
}

/** Proxies with one server, in the mode; a bystander is in the middle of a large download. */
async function play(engine: Engine, mode: "http" | "tcp", trap: Trap): Promise<void> {
  const errors: unknown[] = [];
  const { network, clock, close } = engine.open((error) => errors.push(error));
  const origin = new Origin(
    network,
    { kind: "ip", host: "127.0.0.1", port: 0 },
    "s1",
    ({ line }) =>
      `HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\nX: ${line}\r\n\r\n${large}`,
  ).listen();
  const { port } = origin.endpoint as { port: number };
  const configuration = v.parse(Configuration, {
    proxies: [{
      name: "web",
      kind: "listen",
      mode,
      bind: [{ address: { kind: "ip", host: "127.0.0.1", port: 0 } }],
      httpReuse: "always",
      timeout: { client: 20_000, server: 20_000, connect: 5000 },
      servers: [{ name: "s1", address: { kind: "ip", host: "127.0.0.1", port }, maxconn: 50 }],
    }],
  });
  const log = {
    logsSessions: () => true,
    logsConnections: () => false,
    session() {},
    connection() {},
    event() {},
  };
  const proxies = createProxies(configuration, {
    network,
    clock,
    log,
    maxconn: 100,
    workers: singleThread(createMemory(1, 0), (...message) => sessions.receive(...message)),
    onFault: (error) => errors.push(error),
  });
  const { runtime, frontends: [frontend], backends: [backend] } = proxies;
  const sessions: Sessions = createSessions(proxies, () => {});
  listenAll(frontend!, network, (bind, number) => sessions.acceptor(frontend!, bind, number), {
    paused: false,
    ports: new Map(),
  });
  const at = frontend!.listeners[0]!.endpoint;
  const connect = () => new Connection().connect(network, at);
  try {
    trap.set();
    const bystander = connect().send("GET /bystander HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => bystander.received.length > 100_000, "the bystander's response");
    bystander.stall();
    trap.arm();
    const victim = connect();
    victim.send(post("/victim", large));
    victim.stall();
    // It has the proxy wait for it, then reads on, asks again, and ends.
    const isLeft = () => victim.endOfStream || victim.received.startsWith("HTTP/1.1 502");
    const served = () => origin.connections.find((c) => c.received.startsWith("POST /victim"));
    const unsent = () => served()?.unsent ?? 0;
    // The server is held up; or the kernel's buffers have taken all that it had to say.
    const isAnswered = () =>
      unsent() > 0 || origin.requests.some(({ line }) => line.startsWith("POST /victim"));
    await until(() => served() !== undefined || isLeft() || trap.sprung, "the victim's request");
    // The server has the proxy wait, too.
    served()?.stall();
    const stands = standstill(served);
    await until(() => trap.sprung || isLeft() || stands(), "the upload to stand still");
    served()?.read();
    const answers = standstill(() => victim);
    await until(
      () => (isAnswered() && answers()) || isLeft() || trap.sprung,
      () =>
        `the response to stand still: of the request ${served()?.received.length} came, of the ` +
        `response ${unsent()} are unsent, and ${victim.received.length} came`,
    );
    victim.read();
    await until(() => victim.received.length >= large.length || isLeft(), "its response");
    if (!isLeft()) victim.send(post("/again", "y"));
    await until(() => victim.received.length >= 2 * large.length || isLeft(), "its end");
    for (const connection of [...origin.standing].slice(1)) connection.fin();
    if (!victim.isOver) {
      if (trap.name === "closed") victim.reset();
      else victim.fin();
    }
    const stranger = connect().send("GET /stranger HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => trap.sprung, `${trap.name} to be called`);
    trap.release();
    victim.close();

    bystander.read();
    const whole = (c: Connection) => c.received.endsWith(large) && c.received.length > large.length;
    await until(() => whole(bystander), "the rest of the bystander's response");
    await until(() => whole(stranger) || stranger.endOfStream, "the stranger's response");
    // It may have been the stranger whom the fault cost the session.
    const last = whole(stranger)
      ? stranger
      : connect().send("GET /last HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => whole(last), "a response after the fault");
    for (const connection of [bystander, stranger, last]) connection.close();
    await until(
      () => frontend!.connections.value === 0 && backend!.connections.value === 0,
      () => `release: ${frontend!.connections.value} and ${backend!.connections.value} are left`,
    );
    const [server] = backend!.servers;
    assertEquals([server!.slots.value, server!.queue.length, backend!.queue.length], [0, 0, 0]);
    server!.pool.close();
    await until(() => runtime.serverConnections.value === 0, "the end of server connections");
    assertEquals(runtime.connections.value, 0);
    assert(errors.length >= 1, "the fault is reported");
    for (const error of errors) assert(error instanceof Fault, String(error));
  } finally {
    trap.release();
    sessions.close();
    for (const listener of frontend!.listeners) listener.close();
    origin.kill();
    close();
  }
}

class Fault extends Error {}

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** Has a method throw, once, before or after it has done its work. */
class Trap {
  sprung = false;
  readonly #target: Methods;
  readonly #originals: Methods;
  /** Objects that were there before it was armed: of these it throws nothing. */
  readonly #spared = new Set<unknown>();

  constructor(readonly name: string, target: object, readonly after: boolean) {
    this.#target = target as Methods;
    const methods = Object.entries(Object.getOwnPropertyDescriptors(target))
      .filter(([key, { value }]) => typeof value === "function" && key !== "constructor")
      .map(([key, { value }]) => [key, value]);
    this.#originals = Object.fromEntries(methods);
  }

  /** Sees which objects there are. */
  set(): void {
    for (const [key, original] of Object.entries(this.#originals)) {
      const spare = (self: unknown) => this.#spared.add(self);
      this.#target[key] = function (this: unknown, ...args) {
        spare(this);
        return original.apply(this, args);
      };
    }
  }
  arm(): void {
    this.release();
    const original = this.#originals[this.name]!;
    const { after } = this;
    const isSpared = (self: unknown) => this.#spared.has(self);
    const spring = () => {
      this.sprung = true;
      this.release();
      throw new Fault(this.name);
    };
    this.#target[this.name] = function (this: unknown, ...args) {
      if (isSpared(this)) return original.apply(this, args);
      if (!after) spring();
      original.apply(this, args);
      return spring();
    };
  }
  release(): void {
    Object.assign(this.#target, this.#originals);
  }
}

const callbacks: readonly (readonly [mode: "http" | "tcp", target: object, names: string[]])[] = [
  ["http", HttpClientConnection.prototype, ["data", "drain", "ended", "sendHead", "end", "closed"]],
  ["http", ServerConnection.prototype, ["data", "drain"]],
  ["http", HttpTransaction.prototype, [
    ...["begin", "onAssigned", "onConnected", "onRequestContent", "onResponse"],
    ...["onResponseContent", "onResponseEnd", "put", "sendEarly"],
  ]],
  ["tcp", TcpClientEndpoint.prototype, ["data", "drain", "ended"]],
  ["tcp", TcpSession.prototype, ["onContent", "onConnected", "onEnded"]],
];

for (const engine of engines) {
  for (const [mode, target, names] of callbacks) {
    for (const name of names) {
      for (const after of [false, true]) {
        // It is what releases, and cannot be called again: of itself it throws nothing.
        if (name === "closed" && !after) continue;
        const when = after ? "after" : "before";
        test(`a fault ${when} the work of ${target.constructor.name}.${name} costs one session, on ${engine.name}`, () =>
          play(engine, mode, new Trap(name, target, after)));
      }
    }
  }
}
