/**
 * What the metrics are read from: as much of the process, its proxies and servers as they need.
 * The proxy's own classes have these shapes; nothing here knows them.
 */

/** Something that is counted. */
export interface Count {
  readonly value: number;
}

/** Numbers by their places: see counters.ts. */
export interface Numbers {
  sum(index: number): number;
  max(index: number): number;
}

/** Events a second. @param wall ms since 1970 */
export interface EventRate {
  read(wall: number): number;
  max(wall: number): number;
  /** Seconds since the last one; -1: there was none. */
  idle(wall: number): number;
}

/** The process. */
export interface ProcessStats {
  /** Connections of clients now. */
  readonly connections: Count;
  /** Connections that were accepted, and wait to be let in. */
  readonly held: Count;
  /** Connections to servers, in use and idle. */
  readonly serverConnections: Count;
  /** Connections of clients at most, now and as it was started. */
  readonly maxconn: number;
  readonly hardMaxconn: number;
  /** Faults of the program's own, each of which cost one session. */
  readonly faults: Count;
  readonly version: string;
  readonly releaseDate: string;
  readonly node: string;
  readonly description: string | null;
  readonly threads: number;
  readonly pid: number;
  /** ms since 1970. */
  readonly startedAt: number;
  /** Descriptors that it may have. */
  readonly descriptors: number;
  readonly maxPipes: number;
  readonly listeners: number;
  readonly stopping: boolean;
  /** Bytes of memory that it has. */
  readonly memory: number;
  readonly droppedLogs: number;
  /** Percent of the time in which the main thread has nothing to do. */
  readonly idle: number;
  /** Connections, and requests, so far. */
  readonly accepted: number;
  readonly requests: number;
  readonly bytesOut: number;
  readonly rate: EventRate;
  readonly bytesRate: EventRate;
  /** Bytes a second before compression, and after it. */
  readonly compressionRates: { readonly bytesIn: EventRate; readonly bytesOut: EventRate };
  /** Connections, and sessions, a second at most; 0: no limit. */
  readonly limits: {
    readonly connections: number;
    readonly sessions: number;
    readonly tls: number;
    readonly compression: number;
  };
}

/** A proxy, of which the others are halves. */
export interface ProxyFacts {
  readonly name: string;
  /** Its number, as HAProxy counts: iid. */
  readonly id: number;
  readonly mode: string;
}

/** The client side of a proxy. */
export interface FrontendStats {
  readonly facts: ProxyFacts;
  readonly connections: Count;
  readonly total: Count;
  /** Requests that were refused, for they were invalid. */
  readonly invalid: Count;
  readonly counts: Numbers;
  readonly rate: EventRate;
  readonly requestRate: EventRate;
  /** Infinity: as many as the process may have. */
  readonly limit: number;
  /** Sessions a second at most; 0: no limit. */
  readonly rateLimit: number;
  readonly state: "open" | "paused" | "stopped";
}

/** The server side of a proxy. */
export interface BackendStats {
  readonly facts: ProxyFacts;
  readonly connections: Count;
  readonly total: Count;
  /** Responses that were refused, for they were invalid. */
  readonly invalid: Count;
  readonly counts: Numbers;
  readonly rate: EventRate;
  /** Streams that any of its servers may take. */
  readonly queue: { readonly length: number };
  readonly fullconn: number;
  readonly algorithm: string;
  readonly cookie: string | null;
  /** ms since its last change from up to down or back, and for how long it was down in all. */
  readonly changedFor: number;
  readonly downFor: number;
  readonly downs: number;
  readonly servers: readonly ServerStats[];
}

/** What the checks of a server say. */
export interface CheckStats {
  readonly rise: number;
  readonly fall: number;
  /** From 0 to rise + fall - 1. */
  readonly health: number;
  /** A check is on its way. */
  readonly checking: boolean;
  readonly paused: boolean;
  /** The last one that ended. */
  readonly last: {
    readonly status: string;
    readonly passed: boolean;
    readonly description: string;
    readonly code: number | null;
    readonly info: string;
    /** ms. */
    readonly duration: number;
  } | null;
  readonly failures: number;
}

/** A server. */
export interface ServerStats {
  readonly facts: ProxyFacts;
  readonly name: string;
  /** Its number, from 1: sid. */
  readonly id: number;
  readonly slots: Count;
  readonly total: Count;
  readonly counts: Numbers;
  readonly rate: EventRate;
  /** Streams that wait for this one. */
  readonly queue: { readonly length: number };
  /** What was given, and what counts now. */
  readonly weight: number;
  readonly effectiveWeight: number;
  /** Percent of it while it starts slowly; null: it does not. */
  readonly throttle: number | null;
  /** Infinity: no limit. */
  readonly maxconn: number;
  /** Its idle connections, in all threads. */
  readonly pool: { readonly everywhere: Count };
  readonly up: boolean;
  /** It is up, and not in maintenance. */
  readonly serves: boolean;
  /** It takes new sessions. */
  readonly usable: boolean;
  /** Why it does not: by hand, or as that server which it tracks. */
  readonly maintained: boolean;
  readonly unresolved: boolean;
  /** `proxy/server` of which it has inherited that; null: of none. */
  readonly maintainedVia: string | null;
  readonly draining: boolean;
  readonly stopping: boolean;
  /** `proxy/server`; null: none. */
  readonly tracked: string | null;
  /** Its own, or those of the server that it tracks; null: none. */
  readonly check: CheckStats | null;
  /** They are its own. */
  readonly checked: boolean;
  /** What its agent says; null: it has none. */
  readonly agent: CheckStats | null;
  /** ms since its last change, and for how long it was down in all. */
  readonly changedFor: number;
  readonly downFor: number;
  readonly downs: number;
  readonly address: string;
  readonly backup: boolean;
  readonly cookie: string | null;
  /** 0: no limit. */
  readonly maxqueue: number;
}
