/**
 * The kit's network on real sockets: node:net of whichever runtime runs the tests. Not an adapter of
 * the program's own, so that none is judged by itself; and on Deno only node:net can reset.
 */
import { connect, createServer, type Socket as Native } from "node:net";
import {
  type ConnectOptions,
  type Endpoint,
  type Listener,
  type Network,
  type Socket,
  SocketError,
  type SocketErrorCode,
  type SocketEvents,
  writeBoth,
} from "#src/net/socket.ts";
import type { Connection } from "#src/simulate/connection.ts";
import type { Server } from "#src/simulate/server.ts";

class NodeSocket implements Socket {
  events: SocketEvents;
  remoteAddress = "";
  remotePort = 0;
  localAddress = "";
  localPort = 0;
  /** Bytes are on their way to the kernel. */
  pending = false;
  readonly #native: Native;
  #drainIsDue = false;
  #failure: SocketErrorCode | null = null;
  #ended = false;
  #done = false;

  constructor(native: Native, events: SocketEvents) {
    this.#native = native;
    this.events = events;
    native.on("data", (bytes: Uint8Array) => this.#done || this.events.data(this, bytes));
    native.on("end", () => {
      this.#ended = true;
      if (!this.#done) this.events.ended(this);
    });
    native.on("error", (error: Error & { code?: SocketErrorCode }) => {
      this.#failure = error.code ?? "ECONNRESET";
    });
    native.on("close", () => {
      if (this.#done) return;
      this.#done = true;
      // node:net closes by itself what both sides have ended.
      if (this.#ended && this.#failure === null) return;
      this.events.closed(this, new SocketError(this.#failure ?? "ECONNRESET"));
    });
  }

  established(): this {
    const { remoteAddress, remotePort, localAddress, localPort } = this.#native;
    this.#native.setNoDelay(true);
    this.remoteAddress = remoteAddress ?? "";
    this.remotePort = remotePort ?? 0;
    this.localAddress = localAddress ?? "";
    this.localPort = localPort ?? 0;
    return this;
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    if (this.#done || this.#native.destroyed) return -1;
    if (this.pending || this.#native.connecting) {
      this.#drainIsDue = true;
      return 0;
    }
    this.pending = true;
    this.#native.write(bytes.slice(from, to), () => {
      this.pending = false;
      if (!this.#drainIsDue || this.#done) return;
      this.#drainIsDue = false;
      this.events.drain(this);
    });
    return to - from;
  }
  writev(a: Uint8Array, aFrom: number, aTo: number, b: Uint8Array, bFrom: number, bTo: number) {
    return writeBoth(this, a, aFrom, aTo, b, bFrom, bTo);
  }
  retain(bytes: Uint8Array, from: number, to: number): Uint8Array {
    return bytes.slice(from, to);
  }
  pause(): void {
    this.#native.pause();
  }
  resume(): void {
    this.#native.resume();
  }
  shutdown(): void {
    this.#native.end();
  }
  close(): void {
    this.#done = true;
    if (!this.pending) return void this.#native.destroy();
    // What is on its way to the kernel goes first.
    this.#native.end(() => this.#native.destroy());
  }
  reset(): void {
    this.#done = true;
    this.#native.resetAndDestroy();
  }
  peerGone(): boolean {
    return false;
  }
  isQuiet(): boolean {
    return true;
  }
  /** The kernel has all that was given, and knows that the connection has ended or is gone. */
  get settled(): boolean {
    const native = this.#native;
    if (native.destroyed) return native.closed;
    return native.writableEnded ? native.writableFinished : !this.pending;
  }
}

interface NodeListener extends Listener {
  /** Resolves when it listens, or listens no more; throws if it cannot. */
  readonly settled: Promise<void>;
}

function place(at: Endpoint) {
  if (at.kind === "ip") return { host: at.host, port: at.port };
  if (at.kind === "unix") return { path: at.path };
  throw new SocketError("EINVAL", `${at.kind}: not here`);
}

function listen(at: Endpoint, accept: (socket: Socket) => SocketEvents): NodeListener {
  const server = createServer({ allowHalfOpen: true }, (native) => {
    const socket = new NodeSocket(native, unheard).established();
    socket.events = accept(socket);
  });
  let settled = new Promise<void>((resolve, reject) => {
    server.on("listening", resolve).on("error", reject);
  });
  server.listen(place(at));
  const nothing = () => {
    throw new SocketError("EINVAL", "not on node:net");
  };
  return {
    get endpoint(): Endpoint {
      const address = server.address();
      return at.kind === "ip" && address !== null && typeof address === "object"
        ? { ...at, port: address.port }
        : at;
    },
    get settled() {
      return settled;
    },
    close() {
      if (!server.listening) return;
      settled = new Promise((resolve) => server.close(() => resolve()));
    },
    pause: nothing,
    resume: nothing,
    release: nothing,
    reclaim: nothing,
    drain: () => false,
  };
}

const unheard: SocketEvents = { opened() {}, data() {}, drain() {}, ended() {}, closed() {} };

/** See the file. */
export const nodeNetwork: Network = {
  name: "node",
  can: {
    sourceAddress: true,
    unix: true,
    abstract: false,
    inherited: false,
    ipv6Only: false,
    transparent: false,
    socketOptions: false,
  },
  connect(to: Endpoint, { source }: ConnectOptions, events: SocketEvents): Socket {
    const from = source === undefined ? {} : {
      localAddress: source.host,
      ...source.port === 0 ? {} : { localPort: source.port },
    };
    const native = connect({ ...place(to), ...from, allowHalfOpen: true });
    const socket = new NodeSocket(native, events);
    native.on("connect", () => {
      socket.established();
      socket.events.opened(socket);
    });
    return socket;
  },
  listen: (at, _, accept) => listen(at, accept),
};

/** Waits until a server listens. @throws {Error} if it cannot */
export async function listening<S extends Server>(server: S): Promise<S> {
  server.listen();
  await (server.listener as NodeListener).settled;
  return server;
}

/** Stops a server, and waits until its address is free. @param how see {@linkcode Server} */
export async function stopped(server: Server, how: "stop" | "kill"): Promise<void> {
  const { listener } = server;
  server[how]();
  await (listener as NodeListener | null)?.settled;
}

/** Whether the kernel has all that was sent, and knows that the connection ended or was left. */
export function isHandedOver({ unsent, socket, isOver }: Connection): boolean {
  return (isOver || unsent === 0) && (socket as NodeSocket).settled;
}
