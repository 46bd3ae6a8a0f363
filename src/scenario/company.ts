/** The instances of a demo: the one that plays, and, once it has a successor, the one before it. */
import { SocketError } from "../net/socket.ts";
import type { Signal, Which } from "./steps.ts";

/** What a play needs of running proxies. */
export interface Instance {
  /** Ends them: listeners and connections are closed. */
  stop(): void;
  /** The state of every server. */
  servers(): Iterable<{ readonly proxy: string; readonly name: string; readonly up: boolean }>;
  /** SIGTTOU: releases all ports. */
  pause(): void;
  /** SIGTTIN: listens again. @throws {SocketError} if a proxy cannot */
  resume(): void;
  /** The same for one proxy. */
  pauseProxy(name: string): void;
  /** @throws {SocketError} if it cannot listen */
  resumeProxy(name: string): void;
  /** SIGUSR1: stops listening; resolves when the last session has ended. */
  finish(): Promise<void>;
  /** SIGHUP: logs the state of all. */
  report(): unknown;
}

/** All instances of a demo. */
export interface Company {
  /** null: there is none. */
  instance(which: Which): Instance | null;
  /** Whether it has ended: all of its sessions are over. */
  ended(which: Which): boolean;
  /** @throws {SocketError} if the signal asks for what cannot be had */
  signal(to: Which, signal: Signal): void;
  /**
   * Starts a new one, which is the newest from then on.
   * @param takeOver it follows the one before, which has been paused, and then finishes. Between
   * processes -sf hands the sockets themselves over, so that there is no pause (process/takeover.ts)
   * @throws {SocketError} if it cannot listen: then the one before listens again
   */
  start(takeOver: boolean): void;
  /** Ends them all. */
  stop(): void;
}

interface Member {
  readonly instance: Instance;
  ended: boolean;
}

/**
 * Makes a company of one.
 * @param start starts an instance
 * @throws {SocketError} if the first cannot listen
 */
export function company(start: () => Instance): Company {
  const members: Member[] = [{ instance: start(), ended: false }];
  const member = (which: Which) => members.at(which === "newest" ? -1 : -2);

  function finish(one: Member): void {
    void one.instance.finish().then(() => end(one));
  }
  function end(one: Member): void {
    one.instance.stop();
    one.ended = true;
  }

  function succeed(old: Instance): Instance {
    try {
      return start();
    } catch (error) {
      old.resume();
      throw error;
    }
  }

  return {
    instance: (which) => member(which)?.instance ?? null,
    ended: (which) => member(which)?.ended ?? false,
    signal(to, signal) {
      const one = member(to);
      if (one === undefined || one.ended) {
        throw new SocketError("EINVAL", one === undefined ? "there is none" : "it has ended");
      }
      switch (signal) {
        case "TTOU":
          return one.instance.pause();
        case "TTIN":
          return one.instance.resume();
        case "USR1":
          return finish(one);
        case "HUP":
          return void one.instance.report();
        case "TERM":
        case "INT":
          return end(one);
      }
    },
    start(takeOver) {
      const old = member("newest")!;
      const instance = takeOver ? succeed(old.instance) : start();
      members.push({ instance, ended: false });
      if (takeOver) finish(old);
    },
    stop() {
      for (const one of members) end(one);
    },
  };
}
