/** A small origin server: it shows what a server saw, and fails when it is told to. */
import type { Endpoint, Listener, Network } from "../net/socket.ts";
import { type Head, headText, readRequest, staysOpen } from "./message.ts";
import type { Claim, Field } from "./steps.ts";
import { accepted, type Wire } from "./wire.ts";

/** One request as a server got it, and what it answered. */
export interface Sight {
  /** The origin's name. */
  readonly server: string;
  readonly request: Head;
  readonly response: Head;
  readonly content: string;
}

/** An origin at one address. */
export interface Origin {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly running: boolean;
  /** Listens. Nothing happens if it does already. @throws {SocketError} EADDRINUSE, ... */
  start(): void;
  /** Closes the listener and all connections, as a process that dies. */
  stop(): void;
  /** From now on answers a URI so; a further claim adds to it, null makes it as usual again. */
  answer(uri: string, claim: Claim | null): void;
  /** Answers every request but checks so, until told otherwise; it adds to what a URI has. */
  answerAll(claims: readonly Claim[]): void;
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
 * Makes an origin, not yet started. It answers every request with 200 and its name as content, in
 * the version of the request, and keeps the connection open or not as that asks.
 * @param name what it calls itself
 * @param checks the request lines of health checks, which are answered in silence
 * @param saw hears of every other request, before it is answered
 */
export function origin(
  network: Network,
  endpoint: Endpoint,
  name: string,
  checks: readonly string[],
  saw: (sight: Sight) => void,
): Origin {
  const wires = new Set<Wire>();
  const byUri = new Map<string, Claim[]>();
  let always: readonly Claim[] = [];
  let listener: Listener | null = null;

  async function serve(wire: Wire): Promise<void> {
    wires.add(wire);
    for (;;) {
      const message = await readRequest(wire);
      if (message === null) break;
      const request = message.head;
      const [method = "", uri = "", version = "HTTP/1.0"] = request.line.split(" ");
      const keep = staysOpen(request);
      const isCheck = checks.includes(request.line);
      const claims = [...byUri.get(uri) ?? [], ...isCheck ? [] : always];
      const { response, content } = respond(version, method, keep, claims);
      if (!isCheck) saw({ server: name, request, response, content });
      wire.send(headText(response) + content);
      if (!keep) break;
    }
    wire.close();
    wires.delete(wire);
  }

  function respond(
    version: string,
    method: string,
    keep: boolean,
    claims: readonly Claim[],
  ): { response: Head; content: string } {
    let status = 200;
    const fields: Field[] = [];
    for (const claim of claims) {
      if (claim.kind === "status") status = claim.status;
      if (claim.kind === "field") fields.push([claim.name, claim.value]);
    }
    const bare = status === 204 || status === 304;
    const content = bare ? "" : `${name}\n`;
    if (!bare) fields.push(["Content-Length", String(content.length)]);
    // Each version's default goes without saying (RFC 9112, section 9.3).
    if (keep && version === "HTTP/1.0") fields.push(["Connection", "keep-alive"]);
    if (!keep && version === "HTTP/1.1") fields.push(["Connection", "close"]);
    const line = `${version} ${status} ${reasons[status] ?? ""}`.trimEnd();
    return { response: { line, fields }, content: method === "HEAD" ? "" : content };
  }

  return {
    name,
    endpoint,
    get running() {
      return listener !== null;
    },
    start() {
      listener ??= network.listen(endpoint, {}, (socket) => {
        const wire = accepted(socket);
        void serve(wire);
        return wire.events;
      });
    },
    stop() {
      listener?.close();
      listener = null;
      for (const wire of wires) wire.close();
      wires.clear();
    },
    answer(uri, claim) {
      if (claim === null) byUri.delete(uri);
      else byUri.set(uri, [...byUri.get(uri) ?? [], claim]);
    },
    answerAll(claims) {
      always = claims;
    },
  };
}
