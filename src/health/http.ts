/**
 * The check of layer 7 over HTTP (manual: "option httpchk"): a request, of whose response the head is
 * read, by the rules that the traffic's responses are read by; 2xx and 3xx pass.
 */
import { bytesOf, textOf } from "../bytes/bytes.ts";
import { createContent, responseFraming, scanContent, startContent } from "../http/h1/content.ts";
import { methodOf, parseResponse } from "../http/h1/parse.ts";
import { createHead, type Head, INVALID } from "../http/head.ts";
import type { Network } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import { type Probe, type ProbeExchange, startProbe, type Target } from "./probe.ts";
import { type Verdict, verdict } from "./result.ts";

/** The request of an HTTP check; `version` may go on with header fields, lines parted by CRLF. */
export interface HttpCheck {
  readonly method: string;
  readonly uri: string;
  readonly version: string;
}

/** The longest reason that is kept, in bytes. */
const longestReason = 127;

/**
 * A check that asks over HTTP.
 * @param headLimit the longest head that the traffic takes, in bytes
 */
export function httpProbe(
  network: Network,
  clock: Clock,
  target: Target,
  check: HttpCheck,
  headLimit: number,
): Probe {
  const request = new TextEncoder().encode(requestText(check));
  const method = bytesOf(check.method);
  const id = methodOf(method, 0, method.length);
  return (done) => startProbe(network, clock, target, exchange(request, id, headLimit), done);
}

/**
 * The request's text. Of an HTTP/1.1 server it asks to close the connection (RFC 9112, section 9.6),
 * unless the configuration says otherwise; an HTTP/1.0 server does so anyway.
 */
export function requestText({ method, uri, version }: HttpCheck): string {
  const lines = version.split(/\r?\n/).filter((line, i) => i === 0 || line !== "");
  const close = lines[0] === "HTTP/1.1" && !lines.some((line) => /^connection:/i.test(line));
  if (close) lines.push("Connection: close");
  return `${method} ${uri} ${lines.join("\r\n")}\r\n\r\n`;
}

function exchange(request: Uint8Array, method: number, headLimit: number): ProbeExchange {
  let received: Uint8Array = new Uint8Array(0);
  return {
    request,
    timeout: "L7TOUT",
    data(bytes) {
      const whole = new Uint8Array(received.length + bytes.length);
      whole.set(received);
      whole.set(bytes, received.length);
      received = whole;
      return judge(received, method, headLimit);
    },
    ended: () => verdict("L7RSP"),
  };
}

/** What the beginning of a response proves. @returns null: its head is not complete yet */
function judge(bytes: Uint8Array, method: number, headLimit: number): Verdict | null {
  const head = createHead();
  const end = parseResponse(head, bytes, 0, bytes.length);
  if (end === INVALID || (end > 0 ? end : bytes.length) > headLimit) return verdict("L7RSP");
  if (end <= 0) return null;
  if (!isSound(head, bytes, end, method)) return verdict("L7RSP");
  const { status: code } = head;
  if (code >= 200 && code < 400) return { status: "L7OK", code, info: "" };
  return { status: "L7STS", code, info: reasonOf(head, bytes) };
}

/** Whether the traffic would take the response, as far as it has come with its head. */
function isSound(head: Head, bytes: Uint8Array, end: number, method: number): boolean {
  const framing = responseFraming(head, method);
  if (framing < 0) return false;
  const content = createContent();
  startContent(content, framing, head.contentLength, head, bytes);
  return scanContent(content, bytes, end, bytes.length) >= 0;
}

function reasonOf(head: Head, bytes: Uint8Array): string {
  const line = textOf(bytes, head.lineStart, head.lineEnd);
  return line.replace(/^\S+\s+\d+\s*/, "").trimEnd().slice(0, longestReason);
}
