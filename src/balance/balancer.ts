/** What an algorithm knows of a server. */
export interface Candidate {
  /** Its place among all servers of its backend, from 0. */
  readonly index: number;
  /** Effective weight, 0-256; 0 takes no new sessions. */
  readonly weight: number;
  /** Requests in progress, and those that wait for this server in particular. */
  readonly load: number;
  /** Requests in progress alone. */
  readonly served: number;
  /** Whether the server has reached its `maxconn`: skipped by algorithms which can choose. */
  readonly full: boolean;
  /** Whether it is full, and has no limited queue of its own with room (manual: "maxqueue"). */
  readonly saturated: boolean;
  /** As many wait for it in particular as may (manual: "maxqueue"). */
  readonly queueFull: boolean;
}

/**
 * What an algorithm remembers from pick to pick, of as many numbers as its entry in
 * algorithms.ts says. It may be shared by the balancers of several threads, of which one is called at a time.
 */
export type BalancerMemory = Float64Array;

/**
 * A balancing algorithm (HAProxy's manual: "balance"). Pure state: no I/O, no clock. Nothing is
 * allocated in {@linkcode pick}.
 */
export interface Balancer<S extends Candidate> {
  /**
   * Sets which servers take part, in the order of the configuration: those that are up, or the
   * backups where none is. Called when that set or a weight changes.
   */
  update(servers: readonly S[]): void;
  /** The same where another balancer on the same memory has been {@linkcode update}d already. */
  follow(servers: readonly S[]): void;
  /**
   * Chooses a server for a new session.
   * @param key what the choice hashes on, 32 bits unsigned, or NO_KEY; ignored by the others
   * @param avoid a server to pass over if there is another, after a failed connection; or null
   * @returns null if no server takes part, or if all of them are full
   */
  pick(key: number, avoid: S | null): S | null;
}
