/** The replies that the proxy itself gives (manual: "errorfile"), ready to send. */
import { bytesOf } from "../bytes/bytes.ts";
import type { Service } from "./service.ts";

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

const services = new Map<number, Service>();

/** What answers with this status. */
export function replyService(status: number): Service {
  let service = services.get(status);
  if (service === undefined) {
    const whole = ownReply(status, false);
    const bodiless = ownReply(status, true);
    service = {
      serve(request, response) {
        response.send(request.bodiless ? bodiless : whole);
        response.end();
      },
    };
    services.set(status, service);
  }
  return service;
}

/**
 * The reply with this status, in HTTP/1.
 * @param bodiless only its head, for a HEAD
 */
export function ownReply(status: number, bodiless: boolean): Uint8Array {
  const [reason, explanation] = reasons.get(status) ?? ["Error", "The request failed."];
  const body = `<html><body><h1>${status} ${reason}</h1>\n${explanation}\n</body></html>\n`;
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    `Content-Length: ${body.length}`,
    "Content-Type: text/html",
    "Cache-Control: no-cache",
  ];
  return bytesOf(`${head.join("\r\n")}\r\n\r\n${bodiless ? "" : body}`);
}
