/** A server, as operators see it and act on it: see services/control.ts. */
import { isService } from "../config/keywords/server-names.ts";
import { descriptions } from "../health/result.ts";
import type { Checker } from "../health/checker.ts";
import type { Refusal, ServerControl } from "../services/control.ts";
import type { CheckStats, ProxyFacts } from "../stats/objects.ts";
import type { Checks } from "./checks.ts";
import type { Following } from "./following.ts";
import type { Runtime } from "./runtime.ts";
import { admin, type CheckedAt, type Server } from "./server.ts";
import { nameOf } from "./server-address.ts";
import {
  setAdminState,
  setHealth,
  setMaintenance,
  setResolved,
  setWeight,
} from "./server-admin.ts";
import { KILL } from "./workers.ts";

/** See above. */
export class ServerView implements ServerControl {
  readonly id: number;
  readonly slots;
  readonly total;
  readonly counts;
  readonly rate;
  readonly queue;
  readonly pool;
  /** The server that it tracks, and of that which it does, to the last. */
  readonly #root: Server;
  readonly tracked: string | null;
  /** Its checks were turned off by hand. */
  #unchecked = false;
  #unasked = false;

  constructor(
    readonly server: Server,
    readonly facts: ProxyFacts,
    readonly checks: Checks,
    readonly following: Following,
    added = false,
  ) {
    // Checks of one that is added begin when somebody says so.
    this.#unchecked = added && server.config.check;
    this.#unasked = added;
    this.id = server.id;
    ({
      slots: this.slots,
      total: this.total,
      counts: this.counts,
      rate: this.rate,
      queue: this.queue,
      pool: this.pool,
    } = server);
    let root = server;
    let tracked: Server | null = null;
    for (let next = trackedBy(checks, root); next !== null; next = trackedBy(checks, root)) {
      tracked ??= next;
      root = next;
    }
    this.#root = root;
    this.tracked = tracked === null ? null : `${tracked.backend.config.name}/${tracked.name}`;
  }

  get #runtime(): Runtime {
    return this.server.backend.runtime;
  }
  get name(): string {
    return this.server.name;
  }
  get weight(): number {
    return this.server.givenWeight;
  }
  get effectiveWeight(): number {
    return Math.ceil(this.server.weight);
  }
  get initialWeight(): number {
    return this.server.config.weight;
  }
  get throttle(): number | null {
    const { throttle } = this.server;
    return throttle === 100 ? null : throttle;
  }
  get maxconn(): number {
    return this.server.maxconn;
  }
  get up(): boolean {
    return this.server.up;
  }
  get serves(): boolean {
    return this.server.serves;
  }
  get usable(): boolean {
    return this.server.usable;
  }
  get maintained(): boolean {
    return this.server.maintained;
  }
  get unresolved(): boolean {
    return (this.server.admin & admin.unresolved) !== 0;
  }
  get maintainedVia(): string | null {
    return (this.server.admin & admin.inheritedMaintenance) !== 0 ? this.tracked : null;
  }
  get draining(): boolean {
    return this.server.draining;
  }
  get stopping(): boolean {
    return this.server.stopping;
  }
  get checked(): boolean {
    return this.checks.of(this.server) !== null && !this.#unchecked;
  }
  get unchecked(): boolean {
    return this.#unchecked;
  }
  get agent(): CheckStats | null {
    const agent = this.checks.agentOf(this.server);
    if (agent === null || this.#unasked) return null;
    const { health, checking, last } = agent;
    return {
      rise: 1,
      fall: 1,
      health,
      checking,
      paused: this.server.maintained,
      last: last === null ? null : { ...last, description: descriptions[last.status] },
      failures: 0,
    };
  }
  setAgent(on: boolean): boolean {
    const agent = this.checks.agentOf(this.server);
    if (agent === null) return false;
    this.#unasked = !on;
    if (on) agent.resume();
    else agent.pause();
    return true;
  }
  setAgentHealth(health: "up" | "down"): boolean {
    const agent = this.checks.agentOf(this.server);
    if (agent === null || this.#unasked) return false;
    agent.setHealth(health === "up" ? 1 : 0);
    setHealth(this.server, health, this.checks);
    return true;
  }
  get check(): CheckStats | null {
    if (this.#unchecked) return null;
    const checker = this.checks.of(this.#root);
    if (checker === null) return null;
    if (this.#check?.checker !== checker) {
      this.#check = new CheckView(checker, this.server, this.#root.config);
    }
    return this.#check;
  }
  #check: CheckView | null = null;
  get changedFor(): number {
    return this.#runtime.clock.now() - this.server.changedAt;
  }
  get downFor(): number {
    const { downFor, serves } = this.server;
    return serves ? downFor : downFor + this.changedFor;
  }
  get downs(): number {
    return this.server.checkDowns;
  }
  get host(): string {
    return this.server.place.host ?? "-";
  }
  get port(): number {
    const { port, portOffset } = this.server.place.port;
    return port ?? portOffset;
  }
  get address(): string {
    const { version } = this.server.place;
    if (version !== this.#addressVersion) {
      this.#addressVersion = version;
      this.#address = this.#showAddress();
    }
    return this.#address;
  }
  #address = "";
  /** The version of its place that this shows. */
  #addressVersion = -1;
  #showAddress(): string {
    const { address, place } = this.server;
    if (address.kind === "unix") return "unix";
    if (address.kind === "abstract") return "abns";
    const { host } = place;
    if (host === null) return "none";
    return host.includes(":") ? `[${host}]:${this.port}` : `${host}:${this.port}`;
  }
  get fqdn(): string | null {
    const name = nameOf(this.server);
    const followed = this.following.serverOf(this.server);
    return followed === null ? (name !== null && isService(name) ? null : name) : followed.name;
  }
  get service(): string | null {
    const name = nameOf(this.server);
    return name !== null && isService(name) ? name : null;
  }
  get tls(): boolean {
    return this.server.config.ssl;
  }
  get backup(): boolean {
    return this.server.config.backup;
  }
  get cookie(): string | null {
    return this.server.cookie;
  }
  get maxqueue(): number {
    return this.server.config.maxqueue;
  }
  get admin(): number {
    return this.server.admin;
  }

  setState(state: "ready" | "drain" | "maint"): void {
    setAdminState(this.server, state, this.checks);
  }
  setMaintenance(on: boolean): void {
    setMaintenance(this.server, on, this.checks);
  }
  setHealth(health: "up" | "stopping" | "down"): void {
    setHealth(this.server, health, this.checks);
  }
  setWeight(weight: number): void {
    setWeight(this.server, weight);
  }
  setMaxconn(maxconn: number): void {
    this.server.maxconn = maxconn;
    this.server.backend.stateChanged(this.server);
  }
  setChecks(on: boolean): boolean {
    const checker = this.checks.of(this.server);
    if (checker === null) return false;
    this.#unchecked = !on;
    this.checks.setChecking(this.server, on);
    this.#runtime.serversChanged?.();
    return true;
  }
  get checkedAt() {
    const { addr, port, agentAddr, agentPort } = this.server.checkedAt;
    const { config } = this.server;
    return {
      addr: addr ?? config.addr,
      port: port ?? config.port,
      agentAddr: agentAddr ?? config.agentAddr,
      agentPort: agentPort ?? config.agentPort,
    };
  }
  setCheckedAt(change: Partial<CheckedAt>): void {
    this.checks.separate(this.server);
    Object.assign(this.server.checkedAt, change);
  }
  setAddress(host: string | null, port: number | null): void {
    this.checks.separate(this.server);
    const { place } = this.server;
    const now = port === null ? place.port : { port, portOffset: 0 };
    place.set(host ?? place.host, now);
    // Idle connections lead to where it was.
    this.server.backend.stateChanged(this.server);
    if (place.host !== null) setResolved(this.server, this.fqdn ?? "", this.checks);
  }
  setName(name: string): Refusal {
    const failed = "set server <b>/<s> fqdn failed because";
    const followed = this.following.serverOf(this.server);
    if (this.service !== null) return `${failed} SRV resolution is configured.`;
    if (followed === null) return `${failed} no resolution is configured.`;
    if (followed.rename(name)) return null;
    const path = `${this.server.backend.config.name}/${this.name}`;
    return `could not update ${path} FQDN by 'stats socket command'`;
  }
  shutdownSessions(): void {
    const { backend, index } = this.server;
    this.#runtime.workers.broadcast(KILL, backend.index, index);
  }
}

function trackedBy(checks: Checks, server: Server): Server | null {
  for (const [tracked, followers] of checks.followers) {
    if (followers.includes(server)) return tracked;
  }
  return null;
}

/** The checks of a server, as operators see them. */
class CheckView implements CheckStats {
  readonly rise: number;
  readonly fall: number;
  #last: CheckStats["last"] = null;
  /** What that shows. */
  #result: Checker["last"] = null;

  constructor(
    readonly checker: Checker,
    readonly server: Server,
    { rise, fall }: { readonly rise: number; readonly fall: number },
  ) {
    this.rise = rise;
    this.fall = fall;
  }
  get health(): number {
    return this.checker.health;
  }
  get checking(): boolean {
    return this.checker.checking;
  }
  get paused(): boolean {
    return this.server.maintained;
  }
  get failures(): number {
    return this.server.checkFailures;
  }
  get last(): CheckStats["last"] {
    const { last } = this.checker;
    if (last !== this.#result) {
      this.#result = last;
      this.#last = last === null ? null : { ...last, description: descriptions[last.status] };
    }
    return this.#last;
  }
}
