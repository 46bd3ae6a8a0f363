/** Responses that set a cookie and may be kept by caches (manual: "option checkcache"). */
import { textOf } from "../../bytes/bytes.ts";
import {
  FIELD_SET_COOKIE,
  fieldKind,
  fieldStart,
  type Head,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_TRACE,
  nameEnd,
  valueEnd,
  valueStart,
} from "../../http/head.ts";

/** What caches may keep without being told so (RFC 9110, section 15.1, and HAProxy). */
const cacheableStatuses = new Set([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501]);
const safeMethods = new Set<number>([METHOD_GET, METHOD_HEAD, METHOD_OPTIONS, METHOD_TRACE]);

/** Directives by which a response is not kept, or its cookie is not. */
const forbids = /^(private|no-cache|no-store|max-age=0|s-maxage=0|no-cache="set-cookie.*)$/;
/** Fields that let caches keep it: without any they do not. */
const freshness: ReadonlySet<string> = new Set(["expires", "etag", "last-modified"]);

/** Whether a response to a request of this method is such a one. */
export function leaksCookie(method: number, head: Head, bytes: Uint8Array): boolean {
  let sets = false;
  let fresh = false;
  let kept = cacheableStatuses.has(head.status) && safeMethods.has(method);
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) === FIELD_SET_COOKIE) sets = true;
    if (nameEnd(head, i) - fieldStart(head, i) > 13) continue;
    const name = textOf(bytes, fieldStart(head, i), nameEnd(head, i)).toLowerCase();
    if (freshness.has(name)) fresh = true;
    if (name !== "cache-control" && name !== "pragma") continue;
    const value = textOf(bytes, valueStart(head, i), valueEnd(head, i)).toLowerCase();
    for (const directive of value.split(",").map((each) => each.trim())) {
      if (name === "pragma" ? directive === "no-cache" : forbids.test(directive)) return false;
      if (directive === "public") kept = true;
      if (/^(s-maxage|max-age)=/.test(directive)) fresh = true;
    }
  }
  return sets && kept && fresh;
}
