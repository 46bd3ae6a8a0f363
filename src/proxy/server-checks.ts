/** The checks of servers, as those know them that change what servers are. */
import type { Checker } from "../health/checker.ts";
import type { Server } from "./server.ts";
import type { Trackers } from "./track.ts";

/** The checks of all servers, while they run. */
export interface Checks {
  /** The checks of a server, which others may share; null: it is not checked. */
  of(server: Server): Checker | null;
  /** What asks the agent of a server; null: it has none. */
  agentOf(server: Server): Checker | null;
  /** Checks a server that has come out of maintenance, or no more one that has gone into it. */
  maintenanceChanged(server: Server): void;
  /**
   * The traffic has had as many errors in a row as there may be (manual: "observe").
   * @param event the last one, see health/observe.ts
   */
  observed(server: Server, errors: number, event: number): void;
  /** The servers that track each server. */
  readonly followers: Trackers;
  /** Checks a server, or no more, whoever else shares its checks. */
  setChecking(server: Server, on: boolean): void;
  /** A server moves: those that shared its checks no longer do. To be called before. */
  separate(server: Server): void;
  /** A server has come: its checks, and its agent, wait until they are asked for. */
  add(server: Server): void;
  /** It has gone. */
  remove(server: Server): void;
  /** Ends all checks. */
  stop(): void;
}
