/**
 * A web server of the network, a process in its box: `web.ts NAME [PORT...]` listens on port 80, or
 * on those ports, and says so on its standard output. It answers with its name, who connected, and
 * the request's fields as JSON; /login sets the application's cookie; /slow/MS answers after so
 * many ms.
 */
import process from "node:process";
import type { Connection } from "#src/simulate/connection.ts";
import { readMessage, response, staysOpen, target } from "#src/simulate/message.ts";
import { Server } from "#src/simulate/server.ts";
import { listening, nodeNetwork } from "../node-network.ts";

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

async function serve(connection: Connection): Promise<void> {
  for (;;) {
    const request = await readMessage(connection, "request");
    if (request === null) break;
    const { fields } = request;
    const peer = connection.socket.remoteAddress;
    const answer: Answer = { server, peer, fields, busy: ++busy };
    const uri = target(request);
    const wait = Number(/^\/slow\/(\d+)$/.exec(uri)?.[1] ?? 0);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    busy--;
    const cookies = uri.startsWith("/login") ? ["Set-Cookie: JSESSIONID=123"] : [];
    const content = JSON.stringify(answer);
    const bare = request.line.startsWith("HEAD ") ? "" : content;
    connection.send(response(bare, 200, `Content-Length: ${content.length}`, ...cookies));
    if (!staysOpen(request)) break;
  }
  connection.fin();
}

for (const port of ports) {
  const at = { kind: "ip", host: "0.0.0.0", port } as const;
  await listening(new Server(nodeNetwork, at, (connection) => void serve(connection)));
}
process.stdout.write("up\n");
