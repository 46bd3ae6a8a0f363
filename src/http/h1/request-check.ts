/** What must hold for a request beyond the grammar: one framing, one host, a target of its form. */
import { hostEnd, sameAuthority } from "../authority.ts";
import { textOf } from "../../bytes/bytes.ts";
import {
  type Head,
  METHOD_CONNECT,
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  refuse,
  valueEnd,
  valueStart,
} from "../head.ts";

/** Methods whose content means nothing, as a bit set. */
const bodiless = 1 << METHOD_GET | 1 << METHOD_HEAD | 1 << METHOD_DELETE;

/** What holds for requests beyond the grammar. */
export function checkRequest(head: Head, bytes: Uint8Array): boolean {
  if (head.chunked) {
    // RFC 9112, section 6.1: framing that an intermediary of HTTP/1.0 may have missed.
    if (head.minor === 0) return refuse(head, "Transfer-Encoding in HTTP/1.0");
    // A tunnel may begin within it: what is rewritten there would be cut off.
    if (head.method === METHOD_CONNECT) return refuse(head, "Transfer-Encoding with CONNECT");
    if (head.contentLength >= 0) {
      return refuse(head, "Content-Length with Transfer-Encoding");
    }
  }
  // RFC 9110, section 9.3.1: old servers expect none, and may take it for the next request.
  if (head.minor === 0 && head.contentLength > 0 && (bodiless >> head.method & 1) === 1) {
    return refuse(head, "content in HTTP/1.0");
  }
  if (head.repeatedHost) return refuse(head, "more than one Host");
  if (head.host < 0) {
    return head.minor === 0 ? checkTarget(head, bytes) : refuse(head, "no Host");
  }
  const host = hostEnd(bytes, valueStart(head, head.host), valueEnd(head, head.host));
  return host < 0 ? refuse(head, "Host") : checkTarget(head, bytes);
}

const defaultPorts = new Map([["http", "80"], ["https", "443"]]);

/** The forms of a request target (RFC 9112, section 3.2), and its agreement with Host. */
function checkTarget(head: Head, bytes: Uint8Array): boolean {
  const { targetStart: start, targetEnd: end } = head;
  if (head.method === METHOD_CONNECT) {
    // authority-form: the port must be there.
    if (hostEnd(bytes, start, end) > end - 2) return refuse(head, "authority");
    return checkAuthority(head, bytes, start, end, "");
  }
  if (bytes[start] === 47) return true; // origin-form
  if (end - start === 1 && bytes[start] === 42) {
    return head.method === METHOD_OPTIONS || refuse(head, "request target *");
  }
  const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?]*)/i.exec(textOf(bytes, start, end));
  if (absolute === null) return refuse(head, "request target");
  const [, scheme = "", authority = ""] = absolute;
  const from = start + scheme.length + 3;
  const defaultPort = defaultPorts.get(scheme.toLowerCase()) ?? "";
  return checkAuthority(head, bytes, from, from + authority.length, defaultPort);
}

/** Whether bytes[from, to) is an authority, and the Host field's if there is one. */
function checkAuthority(
  head: Head,
  bytes: Uint8Array,
  from: number,
  to: number,
  defaultPort: string,
): boolean {
  if (hostEnd(bytes, from, to) <= from) return refuse(head, "authority");
  if (head.host < 0) return true;
  const hostFrom = valueStart(head, head.host);
  return sameAuthority(bytes, from, to, hostFrom, valueEnd(head, head.host), defaultPort) ||
    refuse(head, "authority that differs from Host");
}
