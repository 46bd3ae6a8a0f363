/** A redirection, as it is sent (manual: "errorloc"). */
import { reasonOf } from "../reason.ts";

const encoder = new TextEncoder();

/** The response that leads to a URL. @param status 302 or 303 */
export function redirection(status: number, url: string): Uint8Array {
  const lines = [
    `HTTP/1.1 ${status} ${reasonOf(status)}`,
    "Cache-Control: no-cache",
    "Content-Length: 0",
    `Location: ${url}`,
  ];
  return encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
}
