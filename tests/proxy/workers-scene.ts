/**
 * Several threads that serve, played in one: each has proxies of its own on memory that all share,
 * one network and one clock that stands still are everybody's, and the mail between them is
 * delivered when the test likes. So every interleaving of whole events can be tried, and repeated.
 */
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { Configuration } from "#src/config/model.ts";
import type { Listener, Network, Socket, SocketEvents } from "#src/net/socket.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import type { Workers } from "#src/proxy/workers.ts";
import { listenAll } from "#src/proxy/instance.ts";
import { createProxies, type Proxies } from "#src/proxy/proxies.ts";
import { createSessions, type Sessions } from "#src/proxy/sessions.ts";
import { createMemory, openMemory, type SharedMemory } from "#src/shared/memory.ts";
import { type Clock, virtualClock } from "#src/time/clock.ts";
import { type Answer, Client, createOrigin, type Origin, type web } from "./harness.ts";
import type { Connection } from "#src/simulate/connection.ts";

/** What a thread that is {@linkcode CrewScene.doom}ed throws, wherever it is. */
class Death extends Error {}

/** A thread while it lives. */
interface Thread {
  readonly number: number;
  readonly proxies: Proxies;
  readonly sessions: Sessions;
  /** Calls of the clock that it still has; Infinity: it lives on. */
  left: number;
  readonly sockets: Socket[];
  /** What it does with the connections of each listener. */
  readonly accepts: ((socket: Socket) => SocketEvents)[];
  /** Which of them it has paused. */
  readonly paused: boolean[];
}

type Message = readonly [kind: number, a: number, b: number, c: number];

/** What a test drives and looks at. */
export interface CrewScene {
  /** The main thread's view of what is shared. */
  readonly main: Proxies;
  readonly network: ReturnType<typeof memoryNetwork>;
  origin(name: string, answer?: Answer): Origin;
  /** Connects to the proxy: to a thread, as long as that lives. */
  client(thread: number, port?: number): Client;
  /** Delivers what is due on the network, and no mail. */
  run(): void;
  /** Delivers the first message of a thread to another, if there is one. */
  deliver(from: number, to: number): void;
  /** The network and the mail, until there is rest. */
  settle(): void;
  /** Moves time on, millisecond by millisecond; settles each time if the mail is to flow. */
  advance(ms: number, mail?: boolean): void;
  /** The main thread finds a server up or down. */
  turn(backend: number, server: number, up: boolean): void;
  /** A thread dies now: its connections end, and nobody has noticed yet. */
  kill(thread: number): void;
  /** It dies in the middle of what it does, so many calls of its clock from now. */
  doom(thread: number, calls: number): void;
  /** The main thread notices who has died, and puts new ones in their place; the doomed live on. */
  release(): void;
  /** Whether the proxy still has its end of a server's connection, which hears of it soon. */
  holds(connection: Connection): boolean;
  /** Threads that are dead and not buried. */
  readonly dead: number;
  /** Nobody who could be served is waiting, all mail being delivered. */
  assertNobodyWaits(): void;
}

/** A test's body: plays in a scene of so many threads, after which nothing may be left over. */
export function workersScene(
  threads: number,
  proxies: ReturnType<typeof web> | ReturnType<typeof web>[],
  play: (scene: CrewScene) => void,
  maxconn = 1000,
): void {
  const configuration = v.parse(Configuration, { proxies: [proxies].flat() });
  const network = memoryNetwork();
  const time = virtualClock();
  const log = {
    logsSessions: () => false,
    logsConnections: () => false,
    session() {},
    connection() {},
    event() {},
  };
  const peers: Connection[] = [];
  const origins: Origin[] = [];
  const alive: (Thread | null)[] = Array.from({ length: threads }, () => null);
  /** mail[to][from]; the main thread is the last. */
  const mail: Message[][][] = Array.from(
    { length: threads },
    () => Array.from({ length: threads + 1 }, () => []),
  );

  /** A thread's part in an event, in which it may die. */
  function within(thread: Thread | null, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      const dying = thread ?? alive.find((thread) => thread !== null && thread.left < 0) ?? null;
      if (dying !== null) kill(dying.number);
    }
  }

  function workersOf(self: number, memory: SharedMemory): Workers {
    return {
      memory,
      post: (to, kind, a = 0, b = 0, c = 0) => mail[to]?.[self]?.push([kind, a, b, c]),
      broadcast(kind, a = 0, b = 0, c = 0) {
        assertEquals(self, threads, "only the main thread gives orders");
        for (const thread of alive) {
          if (thread !== null) mail[thread.number]![self]!.push([kind, a, b, c]);
        }
      },
      whenDone() {
        throw new Error("nobody asks for it here");
      },
    };
  }

  function empty(thread: Thread): void {
    for (let from = 0; from <= threads; from++) {
      while (alive[thread.number] === thread && mail[thread.number]![from]!.length > 0) {
        deliver(from, thread.number);
      }
    }
  }

  /** Local ends of connections to servers. */
  const held = new Set<string>();
  const memory = createMemory(threads + 1, threads);
  const main = createProxies(configuration, {
    network,
    clock: time,
    log,
    maxconn,
    workers: workersOf(threads, memory),
  });
  const mainSessions = createSessions(main, () => {});

  /** A thread's own clock, which stops with it. */
  function clockOf(lives: () => Thread | null): Clock {
    const mortal = () => {
      const thread = lives();
      if (thread !== null && --thread.left < 0) throw new Death();
    };
    return {
      now() {
        mortal();
        return time.now();
      },
      wall: () => time.wall(),
      schedule: (delay, callback) =>
        time.schedule(delay, () => {
          const thread = lives();
          if (thread !== null) within(thread, callback);
        }),
    };
  }

  function start(number: number): void {
    let thread: Thread | null = null;
    const lives = () => alive[number] === thread ? thread : null;
    const shared = openMemory(memory.blocks, threads + 1, number);
    const sockets: Socket[] = [];
    const accepts: Thread["accepts"] = [];
    const paused: boolean[] = [];
    const own: Network = {
      ...network,
      connect(to, options, events) {
        const socket = network.connect(to, options, events);
        sockets.push(socket);
        const local = `${socket.localAddress} ${socket.localPort}`;
        held.add(local);
        for (const way of ["close", "reset"] as const) {
          const end = socket[way].bind(socket);
          socket[way] = () => {
            held.delete(local);
            end();
          };
        }
        return socket;
      },
      listen: (endpoint, _options, accept): Listener => {
        const index = accepts.push(accept) - 1;
        paused[index] = false;
        const set = (value: boolean) => {
          paused[index] = value;
          update(index);
        };
        const nothing = () => {};
        return {
          endpoint,
          pause: () => set(true),
          resume: () => set(false),
          release: nothing,
          reclaim: nothing,
          drain: () => false,
          close: nothing,
        };
      },
    };
    const proxies = createProxies(configuration, {
      network: own,
      clock: clockOf(lives),
      log,
      maxconn,
      workers: workersOf(number, shared),
    });
    const sessions = createSessions(proxies, () => {});
    thread = { number, proxies, sessions, left: Infinity, sockets, accepts, paused };
    alive[number] = thread;
    for (const frontend of proxies.frontends) {
      listenAll(frontend, own, (bind, number) => sessions.acceptor(frontend, bind, number));
    }
    accepts.forEach((_accept, index) => update(index));
  }

  const listeners: Listener[] = [];
  /** A listener accepts while any thread does. */
  function update(index: number): void {
    const open = alive.some((thread) => thread?.paused[index] === false);
    if (open) listeners[index]?.resume();
    else listeners[index]?.pause();
  }

  /** To whom a connection goes: to the thread that its address names, as far as there is one. */
  function place(index: number, socket: Socket): SocketEvents {
    const wish = Number(socket.remoteAddress.split(".")[2]);
    const thread = alive[wish] ?? alive.find((thread) => thread?.paused[index] === false) ??
      alive.find((thread) => thread !== null)!;
    thread.sockets.push(socket);
    return thread.accepts[index]!(socket);
  }

  function run(): void {
    for (let rest = false; !rest;) {
      rest = true;
      within(null, () => {
        rest = false;
        network.run();
        rest = true;
      });
    }
  }

  function deliver(from: number, to: number): void {
    const thread = alive[to] ?? null;
    const message = thread === null ? undefined : mail[to]![from]!.shift();
    if (message !== undefined) within(thread, () => void thread!.sessions.receive(...message));
  }

  function settle(): void {
    for (let rounds = 0;; rounds++) {
      assert(rounds < 10_000, "the threads never come to rest");
      run();
      if (!alive.some((thread) => thread !== null && mail[thread.number]!.some(hasMail))) return;
      for (const thread of [...alive]) if (thread !== null) empty(thread);
    }
  }

  function kill(number: number): void {
    const thread = alive[number];
    if (thread === null || thread === undefined) return;
    alive[number] = null;
    for (const socket of thread.sockets) socket.close();
    thread.accepts.forEach((_accept, index) => update(index));
  }

  function release(): void {
    for (let number = 0; number < threads; number++) {
      const living = alive[number] ?? null;
      if (living !== null) {
        living.left = Infinity;
        continue;
      }
      for (const box of mail[number]!) box.length = 0;
      mainSessions.releaseThread(number);
      for (const box of mail[number]!) box.length = 0;
      start(number);
    }
  }

  for (let thread = 0; thread < threads; thread++) start(thread);
  for (const [index, bind] of configuration.proxies.flatMap(({ bind }) => bind).entries()) {
    const { address } = bind;
    assert(address.kind === "ip");
    listeners.push(network.listen(address, {}, (socket) => place(index, socket)));
  }

  const stage: CrewScene = {
    main,
    network,
    origin(name, answer) {
      const origin = createOrigin(name, answer ?? (() => null), network);
      origins.push(origin);
      return origin;
    },
    client(thread, port = 80) {
      const client = new Client();
      peers.push(client);
      client.socket = network.connect(
        { kind: "ip", host: "10.0.0.1", port },
        { source: { host: `10.9.${thread}.1`, port: 0 } },
        client,
      );
      return client;
    },
    run,
    deliver,
    settle,
    advance(ms, flows = true) {
      const go = flows ? settle : run;
      go();
      for (let i = 0; i < ms; i++) {
        time.advance(1);
        go();
      }
    },
    turn(backend, index, up) {
      const server = main.backends[backend]!.servers[index]!;
      if (server.up === up) return;
      server.up = up;
      server.backend.stateChanged(server);
    },
    kill,
    doom(number, calls) {
      const thread = alive[number];
      if (thread !== null && thread !== undefined) thread.left = calls;
    },
    release,
    holds: ({ socket }) => held.has(`${socket.remoteAddress} ${socket.remotePort}`),
    get dead() {
      return alive.filter((thread) => thread === null).length;
    },
    assertNobodyWaits() {
      for (const backend of main.backends) {
        for (const server of backend.servers) {
          if (!server.serves || server.full) continue;
          assertEquals(server.queue.length, 0, `${server.name} is free, and its queue is not`);
          const takesAny = server.usable && (!server.config.backup || server.active);
          if (takesAny) assertEquals(backend.queue.length, 0, "a server is free, and some wait");
        }
      }
      const { runtime, frontends } = main;
      const full = runtime.connections.value >= maxconn ||
        frontends.some(({ connections, limit }) => connections.value >= limit);
      if (!full) assertEquals(runtime.held.value, 0, "there is room, and some wait for it");
    },
  };

  play(stage);

  release();
  for (const peer of peers) if (peer instanceof Client) peer.reset();
  settle();
  stage.assertNobodyWaits();
  assertNothingHeld(main);
  for (const thread of alive) assertTicketsFree(thread!.proxies, maxconn);
  for (const thread of alive) thread!.sessions.close();
  assertEquals(main.runtime.serverConnections.value, 0, "connections to servers counted");
  mainSessions.close();
  for (const listener of listeners) listener.close();
  for (const origin of origins) origin.kill();
  for (const peer of peers) peer.close();
  network.run();
  assertEquals(network.openSockets, 0, "sockets left behind");
}

function hasMail(box: readonly Message[]): boolean {
  return box.length > 0;
}

/** After all clients have gone every count is 0. */
function assertNothingHeld({ runtime, frontends, backends }: Proxies): void {
  assertEquals([runtime.connections.value, runtime.held.value], [0, 0], "clients counted");
  for (const { connections } of frontends) assertEquals(connections.value, 0, "frontend's clients");
  for (const { connections, queue, servers } of backends) {
    assertEquals([connections.value, queue.length, queue.first], [0, 0, 0], "backend's streams");
    for (const { slots, queue } of servers) {
      assertEquals([slots.value, queue.length, queue.first], [0, 0, 0], "server's streams");
    }
  }
}

/** Nobody has a ticket, and none is there twice. */
function assertTicketsFree({ runtime: { tickets } }: Proxies, count: number): void {
  // Only to be handed out: nobody is served by it.
  const owner = {} as Parameters<typeof tickets.acquire>[0];
  const taken = Array.from({ length: count }, () => tickets.acquire(owner));
  assertEquals(new Set(taken).size, count, "a ticket was given out twice");
  for (const ticket of taken) tickets.release(ticket);
}
