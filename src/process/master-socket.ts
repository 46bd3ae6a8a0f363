/** Where a master takes commands: `-S ADDRESS[,OPTION...]` (management manual, chapter 9.4). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StatsSocket } from "../config/keywords/stats-socket.ts";
import { loadConfiguration } from "../config/load.ts";
import { type Listener, type Network, noEvents } from "../net/socket.ts";
import { systemClock } from "../time/clock.ts";
import { MasterSession } from "./master-cli.ts";
import type { MasterFacts } from "./master-commands.ts";
import { protect } from "./operators.ts";

/** Clients at most, and how long they may be silent, ms. */
const mostClients = 10;
const timeout = 3_600_000;

/** Reads the flag's operand. @returns what is wrong with it */
export function readMasterSocket(operand: string): StatsSocket | string {
  const [address = "", ...options] = operand.split(",");
  const words = [address, ...options].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const level = options.includes("level") ? "" : " level admin";
  const text = `global\n stats socket ${words.join(" ")}${level}\n`;
  const { configuration, diagnostics } = loadConfiguration([{ name: "-S", text }], {});
  const socket = configuration?.global.statsSocket[0];
  if (socket !== undefined) return socket;
  return diagnostics.find(({ severity }) => severity === "error")?.message ?? "it is no address";
}

/** Where workers have the runtime API that only their master uses. */
export interface WorkerPaths {
  /** A path for a worker that is about to start. */
  next(): string;
  close(): void;
}

/** Makes a folder that is this user's alone. */
export function createWorkerPaths(): WorkerPaths {
  const folder = mkdtempSync(join(tmpdir(), "sluice-master-"));
  let last = 0;
  return {
    next: () => join(folder, String(++last)),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Listens. @throws {SocketError} if it cannot */
export function openMasterSocket(
  socket: StatsSocket,
  network: Network,
  facts: MasterFacts,
  pathOf: (pid: number) => string | null,
): { close(): void } {
  const sessions = new Set<MasterSession>();
  const { address, level } = socket;
  const at = address.kind === "ip" && address.host === "*"
    ? { ...address, host: "0.0.0.0" }
    : address;
  const listener: Listener = network.listen(at, {}, (client) => {
    if (sessions.size >= mostClients) {
      client.close();
      return noEvents;
    }
    const session: MasterSession = new MasterSession(client, {
      facts,
      network,
      clock: systemClock,
      level,
      timeout,
      pathOf,
      ended: () => sessions.delete(session),
    });
    sessions.add(session);
    return session;
  });
  if (address.kind === "unix") protect(address.path, socket);
  return {
    close() {
      listener.close();
      for (const session of sessions) session.abort();
    },
  };
}
