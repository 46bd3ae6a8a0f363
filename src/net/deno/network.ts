/** Sockets on Deno's event loop. */
import { readFileSync } from "node:fs";
import { openDatagrams } from "../datagrams.ts";
import { socketErrorOf } from "../errors.ts";
import { C } from "../linux/calls.ts";
import { F_DUPFD_CLOEXEC } from "../linux/constants.ts";
import { type ListenerVerbs, listenerWith } from "../listening.ts";
import { Descriptor, nextDescriptor } from "./descriptor.ts";
import { connectFrom, listenOnInherited, listenShared } from "./node.ts";
import {
  type ConnectionAddresses,
  type PromiseConnection,
  PromiseSocket,
} from "../streams/promise-socket.ts";
import {
  defaultBacklog,
  type Endpoint,
  type Listener,
  type ListenOptions,
  type Network,
  noEvents,
  showEndpoint,
  type Socket,
  SocketError,
  type SocketEvents,
} from "../socket.ts";

/** How long to wait for a descriptor to become free, in ms. */
const acceptPause = 100;

/**
 * The network on Deno. Differences to the seam's word: only a read shows that the peer has gone, so
 * a paused socket does not know. Of unix sockets, and without --allow-ffi, a reset() is a close,
 * and isQuiet() is always false: there is no way to ask.
 */
export const denoNetwork: Network = {
  name: "deno",
  can: {
    sourceAddress: true,
    unix: true,
    abstract: true,
    inherited: true,
    ipv6Only: false,
    transparent: false,
    socketOptions: false,
  },

  connect(to, options, events) {
    if (options.source !== undefined && to.kind === "ip") {
      return connectFrom(to, options.source, events);
    }
    const attempt = new AbortController();
    const near = nextDescriptor();
    const socket = new PromiseSocket(events, () => attempt.abort());
    // The peer's address is known already; a log line may want it before the connection is made.
    if (to.kind === "ip") Object.assign(socket, { remoteAddress: to.host, remotePort: to.port });
    dial(to, attempt.signal).then(
      (connection) => openSocket(socket, connection, near, tellOpened),
      (error) => socket.fail(socketErrorOf(error)),
    );
    return socket;
  },

  openDatagrams,

  listen(at, options, accept) {
    if (at.kind === "fd") return listenOnInherited(at, options, duplicate, accept);
    if (options.shared === true) return listenShared(at, options, duplicate, accept);
    return serve(at, options, accept);
  },
};

/** A connection of Deno's, as a socket reads and writes it. */
class DenoConnection implements PromiseConnection {
  constructor(readonly native: Deno.Conn, readonly descriptor: Descriptor) {}

  read(into: Uint8Array): Promise<number | null> {
    return this.native.read(into);
  }
  write(bytes: Uint8Array): Promise<number> {
    return this.native.write(bytes);
  }
  closeWrite(): Promise<void> {
    return this.native.closeWrite();
  }
  close(): void {
    this.descriptor.forget();
    this.native.close();
  }
  reset(): void {
    this.descriptor.reset();
  }
  isQuiet(shown: number): boolean {
    return this.descriptor.hasReceived(shown);
  }
}

function openSocket(
  socket: PromiseSocket,
  native: Deno.Conn,
  near: number,
  announce: (socket: PromiseSocket) => void,
): void {
  const addresses = addressesOf(native);
  const descriptor = new Descriptor(near, addresses);
  socket.open(new DenoConnection(native, descriptor), addresses, announce);
}

function tellOpened(socket: PromiseSocket): void {
  socket.events.opened(socket);
}

async function dial(to: Endpoint, signal: AbortSignal): Promise<Deno.Conn> {
  switch (to.kind) {
    case "ip": {
      const { host: hostname, port } = to;
      const connection = await Deno.connect({ hostname, port, signal, autoSelectFamily: false });
      connection.setNoDelay(true);
      return connection;
    }
    case "unix":
      return await Deno.connect({ transport: "unix", path: to.path });
    case "abstract":
      return await Deno.connect({ transport: "unix", path: `\0${to.name}` });
    case "fd":
      throw new SocketError("EINVAL", "fd@ is for listening only");
  }
}

function addressesOf({ remoteAddr, localAddr }: Deno.Conn): ConnectionAddresses {
  const remote = remoteAddr.transport === "tcp" ? remoteAddr : undefined;
  const local = localAddr.transport === "tcp" ? localAddr : undefined;
  return {
    remoteAddress: remote?.hostname ?? "",
    remotePort: remote?.port ?? 0,
    localAddress: local?.hostname ?? "",
    localPort: local?.port ?? 0,
  };
}

function listenNatively(
  at: Exclude<Endpoint, { kind: "fd" }>,
  { backlog, ipv6Only, transparent, adopt }: ListenOptions,
): Deno.Listener {
  if (ipv6Only === true) {
    throw new SocketError("EINVAL", "v6only: Deno's listeners on IPv6 take IPv4 clients too");
  }
  if (transparent === true) {
    throw new SocketError("EINVAL", "transparent: Deno has no such option for its listeners");
  }
  if (adopt !== undefined) {
    throw new SocketError("EINVAL", `descriptor ${adopt}: Deno adopts none`);
  }
  try {
    switch (at.kind) {
      case "ip":
        return Deno.listen({
          hostname: at.host,
          port: at.port,
          tcpBacklog: backlog ?? defaultBacklog,
        });
      case "abstract":
        return Deno.listen({ transport: "unix", path: `\0${at.name}` });
      case "unix":
        return Deno.listen({ transport: "unix", path: takeOver(at.path) });
    }
  } catch (error) {
    const { code } = socketErrorOf(error);
    throw new SocketError(code, `cannot bind ${showEndpoint(at)}: ${code}`);
  }
}

/**
 * Removes the path of a socket that an ended process left behind, as HAProxy does. @returns the
 * path
 */
function takeOver(path: string): string {
  try {
    if (!Deno.lstatSync(path).isSocket) return path;
    // proc(5), /proc/net/unix: the path that a socket is bound to ends its line.
    const bound = readFileSync("/proc/net/unix", "utf8").split("\n");
    if (!bound.some((line) => line.endsWith(` ${path}`))) Deno.removeSync(path);
  } catch {
    // No such path, or no way to know: then listening says what is wrong.
  }
  return path;
}

/** A second descriptor, 3 or higher, of an inherited socket: node:net closes the one it gets. */
function duplicate(fd: number): number {
  const copy = C.fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw new SocketError("EINVAL", `fd@${fd}: no such descriptor`);
  return copy;
}

/**
 * What is lost when the listener is released or closed, for Deno accepts by promises only: what
 * waits in the accept queue gets a reset (a connection that accept() has brought already is
 * served), and the address is free, and clients are refused, from the next turn of the event loop.
 */
function serve(
  at: Exclude<Endpoint, { kind: "fd" }>,
  options: ListenOptions,
  accept: (socket: Socket) => SocketEvents,
): Listener {
  let native: Deno.Listener | null = listenNatively(at, options);
  const { addr } = native;
  const endpoint = at.kind === "ip" && addr.transport === "tcp" ? { ...at, port: addr.port } : at;
  let wanted = false;
  let accepting = false;
  // accept() cannot be taken back: one connection may come after that, and waits here.
  let held: Deno.Conn | undefined;

  async function run(): Promise<void> {
    accepting = true;
    // So that nothing is accepted inside listen() or resume().
    await null;
    while (native !== null && wanted) {
      if (held !== undefined) {
        admitHeld();
        continue;
      }
      const from: Deno.Listener = native;
      try {
        held = await from.accept();
      } catch (error) {
        // A client that resets before the accept (as haproxy's checks do) makes only its own accept
        // fail.
        if (error instanceof Deno.errors.NotConnected) continue;
        // EMFILE comes at once and again: leave the processor to what will free descriptors.
        if (native === from) await new Promise((resolve) => setTimeout(resolve, acceptPause));
      }
    }
    accepting = false;
    if (native === null) admitHeld();
  }

  function introduce(socket: PromiseSocket): void {
    socket.events = accept(socket);
  }

  function admitHeld(): void {
    if (held === undefined) return;
    const connection = held;
    held = undefined;
    if ("setNoDelay" in connection) (connection as Deno.TcpConn).setNoDelay(true);
    openSocket(new PromiseSocket(noEvents), connection, nextDescriptor(), introduce);
  }

  function leave(): void {
    native?.close();
    native = null;
    if (!accepting) admitHeld();
  }

  const verbs: ListenerVerbs = {
    begin() {
      wanted = true;
      if (!accepting) void run();
    },
    end: () => wanted = false,
    release: leave,
    reclaim: () => native = listenNatively(endpoint, options),
    close: leave,
  };
  return listenerWith(endpoint, verbs, options.paused);
}
