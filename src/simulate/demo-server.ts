/** A small server for demos: it shows what a server saw, and fails when it is told to. */
import type { Endpoint, Network } from "../net/socket.ts";
import type { Connection } from "./connection.ts";
import { type Head, messageText, readMessage, staysOpen, target } from "./message.ts";
import { Server } from "./server.ts";
import type { StoryTls } from "./tls.ts";
import type { Clock } from "../time/clock.ts";
import { acceptFields, asksForWebSocket, messageFrame, takeMessageOf } from "./websocket.ts";
import { protocolOn, readHello, readLine, readProxyHeader, tlsAlert } from "./server-input.ts";

/** One request as a server got it, and what it answered. */
export interface Sight {
  /** The server's name. */
  readonly server: string;
  /** The address that it came from. */
  readonly from: string;
  /** The client's address, if a header of the PROXY protocol tells it. */
  readonly onBehalfOf: string | null;
  readonly request: Head;
  readonly response: Head;
  readonly content: string;
  /** The response was sent: the server did not die before, nor is it still at it. */
  answered: boolean;
}

/** A line that a server got, on a connection without HTTP. */
export interface ReceivedLine {
  readonly server: string;
  readonly text: string;
}

/** A connection that a server accepted. */
export interface Arrival {
  readonly server: string;
  readonly connection: Connection;
  /** When, by the clock. */
  readonly since: number;
  /** What it was used for, as far as is known; "check": for a health check. */
  use: "unknown" | "lines" | "requests" | "check";
}

/** Called with what a server does. */
export interface DemoServerEvents {
  /** A request that is no health check, before it is answered. */
  request(sight: Sight): void;
  line(line: ReceivedLine): void;
  /** A connection was accepted, or has become a WebSocket. */
  arrived(arrival: Arrival): void;
}

/** What is different in an answer: its status, or one more field. */
export type AnswerPart =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "field"; readonly name: string; readonly value: string };

/** What it is made of. */
export interface DemoServerOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly tlsOf: StoryTls | null;
  readonly endpoint: Endpoint;
  /** What it calls itself. */
  readonly name: string;
  /** The request lines of health checks, which are answered in silence. */
  readonly checks: readonly string[];
  /** Answers each line that is no HTTP request with `NAME: LINE`. */
  readonly lines: boolean;
  /** Answers a TLS ClientHello, by an alert: enough for a check to know it from a firewall. */
  readonly tls: boolean;
  /** Reads a header of the PROXY protocol, where a connection begins with one. */
  readonly proxyHeader: boolean;
}

/** RFC 9110, section 15: the phrases of the codes that a story is likely to use. */
const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/**
 * A server at one address, not yet started. It answers every request with 200 and its name as
 * content, in the version of the request, and keeps the connection open or not as that asks.
 */
export class DemoServer {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The most requests at once since it was last set; set it to begin anew. */
  peak = 0;
  /** How long each request takes, ms. */
  pace = 0;
  /** The file of the certificate with which it speaks TLS from now on; null: it speaks none. */
  certificate: string | null = null;
  /** For one that answers checks alone: stays down, also when its server starts. */
  withdrawn = false;
  readonly #options: DemoServerOptions;
  readonly #events: DemoServerEvents;
  readonly #server: Server;
  readonly #arrivals = new Map<Connection, Arrival>();
  readonly #finished = new Set<Connection>();
  readonly #byUri = new Map<string, AnswerPart[]>();
  #always: readonly AnswerPart[] = [];
  #busy = 0;
  /** Pending while it hangs. */
  #awake = Promise.resolve();
  #wake = () => {};

  constructor(options: DemoServerOptions, events: DemoServerEvents) {
    this.#options = options;
    this.#events = events;
    this.name = options.name;
    this.endpoint = options.endpoint;
    const { network, tlsOf } = options;
    const listen: Network["listen"] = (at, how, accept) =>
      network.listen(at, how, (socket) => {
        const { certificate } = this;
        if (certificate === null || tlsOf === null) return accept(socket);
        return tlsOf.accept(socket, certificate, accept);
      });
    this.#server = new Server(
      { ...network, listen },
      options.endpoint,
      (connection) => void this.#serve(connection),
    );
  }

  get running(): boolean {
    return this.#server.isListening;
  }
  /** Listens. Nothing happens if it does already. @throws {SocketError} EADDRINUSE, ... */
  start(): void {
    this.#server.listen();
  }
  /** Closes the listener and all connections, as a process that dies. */
  stop(): void {
    this.#server.kill();
    this.#arrivals.clear();
    this.hang(false);
  }
  /** Accepts connections, and does nothing with them until it no longer hangs. */
  hang(does: boolean): void {
    this.#wake();
    this.#wake = () => {};
    this.#awake = does ? new Promise((resolve) => this.#wake = resolve) : Promise.resolve();
  }
  /** From now on answers a URI so; a further part adds to it, null makes it as usual again. */
  answer(uri: string, part: AnswerPart | null): void {
    if (part === null) this.#byUri.delete(uri);
    else this.#byUri.set(uri, [...this.#byUri.get(uri) ?? [], part]);
  }
  /** Answers every request but checks so, until told otherwise; it adds to what a URI has. */
  answerAll(parts: readonly AnswerPart[]): void {
    this.#always = parts;
  }
  /** Ends its direction of every connection that carries lines, or nothing yet. */
  finish(): void {
    for (const [connection, { use }] of this.#arrivals) {
      if (use === "requests" || use === "check") continue;
      this.#finished.add(connection);
      connection.fin();
    }
  }

  async #serve(connection: Connection): Promise<void> {
    const since = this.#options.clock.now();
    const arrival: Arrival = { server: this.name, connection, since, use: "unknown" };
    this.#arrivals.set(connection, arrival);
    this.#events.arrived(arrival);
    const { lines, tls, proxyHeader } = this.#options;
    const onBehalfOf = proxyHeader ? await readProxyHeader(connection) : null;
    for (let more = true; more;) {
      const protocol = lines || tls ? await protocolOn(connection, this.#options) : "http";
      await this.#awake;
      if (protocol === "http") more = await this.#serveRequest(arrival, onBehalfOf);
      else if (protocol === "tls") more = await this.#serveHello(arrival);
      else more = await this.#serveLine(arrival);
    }
    await this.#awake;
    connection.close();
    this.#arrivals.delete(connection);
    this.#finished.delete(connection);
  }

  /** @returns whether the connection goes on */
  async #serveRequest(arrival: Arrival, onBehalfOf: string | null): Promise<boolean> {
    const { connection } = arrival;
    const request = await readMessage(connection, "request");
    await this.#awake;
    if (request === null || connection.isOver) return false;
    if (asksForWebSocket(request)) return await this.#serveWebSocket(arrival, request, onBehalfOf);
    const isCheck = this.#options.checks.includes(request.line);
    arrival.use = isCheck ? "check" : "requests";
    const keep = staysOpen(request);
    const { response, content } = this.#responseTo(request, keep, isCheck);
    if (!isCheck) {
      const from = connection.socket.remoteAddress;
      const seen = { server: this.name, from, onBehalfOf, request };
      const sight: Sight = { ...seen, response, content, answered: false };
      this.#events.request(sight);
      this.peak = Math.max(this.peak, ++this.#busy);
      // A client that has hung up is worked for no longer.
      if (this.pace > 0) await this.#pause(connection, () => connection.endOfStream);
      this.#busy--;
      await this.#awake;
      if (connection.isOver) return false;
      sight.answered = true;
    }
    connection.send(messageText(response, content));
    return keep;
  }

  /** Grants a WebSocket, and answers each message on it with `NAME: MESSAGE`. */
  async #serveWebSocket(
    arrival: Arrival,
    request: Head,
    onBehalfOf: string | null,
  ): Promise<boolean> {
    const { connection } = arrival;
    const server = this.name;
    const response = { line: "HTTP/1.1 101 Switching Protocols", fields: acceptFields(request) };
    const from = connection.socket.remoteAddress;
    const seen = { server, from, onBehalfOf, request, response, content: "" };
    this.#events.request({ ...seen, answered: true });
    // For its client the connection begins here, whatever requests it has carried before.
    const begun: Arrival = { ...arrival, since: this.#options.clock.now(), use: "lines" };
    this.#arrivals.set(connection, begun);
    this.#events.arrived(begun);
    connection.send(messageText(response));
    for (;;) {
      let text: string | null = null;
      await connection.until(() => (text = takeMessageOf(connection)) !== null);
      await this.#awake;
      if (text === null) return false;
      this.#events.line({ server, text });
      if (!this.#finished.has(connection)) {
        connection.send(messageFrame(`${server}: ${text}`, false));
      }
    }
  }

  /** 200 with its name, unless the story wants something else. */
  #responseTo(
    request: Head,
    keep: boolean,
    isCheck: boolean,
  ): { readonly response: Head; readonly content: string } {
    const [method, , version = "HTTP/1.0"] = request.line.split(" ");
    const parts = [...this.#byUri.get(target(request)) ?? [], ...isCheck ? [] : this.#always];
    let status = 200;
    const fields: string[] = [];
    for (const part of parts) {
      if (part.kind === "status") status = part.status;
      else fields.push(`${part.name}: ${part.value}`);
    }
    const bare = status === 204 || status === 304;
    const content = bare ? "" : `${this.name}\n`;
    if (!bare) fields.push(`Content-Length: ${content.length}`);
    // Each version's default goes without saying (RFC 9112, section 9.3).
    if (keep && version === "HTTP/1.0") fields.push("Connection: keep-alive");
    if (!keep && version === "HTTP/1.1") fields.push("Connection: close");
    const line = `${version} ${status} ${reasons[status] ?? ""}`.trimEnd();
    return { response: { line, fields }, content: method === "HEAD" ? "" : content };
  }

  async #serveHello(arrival: Arrival): Promise<boolean> {
    arrival.use = "check";
    if (await readHello(arrival.connection)) arrival.connection.send(tlsAlert);
    return false;
  }

  async #serveLine(arrival: Arrival): Promise<boolean> {
    const { connection } = arrival;
    const text = await readLine(connection);
    await this.#awake;
    if (text === null) return false;
    arrival.use = "lines";
    this.#events.line({ server: this.name, text });
    if (this.pace > 0) await this.#pause(connection, () => connection.isOver);
    await this.#awake;
    if (!this.#finished.has(connection)) connection.send(`${this.name}: ${text}\n`);
    return true;
  }

  /** Resolves after the time that a request takes, or as soon as it is not worth while any more. */
  #pause(connection: Connection, futile: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      let done = false;
      const end = () => {
        done = true;
        cancel();
        resolve();
      };
      const cancel = this.#options.clock.schedule(this.pace, end);
      void (async () => {
        while (!done && !futile()) await connection.change();
        if (!done) end();
      })();
    });
  }
}
