/**
 * A layer over a network in which one proxy takes the listening sockets of another over, as a new
 * process does with those of the old one (process/takeover.ts): the sockets stay, with those who wait
 * in their queues, and from then on the new one accepts.
 */
import {
  type Endpoint,
  type Listener,
  type Network,
  showEndpoint,
  type Socket,
  type SocketEvents,
} from "../net/socket.ts";

/** A {@linkcode Network} whose listening sockets can change hands. */
export interface Handover extends Network {
  /** Runs `start`: who listens meanwhile where somebody does already takes that socket over. */
  during<T>(start: () => T): T;
}

/** A listening socket, and whose it is. */
interface Shared {
  readonly inner: Listener;
  owner: Listener;
  accept(socket: Socket): SocketEvents;
}

/** Makes the layer. */
export function withHandover(network: Network): Handover {
  const all = new Map<string, Shared>();
  let open = false;

  function ownedBy(
    key: string,
    shared: () => Shared,
    accept: (socket: Socket) => SocketEvents,
  ): Listener {
    const mine = () => shared().owner === listener;
    const listener: Listener = {
      get endpoint() {
        return shared().inner.endpoint;
      },
      pause: () => mine() && shared().inner.pause(),
      resume: () => mine() && shared().inner.resume(),
      release: () => mine() && shared().inner.release(),
      reclaim() {
        // The one that has taken it over did not start.
        if (all.get(key) === shared()) Object.assign(shared(), { owner: listener, accept });
        shared().inner.reclaim();
      },
      drain: () => mine() && shared().inner.drain(),
      close() {
        if (!mine()) return;
        if (all.get(key) === shared()) all.delete(key);
        shared().inner.close();
      },
    };
    return listener;
  }

  return {
    ...network,
    listen(at, options, accept) {
      const key = keyOf(at);
      const there = open ? all.get(key) : undefined;
      if (there !== undefined) {
        const listener = ownedBy(key, () => there, accept);
        Object.assign(there, { owner: listener, accept });
        there.inner.reclaim();
        if (options.paused !== true) there.inner.resume();
        return listener;
      }
      const inner = network.listen(at, options, (socket) => made.accept(socket));
      const listener = ownedBy(key, () => made, accept);
      const made: Shared = { inner, owner: listener, accept };
      all.set(key, made);
      return listener;
    },
    during(start) {
      open = true;
      try {
        return start();
      } finally {
        open = false;
      }
    },
  };
}

function keyOf(at: Endpoint): string {
  return `${at.kind} ${showEndpoint(at)}`;
}
