/**
 * What operators see of a running process and do to it, through the runtime API, the statistics page
 * or a program: the seam between what they use and the proxy, which implements it.
 */
import type { NameserverCounts } from "../dns/nameserver.ts";
import type { PatternStore } from "../expr/patterns/store.ts";
import type { Tables } from "../stick-table/tables.ts";
import type { CapturedError } from "../stats/error-captures.ts";
import type { BackendStats, FrontendStats, ProcessStats, ServerStats } from "../stats/objects.ts";
import type { CertificateControl } from "./certificates.ts";

/** What an action came to: null if it was done, else why not, in HAProxy's words. */
export type Refusal = string | null;

/** A server that operators act on. */
export interface ServerControl extends ServerStats {
  /** What the configuration says. */
  readonly initialWeight: number;
  /** Bits: srv_admin_state of `show servers state`. */
  readonly admin: number;
  /** It has checks, and they were turned off by hand. */
  readonly unchecked: boolean;
  readonly host: string;
  readonly port: number;
  /** Its name, where it has one that is resolved; else null. */
  readonly fqdn: string | null;
  /** The name of the service whose records say where it is; else null. */
  readonly service: string | null;
  readonly tls: boolean;
  /** `ready`, `drain` or `maint`. */
  setState(state: "ready" | "drain" | "maint"): void;
  setMaintenance(on: boolean): void;
  setHealth(health: "up" | "stopping" | "down"): void;
  setWeight(weight: number): void;
  /** 0: no limit. */
  setMaxconn(maxconn: number): void;
  /** Turns its checks on or off. @returns false: it has none */
  setChecks(on: boolean): boolean;
  /** Asks its agent, or no more. @returns false: it has none */
  setAgent(on: boolean): boolean;
  /** As if its agent had said so. @returns false: it has none */
  setAgentHealth(health: "up" | "down"): boolean;
  /** Changes its address, its port, or both. */
  setAddress(host: string | null, port: number | null): void;
  /** Where it is checked, and where its agent is asked, as set by hand; null: as configured. */
  readonly checkedAt: {
    readonly addr: string | null;
    readonly port: number | null;
    readonly agentAddr: string | null;
    readonly agentPort: number | null;
  };
  /** Changes that. Strings and numbers take effect from the next check on. */
  setCheckedAt(change: {
    readonly addr?: string;
    readonly port?: number;
    readonly agentAddr?: string;
    readonly agentPort?: number;
    readonly agentSend?: string;
  }): void;
  /** Lets it follow another name. @returns why it cannot */
  setName(name: string): Refusal;
  /** Ends its sessions. */
  shutdownSessions(): void;
}

/** A client side that operators act on. */
export interface FrontendControl extends FrontendStats {
  /** Stops accepting, for a while. @returns why it cannot */
  disable(): Refusal;
  enable(): Refusal;
  /** Stops listening for good. */
  shutdown(): Refusal;
  setMaxconn(maxconn: number): void;
}

/** A server side that operators act on. */
export interface BackendControl extends BackendStats {
  readonly servers: readonly ServerControl[];
  /** Whether its servers' cookies follow from their addresses; and from which key besides. */
  setDynamicCookie(on: boolean): void;
  setDynamicCookieKey(key: string): void;
  /** Its algorithm takes weights of 0 and 100 % only. */
  readonly staticWeights: boolean;
  /**
   * Adds a server, which all threads know when this resolves.
   * @param words as behind the name of a server in the configuration
   * @returns why it cannot be
   */
  addServer(name: string, words: readonly string[]): Promise<Refusal>;
  /** Why a server cannot be removed now; null: it can. */
  whyNotRemove(server: ServerControl): Refusal;
  /** Removes one. @returns why it cannot be */
  removeServer(server: ServerControl): Promise<Refusal>;
}

/** A proxy. */
export interface ProxyControl {
  readonly name: string;
  readonly id: number;
  readonly kind: "listen" | "frontend" | "backend";
  readonly mode: string;
  readonly description: string | null;
  /** The backends that its frontend names, its own among them. */
  readonly routes: readonly string[];
  readonly frontend: FrontendControl | null;
  readonly backend: BackendControl | null;
}

/** A session, as a thread tells of it: plain data. */
export interface SessionFacts {
  /** Its number in its thread; that is the next. */
  readonly serial: number;
  readonly thread: number;
  readonly protocol: string;
  readonly source: string;
  readonly frontend: string;
  readonly backend: string | null;
  readonly server: string | null;
  /** ms. */
  readonly age: number;
  readonly requests: number;
  readonly received: number;
  readonly sent: number;
  /** ms until its time-out; null: none. */
  readonly expires: number | null;
  readonly queued: boolean;
}

/** What a thread knows of itself. */
export interface ThreadFacts {
  readonly thread: number;
  readonly up: boolean;
  readonly stalled: boolean;
  readonly turns: number;
  readonly connections: number;
}

/** A `resolvers` section: what became of the queries to its name servers. */
export interface ResolverFacts {
  readonly name: string;
  readonly nameservers: readonly { readonly name: string; readonly counts: NameserverCounts }[];
}

/** A cache, as far as operators see it. */
export interface CacheView {
  readonly name: string;
  readonly store: {
    /** Blocks that are free, or would be if they were asked for. */
    readonly available: number;
    list(): readonly {
      readonly number: number;
      readonly hash: number;
      readonly variant: Int32Array;
      readonly size: number;
      readonly blocks: number;
      readonly refs: number;
      readonly expires: number;
    }[];
  };
}

/** The whole. */
export interface Control {
  readonly process: ProcessStats;
  readonly proxies: readonly ProxyControl[];
  /** The stick tables; null: there is none. */
  readonly tables: Tables | null;
  /** The caches, by name; null: there is none. */
  readonly caches: ReadonlyMap<string, CacheView> | null;
  /** Maps, and lists of ACLs; null: there is none. Changes go to all threads. */
  readonly patterns: PatternStore | null;
  /** ms since 1970. */
  wall(): number;
  setMaxconn(maxconn: number): void;
  setRateLimit(what: "connections" | "sessions" | "tls" | "compression", limit: number): void;
  /** Begins maxima anew, and of `all` the counters too. */
  clearCounters(all: boolean): void;
  /** Sessions of all threads; one that is stuck is left out. */
  sessions(): Promise<SessionFacts[]>;
  shutdownSession(thread: number, serial: number): void;
  /** The invalid messages that were captured, of all threads. */
  errors(): Promise<{ readonly total: number; readonly kept: readonly CapturedError[] }>;
  readonly threads: readonly ThreadFacts[];
  readonly resolvers: readonly ResolverFacts[];
  /** What was said when it was started. */
  readonly startupLogs: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Certificates, and what else TLS is made of; null: nothing speaks it. */
  readonly certificates: CertificateControl | null;
  /** Descriptors in use, as lines. */
  descriptors(): string[];
}
