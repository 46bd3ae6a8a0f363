/**
 * What operators do to servers by hand, through the runtime API or the statistics page: maintenance,
 * drain, health and weight (management manual, chapter 9.3, "set server"). It runs on the main
 * thread, as the checks do; other threads follow by the shared state.
 */
import { handNotice, noServerNotice } from "../health/notice.ts";
import type { Checks } from "./server-checks.ts";
import { admin, countUsable, type Server } from "./server.ts";
import { logDrain, logNone, noteChange, subjectOf } from "./server-state.ts";

/** The administrative state of a server. */
export type AdminState = "ready" | "drain" | "maint";
/** The health that a server is said to have. */
export type HandHealth = "up" | "stopping" | "down";

/** Changes the administrative state of a server; those that track it inherit it. */
export function setAdminState(server: Server, state: AdminState, checks: Checks): void {
  if (state === "maint") change(server, admin.maintenance, 0, checks);
  else if (state === "drain") change(server, admin.drain, admin.maintenance, checks);
  else change(server, 0, admin.maintenance | admin.drain, checks);
}

/** Puts a server into maintenance, or takes it out of it, and leaves drain as it is. */
export function setMaintenance(server: Server, on: boolean, checks: Checks): void {
  change(server, on ? admin.maintenance : 0, on ? 0 : admin.maintenance, checks);
}

/**
 * The name of a server has no address any more, and so it is in maintenance.
 * @param why in HAProxy's words: "DNS NX status"
 * @returns false: it was so before
 */
export function setUnresolved(server: Server, why: string, checks: Checks): boolean {
  return change(server, admin.unresolved, 0, checks, { enters: ` (${why})` });
}

/** It has one again. @param name its name @returns false: it had one before */
export function setResolved(server: Server, name: string, checks: Checks): boolean {
  const words = { named: `('${name}') `, leaves: "resolves again" };
  return change(server, 0, admin.unresolved, checks, words);
}

/** What the log says of a change besides. */
interface Words {
  /** After that it enters maintenance. */
  readonly enters?: string;
  /** After the name of the server, when it leaves maintenance; and how that came. */
  readonly named?: string;
  readonly leaves?: string;
}

/** Sets and clears bits of {@linkcode Server.admin}. @returns whether anything has changed */
function change(
  server: Server,
  set: number,
  clear: number,
  checks: Checks,
  words: Words = {},
): boolean {
  const inherited = (bits: number) =>
    (bits & (admin.maintenance | admin.unresolved) ? admin.inheritedMaintenance : 0) |
    (bits & admin.drain ? admin.inheritedDrain : 0);
  const changed = apply(server, set, clear, checks, words);
  if (!changed) return false;
  for (const follower of checks.followers.get(server) ?? []) {
    changeInherited(follower, inherited(set), inherited(clear), checks);
  }
  return true;
}

function changeInherited(server: Server, set: number, clear: number, checks: Checks): void {
  if (!apply(server, set, clear, checks, {})) return;
  for (const follower of checks.followers.get(server) ?? []) {
    changeInherited(follower, set, clear, checks);
  }
}

/** @returns whether anything has changed */
function apply(
  server: Server,
  set: number,
  clear: number,
  checks: Checks,
  { enters = "", named = "", leaves = "leaving forced maintenance" }: Words,
): boolean {
  const before = server.admin;
  // What the configuration says counts until it is changed by hand.
  const after = (before | set) & ~clear & (clear & admin.maintenance ? ~admin.configured : -1);
  if (after === before) return false;
  const { backend } = server;
  const wasMaintained = server.maintained;
  const wasDraining = server.draining;
  const wasUp = server.serves;
  const had = backend.servers.some(({ usable }) => usable);
  server.admin = after;
  const subject = subjectOf(server);
  const log = (notice: ReturnType<typeof handNotice>) =>
    backend.runtime.log.event(backend.config, notice.level, notice.text);
  checks.maintenanceChanged(server);
  if (wasMaintained && !server.maintained) {
    const checker = checks.of(server);
    // Its checks begin anew: up, but only just.
    if (checker !== null) checker.setHealth(server.config.rise);
    const tracked = server.config.track === null ? null : trackedOf(server, checks);
    server.up = tracked === null ? true : tracked.up;
    server.stopping = false;
  }
  if (wasUp !== server.serves) noteChange(server, server.serves);
  const waited = server.queue.length + backend.queue.length;
  backend.stateChanged(server);
  const counts = {
    ...countUsable(backend.servers),
    sessions: server.slots.value,
    requeued: Math.max(0, waited - server.queue.length - backend.queue.length),
    queued: backend.queue.length,
  };
  if (!wasMaintained && server.maintained) {
    if (wasUp) log(handNotice(subject, `is going DOWN for maintenance${enters}`, counts, true));
    else log(handNotice(subject, `was DOWN and now enters maintenance${enters}`, null, false));
  } else if (wasMaintained && !server.maintained) {
    const up = server.up ? "UP" : "DOWN";
    const how = server.draining ? "DRAIN" : "READY";
    log(handNotice(subject, `${named}is ${up}/${how} (${leaves})`, null, false));
    if (server.draining) log(handNotice(subject, "remains in forced drain mode", null, false));
  } else if (!wasDraining && server.draining && !server.maintained) {
    const notice = handNotice(subject, "enters drain state", counts, false);
    log(notice);
    backend.runtime.mail?.(backend.config, notice.level, notice.text);
  } else if (wasDraining && !server.draining && !server.maintained) {
    const up = server.up ? "UP" : "DOWN";
    log(handNotice(subject, `is ${up} (leaving forced drain)`, null, false));
  }
  if (had && counts.active + counts.backup === 0) {
    log(noServerNotice(backend.config.kind, backend.config.name));
  }
  return true;
}

function trackedOf(server: Server, checks: Checks): Server | null {
  for (const [tracked, followers] of checks.followers) {
    if (followers.includes(server)) return tracked;
  }
  return null;
}

/** Sets the health of a server, as if its checks had found it; those that track it follow. */
export function setHealth(server: Server, health: HandHealth, checks: Checks): void {
  const { rise, fall } = server.config;
  checks.of(server)?.setHealth(health === "down" ? 0 : rise + fall - 1);
  mark(server, health, checks, ", changed from CLI");
}

function mark(server: Server, health: HandHealth, checks: Checks, why: string): void {
  const { backend } = server;
  const up = health !== "down";
  const stopping = health === "stopping";
  if (server.up === up && server.stopping === stopping) return;
  const had = backend.servers.some(({ usable }) => usable);
  const wasUp = server.up;
  server.up = up;
  server.stopping = stopping;
  if (!server.maintained) {
    if (wasUp !== up) noteChange(server, up);
    const waited = server.queue.length + backend.queue.length;
    backend.stateChanged(server);
    const counts = {
      ...countUsable(backend.servers),
      sessions: server.slots.value,
      requeued: Math.max(0, waited - server.queue.length - backend.queue.length),
      queued: backend.queue.length,
    };
    const what = stopping ? "is stopping" : up ? "is UP" : "is DOWN";
    const notice = handNotice(subjectOf(server), what + why, counts, !up);
    backend.runtime.log.event(backend.config, notice.level, notice.text);
    if (had && counts.active + counts.backup === 0) {
      const none = noServerNotice(backend.config.kind, backend.config.name);
      backend.runtime.log.event(backend.config, none.level, none.text);
    }
  }
  const { config } = backend;
  for (const follower of checks.followers.get(server) ?? []) {
    mark(follower, health, checks, ` via ${config.name}/${server.name}`);
  }
}

/** Changes the weight that a server has been given (0 to 256). */
export function setWeight(server: Server, weight: number): void {
  if (server.givenWeight === weight) return;
  const { servers } = server.backend;
  const had = servers.some(({ usable }) => usable);
  server.givenWeight = weight;
  server.backend.stateChanged(server);
  logDrain(server);
  if (had && !servers.some(({ usable }) => usable)) logNone(server);
}
