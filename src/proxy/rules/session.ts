/** What rules keep for a session: a client's connection. */
import { Variables } from "../../expr/variables.ts";
import type { Counters } from "../../stick-table/counters.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";

/** Where a connection came in. */
export interface ListenerName {
  /** Its number in its frontend, from 1. */
  readonly id: number;
  readonly name: string;
}

/** See the head of this file. It exists only for connections of proxies with rules. */
export class SessionState {
  readonly variables = new Variables("sess");
  /** As rules have set them ("set-src"); null: nothing was. */
  addresses: Addresses | null = null;
  /** A PROXY header must come before all else. */
  expectsProxy = false;
  /** What the connection tracks in stick tables; null: nothing. */
  counters: Counters | null = null;

  constructor(readonly listener: ListenerName) {}

  /** The session is over. */
  end(): void {
    this.counters?.end();
  }
}

/** That of a connection whose proxy has no rules that could ask. */
export const unnamedListener: ListenerName = { id: 0, name: "" };
