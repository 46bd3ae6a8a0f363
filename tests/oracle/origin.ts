/** A server to stand behind a proxy: it keeps every request as it came, and answers by a script. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { keepsOpen, type Message, readRequest, readRequestHead, word } from "./reference.ts";
import { wire } from "./wire.ts";

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
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    if (behaviour.hangsUp) socket.on("error", () => {}).end();
    else serve(socket, behaviour, sight, released);
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    sight,
    refuse: () => void server.close(),
    accept: () => void server.listen(port, host),
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server.close(), "close");
    },
  };
}

function serve(
  socket: Socket,
  behaviour: Behaviour,
  sight: Sight,
  released: Promise<void>,
): void {
  let at = 0;
  let counted = false;
  let busy = false;
  let tunnel = false;
  let greeted = false;
  const self = wire(socket, () => void work());

  async function work(): Promise<void> {
    while (!busy) {
      if (tunnel) {
        const bytes = self.bytes.slice(at);
        at = self.bytes.length;
        sight.tunnelled += bytes;
        // An echo, in capitals.
        if (bytes !== "") socket.write(bytes.toUpperCase(), "latin1");
        if (self.ended !== null) socket.end();
        return;
      }
      if (!greeted && behaviour.atHead !== undefined) {
        if (readRequestHead(self.bytes, at).kind === "message") {
          greeted = true;
          socket.write(behaviour.atHead, "latin1");
        }
      }
      const read = readRequest(self.bytes, at);
      if (read.kind === "invalid") {
        sight.garbage.push(`${read.why}: ${self.bytes.slice(at)}`);
        socket.destroy();
        return;
      }
      if (read.kind === "incomplete") {
        if (self.ended !== null) socket.end();
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
      socket.write(bytes, "latin1");
      if (then === "reset") {
        // The bytes go first.
        socket.resetAndDestroy();
        return;
      }
      if (then === "close") {
        socket.end();
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
