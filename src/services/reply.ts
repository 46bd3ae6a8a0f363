/** The replies that the proxy itself gives (manual: "errorfile"), ready to send. */
import { bytesOf } from "../bytes/bytes.ts";
import { reasonOf } from "../http/reason.ts";
import { storedService } from "./error-replies.ts";
import type { Service } from "./service.ts";

const explanations: Readonly<Record<number, string>> = {
  200: "This proxy is alive.",
  400: "The request could not be understood, or could be understood in two ways.",
  401: "This needs a name and a password.",
  403: "This is not allowed.",
  404: "There is nothing at this address.",
  405: "This method is not allowed here.",
  407: "This proxy needs a name and a password.",
  408: "The request did not arrive in time.",
  410: "There is nothing at this address any more.",
  413: "The request is larger than this proxy accepts.",
  414: "The request line is longer than this proxy accepts.",
  421: "This connection is not for such requests.",
  422: "The request was understood, and cannot be followed.",
  425: "The request came too early to be safe: it must be sent again.",
  429: "There were too many requests: please wait before the next one.",
  431: "The head is longer than this proxy accepts.",
  500: "Something has gone wrong in this proxy.",
  501: "This proxy does not know how to do that.",
  502: "The server gave an answer that is not valid HTTP, or none.",
  503: "There is no server at the moment that could take the request.",
  504: "The server did not answer in time.",
};

const services = new Map<number, Service>();

/** What answers with this status. */
export function replyService(status: number): Service {
  let service = services.get(status);
  if (service === undefined) {
    service = storedService({ whole: ownReply(status, false), head: ownReply(status, true) });
    services.set(status, service);
  }
  return service;
}

/**
 * The reply with this status, in HTTP/1.
 * @param bodiless only its head, for a HEAD
 */
export function ownReply(status: number, bodiless: boolean): Uint8Array {
  const reason = reasonOf(status);
  const explanation = explanations[status] ?? "The request failed.";
  const body = `<html><body><h1>${status} ${reason}</h1>\n${explanation}\n</body></html>\n`;
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    `Content-Length: ${body.length}`,
    "Content-Type: text/html",
    "Cache-Control: no-cache",
  ];
  return bytesOf(`${head.join("\r\n")}\r\n\r\n${bodiless ? "" : body}`);
}
