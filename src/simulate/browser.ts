/** A client that behaves as a browser does: it keeps cookies, and its connection if it may. */
import type { Clock } from "../time/clock.ts";
import type { Endpoint, Network } from "../net/socket.ts";
import { Connection } from "./connection.ts";
import { namesShown } from "./tls.ts";
import {
  endsWithConnection,
  fieldsOf,
  type Head,
  messageText,
  readResponse,
  staysOpen,
} from "./message.ts";

/** A request to be made. */
export interface RequestSpec {
  method: string;
  uri: string;
  version: "HTTP/1.0" | "HTTP/1.1";
  /** A line that the connection begins with, before any request: a header of the PROXY protocol. */
  preamble: string | null;
  /** Field lines beyond those that every client sends. */
  fields: string[];
  /** The address that the client connects from; null: the kernel's choice. */
  source: string | null;
  /** It speaks TLS, also where it does not know that the proxy does. */
  tls?: boolean;
  /** The file of the certificate that it shows; null: it shows none. */
  certificate?: string | null;
}

/** The request line. */
export function lineOf({ method, uri, version }: RequestSpec): string {
  return `${method} ${uri} ${version}`;
}

/** What became of one request. */
export interface Outcome {
  /** As it was sent. */
  readonly request: Head;
  /** null: none came; `failure` says why. */
  readonly response: Head | null;
  readonly content: string;
  readonly failure: string | null;
  /** There is no response because the connection was refused. */
  readonly refused: boolean;
  /** The server's end of the connection was closed after the response. */
  readonly closed: boolean;
  /** The names of the certificate that it was shown; none: there is no TLS. */
  readonly shown: readonly string[];
  /** From the request's sending to the response's end, ms. */
  readonly wait: number;
}

/** How long a browser waits for a response, ms; longer than any time-out a story should have. */
const usualTimeout = 20_000;

/** A request on its way. */
interface Begun {
  readonly request: Head;
  readonly method: string;
  readonly start: number;
  /** null: there was no connection to send it on. */
  readonly connection: Connection | null;
}

/** Chooses the network for a request: one with TLS in its connections, or without. */
export type NetworkFor = (spec: RequestSpec, to: Endpoint) => Network;

/** See the file; it has no cookies and no connection yet. */
export class Browser {
  /** false: it forgets every cookie that it is given. */
  acceptsCookies = true;
  readonly #networkFor: NetworkFor;
  readonly #clock: Clock;
  readonly #cookies = new Map<string, string>();
  #connection: Connection | null = null;
  #begun: Begun | null = null;

  constructor(networkFor: NetworkFor, clock: Clock) {
    this.#networkFor = networkFor;
    this.#clock = clock;
  }

  /**
   * Sends a request.
   * @param reuse sends it on the connection of the last request
   */
  begin(spec: RequestSpec, to: Endpoint, reuse = false): void {
    const request = this.#requestOf(spec, to);
    if (reuse && this.#connection?.endOfStream) this.close();
    if (!reuse) {
      this.#connection?.close();
      const source = spec.source === null ? {} : { source: { host: spec.source, port: 0 } };
      this.#connection = new Connection().connect(this.#networkFor(spec, to), to, source);
      if (spec.preamble !== null) this.#connection.send(`${spec.preamble}\r\n`);
    }
    const connection = this.#connection;
    this.#begun = { request, method: spec.method, start: this.#clock.now(), connection };
    connection?.send(messageText(request));
  }

  /**
   * Waits for the response to the request that was begun last.
   * @param timeout how long, in ms
   * @throws {Error} if none was begun
   */
  async response(timeout = usualTimeout): Promise<Outcome> {
    if (this.#begun === null) throw new Error("no request was begun");
    const { request, method, start, connection } = this.#begun;
    this.#begun = null;
    const failed = (failure: string): Outcome => {
      if (this.#connection === connection) this.close();
      const refused = connection?.isOpen === false && connection.broke === "ECONNREFUSED";
      const wait = this.#clock.now() - start;
      const nothing = { response: null, content: "", closed: true, shown: [] };
      return { ...nothing, request, failure, refused, wait };
    };
    if (connection === null) return failed("the connection is closed");
    let late = false;
    const cancel = this.#clock.schedule(timeout, () => {
      late = true;
      connection.close();
    });
    const response = await readResponse(connection, method);
    const shown = connection.isOpen ? namesShown(connection.socket) : [];
    const wait = this.#clock.now() - start;
    if (response === null) {
      cancel();
      return failed(late ? `nothing within ${timeout / 1000} s` : whyNot(connection));
    }
    const closing = endsWithConnection(response, method) || !staysOpen(response);
    // The end that was announced is waited for, so that it is seen and not believed.
    if (closing) await connection.until(() => false);
    cancel();
    if (this.acceptsCookies) this.#remember(response);
    const { content } = response;
    const closed = closing && !late;
    return { request, response, content, failure: null, refused: false, closed, shown, wait };
  }

  /** Both, one after the other. */
  async send(
    spec: RequestSpec,
    to: Endpoint,
    reuse = false,
    timeout?: number,
  ): Promise<Outcome> {
    this.begin(spec, to, reuse);
    return await this.response(timeout);
  }

  /** Whether the connection of its last request stands. */
  get isConnected(): boolean {
    return this.#connection !== null && !this.#connection.endOfStream;
  }

  /** Ends its connection. */
  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  #requestOf(spec: RequestSpec, to: Endpoint): Head {
    const has = (name: string) => spec.fields.some((line) => line.toLowerCase().startsWith(name));
    const fields: string[] = [];
    if (spec.version === "HTTP/1.1" && !has("host:")) fields.push(`Host: ${hostOf(to)}`);
    fields.push(...spec.fields);
    if (this.#cookies.size > 0 && !has("cookie:")) {
      const pairs = [...this.#cookies].map(([name, value]) => `${name}=${value}`);
      fields.push(`Cookie: ${pairs.join("; ")}`);
    }
    return { line: lineOf(spec), fields };
  }

  /** RFC 6265, sections 5.2 and 5.3, as far as one site and one visit need it. */
  #remember(response: Head): void {
    for (const cookie of fieldsOf(response, "Set-Cookie")) {
      const [pair = "", ...attributes] = cookie.split(";").map((part) => part.trim());
      const equals = pair.indexOf("=");
      const name = pair.slice(0, equals);
      const gone = attributes.some((attribute) => {
        const [key = "", value = ""] = attribute.toLowerCase().split("=");
        if (key === "max-age") return Number(value) <= 0;
        return key === "expires" && Date.parse(attribute.slice(8)) <= this.#clock.wall();
      });
      if (gone) this.#cookies.delete(name);
      else this.#cookies.set(name, pair.slice(equals + 1));
    }
  }
}

function whyNot({ broke, isOpen, received, socket }: Connection): string {
  const failure = socket.tls?.failure ?? "";
  if (failure !== "") return `no TLS: ${failure}`;
  if (broke !== null) return isOpen ? broke : `no connection: ${broke}`;
  return received === "" ? "closed without a response" : "closed within the response";
}

/** What a client writes in Host. */
export function hostOf(to: Endpoint): string {
  if (to.kind !== "ip") return "localhost";
  const host = to.host.includes(":") ? `[${to.host}]` : to.host;
  return to.port === 80 ? host : `${host}:${to.port}`;
}
