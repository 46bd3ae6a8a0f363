/**
 * A layer over a network that can lose its links: between two ends of which a rule says so, nothing
 * passes. New connections get no answer, and established ones fall silent, until the link is back:
 * then what was sent meanwhile goes on its way, as TCP does it. Loopback has no links to take down.
 */
import {
  type ConnectOptions,
  type Endpoint,
  type Network,
  type Socket,
  type SocketError,
  type SocketEvents,
  writeBoth,
} from "../net/socket.ts";

/** Whether what goes from this address to that endpoint is lost. */
export type Rule = (source: string, to: Endpoint) => boolean;

/** A {@linkcode Network} with links. */
export interface Links extends Network {
  /** Takes something down, under a name by which it is put up again. */
  cut(name: string, rule: Rule): void;
  /** @returns whether it was down */
  restore(name: string): boolean;
  /** Closes what waits for a link: at the end. */
  dispose(): void;
}

/** What a silent connection takes from its owner before it is full. */
const capacity = 65_536;

/** Where a connection comes from whose owner does not say: the kernel's choice on loopback. */
const unsaid = (to: Endpoint) => to.kind === "ip" && to.host.includes(":") ? "::1" : "127.0.0.1";

/** Makes the layer. Connections are those that start here; to whom they go does not matter. */
export function withLinks(network: Network): Links {
  const rules = new Map<string, Rule>();
  const all = new Set<Link>();
  const lost = (source: string, to: Endpoint) => [...rules.values()].some((is) => is(source, to));
  const review = () => all.forEach((link) => link.review());
  return {
    name: network.name,
    can: network.can,
    listen: (at, options, accept) => network.listen(at, options, accept),
    connect(to, options, events) {
      const source = options.source?.host ?? unsaid(to);
      const link = linkFor(network, to, options, events, () => lost(source, to), (it) => {
        all.delete(it);
      });
      all.add(link);
      link.review();
      return link.socket;
    },
    cut(name, rule) {
      rules.set(name, rule);
      review();
    },
    restore(name) {
      const wasDown = rules.delete(name);
      review();
      return wasDown;
    },
    dispose() {
      for (const link of all) link.dispose();
      all.clear();
    },
  };
}

interface Link {
  /** What its owner holds. */
  readonly socket: Socket;
  /** Looks whether the connection is to be silent from now on, or no longer. */
  review(): void;
  dispose(): void;
}

function linkFor(
  network: Network,
  to: Endpoint,
  options: ConnectOptions,
  owner: SocketEvents,
  lost: () => boolean,
  over: (link: Link) => void,
): Link {
  let inner: Socket | null = null;
  let silent = false;
  let opened = false;
  /** What the owner wrote, and did, in silence. */
  let held: Uint8Array = new Uint8Array(0);
  let ending: "shutdown" | "close" | null = null;
  /** The owner has bytes left that were not taken. */
  let full = false;
  /** What the owner has not been told. */
  let heldOpening = false;
  let heldEnd: SocketError | null = null;
  let paused = false;
  /** The owner is told nothing any more. */
  let done = false;

  function finish(): void {
    done = true;
    if (ending === null || inner === null) over(link);
  }

  /** Sends what is held. @returns whether nothing is held any more */
  function flush(): boolean {
    if (silent || inner === null || heldEnd !== null) return false;
    if (held.length > 0) {
      const taken = inner.write(held, 0, held.length);
      held = held.subarray(taken < 0 ? held.length : taken);
    }
    if (held.length > 0) return false;
    if (ending === "shutdown") inner.shutdown();
    if (ending === "close") {
      inner.close();
      over(link);
    }
    ending = null;
    return true;
  }

  /** Tells the owner, from the event loop, what it missed. */
  function catchUp(): void {
    if (silent || done) return;
    if (heldOpening) {
      heldOpening = false;
      socket.events.opened(socket);
    }
    if (full && held.length === 0) {
      full = false;
      socket.events.drain(socket);
    }
    if (heldEnd !== null && !done) {
      finish();
      socket.events.closed(socket, heldEnd);
    }
  }

  const events: SocketEvents = {
    opened() {
      opened = true;
      if (silent) heldOpening = true;
      else if (!done) socket.events.opened(socket);
    },
    data(_, bytes) {
      if (!done) socket.events.data(socket, bytes);
    },
    drain() {
      if (flush() && !done) socket.events.drain(socket);
    },
    ended() {
      if (!done) socket.events.ended(socket);
    },
    closed(_, error) {
      if (done) return over(link);
      if (silent) heldEnd = error;
      else {
        ending = null;
        finish();
        socket.events.closed(socket, error);
      }
    },
  };

  const socket: Socket = {
    events: owner,
    get remoteAddress() {
      return inner?.remoteAddress ?? (to.kind === "ip" ? to.host : "");
    },
    get remotePort() {
      return inner?.remotePort ?? (to.kind === "ip" ? to.port : 0);
    },
    get localAddress() {
      return inner?.localAddress ?? options.source?.host ?? unsaid(to);
    },
    get localPort() {
      return inner?.localPort ?? options.source?.port ?? 0;
    },
    write(bytes, from, end) {
      if (!silent) {
        if (inner === null || held.length > 0) return 0;
        const taken = inner.write(bytes, from, end);
        if (taken > 0) opened = true;
        return taken;
      }
      if (!opened || ending !== null) return 0;
      const taken = Math.min(end - from, capacity - held.length);
      const more = new Uint8Array(held.length + taken);
      more.set(held);
      more.set(bytes.subarray(from, from + taken), held.length);
      held = more;
      full = taken < end - from;
      return taken;
    },
    writev: (first, firstFrom, firstTo, second, secondFrom, secondTo) =>
      writeBoth(socket, first, firstFrom, firstTo, second, secondFrom, secondTo),
    retain: (bytes, from, end) => inner?.retain(bytes, from, end) ?? bytes.slice(from, end),
    pause() {
      paused = true;
      inner?.pause();
    },
    resume() {
      paused = false;
      if (!silent) inner?.resume();
    },
    shutdown() {
      ending ??= "shutdown";
      flush();
    },
    close() {
      if (done) return;
      ending = "close";
      if (!opened) {
        // Nothing knows of it yet, or will.
        inner?.close();
        ending = null;
      } else flush();
      finish();
    },
    reset() {
      if (done) return;
      if (silent && opened) return socket.close();
      inner?.reset();
      ending = null;
      finish();
    },
    isQuiet: () => !done && (silent ? heldEnd === null : inner?.isQuiet() ?? false),
    peerGone: () => !silent && (inner?.peerGone() ?? false),
  };

  const link: Link = {
    socket,
    review() {
      const before = silent;
      silent = lost();
      if (silent) return before ? undefined : inner?.pause();
      if (inner === null && !done) inner = network.connect(to, options, events);
      if (!before) return;
      if (!paused) inner?.resume();
      flush();
      queueMicrotask(catchUp);
    },
    dispose() {
      done = true;
      inner?.close();
    },
  };
  return link;
}
