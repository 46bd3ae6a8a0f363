/** Replacing old processes (management manual: "-sf", "-st"). */
import { statSync } from "node:fs";
import process from "node:process";
import { type Listener, type Network, SocketError } from "../net/socket.ts";
import { claimantsOf, takeListeners, type Takeover } from "./takeover.ts";

/** How often to try an address again that they must release, ms. */
const interval = 10;
/** How long to wait for that. */
const releaseTimeout = 2000;
/** How long to wait for a process that has no socket yet, and may be about to start. */
const startTimeout = 2000;
/** How long to wait where the address seems to be in use by another program. */
const foreignTimeout = 200;

/** How a start that replaces others listens. */
export interface Replacement {
  /** Wraps listening: on a socket that was taken over, where there is one for the address. */
  readonly over: Over;
  /**
   * Whether a process that began later accepts from a socket that was taken over here: it has
   * replaced this one already.
   */
  replaced(): boolean;
}

/** Wraps the listening of a network. */
export type Over = (listen: Network["listen"]) => Network["listen"];

const noReplacement: Replacement = { over: (listen) => listen, replaced: () => false };

/**
 * Starts in the place of other processes, which serve on in the meantime: they are ended by
 * {@linkcode sendSignal} when this one has started. Their listening sockets are taken over, with
 * the connections that wait in the queues. Where an address of theirs is in the way all the same,
 * they are asked to release all (SIGTTOU); if that does not help they resume (SIGTTIN).
 * @param start starts all or nothing, threads too, and accepts nothing yet
 * @param warn called with the reason why sockets cannot be taken over
 * @param ask those of them that may be asked to release an address
 * @throws what `start` throws
 */
export async function startInPlaceOf<T>(
  pids: readonly number[],
  start: (replacement: Replacement) => Promise<T>,
  warn: (line: string) => void,
  ask: readonly number[] = pids,
): Promise<T> {
  if (pids.length === 0) return start(noReplacement);
  const began = performance.now();
  let warned = false;
  for (;;) {
    const takeover = takeListeners(pids);
    if (!warned) takeover.failures.forEach(warn);
    warned = true;
    const adoption = beginAdoption(takeover);
    try {
      return await start(adoption);
    } catch (error) {
      if (!isInUse(error)) throw error;
      const waited = performance.now() - began;
      // One that is starting itself may have the address soon, to be taken over from it.
      const timeout = takeover.failures.length > 0
        ? 0
        : takeover.incomplete
        ? startTimeout
        : foreignTimeout;
      if (waited >= timeout) {
        if (adoption.blocked()) throw error;
        break;
      }
    } finally {
      takeover.closeUnused();
    }
    await sleep(interval);
  }
  for (const pid of ask) sendSignal(pid, "SIGTTOU");
  const deadline = performance.now() + releaseTimeout;
  for (;;) {
    await sleep(interval);
    try {
      return await start(noReplacement);
    } catch (error) {
      if (isInUse(error) && performance.now() < deadline) continue;
      for (const pid of ask) sendSignal(pid, "SIGTTIN");
      throw error;
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** See {@linkcode beginAdoption}. */
interface Adoption extends Replacement {
  /** An address is in use, and not by a process whose sockets were taken over. */
  blocked(): boolean;
}

function beginAdoption(takeover: Takeover): Adoption {
  let blocked = false;
  /** Descriptors that were taken over, and the processes that accepted from them then. */
  const adopted = new Map<number, ReadonlySet<number>>();

  /** Listens, if need be beside the other process, which has the port on another address. */
  function beside(
    listen: Network["listen"],
    ...[at, options, accept]: Parameters<Network["listen"]>
  ): Listener {
    try {
      return listen(at, options, accept);
    } catch (error) {
      if (!isInUse(error) || !takeover.makeRoom(at)) throw error;
      return listen(at, { ...options, beside: true }, accept);
    }
  }

  return {
    blocked: () => blocked,
    replaced() {
      for (const [fd, before] of adopted) {
        if (claimantsOf(fd).some((pid) => !before.has(pid))) return true;
      }
      return false;
    },
    over: (listen) => (at, options, accept) => {
      const fd = at.kind === "fd" ? undefined : takeover.use(at, options.ipv6Only ?? false);
      if (fd !== undefined) {
        adopted.set(fd, new Set(claimantsOf(fd)));
        return listen(at, { ...options, adopt: fd }, accept);
      }
      try {
        return beside(listen, at, options, accept);
      } catch (error) {
        blocked = isInUse(error) && !takeover.mayHave(at);
        throw error;
      }
    },
  };
}

function isInUse(error: unknown): boolean {
  return error instanceof SocketError && error.code === "EADDRINUSE";
}

/** Of `pids` those that are processes, and others than this one. */
export function otherProcesses(pids: readonly number[], own: readonly number[]): number[] {
  return [...new Set(pids)].filter((pid) =>
    pid > 0 && !own.includes(pid) && sendSignal(pid, 0) !== "gone"
  );
}

/** Whose a process is, by number; null: it is gone. */
export function ownerOf(pid: number): number | null {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? null;
}

/** Sends a signal. @returns what became of it: it may not be ours to signal */
export function sendSignal(
  pid: number,
  signal: NodeJS.Signals | 0,
): "sent" | "gone" | "not permitted" {
  try {
    process.kill(pid, signal);
    return "sent";
  } catch (error) {
    return (error as { code?: string }).code === "EPERM" ? "not permitted" : "gone";
  }
}
