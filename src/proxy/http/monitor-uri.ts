/** Requests of monitors, which only ask whether the proxy is alive (manual: "monitor-uri"). */
import { isExactly, textOf } from "../../bytes/bytes.ts";
import { type Head, METHOD_CONNECT } from "../../http/head.ts";

const SLASH = 47;

/**
 * Whether a request's target is `uri`: byte for byte, its query included. As in HAProxy, a `uri`
 * that is a path is also found in a target that is a whole URI.
 */
export function isMonitorRequest(uri: Uint8Array, head: Head, bytes: Uint8Array): boolean {
  const { targetStart, targetEnd } = head;
  if (isExactly(bytes, targetStart, targetEnd, uri)) return true;
  if (uri[0] !== SLASH || bytes[targetStart] === SLASH || head.method === METHOD_CONNECT) {
    return false;
  }
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i.exec(textOf(bytes, targetStart, targetEnd));
  return origin !== null && isExactly(bytes, targetStart + origin[0].length, targetEnd, uri);
}
