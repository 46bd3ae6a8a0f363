/** A server to stand behind a proxy: it keeps every request as it came, and answers by a script. */
import type { Connection } from "#src/simulate/connection.ts";
import { Server } from "#src/simulate/server.ts";
import { listening, nodeNetwork, stopped } from "../node-network.ts";
import { keepsOpen, type Message, readRequest, readRequestHead, word } from "./reference.ts";

/** What a server answers; "hang": nothing. `then`: what becomes of the connection. */
export type Reply = string | { readonly bytes: string; readonly then: "keep" | "close" | "reset" };

/** How a server behaves. */
export interface Behaviour {
  /** Its answer to a request; `released` resolves when the case says so. */
  readonly answer?:
    | Reply
    | ((request: Message, released: Promise<void>) => Reply | Promise<Reply>);
  /** Sent as soon as a request's head has come. */
  readonly atHead?: string;
  /** Hangs up instead of reading. */
  readonly hangsUp?: true;
}

/** What a server saw. */
export interface Sight {
  readonly requests: Message[];
  /** Connections that brought a request. */
  connections: number;
  /** What it could not read, with the reason. */
  readonly garbage: string[];
  /** What came through tunnels. */
  tunnelled: string;
}

/** A server that runs. */
export interface Origin {
  readonly port: number;
  readonly sight: Sight;
  /** Stops listening, and listens again. */
  refuse(): void;
  accept(): void;
  stop(): Promise<void>;
}

/** The answer to whatever has no other. */
export const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** The request that shows whether a connection still serves: no part of any record. */
export const isProbe = (line: string): boolean => line.startsWith("GET /probe ");

/** Starts a server on a port of its own. */
export async function startOrigin(
  host: string,
  behaviour: Behaviour,
  released: Promise<void>,
): Promise<Origin> {
  const sight: Sight = { requests: [], connections: 0, garbage: [], tunnelled: "" };
  const server = new Server(nodeNetwork, { kind: "ip", host, port: 0 }, (connection) => {
    if (behaviour.hangsUp) connection.fin();
    else serve(connection, behaviour, sight, released);
  });
  const { endpoint } = await listening(server);
  return {
    port: endpoint.kind === "ip" ? endpoint.port : 0,
    sight,
    refuse: () => server.stop(),
    accept: () => void server.listen(),
    stop: () => stopped(server, "kill"),
  };
}

function serve(
  connection: Connection,
  behaviour: Behaviour,
  sight: Sight,
  released: Promise<void>,
): void {
  let at = 0;
  let counted = false;
  let busy = false;
  let tunnel = false;
  let greeted = false;
  connection.onData = connection.onEnd = () => void work();

  async function work(): Promise<void> {
    while (!busy) {
      if (tunnel) {
        const bytes = connection.received.slice(at);
        at = connection.received.length;
        sight.tunnelled += bytes;
        // An echo, in capitals.
        if (bytes !== "") connection.send(bytes.toUpperCase());
        if (connection.endOfStream) connection.fin();
        return;
      }
      if (!greeted && behaviour.atHead !== undefined) {
        if (readRequestHead(connection.received, at).kind === "message") {
          greeted = true;
          connection.send(behaviour.atHead);
        }
      }
      const read = readRequest(connection.received, at);
      if (read.kind === "invalid") {
        sight.garbage.push(`${read.why}: ${connection.received.slice(at)}`);
        connection.close();
        return;
      }
      if (read.kind === "incomplete") {
        if (connection.endOfStream) connection.fin();
        return;
      }
      at = read.end;
      greeted = false;
      const { message } = read;
      const probe = isProbe(message.line);
      if (!probe) {
        sight.requests.push(message);
        if (!counted) sight.connections++;
        counted = true;
      }
      busy = true;
      const { answer } = behaviour;
      const reply = probe || answer === undefined
        ? ok
        : typeof answer === "function"
        ? await answer(message, released)
        : answer;
      busy = false;
      const { bytes, then } = typeof reply === "string"
        ? { bytes: reply, then: fateOf(message, reply) }
        : reply;
      connection.send(bytes);
      if (then === "reset") {
        // The bytes go first.
        connection.reset();
        return;
      }
      if (then === "close") {
        connection.fin();
        return;
      }
      const status = / (\d{3})/.exec(bytes)?.[1] ?? "";
      tunnel = status === "101" || (word(message.line, 0) === "CONNECT" && status === "200");
    }
  }
}

/** What a polite server does after this reply: it closes where either side said so. */
function fateOf(request: Message, reply: string): "keep" | "close" {
  const [line = "", ...lines] = reply.slice(0, reply.indexOf("\r\n\r\n")).split("\r\n");
  const fields = lines.map((text): [string, string] => {
    const colon = text.indexOf(":");
    return [text.slice(0, colon), text.slice(colon + 1).trim()];
  });
  const bare = word(request.line, 0) === "HEAD" || /^HTTP\/1.\d (1\d\d|204|304)/.test(line);
  const framed = bare || /\r\n(content-length|transfer-encoding):/i.test(reply);
  return framed && keepsOpen(request) && keepsOpen({ line, fields }) ? "keep" : "close";
}
