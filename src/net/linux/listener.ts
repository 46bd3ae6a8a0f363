/**
 * Listening sockets made with libc: how they are given up, taken back and handed on, whoever accepts
 * from them.
 */
import { existsSync, statSync, unlinkSync } from "node:fs";
import { closeDescriptor, duplicate } from "./libc.ts";
import { connectTo } from "./connect.ts";
import { acceptAll, addressOf, answer, ignoreNew, listenOn, relisten, unlisten } from "./listen.ts";
import { isTakenOver, markTaken, neverBlock } from "./takeover.ts";
import type { Address } from "./sockaddr.ts";
import {
  defaultBacklog,
  type Endpoint,
  type Listener,
  type ListenOptions,
  showEndpoint,
  SocketError,
} from "../socket.ts";

/** Who accepts from a listening socket. It stays non-blocking, and nobody else's to close. */
export interface DescriptorAcceptor {
  /** Accepts from it from now on; not called again before {@linkcode end}. */
  begin(fd: number): void;
  /** Accepts no more: when it returns, no thread will touch the descriptor again. */
  end(): void;
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
  let accepting = false;
  let paused = false;
  let released = false;
  let closed = false;
  /** Released, and not because another process has the socket: nobody listens there. */
  let left = false;
  const bound = at.kind === "ip" ? addressOf(fd) : null;
  const endpoint = at.kind === "ip" && bound?.kind === "ip" ? { ...at, port: bound.port } : at;

  /** Accepts if it is to, else not. */
  function update(): void {
    const accepts = !paused && !released && !closed;
    if (accepts === accepting) return;
    if (accepts) acceptor.begin(fd);
    else acceptor.end();
    accepting = accepts;
  }

  /** Ends listening by `end`, and serves those that wait in the queue until then. */
  function leave(end: (fd: number) => void): void {
    if (at.kind === "unix" && inodeOf(at) === inode) remove(at.path);
    const waiting = acceptAll(fd);
    // Who comes just here is reset, not refused: at some 2,000 connections a second 1 time in 100.
    // A soft-stop has called drain() before.
    end(fd);
    for (const client of waiting) acceptor.serve(client);
  }

  /** Undoes what {@linkcode Listener.release} did. */
  function comeBack(): void {
    if (endpoint.kind === "ip") relisten(fd, endpoint, backlog);
    else if (endpoint.kind !== "fd") fd = bindOrReplace(endpoint, options);
    inode = inodeOf(endpoint);
    left = false;
  }

  try {
    update();
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
  return {
    endpoint,
    pause() {
      paused = true;
      update();
    },
    resume() {
      paused = false;
      update();
    },
    release() {
      if (released || closed) return;
      released = true;
      update();
      // Of an inherited socket, and one taken over, the port is not ours to give up.
      if (at.kind === "fd" || isTakenOver(fd)) return;
      left = true;
      // Only a TCP socket can listen again.
      leave(at.kind === "ip" ? unlisten : closeDescriptor);
    },
    reclaim() {
      if (!released || closed) return;
      if (left) comeBack();
      else if (isTakenOver(fd)) {
        throw new SocketError("EADDRINUSE", `${showEndpoint(at)}: another process has taken it`);
      }
      released = false;
      update();
    },
    drain() {
      if (released || closed || at.kind !== "ip" || isTakenOver(fd) || !ignoreNew(fd)) return false;
      if (!isTakenOver(fd)) return true;
      // Just now, by a process that may have called answer() before ignoreNew() came.
      answer(fd);
      return false;
    },
    close() {
      if (closed) return;
      closed = true;
      update();
      // Without a shutdown, which would be one for all processes that share the socket.
      if (!released && !isTakenOver(fd)) {
        leave(options.adopt === undefined ? closeDescriptor : quit);
      } else if (!left || at.kind === "ip") closeDescriptor(fd);
    },
  };
}

/** Closes a socket that was another process's, who may have it still: it is to be answered there. */
function quit(fd: number): void {
  answer(fd);
  closeDescriptor(fd);
}

function begin(at: Endpoint, options: ListenOptions): number {
  const { adopt } = options;
  if (adopt === undefined && at.kind !== "fd") return bindOrReplace(at, options);
  const fd = adopt ?? duplicate((at as Endpoint & { kind: "fd" }).fd);
  neverBlock(fd);
  if (adopt !== undefined) {
    markTaken(adopt);
    // The process that had it may have been about to leave.
    answer(adopt);
  }
  return fd;
}

/** Listens; a unix socket's path that a dead process left behind is taken over, as HAProxy does. */
function bindOrReplace(at: Address, options: ListenOptions): number {
  const listening = {
    backlog: options.backlog ?? defaultBacklog,
    ipv6Only: options.ipv6Only ?? false,
    transparent: options.transparent ?? false,
    beside: options.beside ?? false,
  };
  try {
    return listenOn(at, listening);
  } catch (error) {
    const stale = at.kind === "unix" && error instanceof SocketError &&
      error.code === "EADDRINUSE" && existsSync(at.path) && statSync(at.path).isSocket() &&
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

/** Which file a unix socket's path is; null for another address, or if that cannot be told. */
function inodeOf(at: Endpoint): number | null {
  if (at.kind !== "unix") return null;
  try {
    return statSync(at.path).ino;
  } catch {
    return null;
  }
}

/** A path that is to go; one that stays, for lack of permission, refuses all who try it. */
function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Who listens there next replaces it.
  }
}
