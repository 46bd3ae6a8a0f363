/** The sessions of one thread, and what it does with messages of other threads. */
import type { Bind } from "../config/model.ts";
import type { OnAccept } from "./monitor-net.ts";
import { createAcceptors } from "./accept.ts";
import { Admission } from "./admission.ts";
import type { SessionFacts } from "../services/control.ts";
import type { CapturedError } from "../stats/error-captures.ts";
import { GRANTED, IDLE, KILL, KILL_SESSION, ROOM, STATE, STOPPING } from "./workers.ts";
import type { Proxies } from "./proxies.ts";
import type { Backend } from "./backend.ts";
import type { Server } from "./server.ts";
import { type KillCause, type Session, SessionList } from "./session-list.ts";

/** See above. */
export interface Sessions {
  /** What a listener does with its connections; `number`: its own in its frontend, from 1. */
  acceptor(frontend: Proxies["frontends"][number], bind: Bind, number: number): OnAccept;
  /**
   * Acts on a message of a thread: see workers.ts. @returns false: the message is not for sessions
   */
  receive(kind: number, a: number, b: number, c: number): boolean;
  /** What operators see of the sessions of this thread. */
  facts(): SessionFacts[];
  /** The invalid messages that this thread has captured. */
  errors(): { readonly total: number; readonly kept: readonly CapturedError[] };
  /** A thread has ended without releasing anything: releases what it held. */
  releaseThread(thread: number): void;
  /** Closes all connections, and stops all timers. */
  close(): void;
}

/**
 * Creates the sessions of a thread: admission, and what accepted connections become.
 * @param ended called when a session of this thread has ended
 */
export function createSessions(
  { runtime, backends, frontends }: Proxies,
  ended: () => void,
): Sessions {
  const sessions = new SessionList();
  const admission = new Admission(runtime, frontends);
  const acceptors = createAcceptors(admission, sessions);
  for (const frontend of frontends) {
    frontend.sessionEnded = (session) => {
      sessions.remove(session);
      admission.release(frontend);
      ended();
    };
  }
  function end(session: Session, server: object | null, cause: KillCause): void {
    try {
      session.kill(server, cause);
    } catch (error) {
      runtime.fault(error, session);
    }
  }
  function endAll(server: Server, cause: KillCause): void {
    sessions.forEach((session) => end(session, server, cause));
  }
  /** A server may have gone down, or come up (manual: "on-marked-down", "on-marked-up"). */
  function marked(backend: Backend, server: Server): void {
    const before = server.wasServing;
    server.wasServing = server.serves;
    if (server.wasServing === before) return;
    const { onMarkedDown, onMarkedUp, backup } = server.config;
    if (before && onMarkedDown !== null) endAll(server, "D");
    if (before || onMarkedUp === null || backup || server.givenWeight === 0) return;
    for (const other of backend.servers) if (other.config.backup) endAll(other, "U");
  }

  /** Now, or some time within `close-spread-time`. */
  function stopSoftly(session: Session): void {
    const { closeSpreadTime } = runtime.global;
    const stop = () => {
      if (session.place < 0) return;
      try {
        session.softStop();
      } catch (error) {
        runtime.fault(error, session);
      }
    };
    if (closeSpreadTime === null) return stop();
    runtime.clock.schedule((runtime.random ?? Math.random)() * closeSpreadTime, stop);
  }

  return {
    facts() {
      const all: SessionFacts[] = [];
      const thread = runtime.memory.self;
      sessions.forEach((one) => all.push({ ...one.facts(), thread, serial: one.serial }));
      return all;
    },
    errors() {
      const { total, kept } = runtime.refusals.captures;
      return { total, kept: [...kept] };
    },
    acceptor: (frontend, bind, number) => acceptors.acceptor(frontend, bind, number),
    receive(kind, a, b, c) {
      switch (kind) {
        case GRANTED:
          backends[b]!.onGrant(a, backends[b]!.at(c)!);
          return true;
        case ROOM:
          admission.admitWaiting();
          return true;
        case IDLE:
          backends[a]!.at(b)?.pool.closeOldest();
          return true;
        case STATE:
          backends[a]!.onState(backends[a]!.at(b)!);
          marked(backends[a]!, backends[a]!.at(b)!);
          return true;
        case KILL:
          endAll(backends[a]!.at(b)!, "K");
          return true;
        case KILL_SESSION:
          sessions.forEach((session) => {
            if (session.serial === a) end(session, null, "K");
          });
          return true;
        case STOPPING:
          frontends[a]!.stopping = true;
          sessions.forEach((session) => {
            if (session.frontend === frontends[a]) stopSoftly(session);
          });
          // The last one may have ended before this thread knew that it was the last.
          ended();
          return true;
        default:
          return false;
      }
    },
    releaseThread(thread) {
      for (const backend of backends) backend.releaseThread(thread);
      for (const { connections } of frontends) connections.releaseThread(thread);
      runtime.connections.releaseThread(thread);
      runtime.serverConnections.releaseThread(thread);
      runtime.held.releaseThread(thread);
      admission.releaseThread(thread);
      runtime.tables.releaseThread(thread);
      for (const { store } of runtime.caches.values()) store.releaseThread(thread);
    },
    close() {
      admission.close();
      sessions.closeAll();
      acceptors.close();
      for (const { servers } of backends) {
        for (const server of servers) {
          server.pool.close();
          server.shared?.close();
        }
      }
      runtime.wheel.stop();
    },
  };
}
