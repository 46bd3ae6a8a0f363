/** The replies that the proxy itself gives (manual: "errorfile"), ready to send. */
import { bytesOf } from "./bytes.ts";

const reasons = new Map<number, readonly [reason: string, explanation: string]>([
  [400, [
    "Bad Request",
    "The request could not be understood, or could be understood in two ways.",
  ]],
  [408, ["Request Timeout", "The request did not arrive in time."]],
  [414, ["URI Too Long", "The request line is longer than this proxy accepts."]],
  [431, ["Request Header Fields Too Large", "The head is longer than this proxy accepts."]],
  [502, ["Bad Gateway", "The server gave an answer that is not valid HTTP, or none."]],
  [503, ["Service Unavailable", "There is no server at the moment that could take the request."]],
  [504, ["Gateway Timeout", "The server did not answer in time."]],
]);

const cache = new Map<number, Uint8Array>();

/**
 * The reply with this status.
 * @param keep the connection stays open after it; else it says that it closes
 * @param bodyless the request was a HEAD: only the head is sent
 */
export function errorReply(status: number, keep: boolean, bodyless: boolean): Uint8Array {
  const key = status * 4 + (keep ? 2 : 0) + (bodyless ? 1 : 0);
  let reply = cache.get(key);
  if (reply === undefined) {
    reply = build(status, keep, bodyless);
    cache.set(key, reply);
  }
  return reply;
}

function build(status: number, keep: boolean, bodyless: boolean): Uint8Array {
  const [reason, explanation] = reasons.get(status) ?? ["Error", "The request failed."];
  const body = `<html><body><h1>${status} ${reason}</h1>\n${explanation}\n</body></html>\n`;
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    `Content-Length: ${body.length}`,
    "Content-Type: text/html",
    "Cache-Control: no-cache",
    ...(keep ? [] : ["Connection: close"]),
  ];
  return bytesOf(`${head.join("\r\n")}\r\n\r\n${bodyless ? "" : body}`);
}
