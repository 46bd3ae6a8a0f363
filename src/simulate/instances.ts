/**
 * Processes of a proxy, as if each instance within this process were one: the one that serves, and,
 * once it has a successor, the one before it. Signals reach them as calls.
 */
import { SocketError } from "../net/socket.ts";

/** A signal that a proxy's process acts on (manual, management guide, chapter 4). */
export const signals = ["TTOU", "TTIN", "USR1", "HUP", "TERM", "INT"] as const;
export type Signal = typeof signals[number];

/** Which instance is meant: the one that started last, or the one before it. */
export type Which = "newest" | "old";

/** A server's state; without an address it is nowhere, or its address does not change. */
export interface StateOfServer {
  readonly proxy: string;
  readonly name: string;
  readonly up: boolean;
  readonly address?: string | null;
}

/** What is needed of running proxies. */
export interface Instance {
  /** Ends them: listeners and connections are closed. */
  stop(): void;
  /** The state of every server. */
  servers(): Iterable<StateOfServer>;
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

interface Member {
  readonly instance: Instance;
  ended: boolean;
}

/** All instances, in the order of their starts. */
export class Instances {
  readonly #start: () => Instance;
  readonly #members: Member[];

  /**
   * @param start starts an instance: the first at once
   * @throws {SocketError} if it cannot listen
   */
  constructor(start: () => Instance) {
    this.#start = start;
    this.#members = [{ instance: start(), ended: false }];
  }

  /** null: there is none. */
  get(which: Which): Instance | null {
    return this.#member(which)?.instance ?? null;
  }
  /** Whether it has ended: all of its sessions are over. */
  ended(which: Which): boolean {
    return this.#member(which)?.ended ?? false;
  }

  /** @throws {SocketError} if the signal asks for what cannot be had */
  signal(to: Which, signal: Signal): void {
    const member = this.#member(to);
    if (member === undefined || member.ended) {
      throw new SocketError("EINVAL", member === undefined ? "there is none" : "it has ended");
    }
    switch (signal) {
      case "TTOU":
        return member.instance.pause();
      case "TTIN":
        return member.instance.resume();
      case "USR1":
        return this.#finish(member);
      case "HUP":
        return void member.instance.report();
      case "TERM":
      case "INT":
        return this.#end(member);
    }
  }

  /** Starts a new one, which is the newest from then on. @throws {SocketError} if it cannot listen */
  start(): void {
    this.#members.push({ instance: this.#start(), ended: false });
  }

  /**
   * Starts a new one, which takes the listening sockets of the one before over (see handover.ts);
   * after that the one before finishes.
   * @throws {SocketError} if it cannot listen: then the one before listens again
   */
  takeOver(): void {
    const old = this.#member("newest")!;
    try {
      this.start();
    } catch (error) {
      old.instance.resume();
      throw error;
    }
    this.#finish(old);
  }

  /** Ends them all. */
  stop(): void {
    for (const member of this.#members) this.#end(member);
  }

  #member(which: Which): Member | undefined {
    return this.#members.at(which === "newest" ? -1 : -2);
  }
  #finish(member: Member): void {
    void member.instance.finish().then(() => this.#end(member));
  }
  #end(member: Member): void {
    member.instance.stop();
    member.ended = true;
  }
}
