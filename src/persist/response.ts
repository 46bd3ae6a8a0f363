/** What happens to the cookies of a response: the server's own, and the one that the proxy sets. */
import { bytesOf } from "../bytes/bytes.ts";
import { createPair, isNamed, nextPair, OF_SET_COOKIE } from "../http/cookie.ts";
import { FIELD_SET_COOKIE, fieldKind, type Head, valueEnd, valueStart } from "../http/head.ts";
import type { HeadJournal } from "../http/h1/journal.ts";
import { formatDate } from "./date.ts";
import { type CookiePolicy, DATE_DELIMITER, PREFIX_DELIMITER } from "./policy.ts";
import { expiry, type RequestCookie } from "./request.ts";

/** What a decision about a response rests on. */
export interface ResponseContext {
  /** The cookie of the server that answers; null: it has none. */
  readonly serverCookie: string | null;
  /** The server is the one that the client's cookie named. */
  readonly direct: boolean;
  readonly post: boolean;
  readonly request: RequestCookie;
  /** Seconds since 1970. */
  readonly now: number;
}

const pair = createPair();

/** Whether Set-Cookie field `i` sets the policy's cookie; leaves it in {@linkcode pair}. */
function setsCookie(policy: CookiePolicy, head: Head, i: number, bytes: Uint8Array): boolean {
  return fieldKind(head, i) === FIELD_SET_COOKIE &&
    nextPair(pair, bytes, valueStart(head, i), valueEnd(head, i), OF_SET_COOKIE) &&
    isNamed(pair, bytes, policy.name);
}

/** Whether the server itself sets the policy's cookie. */
export function serverSetsCookie(policy: CookiePolicy, head: Head, bytes: Uint8Array): boolean {
  if (!head.hasSetCookie) return false;
  for (let i = 0; i < head.count; i++) if (setsCookie(policy, head, i, bytes)) return true;
  return false;
}

/** What becomes of a cookie of the policy's name that the server sets. */
export type ServerCookieFate = "pass" | "drop" | "rewrite" | "prefix";

/** Decides on the server's own cookie of that name (HAProxy: cookie-options.txt). */
export function serverCookieAction(
  policy: CookiePolicy,
  context: ResponseContext,
): ServerCookieFate {
  if (policy.preserve) return "pass";
  if (policy.mode === "insert") return "drop";
  if (policy.indirect && context.direct) return "drop";
  if (context.serverCookie === null) return "pass";
  return policy.mode === "rewrite" || policy.mode === "prefix" ? policy.mode : "pass";
}

/** Edits Set-Cookie field `i` if it sets the policy's cookie. */
export function editSetCookie(
  policy: CookiePolicy,
  action: ServerCookieFate,
  serverCookie: string,
  head: Head,
  i: number,
  bytes: Uint8Array,
  journal: HeadJournal,
): void {
  if (action === "pass" || !setsCookie(policy, head, i, bytes)) return;
  switch (action) {
    case "drop":
      journal.cutField(head, i);
      break;
    case "rewrite":
      journal.replace(pair.valueStart, pair.end, bytesOf(serverCookie));
      break;
    case "prefix":
      journal.insert(
        pair.valueStart,
        bytesOf(serverCookie + String.fromCharCode(PREFIX_DELIMITER)),
      );
      break;
  }
}

/** Whether the proxy sets its own cookie on the response (manual: "cookie", insert). */
export function mustInsert(
  policy: CookiePolicy,
  context: ResponseContext,
  serverSets: boolean,
): boolean {
  if (policy.mode !== "insert") return false;
  if (policy.preserve && serverSets) return false;
  if (policy.postonly && !context.post) return false;
  return !context.direct || needsRefresh(policy, context);
}

/** A cookie that the client has is set again where its dates are out of date or out of place. */
function needsRefresh(policy: CookiePolicy, { request, now }: ResponseContext): boolean {
  const dated = policy.maxidle > 0 || request.lastDate > 0;
  if (dated && (request.lastDate === 0 || request.lastDate < now)) return true;
  return policy.maxlife > 0 ? request.firstDate === 0 : request.firstDate > 0;
}

const delimiter = String.fromCharCode(DATE_DELIMITER);

/**
 * The Set-Cookie field that the proxy inserts, with its line end. A server without a cookie (a
 * backup, say) makes the client forget the one it has.
 */
export function setCookieField(policy: CookiePolicy, context: ResponseContext): string {
  if (context.serverCookie === null) {
    return `${policy.before}; Expires=Thu, 01-Jan-1970 00:00:01 GMT${policy.after}`;
  }
  let value = context.serverCookie;
  if (policy.maxidle > 0 || policy.maxlife > 0) {
    const { request, now } = context;
    value += delimiter + formatDate(now);
    if (policy.maxlife > 0) {
      // The first visit's date stays, on whatever server the client is now.
      const visited = request.firstDate > 0 && expiry(policy, request, now) === null;
      value += delimiter + formatDate(visited ? request.firstDate : now);
    }
  }
  return policy.before + value + policy.after;
}
