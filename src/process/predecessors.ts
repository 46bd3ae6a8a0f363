/** Starting in the place of other processes, which go then (management manual: "-sf", "-st"). */
import process from "node:process";
import { type Listener, type Network, SocketError } from "../net/socket.ts";
import { claimantsOf, takeListeners, type Takeover } from "./takeover.ts";

/** How often an address is asked for again that they are to release, ms. */
const interval = 10;
/** How long to wait for that. */
const releaseTimeout = 2000;
/** How long to wait for a process that has no socket yet, and is about to begin, it may be. */
const startTimeout = 2000;
/** How long to wait where it seems to be a stranger who has the address. */
const otherTimeout = 200;

/** How a start in the place of others goes about it. */
export interface Succession {
  /** Comes over the way to listen: on the sockets taken over, where there is one for the address. */
  readonly over: Over;
  /**
   * Whether a process that began later has come to accept from a socket that was taken over here: it
   * is in this one's place already.
   */
  overtaken(): boolean;
}

/** Puts something over a network's way to listen. */
export type Over = (listen: Network["listen"]) => Network["listen"];

const alone: Succession = { over: (listen) => listen, overtaken: () => false };

/**
 * Starts in the place of other processes, which serve on in the meantime: they are told to go when
 * all is well here, by {@linkcode sendSignal}. The sockets on which they listen are taken over, with who
 * waits in their queues. Where an address of theirs is in the way all the same, they are asked to
 * release all (SIGTTOU); if that does not help they resume (SIGTTIN).
 * @param start starts all or nothing, threads too, and accepts nothing yet
 * @param warn hears why sockets cannot be taken over
 * @throws what `start` throws
 */
export async function startInPlaceOf<T>(
  pids: readonly number[],
  start: (succession: Succession) => Promise<T>,
  warn: (line: string) => void,
): Promise<T> {
  if (pids.length === 0) return start(alone);
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
      const patient = takeover.failures.length > 0
        ? 0
        : takeover.incomplete
        ? startTimeout
        : otherTimeout;
      if (waited >= patient) {
        if (adoption.blocked()) throw error;
        break;
      }
    } finally {
      takeover.closeUnused();
    }
    await sleep(interval);
  }
  for (const pid of pids) sendSignal(pid, "SIGTTOU");
  const deadline = performance.now() + releaseTimeout;
  for (;;) {
    await sleep(interval);
    try {
      return await start(alone);
    } catch (error) {
      if (isInUse(error) && performance.now() < deadline) continue;
      for (const pid of pids) sendSignal(pid, "SIGTTIN");
      throw error;
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** See {@linkcode beginAdoption}. */
interface Adoption extends Succession {
  /** An address is in use, and not by a process whose sockets were taken over. */
  blocked(): boolean;
}

function beginAdoption(takeover: Takeover): Adoption {
  let blocked = false;
  /** Descriptors that were taken over, and who accepted from them then. */
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
    overtaken() {
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
