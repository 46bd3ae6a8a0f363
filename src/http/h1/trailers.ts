/**
 * Which trailer fields pass on (RFC 9110, section 6.5.1). Recipients merge trailers with the head's
 * fields more often than they should: what a next hop could take for framing, routing, credentials
 * or a statement of this hop must not reach it behind the checks that heads go through.
 */
import { COLON, CR, LF, textOf } from "../../bytes/bytes.ts";
import { FIELD_CONNECTION, fieldKind, type Head, valueEnd, valueStart } from "../head.ts";
import { namesField, nextOption, type Option } from "./connection.ts";

const forbidden = new Set([
  // framing, and this hop's connection
  ...["connection", "content-length", "http2-settings", "keep-alive", "te", "trailer"],
  ...["transfer-encoding", "upgrade"],
  // routing
  ...["host", "forwarded", "via", "origin", "referer", "front-end-https", "x-host", "x-scheme"],
  // modifiers of requests
  ...["cache-control", "expect", "max-forwards", "pragma", "range", "x-method-override"],
  // control data of responses
  ...["age", "clear-site-data", "date", "expires", "location", "realm", "refresh", "retry-after"],
  ...["status", "strict-transport-security", "vary", "warning"],
  // processing of the content
  ...["content-disposition", "content-encoding", "content-language", "content-location"],
  ...["content-range", "content-type"],
]);

/** Families of such fields: by what their names begin with, end in, or hold. */
const forbiddenFamilies = [
  /^(?:access-control|cf|if|proxy|sec|ssl)-/,
  /^x-(?:accel|client|cluster|envoy|forwarded|http|original|originating|rewrite|ssl|ur[il])(?:-|$)/,
  /(?:^|-)(?:client-ip|real-ip|remote-[a-z]+)$/,
  // whatever authenticates, by any name
  /api-?key|auth|cookie|credential|jwt|password|secret|session|token/,
];

/**
 * Whether the field `name`, in lower case, never passes in a trailer section. Programs behind CGI
 * and its kin take "_" for "-".
 */
function isForbidden(name: string): boolean {
  const usual = name.replaceAll("_", "-");
  return forbidden.has(usual) || forbiddenFamilies.some((family) => family.test(usual));
}

const option: Option = { start: 0, end: 0, next: 0 };

/** The fields that Connection options of a head name, in lower case. */
export function namesOf(head: Head, bytes: Uint8Array): readonly string[] {
  const names: string[] = [];
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) !== FIELD_CONNECTION) continue;
    const to = valueEnd(head, i);
    for (let at = valueStart(head, i); nextOption(option, bytes, at, to); at = option.next) {
      if (!namesField(bytes, option)) continue;
      names.push(textOf(bytes, option.start, option.end).toLowerCase());
    }
  }
  return names;
}

/**
 * Passes on the fields of the complete trailer section `held` that may, without the empty
 * line that ends it; each line ends in CRLF.
 * @param named fields that the head's Connection names, in lower case
 */
export function filterTrailers(
  held: Uint8Array,
  named: readonly string[],
  pass: (bytes: Uint8Array, from: number, to: number) => void,
): void {
  for (let at = 0; held[at] !== CR && held[at] !== LF;) {
    const colon = held.indexOf(COLON, at);
    const name = textOf(held, at, colon).toLowerCase();
    const next = held.indexOf(LF, colon) + 1;
    const end = held[next - 2] === CR ? next - 2 : next - 1;
    if (!isForbidden(name) && !named.includes(name)) {
      pass(held, at, end);
      pass(lineEnd, 0, 2);
    }
    at = next;
  }
}

const lineEnd = Uint8Array.of(CR, LF);
