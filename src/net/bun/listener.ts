/** Listeners on Bun's event loop (Linux). */
import type { SocketHandler, TCPSocketListener } from "bun";
import { acceptHandler, type AcceptHandlers, adoptSocket, BunSocket } from "./socket.ts";
import { duplicate } from "../linux/libc.ts";
import { listenAgain } from "../linux/listen.ts";
import { descriptorListener } from "../linux/listener.ts";
import {
  defaultBacklog,
  type Endpoint,
  type Listener,
  type ListenOptions,
  noEvents,
  type Socket,
  type SocketEvents,
} from "../socket.ts";

/** What bun-types does not know yet: adopting a listening descriptor. */
interface Adopting {
  listen(options: {
    fd: number;
    allowHalfOpen: boolean;
    data: AcceptHandlers;
    socket: SocketHandler<BunSocket | AcceptHandlers>;
  }): TCPSocketListener<unknown>;
}

/** {@linkcode Network.listen} on Bun. */
export function bunListener(
  at: Endpoint,
  options: ListenOptions,
  accept: (socket: Socket) => SocketEvents,
): Listener {
  let server: TCPSocketListener<unknown> | null = null;
  return descriptorListener(at, options, {
    begin(fd) {
      // Bun's listener owns a duplicate: stopping that closes only it, and clients wait in the
      // queue.
      server = (Bun as unknown as Adopting).listen({
        fd: duplicate(fd),
        allowHalfOpen: true,
        data: { accept },
        socket: acceptHandler,
      });
      // Bun has listened again, with a queue of 511.
      if (at.kind !== "fd") listenAgain(fd, options.backlog ?? defaultBacklog);
    },
    end() {
      server?.stop();
      server = null;
    },
    serve(fd) {
      const socket = new BunSocket(noEvents, true);
      adoptSocket(fd, socket);
      if (!socket.done) socket.introduce(accept);
    },
  });
}
