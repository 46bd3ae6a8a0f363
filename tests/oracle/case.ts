/** What a case of the oracle's tables is, and what it can do while it is played. */
import type { Client } from "./client.ts";
import type { DifferenceName } from "./differences.ts";
import type { Behaviour } from "./origin.ts";

/** What a case plays with. */
export interface Play {
  /** Connects to the proxy, from the address if one is given. */
  connect(from?: string): Promise<Client>;
  /** Resolves when the proxy has handled whatever reached it before. */
  barrier(): Promise<void>;
  /** Lets the servers answer that wait for it. */
  release(): void;
  /** Waits until a server has got so many requests. */
  reached(server: string, requests: number): Promise<void>;
  /** Lets a server accept connections no more; those that stand go on. */
  refuse(server: string): void;
  /** Lets it accept again. */
  accept(server: string): void;
  /** Waits for a line of the log. */
  logged(text: string): Promise<void>;
}

/** The same traffic for both. */
export interface Case extends Behaviour {
  readonly name: string;
  /** Lines of the `listen` section. */
  readonly config?: readonly string[];
  /** Lines of the `global` section, for all cases of the table. */
  readonly global?: readonly string[];
  /** Lines of sections before it. */
  readonly before?: readonly string[];
  /** How haproxy 2.6 spells them, where that differs. */
  readonly haproxy?: readonly string[];
  /** Instead of the `listen` section a frontend and, with the servers, a backend of one name. */
  readonly apart?: true;
  /** "name keyword...", each with a server of its own; where "dead" stands in the name, nobody
   * listens; one that begins with "hole" never answers a connect; "dispatch" is the keyword of
   * that name. Default: one, named s. */
  readonly servers?: readonly string[];
  /** Sent one after the other, each when all before is answered; on a new connection where the last
   * one has ended. */
  readonly requests?: readonly string[];
  /** Plays the case, instead of `requests`. */
  readonly play?: (play: Play) => Promise<void>;
  /** Lines of the log to wait for; default: as many as there are final responses. */
  readonly logs?: number;
  /** Whether to ask at the end if connections still serve. */
  readonly probe?: false;
  /** Compares how many connections the servers got, too. */
  readonly countConnections?: true;
  /** A termination state that sluice must have logged. */
  readonly code?: string;
  /** It is about a reset, without which it looks like another case: not for Deno. */
  readonly resets?: true;
  /** In which of two orders its requests reach a server is nobody's promise: they do not count by number. */
  readonly unordered?: true;
  /** In what sluice differs from haproxy here, and is meant to. */
  readonly differs?: readonly DifferenceName[];
}
