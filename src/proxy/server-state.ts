/** Carries what the checks find to the servers, their backends and the log. */
import {
  downNotice,
  noServerNotice,
  type NoticeReason,
  type NoticeSubject,
  upNotice,
} from "../health/notice.ts";
import type { CheckResult } from "../health/result.ts";
import type { Runtime } from "./runtime.ts";
import { countUsable, type Server } from "./server.ts";
import type { Trackers } from "./track.ts";

/** A server whose state changes, and why. */
interface Change {
  readonly server: Server;
  readonly reason: NoticeReason;
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
  change: "up" | "down",
  result: CheckResult,
  runtime: Runtime,
): void {
  const up = change === "up";
  const changes: Change[] = [];
  const mark = (server: Server, reason: NoticeReason): void => {
    // A server in maintenance stays as it is, and so do those that follow it.
    if (server.maintained) return;
    changes.push(setUp(server, up, reason));
    for (const follower of followers.get(server) ?? []) mark(follower, { via: subjectOf(server) });
  };
  for (const server of servers) mark(server, result);
  for (const each of changes) announce(each, up, runtime);
}

/** Sets a server up or down, without consequence yet, and counts the usable servers. */
function setUp(server: Server, up: boolean, reason: NoticeReason): Change {
  const { servers } = server.backend;
  const had = servers.some(({ usable }) => usable);
  server.up = up;
  noteChange(server, up);
  const { active, backup } = countUsable(servers);
  return { server, reason, active, backup, last: had && active + backup === 0 };
}

/** Notes when a server went up or down, for the statistics. */
export function noteChange(server: Server, up: boolean): void {
  const now = server.backend.runtime.clock.now();
  if (up) server.downFor += now - server.changedAt;
  else server.checkDowns++;
  server.changedAt = now;
}

/** Notifies the backend, and logs the change. */
function announce(
  { server, reason, active, backup, last }: Change,
  up: boolean,
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
  const notice = (up ? upNotice : downNotice)(subjectOf(server), reason, counts);
  log.event(backend.config, notice.level, notice.text);
  if (!last) return;
  const none = noServerNotice(backend.config.kind, backend.config.name);
  log.event(backend.config, none.level, none.text);
}

/** What the log calls a server. */
export function subjectOf({ config, backend }: Server): NoticeSubject {
  return { proxy: backend.config.name, server: config.name, backup: config.backup };
}
