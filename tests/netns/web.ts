/**
 * A web server of the network, a process in its box: `web.ts NAME [PORT...]` listens on port 80, or
 * on those ports, and says so on its standard output. It answers with its name, who connected, and
 * the request's fields as JSON; /login sets the application's cookie; /slow/MS answers after so
 * many ms.
 */
import { createServer, type RequestListener } from "node:http";
import process from "node:process";

/** What it answers. */
export interface Answer {
  readonly server: string;
  /** The address that connected to it. */
  readonly peer: string;
  /** The request's field lines. */
  readonly fields: readonly string[];
  /** How many requests it was working on when this one came, this one included. */
  readonly busy: number;
}

const [server = "", ...given] = process.argv.slice(2);
const ports = given.length === 0 ? [80] : given.map(Number);
let busy = 0;
let listening = 0;

const listener: RequestListener = ({ url = "", rawHeaders: raw, socket }, response) => {
  const fields: string[] = [];
  for (let i = 0; i < raw.length; i += 2) fields.push(`${raw[i]}: ${raw[i + 1]}`);
  const answer: Answer = { server, peer: socket.remoteAddress ?? "", fields, busy: ++busy };
  const content = JSON.stringify(answer);
  response.setHeader("Content-Length", content.length);
  if (url.startsWith("/login")) response.setHeader("Set-Cookie", "JSESSIONID=123");
  const wait = Number(/^\/slow\/(\d+)$/.exec(url)?.[1] ?? 0);
  setTimeout(() => {
    busy--;
    response.end(content);
  }, wait);
};
for (const port of ports) {
  createServer(listener).listen(port, "0.0.0.0", () => {
    if (++listening === ports.length) process.stdout.write("up\n");
  });
}
