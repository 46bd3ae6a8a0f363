/**
 * A network inside the process, for tests. It behaves as the kernel does where that matters to an
 * owner of sockets: bounded buffers (so writes are taken in part), accept queues that fill up,
 * half-close, a reset as the answer to bytes that nobody will read. It is harsher on purpose in
 * one point: the bytes of a `data` call are overwritten with 0xEE when the call returns, so that
 * code which holds on to them without `keep` is found out.
 *
 * Nothing is delivered inside a call. What is due is delivered in a fixed order, one event at a
 * time: by run(), or by itself once the running code has returned to the event loop.
 */
import { type MemoryHost, MemorySocket, type Step } from "./socket.ts";
import {
  type ConnectOptions,
  type DatagramSocket,
  type Endpoint,
  type Listener,
  type ListenOptions,
  type Network,
  type Socket,
  SocketError,
  type SocketErrorCode,
  type SocketEvents,
} from "../net/socket.ts";

/** Options of {@linkcode memoryNetwork}. */
export interface MemoryOptions {
  /** Bytes that one direction of a connection holds before write() takes fewer; 65,536. */
  readonly capacity?: number;
  /** The most bytes in one `data` call: 1 tries every boundary. Not given: a call for each write. */
  readonly segment?: number;
  /** Whether sockets can {@linkcode Socket.splice}; true. */
  readonly splice?: boolean;
}

/** How a connection attempt ends: by the listener there, never, or with an error. */
export type MemoryAnswer = "listener" | "silence" | SocketErrorCode;

/** What {@linkcode memoryNetwork} gives beyond a {@linkcode Network}. */
export interface MemoryNetwork extends Network {
  /**
   * Delivers all that is due, and what becomes due by that.
   * @throws {Error} if 250,000 events do not bring it to rest
   */
  run(): void;
  /** Whether nothing is due. */
  readonly atRest: boolean;
  /**
   * Receives the datagrams that are sent to an address, until the function returned is called; each
   * can be answered, to where it came from. Datagrams to other addresses get lost.
   */
  receiveDatagrams(at: Endpoint, receive: (bytes: Uint8Array, answer: Answer) => void): () => void;
  /** Decides how attempts to connect to an endpoint end from now on; "listener" is the rule. */
  answer(to: Endpoint, how: MemoryAnswer): void;
  /** Sockets handed to an owner, and neither closed by it nor reported as closed to it. */
  readonly openSockets: number;
}

/** Sends a datagram back. */
type Answer = (bytes: Uint8Array) => void;

interface MemoryListener extends Listener, Step {
  readonly family6: boolean;
  readonly ipv6Only: boolean;
  /** Whether one more connection finds a place in the accept queue. */
  hasRoom(): boolean;
  /** The server's end of a new connection. */
  enqueue(server: MemorySocket): void;
  /** Clients whose attempts found the accept queue full. */
  readonly waiting: MemorySocket[];
}

const restLimit = 250_000;
const burst = 10_000;
const firstEphemeralPort = 32_768;

/** Makes a network of its own: only its sockets reach its listeners. */
export function memoryNetwork(options: MemoryOptions = {}): MemoryNetwork {
  const listeners = new Map<string, MemoryListener>();
  const answers = new Map<string, MemoryAnswer>();
  const receivers = new Map<string, (bytes: Uint8Array, answer: Answer) => void>();
  /** Clients that have, or had, a source port of their choice, by both addresses. */
  const bound = new Map<string, MemorySocket>();
  const due: Step[] = [];
  let running = false;
  let pumping = false;
  let nextPort = firstEphemeralPort;

  const host: MemoryHost = {
    capacity: options.capacity ?? 65_536,
    segment: options.segment ?? Infinity,
    splice: options.splice ?? true,
    openSockets: 0,
    schedule(step) {
      if (step.due) return;
      step.due = true;
      due.push(step);
      if (pumping || running) return;
      pumping = true;
      queueMicrotask(pump);
    },
    attempt,
  };

  /** Takes up to `limit` steps. @returns whether that was all */
  function steps(limit: number): boolean {
    running = true;
    try {
      for (let taken = 0; taken < limit; taken++) {
        const step = due.shift();
        if (step === undefined) return true;
        step.due = false;
        let more = true;
        try {
          more = step.step();
        } finally {
          if (more) host.schedule(step);
        }
      }
      return due.length === 0;
    } finally {
      running = false;
    }
  }

  function pump(): void {
    let rest = false;
    try {
      // In bursts, so that a conversation without end cannot keep a test's deadline from striking.
      rest = steps(burst);
    } finally {
      pumping = !rest && due.length > 0;
      if (pumping) setTimeout(pump, 0);
    }
  }

  /** Answers a client's attempt to connect. */
  function attempt(client: MemorySocket, to: Endpoint): void {
    const answer = answers.get(keyOf(to)) ?? "listener";
    if (answer === "silence") return;
    if (answer !== "listener") return client.fail(answer);
    const listener = find(to);
    if (listener === undefined) {
      return client.fail(to.kind === "unix" ? "ENOENT" : "ECONNREFUSED");
    }
    if (!listener.hasRoom()) {
      listener.waiting.push(client);
      return;
    }
    // RFC 4291 section 2.5.5.2: how an IPv6 socket shows an IPv4 client.
    const mapped = to.kind === "ip" && !to.host.includes(":") && listener.family6 ? "::ffff:" : "";
    const server = new MemorySocket(host, mapped + client.localAddress, client.localPort);
    server.localAddress = mapped + client.remoteAddress;
    server.localPort = client.remotePort;
    client.link(server);
    listener.enqueue(server);
  }

  function find(to: Endpoint): MemoryListener | undefined {
    const exact = listeners.get(keyOf(to));
    if (exact !== undefined || to.kind !== "ip") return exact;
    const any6 = listeners.get(keyOf({ kind: "ip", host: "::", port: to.port }));
    if (to.host.includes(":")) return any6;
    const any4 = listeners.get(keyOf({ kind: "ip", host: "0.0.0.0", port: to.port }));
    return any4 ?? (any6?.ipv6Only === true ? undefined : any6);
  }

  function ephemeralPort(): number {
    nextPort = nextPort === 65_535 ? firstEphemeralPort : nextPort + 1;
    return nextPort;
  }

  /** A client with a port of its choice: the kernel refuses one in use. */
  function bind(client: MemorySocket, to: Endpoint): void {
    const source = keyOf({ kind: "ip", host: client.localAddress, port: client.localPort });
    const tuple = `${source} to ${keyOf(to)}`;
    if (listeners.has(source)) client.fail("EADDRINUSE");
    else if (bound.get(tuple)?.finished === false) client.fail("EADDRNOTAVAIL");
    else bound.set(tuple, client);
  }

  function connect(to: Endpoint, { source }: ConnectOptions, events: SocketEvents): Socket {
    const ip = to.kind === "ip";
    const client = new MemorySocket(host, ip ? to.host : "", ip ? to.port : 0);
    if (ip) {
      client.localAddress = source?.host ?? (to.host.includes(":") ? "::1" : "127.0.0.1");
      client.localPort = source?.port || ephemeralPort();
    }
    client.attempt(to, events);
    if (ip && source !== undefined && source.port !== 0) bind(client, to);
    return client;
  }

  function listen(
    at: Endpoint,
    listenOptions: ListenOptions,
    accept: (socket: Socket) => SocketEvents,
  ): Listener {
    if (at.kind === "fd") throw new SocketError("EINVAL", `fd@${at.fd}: nothing is inherited here`);
    const endpoint = at.kind === "ip" && at.port === 0 ? { ...at, port: ephemeralPort() } : at;
    const key = keyOf(endpoint);
    if (listeners.has(key)) throw new SocketError("EADDRINUSE", `${key} is in use`);
    const queue: MemorySocket[] = [];
    const backlog = listenOptions.backlog ?? 1024;
    let paused = listenOptions.paused ?? false;
    let closed = false;
    /** Listens no more. */
    function leave(): void {
      if (listeners.get(key) !== listener) return;
      listeners.delete(key);
      for (const server of queue.splice(0)) server.accepted(accept);
      for (const client of listener.waiting.splice(0)) client.retry();
    }
    const listener: MemoryListener = {
      endpoint,
      family6: at.kind === "ip" && at.host.includes(":"),
      ipv6Only: listenOptions.ipv6Only ?? false,
      due: false,
      waiting: [],
      // One more than the backlog, as in Linux.
      hasRoom: () => queue.length <= backlog,
      enqueue(server) {
        queue.push(server);
        host.schedule(listener);
      },
      step() {
        const server = paused ? undefined : queue.shift();
        if (server === undefined) return false;
        server.accepted(accept);
        for (const client of listener.waiting.splice(0)) client.retry();
        return true;
      },
      pause() {
        paused = true;
      },
      resume() {
        paused = false;
        host.schedule(listener);
      },
      release: leave,
      reclaim() {
        if (closed || listeners.get(key) === listener) return;
        if (listeners.has(key)) throw new SocketError("EADDRINUSE", `${key} is in use`);
        listeners.set(key, listener);
      },
      drain: () => false,
      close() {
        closed = true;
        leave();
      },
    };
    listeners.set(key, listener);
    return listener;
  }

  /** Hands a datagram to `to` when its turn comes. */
  function deliver(bytes: Uint8Array, to: (bytes: Uint8Array) => void): void {
    const copy = bytes.slice();
    host.schedule({
      due: false,
      step() {
        to(copy);
        return false;
      },
    });
  }

  function openDatagrams(to: Endpoint, receive: (bytes: Uint8Array) => void): DatagramSocket {
    let closed = false;
    const answer: Answer = (bytes) => deliver(bytes, (copy) => closed || receive(copy));
    return {
      send(bytes) {
        if (!closed) deliver(bytes, (copy) => receivers.get(keyOf(to))?.(copy, answer));
        return !closed;
      },
      close: () => closed = true,
    };
  }

  return {
    name: "memory",
    can: {
      sourceAddress: true,
      unix: true,
      abstract: true,
      inherited: false,
      ipv6Only: true,
      transparent: true,
      socketOptions: true,
    },
    connect,
    listen,
    defer: (callback) =>
      host.schedule({
        due: false,
        step() {
          callback();
          return false;
        },
      }),
    openDatagrams,
    receiveDatagrams(at, receive) {
      receivers.set(keyOf(at), receive);
      return () => receivers.delete(keyOf(at));
    },
    run() {
      if (running) throw new Error("run() from inside an event");
      if (!steps(restLimit)) throw new Error(`no rest after ${restLimit} events`);
    },
    answer(to, how) {
      answers.set(keyOf(to), how);
    },
    get atRest() {
      return due.length === 0;
    },
    get openSockets() {
      return host.openSockets;
    },
  };
}

function keyOf(at: Endpoint): string {
  switch (at.kind) {
    case "ip":
      return `${at.host} port ${at.port}`;
    case "unix":
      return `unix@${at.path}`;
    case "abstract":
      return `abns@${at.name}`;
    case "fd":
      return `fd@${at.fd}`;
  }
}
