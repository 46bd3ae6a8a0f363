/** The kit's clients and servers on real sockets: requests awaited, origins that say their name. */
import type { Endpoint } from "#src/net/socket.ts";
import { Connection } from "#src/simulate/connection.ts";
import { textOf } from "#src/simulate/latin1.ts";
import {
  fieldsOf as valuesOf,
  type Message,
  messageText,
  readMessage,
  readResponse,
  status as statusOf,
} from "#src/simulate/message.ts";
import { Server } from "#src/simulate/server.ts";
import { listening, nodeNetwork, stopped } from "../node-network.ts";

export { type Message, statusOf, valuesOf };

/** Where to connect, and from where. */
export type Target = { host: string; port: number; localAddress?: string } | { path: string };

function endpointOf(target: Target): Endpoint {
  return "path" in target
    ? { kind: "unix", path: target.path }
    : { kind: "ip", host: target.host, port: target.port };
}

/** A client's connection. */
export class Client extends Connection {
  /** Sends bytes, and waits for one response. @throws {Error} if the connection ends before it */
  async request(what: string | Uint8Array): Promise<Message> {
    this.send(what);
    const method = typeof what === "string" ? what.slice(0, what.indexOf(" ")) : "GET";
    const message = await readResponse(this, method);
    if (message !== null) return message;
    throw new Error(this.broke ?? "the connection was closed before the response");
  }
}

/** Opens a connection; nothing is awaited. */
export function open(target: Target): Client {
  const from = "path" in target ? undefined : target.localAddress;
  const options = from === undefined ? {} : { source: { host: from, port: 0 } };
  return new Client().connect(nodeNetwork, endpointOf(target), options);
}

/** One request on a connection of its own. */
export async function exchange(target: Target, text: string): Promise<Message> {
  const client = open(target);
  try {
    return await client.request(text);
  } finally {
    client.close();
  }
}

/** A request without content. HTTP/1.0: the connection is for it alone. */
export function get(uri: string, ...fields: string[]): string {
  return messageText({ line: `GET ${uri} HTTP/1.0`, fields });
}

/** A response of a known length, on a connection that may go on. */
export function response(content: string | Uint8Array, ...fields: string[]): string {
  const text = typeof content === "string" ? content : textOf(content);
  const lines = [`Content-Length: ${text.length}`, ...fields];
  return messageText({ line: "HTTP/1.1 200 OK", fields: lines }, text);
}

/** A server of the test's own. */
export interface Origin {
  readonly name: string;
  /** Requests that it got, but for checks (HEAD). */
  readonly seen: Message[];
  /** Ends it: the listener, and every connection. */
  stop(): Promise<void>;
}

/** What an origin answers: a whole response. */
export type Answer = (request: Message) => string;

/** Starts a server that answers each request with 200 and its name, or as `answer` says. */
export async function startOrigin(
  name: string,
  target: Target,
  answer: Answer = () => response(name),
): Promise<Origin> {
  const seen: Message[] = [];
  const { stop } = await startServer(target, async (connection) => {
    for (;;) {
      const request = await readMessage(connection, "request");
      if (request === null) break;
      const check = request.line.startsWith("HEAD ");
      if (!check) seen.push(request);
      connection.send(check ? response("") : answer(request));
      if (request.line.endsWith("HTTP/1.0")) break;
    }
    connection.fin();
  });
  return { name, seen, stop };
}

/** Starts a server that does with its connections what `accept` does. */
export async function startServer(
  target: Target,
  accept: (connection: Connection) => unknown,
): Promise<{ stop(): Promise<void> }> {
  const server = new Server(
    nodeNetwork,
    endpointOf(target),
    (connection) => void accept(connection),
  );
  await listening(server);
  return { stop: () => stopped(server, "kill") };
}
