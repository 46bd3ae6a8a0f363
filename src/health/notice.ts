/** What the log says when a server falls or rises, worded as HAProxy words it. */
import type { levels, Proxy } from "../config/model.ts";
import { type CheckResult, descriptions } from "./result.ts";

/** A line for the log. */
export interface Notice {
  readonly level: typeof levels[number];
  readonly text: string;
}

/** The server of which the notice is. */
export interface NoticeSubject {
  readonly proxy: string;
  readonly server: string;
  readonly backup: boolean;
}

/** The backend after the change. */
export interface NoticeCounts {
  /** Servers that are up, and backups that are. */
  readonly active: number;
  readonly backup: number;
  /** Sessions on the server. */
  readonly sessions: number;
  /** Sessions that left the server's queue, or came to it, by the change. */
  readonly requeued: number;
  /** Sessions that wait in the backend's queue. */
  readonly queued: number;
}

/**
 * Why a server's state changed: by a check, or with the server that it tracks; null: the log has it
 * already.
 */
export type NoticeReason = CheckResult | { readonly via: NoticeSubject } | null;

/** A server went down. @param announced it was about to stop: that it does is no alert */
export function downNotice(
  subject: NoticeSubject,
  why: NoticeReason,
  counts: NoticeCounts,
  announced = false,
): Notice {
  const text = `${named(subject)} is DOWN${reason(why)}. ${servers(counts)} left.` +
    `${onBackup(counts)} ${counts.sessions} sessions active, ${counts.requeued} requeued, ` +
    `${counts.queued} remaining in queue.`;
  return { level: announced ? "notice" : "alert", text };
}

/** A server gets no new sessions but those that name it, for its checks ask for that. */
export function stoppingNotice(
  subject: NoticeSubject,
  why: NoticeReason,
  counts: NoticeCounts,
): Notice {
  return {
    level: "notice",
    text: `${named(subject)} is stopping${reason(why)}. ${online(counts)}`,
  };
}

/** A server came up. */
export function upNotice(
  subject: NoticeSubject,
  why: NoticeReason,
  counts: NoticeCounts,
): Notice {
  return { level: "notice", text: `${named(subject)} is UP${reason(why)}. ${online(counts)}` };
}

/** Words about a server whose state is changed by hand. @param what as "enters drain state" */
export function handNotice(
  subject: NoticeSubject,
  what: string,
  counts: NoticeCounts | null,
  left: boolean,
): Notice {
  const level = left ? "alert" : "notice";
  if (counts === null) return { level, text: `${named(subject)} ${what}.` };
  const { sessions, requeued, queued } = counts;
  const text = left
    ? `${named(subject)} ${what}. ${servers(counts)} left.${onBackup(counts)} ` +
      `${sessions} sessions active, ${requeued} requeued, ${queued} remaining in queue.`
    : `${named(subject)} ${what}. ${online(counts)}`;
  return { level, text };
}

/** The last server of a proxy went down. A `listen` section is called a proxy. */
export function noServerNotice(kind: Proxy["kind"], proxy: string): Notice {
  const what = kind === "listen" ? "proxy" : kind;
  return { level: "emerg", text: `${what} ${proxy} has no server available!` };
}

/** One check serves two servers, for it would be the same (no word of HAProxy's, which makes two). */
export function sharedNotice(subject: NoticeSubject, checked: NoticeSubject): Notice {
  return { level: "notice", text: `${named(subject)} shares the checks of ${path(checked)}.` };
}

function named(subject: NoticeSubject): string {
  return `${subject.backup ? "Backup " : ""}Server ${path(subject)}`;
}

function path({ proxy, server }: NoticeSubject): string {
  return `${proxy}/${server}`;
}

function reason(why: NoticeReason): string {
  if (why === null) return "";
  if ("via" in why) return ` via ${path(why.via)}`;
  const { status, code, info, duration } = why;
  return `, reason: ${descriptions[status]}` +
    (code === null ? "" : `, code: ${code}`) +
    (info === "" ? "" : `, info: "${printable(info)}"`) +
    (duration < 0 ? "" : `, check duration: ${Math.floor(duration)}ms`);
}

function online(counts: NoticeCounts): string {
  return `${servers(counts)} online.${onBackup(counts)} ${counts.requeued} sessions requeued, ` +
    `${counts.queued} total in queue.`;
}

/** What has been found of a server, for `option log-health-checks`. */
export interface CheckNews {
  readonly by: "Health" | "Agent";
  readonly result: CheckResult;
  /** See state.ts. */
  readonly health: number;
  readonly rise: number;
  readonly fall: number;
  /** The weight that the server has been given. */
  readonly weight: number;
}

/** A check has changed what is known of a server (manual: "option log-health-checks"). */
export function checkNotice(subject: NoticeSubject, news: CheckNews): Notice {
  const { by, result, health, rise, fall, weight } = news;
  const up = health >= rise;
  const outcome = result.passed
    ? `${result.conditional ? "conditionally " : ""}succeeded`
    : "failed";
  const count = up ? `${health - rise + 1}/${fall}` : `${health}/${rise}`;
  const word = !up ? "DOWN" : weight === 0 ? "DRAIN" : "UP";
  const text = `${by} check for ${subject.backup ? "backup " : ""}server ${path(subject)} ` +
    `${outcome}${reason(result)}, status: ${count} ${word}.`;
  return { level: "notice", text };
}

function servers({ active, backup }: NoticeCounts): string {
  return `${active} active and ${backup} backup servers`;
}

function onBackup({ active, backup }: NoticeCounts): string {
  return active === 0 && backup > 0 ? " Running on backup." : "";
}

/** Whatever a server sent, on one line: what could break it or its quotes is shown in hex. */
function printable(text: string): string {
  return text.replace(
    /[^ -~]|["<>]/g,
    (unit) => `<${unit.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}>`,
  );
}
