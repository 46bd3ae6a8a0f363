/** The replies that the proxy itself gives (manual: "errorfile"), ready to send. */
import { bytesOf } from "./bytes.ts";

const reasons = new Map<number, readonly [reason: string, explanation: string]>([
  [200, ["OK", "This proxy is alive."]],
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

/**
 * What a reply says of its connection: that it closes; or, where the client takes that for granted
 * without, that it stays open; or nothing, for it stays open.
 */
export type ReplyConnection = "close" | "keep-alive" | "";

const cache = new Map<string, Uint8Array>();

/**
 * The reply with this status.
 * @param bodyless the request was a HEAD: only the head is sent
 */
export function ownReply(
  status: number,
  connection: ReplyConnection,
  bodyless: boolean,
): Uint8Array {
  const key = `${status} ${connection} ${bodyless}`;
  let reply = cache.get(key);
  if (reply === undefined) {
    reply = build(status, connection, bodyless);
    cache.set(key, reply);
  }
  return reply;
}

function build(status: number, connection: ReplyConnection, bodyless: boolean): Uint8Array {
  const [reason, explanation] = reasons.get(status) ?? ["Error", "The request failed."];
  const body = `<html><body><h1>${status} ${reason}</h1>\n${explanation}\n</body></html>\n`;
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    `Content-Length: ${body.length}`,
    "Content-Type: text/html",
    "Cache-Control: no-cache",
    ...(connection === "" ? [] : [`Connection: ${connection}`]),
  ];
  return bytesOf(`${head.join("\r\n")}\r\n\r\n${bodyless ? "" : body}`);
}
