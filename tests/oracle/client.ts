/** A client that sends exactly the bytes it is given, and keeps exactly what comes back. */
import { readFileSync } from "node:fs";
import { Connection as Raw } from "#src/simulate/connection.ts";
import { isHandedOver, nodeNetwork } from "../node-network.ts";
import { until } from "../until.ts";
import { isProbe } from "./origin.ts";
import { keepsOpen, type Message, readRequests, readResponse, word } from "./reference.ts";
import { type End, ended } from "./wire.ts";

/** What a client saw of one connection. */
export interface Connection {
  responses: Message[];
  /** What could not be read as a response, or came in a tunnel. */
  rest: string;
  /** How it ended; a connection that answers another request is open. */
  end: "open" | "closed" | End;
  /** Bytes; 0 if the client left before the end. */
  received: number;
}

/** A client's connection. */
export interface Client {
  readonly wire: Raw;
  /** Sends bytes: one character each. */
  send(text: string): void;
  /**
   * Waits until all that was asked is answered, and the connection has ended if either side said
   * that it would.
   */
  answered(): Promise<void>;
  /** Waits until the bytes received contain the text. */
  receives(text: string): Promise<void>;
  /** Waits until the other side has ended the connection. */
  ended(): Promise<void>;
  /** Ends its own direction. */
  halfClose(): void;
  /** Leaves without a word, or with a reset. */
  leave(how: "close" | "reset"): void;
  /** Resolves when the kernel has all that it sent, and knows that it ended or left. */
  handedOver(): Promise<void>;
  /** What it saw; asks, if `probe`, whether the connection still serves. */
  finish(probe: boolean): Promise<Connection>;
}

/** The responses in what came. */
function responsesOf(bytes: string, methods: readonly string[], ended: boolean) {
  const responses: Message[] = [];
  let from = 0;
  let finals = 0;
  while (from < bytes.length) {
    const method = methods[finals] ?? "GET";
    const read = readResponse(bytes, from, method, ended);
    if (read.kind !== "message") break;
    responses.push(read.message);
    from = read.end;
    const status = Number(word(read.message.line, 1));
    if (status >= 200 || status === 101) finals++;
    if (status === 101 || (method === "CONNECT" && status >= 200 && status < 300)) break;
  }
  return { responses, finals, rest: bytes.slice(from) };
}

/** How old, in ms, a look at the kernel's table may be: with thousands of sockets it takes long. */
const fresh = 20;
let looked = -Infinity;
let established: ReadonlySet<string> = new Set();

/** The connections that are neither ended nor left (proc(5), /proc/net/tcp: state 01), by their ports. */
function readEstablished(): ReadonlySet<string> {
  const table = readFileSync("/proc/net/tcp", "latin1");
  const lines = table.matchAll(/^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) [0-9A-F]{8}:([0-9A-F]{4}) 01 /gm);
  return new Set([...lines].map(([, local, remote]) => `${local} ${remote}`));
}

/**
 * Whether the kernel still has a connection as neither ended nor left: a runtime may say earlier that
 * it has ended it.
 * @param since when it stood, by performance.now()
 */
function standsEstablished({ localPort, remotePort }: Raw["socket"], since: number): boolean {
  const now = performance.now();
  if (looked < since || looked < now - fresh) {
    looked = now;
    established = readEstablished();
  }
  const [local, remote] = [localPort, remotePort].map((port) =>
    port.toString(16).toUpperCase().padStart(4, "0")
  );
  return established.has(`${local} ${remote}`);
}

/** Connects, from the address if one is given. */
export async function openClient(host: string, port: number, from?: string): Promise<Client> {
  const source = from === undefined ? {} : { source: { host: from, port: 0 } };
  const self = new Raw().connect(nodeNetwork, { kind: "ip", host, port }, source);
  await self.until(() => self.isOpen);
  const opened = performance.now();
  let sent = "";
  let left = false;
  let half = false;
  let tunnel = false;

  const asked = () => {
    const { messages, rest } = readRequests(sent);
    const methods = messages.map(({ line }) => word(line, 0));
    // What cannot be read, or is not complete, gets an answer as well.
    if (rest !== "" && methods.at(-1) !== "CONNECT") methods.push(word(rest, 0));
    return methods;
  };
  const seen = () => responsesOf(self.received, asked(), self.hasEnded);
  const describe = () => `after ${JSON.stringify(sent)} came ${JSON.stringify(self.received)}`;

  const client: Client = {
    wire: self,
    send(text) {
      sent += text;
      if (/\r\nupgrade:/i.test(text)) tunnel = true;
      self.send(text);
    },
    async answered() {
      const count = asked().length;
      await until(() => self.endOfStream || seen().finals >= count, describe);
      const last = [seen().responses.at(-1), readRequests(sent).messages.at(-1)];
      if (last.some((message) => message !== undefined && !keepsOpen(message))) {
        await client.ended();
      }
    },
    receives: (text) => until(() => self.received.includes(text), describe),
    ended: () => until(() => self.endOfStream, describe),
    halfClose() {
      half = true;
      self.fin();
    },
    leave(how) {
      left = true;
      self[how]();
    },
    handedOver: () =>
      until(
        () => isHandedOver(self) && !((half || left) && standsEstablished(self.socket, opened)),
        () => `the kernel to take ${JSON.stringify(sent)}`,
      ),
    async finish(probe) {
      if (!left) await client.answered();
      const { responses, rest, finals } = seen();
      const whole = rest === "" && finals >= asked().length;
      const count = responses.length;
      const received = self.received.length;
      if (left) return { responses, rest: "", end: "closed", received: 0 };
      const last = responses.at(-1);
      const switched = tunnel && last !== undefined && / 101/.test(last.line);
      if (probe && !half && !switched && !self.endOfStream && asked().at(-1) !== "CONNECT") {
        client.send("GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n");
        await client.answered();
      }
      // Reset or not, once everything was answered: a matter of who was faster.
      const end = ended(self);
      self.close();
      const open = seen().responses.length > count || end === null;
      return { responses, rest, received, end: open ? "open" : whole ? "closed" : end };
    },
  };
  return client;
}

/** Whether a line of the log is of a probe. */
export const isProbeLog = (line: string): boolean => {
  const quote = line.indexOf('"');
  return quote >= 0 && isProbe(line.slice(quote + 1));
};
