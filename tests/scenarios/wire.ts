/**
 * Plain clients and servers, on node:net alone: nothing of the program is used to test it. They
 * read messages of a known length, and those that the connection's end ends.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A message as it came. */
export interface Message {
  /** The request or status line. */
  readonly line: string;
  /** The field lines, as they are. */
  readonly fields: readonly string[];
  readonly content: Buffer;
}

/** The values of a field, in their order. */
export function valuesOf({ fields }: Message, name: string): string[] {
  const start = `${name.toLowerCase()}:`;
  return fields.filter((line) => line.toLowerCase().startsWith(start))
    .map((line) => line.slice(start.length).trim());
}

/** The status of a response. */
export function statusOf(message: Message): number {
  return Number(message.line.split(" ")[1]);
}

const separator = Buffer.from("\r\n\r\n");

/** Cuts what arrives on a connection into messages. */
interface Reader {
  push(bytes: Buffer): void;
  /** A whole message; null: it is not complete yet. */
  take(ended: boolean): Message | null;
}

function createReader(kind: "requests" | "responses"): Reader {
  let pieces: Buffer[] = [];
  let size = 0;
  let head: { line: string; fields: string[] } | null = null;
  let length = 0;

  function all(): Buffer {
    if (pieces.length !== 1) pieces = [Buffer.concat(pieces)];
    return pieces[0]!;
  }
  function drop(count: number): void {
    pieces = [all().subarray(count)];
    size -= count;
  }

  return {
    push(bytes) {
      pieces.push(bytes);
      size += bytes.length;
    },
    take(ended) {
      if (head === null) {
        const end = all().indexOf(separator);
        if (end < 0) return null;
        const [line = "", ...fields] = all().toString("latin1", 0, end).split("\r\n");
        drop(end + separator.length);
        head = { line, fields };
        const told = valuesOf({ line, fields, content: pieces[0]! }, "Content-Length")[0];
        length = told !== undefined ? Number(told) : kind === "requests" ? 0 : Infinity;
      }
      if (size < length && !(ended && length === Infinity)) return null;
      const count = Math.min(length, size);
      const message = { ...head, content: Buffer.from(all().subarray(0, count)) };
      drop(count);
      head = null;
      return message;
    },
  };
}

/** A client's connection. */
export interface Client {
  readonly socket: Socket;
  /** Sends bytes, and waits for one response. @throws {Error} if the connection ends before it */
  request(text: string | Buffer): Promise<Message>;
  close(): void;
}

/** Where to connect: node:net's own words. */
export type Target = { host: string; port: number; localAddress?: string } | { path: string };

/** Opens a connection; nothing is awaited. */
export function open(target: Target): Client {
  const socket = connect({ ...target, allowHalfOpen: true });
  const reader = createReader("responses");
  let wake = () => {};
  let ended = false;
  let failure = "the connection was closed before the response";
  socket.on("data", (bytes: Buffer) => {
    reader.push(bytes);
    wake();
  });
  socket.on("error", (error) => void (failure = error.message));
  const end = () => {
    ended = true;
    wake();
  };
  socket.on("end", end);
  socket.on("close", end);
  return {
    socket,
    async request(text) {
      socket.write(text);
      for (;;) {
        const message = reader.take(ended);
        if (message !== null) return message;
        if (ended) throw new Error(failure);
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    close: () => void socket.destroy(),
  };
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
  return [`GET ${uri} HTTP/1.0`, ...fields, "", ""].join("\r\n");
}

/** A server of the test's own. */
export interface Origin {
  readonly name: string;
  /** Requests that it got, but for checks (HEAD). */
  readonly seen: Message[];
  /** Ends it: the listener, and every connection. */
  stop(): Promise<void>;
}

/** What an origin answers: a whole response, or a status line and fields before its name. */
export type Answer = (request: Message) => string | Buffer;

/** A response of a known length, on a connection that may go on. */
export function response(content: string | Buffer, ...fields: string[]): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const head = ["HTTP/1.1 200 OK", `Content-Length: ${bytes.length}`, ...fields, "", ""];
  return Buffer.concat([Buffer.from(head.join("\r\n"), "latin1"), bytes]);
}

/** Starts a server that answers each request with 200 and its name, or as `answer` says. */
export async function startOrigin(
  name: string,
  target: Target,
  answer: Answer = () => response(name),
): Promise<Origin> {
  const seen: Message[] = [];
  const { stop } = await startServer(target, (socket) => {
    const reader = createReader("requests");
    socket.on("data", (bytes: Buffer) => {
      reader.push(bytes);
      for (let got = reader.take(false); got !== null; got = reader.take(false)) {
        const check = got.line.startsWith("HEAD ");
        if (!check) seen.push(got);
        socket.write(check ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : answer(got));
        if (got.line.endsWith("HTTP/1.0")) {
          socket.end();
          break;
        }
      }
    });
    socket.on("end", () => socket.end());
  });
  return { name, seen, stop };
}

/** Starts a server that does with its connections what `accept` does. */
export async function startServer(
  target: Target,
  accept: (socket: Socket) => void,
): Promise<{ stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // resets are expected here
    socket.setNoDelay(true);
    accept(socket);
  });
  server.listen({ ...target });
  await once(server, "listening");
  return {
    async stop() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
