/**
 * What the metrics are read from: as much of the process, its proxies and servers as they need.
 * The proxy's own classes have these shapes; nothing here knows them.
 */

/** Something that is counted. */
export interface Count {
  readonly value: number;
}

/** The process. */
export interface ProcessStats {
  /** Connections of clients now. */
  readonly connections: Count;
  /** Connections that were accepted, and wait to be let in. */
  readonly held: Count;
  /** Connections to servers, in use and idle. */
  readonly serverConnections: Count;
  /** Connections of clients at most. */
  readonly maxconn: number;
  /** Faults of the program's own, each of which cost one session. */
  readonly faults: Count;
}

/** The client side of a proxy. */
export interface FrontendStats {
  readonly connections: Count;
  readonly total: Count;
  /** Requests that were refused, for they were invalid. */
  readonly invalid: Count;
  /** Infinity: as many as the process may have. */
  readonly limit: number;
  /** It has stopped listening for good. */
  readonly stopping: boolean;
}

/** The server side of a proxy. */
export interface BackendStats {
  readonly connections: Count;
  readonly total: Count;
  /** Responses that were refused, for they were invalid. */
  readonly invalid: Count;
  /** Streams that any of its servers may take. */
  readonly queue: { readonly length: number };
  readonly servers: readonly ServerStats[];
}

/** A server. */
export interface ServerStats {
  readonly name: string;
  readonly slots: Count;
  readonly total: Count;
  /** Streams that wait for this one. */
  readonly queue: { readonly length: number };
  readonly weight: number;
  /** Infinity: no limit. */
  readonly maxconn: number;
  /** Its idle connections, in all threads. */
  readonly pool: { readonly everywhere: Count };
  /** It is up, and not disabled. */
  readonly serves: boolean;
  /** It takes new sessions. */
  readonly usable: boolean;
  readonly config: {
    readonly backup: boolean;
    readonly disabled: boolean;
    /** 0: no limit. */
    readonly maxqueue: number;
  };
}
