/**
 * The check of layer 7 over HTTP (manual: "option httpchk"): a request, of whose response only the
 * status line is read; 2xx and 3xx pass.
 */
import type { Network } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import { type Conversation, type Probe, startProbe, type Target } from "./probe.ts";
import { type Verdict, verdict } from "./result.ts";

/** The request of an HTTP check; `version` may go on with header fields, lines parted by CRLF. */
export interface HttpCheck {
  readonly method: string;
  readonly uri: string;
  readonly version: string;
}

/** The longest status line that is waited for, and the longest reason that is kept; bytes. */
const longestLine = 4096;
const longestReason = 127;

/** RFC 9112, section 4, lenient in space as its readers may be, without its line terminator. */
const statusLine = /^HTTP\/\d\.\d +(\d{3})(?: +(.*?))? *$/;
const start = "HTTP/";

/** A check that asks over HTTP. */
export function httpProbe(
  network: Network,
  clock: Clock,
  target: Target,
  check: HttpCheck,
): Probe {
  const request = new TextEncoder().encode(requestText(check));
  return (done) => startProbe(network, clock, target, conversation(request), done);
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

function conversation(request: Uint8Array): Conversation {
  let line = "";
  return {
    request,
    timeout: "L7TOUT",
    data(bytes) {
      const end = bytes.indexOf(0x0a);
      const stop = Math.min(end < 0 ? bytes.length : end, longestLine + 1 - line.length);
      for (let i = 0; i < stop; i++) line += String.fromCharCode(bytes[i]!);
      if (end >= 0 && stop === end) return judge(line.endsWith("\r") ? line.slice(0, -1) : line);
      const hopeless = line.length > longestLine ||
        !start.startsWith(line.slice(0, start.length));
      return hopeless ? verdict("L7RSP") : null;
    },
    ended: () => verdict("L7RSP"),
  };
}

function judge(line: string): Verdict {
  const match = statusLine.exec(line);
  if (match === null) return verdict("L7RSP");
  const code = Number(match[1]);
  if (code >= 200 && code < 400) return { status: "L7OK", code, info: "" };
  return { status: "L7STS", code, info: (match[2] ?? "").slice(0, longestReason) };
}
