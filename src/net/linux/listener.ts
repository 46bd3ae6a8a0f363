/**
 * Listening sockets made with libc: how they are released, reclaimed and handed over, whatever
 * accepts from them.
 */
import { existsSync, statSync, unlinkSync } from "node:fs";
import { closeDescriptor, duplicate } from "./libc.ts";
import { connectTo } from "./connect.ts";
import { type ListenerVerbs, listenerWith } from "../listening.ts";
import { acceptAll, addressOf, answer, ignoreNew, listenOn, relisten, unlisten } from "./listen.ts";
import { setOptions } from "./options.ts";
import { claim, isTakenOver, neverBlock, renewClaims, unclaim } from "./takeover.ts";
import { addOwn, bindBesideOwn, hasTwin, removeOwn, setActive } from "./own-listeners.ts";
import type { Address } from "./sockaddr.ts";
import {
  defaultBacklog,
  type Endpoint,
  type Listener,
  type ListenOptions,
  showEndpoint,
  SocketError,
} from "../socket.ts";

/** What accepts from a listening socket. It stays non-blocking. */
export interface DescriptorAcceptor {
  /** Accepts from it from now on; not called again before {@linkcode end}. */
  begin(fd: number): void;
  /**
   * Accepts no more; a thread that has just been notified of a connection may still accept that
   * one.
   */
  end(fd: number): void;
  /** Closes a descriptor from which nothing accepts any more: by default at once. */
  close?(fd: number): void;
  /** Serves a connection that waited in the queue when the listener gave up. */
  serve(fd: number): void;
}

/**
 * A {@linkcode Listener} on a listening socket.
 * @throws {SocketError} EADDRINUSE, EACCES, EADDRNOTAVAIL, ...
 */
export function descriptorListener(
  at: Endpoint,
  options: ListenOptions,
  acceptor: DescriptorAcceptor,
): Listener {
  const backlog = options.backlog ?? defaultBacklog;
  let fd = begin(at, options);
  let inode = inodeOf(at);
  /** This process answers for the socket: see claim(). */
  let claims = false;
  /** Released, and not because another process has the socket: no process listens there. */
  let left = false;
  const bound = at.kind === "ip" ? addressOf(fd) : null;
  const endpoint = at.kind === "ip" && bound?.kind === "ip" ? { ...at, port: bound.port } : at;
  addOwn(fd, endpoint, options.ipv6Only ?? false);

  /** Another process accepts from the socket, or another listener of this one. */
  const isElsewhere = () => hasTwin(fd) || isTakenOver(fd);

  function accept(): void {
    if (!claims) {
      claims = true;
      claim(fd);
      setActive(fd, true);
      // The process that had it may be about to leave: it has seen the claim, or is undone here.
      answer(fd);
    }
    acceptor.begin(fd);
  }

  function yieldClaim(): void {
    claims = false;
    setActive(fd, false);
    unclaim(fd);
  }

  function dispose(): void {
    if (claims) yieldClaim();
    removeOwn(fd);
    if (acceptor.close === undefined) closeDescriptor(fd);
    else acceptor.close(fd);
    renewClaims();
  }

  /** Ends listening by `end`, and serves those that wait in the queue until then. */
  function leave(end: () => void): void {
    removePath();
    const waiting = acceptAll(fd);
    // A client that comes just here is reset, not refused: at some 2,000 connections a second 1
    // time in 100. A soft-stop has called drain() before.
    end();
    for (const client of waiting) acceptor.serve(client);
  }

  function removePath(): void {
    if (at.kind === "unix" && inodeOf(at) === inode) remove(at.path);
  }

  /** Undoes what {@linkcode Listener.release} did. */
  function comeBack(): void {
    if (endpoint.kind === "ip") relisten(fd, endpoint, backlog);
    else if (endpoint.kind !== "fd") {
      fd = bindOrReplace(endpoint, options);
      addOwn(fd, endpoint, false);
    }
    inode = inodeOf(endpoint);
    left = false;
  }

  const verbs: ListenerVerbs = {
    begin: accept,
    end() {
      acceptor.end(fd);
      renewClaims();
    },
    release() {
      // Of an inherited socket, and one taken over, the port is not ours to give up.
      if (at.kind === "fd" || isElsewhere()) return yieldClaim();
      left = true;
      // Only a TCP socket can listen again.
      if (at.kind !== "ip") return leave(dispose);
      leave(() => unlisten(fd));
      yieldClaim();
    },
    reclaim() {
      if (left) comeBack();
      else if (at.kind !== "fd" && isTakenOver(fd)) {
        throw new SocketError("EADDRINUSE", `${showEndpoint(at)}: another process has taken it`);
      }
    },
    drain() {
      if (!claims || at.kind !== "ip" || isElsewhere() || !ignoreNew(fd)) return false;
      if (!isTakenOver(fd)) return true;
      // Just now, by a process that may have called answer() before ignoreNew() came.
      answer(fd);
      return false;
    },
    close(released) {
      // Without a shutdown, which would be one for all processes that share the socket.
      if (claims && !isElsewhere()) {
        leave(() => {
          // It was another process's, which may have it still: there new clients are answered.
          if (options.adopt !== undefined) answer(fd);
          dispose();
        });
        return;
      }
      // What waits is not this process's to serve: it has never begun, or another one has it too.
      if (!claims && !released && options.adopt === undefined) removePath();
      if (!left || at.kind === "ip") dispose();
    },
  };
  try {
    return listenerWith(endpoint, verbs, options.paused);
  } catch (error) {
    unclaim(fd);
    removeOwn(fd);
    closeDescriptor(fd);
    throw error;
  }
}

function begin(at: Endpoint, options: ListenOptions): number {
  const { adopt } = options;
  if (adopt === undefined && at.kind !== "fd") return bindOrReplace(at, options);
  const fd = adopt ?? duplicate((at as Endpoint & { kind: "fd" }).fd);
  neverBlock(fd);
  // It may come from a configuration that had others.
  if (options.socket !== undefined) setOptions(fd, options.socket);
  return fd;
}

/**
 * Listens; the path of a unix socket that an ended process left behind is taken over, as in
 * HAProxy.
 */
function bindOrReplace(at: Address, options: ListenOptions): number {
  const listening = {
    backlog: options.backlog ?? defaultBacklog,
    ipv6Only: options.ipv6Only ?? false,
    transparent: options.transparent ?? false,
    beside: options.beside ?? false,
    ...options.socket === undefined ? {} : { socket: options.socket },
    ...options.namespace === undefined ? {} : { namespace: options.namespace },
    ...options.file === undefined ? {} : { file: options.file },
  };
  try {
    return listenOn(at, listening);
  } catch (error) {
    if (!(error instanceof SocketError && error.code === "EADDRINUSE")) throw error;
    const own = options.shared === true ? bindBesideOwn(at, listening) : null;
    if (own !== null) return own;
    const stale = at.kind === "unix" && existsSync(at.path) && statSync(at.path).isSocket() &&
      isDead(at);
    if (!stale) throw error;
    unlinkSync(at.path);
    return listenOn(at, listening);
  }
}

function isDead(at: { kind: "unix"; path: string }): boolean {
  const fd = connectTo(at, undefined);
  if (typeof fd === "number") {
    closeDescriptor(fd);
    return false;
  }
  return fd.code === "ECONNREFUSED";
}

/** Which file a unix socket's path is; null for another address, or if that cannot be found out. */
function inodeOf(at: Endpoint): number | null {
  if (at.kind !== "unix") return null;
  try {
    return statSync(at.path).ino;
  } catch {
    return null;
  }
}

/** Removes a path; one that stays, for lack of permission, refuses every client. */
function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The next process that listens there replaces it.
  }
}
