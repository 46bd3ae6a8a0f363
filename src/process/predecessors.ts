/** Starting in the place of other processes, which go then (management manual: "-sf", "-st"). */
import process from "node:process";
import { type Listener, type Network, SocketError } from "../net/socket.ts";
import { takeListeners, type Takeover } from "./takeover.ts";

/** How often an address is asked for again that they are to release, and how long, ms. */
const interval = 10;
const patience = 2000;

/**
 * Starts in the place of other processes, which serve on in the meantime: they are told to go when
 * all is well here, by {@linkcode tell}. The sockets on which they listen are taken over, with who
 * waits in their queues. Where an address of theirs is in the way all the same, they are asked to
 * release all (SIGTTOU); if that does not help they resume (SIGTTIN).
 * @param start starts all or nothing, threads too; it is to listen through what it is given
 * @param warn hears why sockets cannot be taken over
 * @throws what `start` throws
 */
export async function startInPlaceOf<T>(
  pids: readonly number[],
  start: (over: Over) => Promise<T>,
  warn: (line: string) => void,
): Promise<T> {
  const asItIs: Over = (listen) => listen;
  if (pids.length === 0) return start(asItIs);
  const takeover = takeListeners(pids);
  takeover.failures.forEach(warn);
  const adoption = beginAdoption(takeover);
  try {
    const started = await start(adoption.over);
    adoption.begun = true;
    return started;
  } catch (error) {
    if (!isInUse(error) || adoption.blocked) throw error;
  } finally {
    takeover.closeUnused();
  }
  for (const pid of pids) tell(pid, "SIGTTOU");
  const deadline = performance.now() + patience;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, interval));
    try {
      return await start(asItIs);
    } catch (error) {
      if (isInUse(error) && performance.now() < deadline) continue;
      for (const pid of pids) tell(pid, "SIGTTIN");
      throw error;
    }
  }
}

/** Puts something over a network's way to listen. */
export type Over = (listen: Network["listen"]) => Network["listen"];

/** See {@linkcode beginAdoption}. */
interface Adoption {
  /** Listens on the sockets taken over, where there is one for the address. */
  readonly over: Over;
  /** To be set when all has gone well: from then on the listeners are this process's to end. */
  begun: boolean;
  /** An address is in use, and not by a process whose sockets were taken over. */
  blocked: boolean;
}

function beginAdoption(takeover: Takeover): Adoption {
  const adoption: Adoption = { over: (listen) => adopting(listen), begun: false, blocked: false };

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

  function adopting(listen: Network["listen"]): Network["listen"] {
    return (at, options, accept) => {
      const fd = at.kind === "fd" ? undefined : takeover.use(at, options.ipv6Only ?? false);
      if (fd === undefined) {
        try {
          return beside(listen, at, options, accept);
        } catch (error) {
          adoption.blocked = isInUse(error) && !takeover.mayHave(at);
          throw error;
        }
      }
      const listener = listen(at, { ...options, adopt: fd }, accept);
      return {
        ...listener,
        close() {
          if (adoption.begun) listener.close();
          else {
            // Nothing came of the start: who waits in the queue is the other process's to serve.
            listener.pause();
            takeover.giveBack(fd);
          }
        },
      };
    };
  }
  return adoption;
}

function isInUse(error: unknown): boolean {
  return error instanceof SocketError && error.code === "EADDRINUSE";
}

/** Of `pids` those that are processes, and others than this one. */
export function otherProcesses(pids: readonly number[], own: readonly number[]): number[] {
  return [...new Set(pids)].filter((pid) =>
    pid > 0 && !own.includes(pid) && tell(pid, 0) !== "gone"
  );
}

/** Sends a signal. @returns what became of it: it may not be ours to signal */
export function tell(pid: number, signal: NodeJS.Signals | 0): "told" | "gone" | "not permitted" {
  try {
    process.kill(pid, signal);
    return "told";
  } catch (error) {
    return (error as { code?: string }).code === "EPERM" ? "not permitted" : "gone";
  }
}
