/** Carries what the checks find to the servers, their backends and the log. */
import {
  downNotice,
  handNotice,
  noServerNotice,
  type NoticeReason,
  type NoticeSubject,
  stoppingNotice,
  upNotice,
} from "../health/notice.ts";
import type { Runtime } from "./runtime.ts";
import { admin, countUsable, type Server } from "./server.ts";
import { beginSlowStart, endSlowStart } from "./slow-start.ts";
import type { Trackers } from "./track.ts";

/** What checks may find a server to be: "stopping" takes no new sessions but those that name it. */
export type Health = "up" | "stopping" | "down";

/** A server whose state changes, and why. */
interface Change {
  readonly server: Server;
  readonly reason: NoticeReason;
  /** It was about to stop. */
  readonly announced: boolean;
  /** Servers that take part in its backend once it has changed: main ones, and backups. */
  readonly active: number;
  readonly backup: number;
  /** It was the last one. */
  readonly last: boolean;
}

/**
 * The servers that share a check, and those that track them, come up or go down, all at once: what
 * one gives up must not go to another that is about to fall by the same check.
 */
export function changeStates(
  servers: readonly Server[],
  followers: Trackers,
  health: Health,
  reason: NoticeReason,
  runtime: Runtime,
): void {
  const changes: Change[] = [];
  const mark = (server: Server, reason: NoticeReason): void => {
    // A server in maintenance stays as it is, and so do those that follow it.
    if (server.maintained || healthOf(server) === health) return;
    changes.push(set(server, health, reason));
    for (const follower of followers.get(server) ?? []) mark(follower, { via: subjectOf(server) });
  };
  for (const server of servers) mark(server, reason);
  for (const each of changes) announce(each, health, runtime);
}

function healthOf(server: Server): Health {
  return !server.up ? "down" : server.stopping ? "stopping" : "up";
}

/** Sets a server's state, without consequence yet, and counts the usable servers. */
function set(server: Server, health: Health, reason: NoticeReason): Change {
  const { servers } = server.backend;
  const had = servers.some(({ usable }) => usable);
  const { up: wasUp, stopping: announced } = server;
  server.up = health !== "down";
  server.stopping = health === "stopping";
  if (wasUp !== server.up) noteChange(server, server.up);
  const { active, backup } = countUsable(servers);
  return { server, reason, announced, active, backup, last: had && active + backup === 0 };
}

/** Notes when a server went up or down, for the statistics; one that comes up starts slowly. */
export function noteChange(server: Server, up: boolean): void {
  const now = server.backend.runtime.clock.now();
  if (up) server.downFor += now - server.changedAt;
  else server.checkDowns++;
  server.changedAt = now;
  (up ? beginSlowStart : endSlowStart)(server);
}

const notices = { up: upNotice, stopping: stoppingNotice, down: downNotice };

/** Notifies the backend, and logs the change. */
function announce(
  { server, reason, announced, active, backup, last }: Change,
  health: Health,
  { log }: Runtime,
): void {
  const { backend } = server;
  const waited = server.queue.length + backend.queue.length;
  backend.stateChanged(server);
  const counts = {
    active,
    backup,
    sessions: server.slots.value,
    requeued: Math.max(0, waited - server.queue.length - backend.queue.length),
    queued: backend.queue.length,
  };
  const subject = subjectOf(server);
  const notice = notices[health](subject, reason, counts, announced || server.draining);
  log.event(backend.config, notice.level, notice.text);
  backend.runtime.mail?.(backend.config, notice.level, notice.text);
  logDrain(server);
  if (last) logNone(server);
}

/** A server that is drained has changed otherwise: the log says that it still is. */
export function logDrain(server: Server): void {
  if (!server.draining) return;
  const forced = (server.admin & admin.drain) !== 0 ? "forced " : "";
  const what = `remains in ${forced}drain mode`;
  const { level, text } = handNotice(subjectOf(server), what, null, false);
  server.backend.runtime.log.event(server.backend.config, level, text);
}

/** The last server of a backend is gone. */
export function logNone({ backend: { config, runtime } }: Server): void {
  const { level, text } = noServerNotice(config.kind, config.name);
  runtime.log.event(config, level, text);
}

/** What the log calls a server. */
export function subjectOf({ config, backend }: Server): NoticeSubject {
  return { proxy: backend.config.name, server: config.name, backup: config.backup };
}
