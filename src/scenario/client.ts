/** A client that behaves as a browser does: it keeps cookies, and its connection if it may. */
import type { Clock } from "../time/clock.ts";
import type { Endpoint, Network } from "../net/socket.ts";
import { type Head, headText, type Message, readResponse, staysOpen, valuesOf } from "./message.ts";
import type { Field, RequestSpec } from "./steps.ts";
import { dial, type Wire } from "./wire.ts";

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
  /** From the request's sending to the response's end, ms. */
  readonly wait: number;
}

/** A client with a memory. */
export interface Client {
  /** false: forgets every cookie it is given. */
  acceptsCookies: boolean;
  /**
   * Sends a request.
   * @param reuse sends it on the connection of the last request
   */
  begin(spec: RequestSpec, to: Endpoint, reuse: boolean): void;
  /**
   * Waits for the response to the request that was begun last.
   * @param patience how long, in ms
   * @throws {Error} if none was begun
   */
  response(patience?: number): Promise<Outcome>;
  /** Both, one after the other. */
  send(spec: RequestSpec, to: Endpoint, reuse: boolean, patience?: number): Promise<Outcome>;
  /** Ends its connection. */
  close(): void;
}

/** How long a client waits for a response, ms; longer than any time-out a story should have. */
const usualPatience = 20_000;

/** A request on its way. */
interface Begun {
  readonly request: Head;
  readonly method: string;
  readonly start: number;
  /** null: there was no connection to send it on. */
  readonly wire: Wire | null;
}

/** Makes a client without cookies and without a connection. */
export function client(network: Network, clock: Clock): Client {
  const jar = new Map<string, string>();
  let wire: Wire | null = null;
  let begun: Begun | null = null;

  function requestOf(spec: RequestSpec, to: Endpoint): Head {
    const fields: Field[] = [];
    if (spec.version === "HTTP/1.1" && !names(spec, "host")) fields.push(["Host", hostOf(to)]);
    fields.push(...spec.fields);
    if (jar.size > 0 && !names(spec, "cookie")) {
      fields.push(["Cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; ")]);
    }
    return { line: `${spec.method} ${spec.uri} ${spec.version}`, fields };
  }

  /** RFC 6265, sections 5.2 and 5.3, as far as one site and one visit need it. */
  function remember(response: Head): void {
    for (const cookie of valuesOf(response, "Set-Cookie")) {
      const [pair = "", ...attributes] = cookie.split(";").map((part) => part.trim());
      const equals = pair.indexOf("=");
      const name = pair.slice(0, equals);
      const gone = attributes.some((attribute) => {
        const [key = "", value = ""] = attribute.toLowerCase().split("=");
        return key === "max-age" ? Number(value) <= 0 : key === "expires" && isPast(attribute);
      });
      if (gone) jar.delete(name);
      else jar.set(name, pair.slice(equals + 1));
    }
  }
  const isPast = (attribute: string) => Date.parse(attribute.slice(8)) <= clock.wall();

  const self: Client = {
    acceptsCookies: true,
    begin(spec, to, reuse) {
      const request = requestOf(spec, to);
      if (reuse && wire?.over) self.close();
      if (!reuse) {
        wire?.close();
        const source = spec.source === null ? {} : { source: { host: spec.source, port: 0 } };
        wire = dial(network, to, source);
      }
      if (!reuse && spec.preamble !== null) wire?.send(`${spec.preamble}\r\n`);
      begun = { request, method: spec.method, start: clock.now(), wire };
      wire?.send(headText(request));
    },
    async response(patience = usualPatience) {
      if (begun === null) throw new Error("no request was begun");
      const { request, method, start, wire: current } = begun;
      begun = null;
      const failed = (failure: string): Outcome => {
        if (wire === current) self.close();
        const refused = current?.open === false && current.error?.code === "ECONNREFUSED";
        const wait = clock.now() - start;
        return { request, response: null, content: "", failure, refused, closed: true, wait };
      };
      if (current === null) return failed("the connection is closed");
      let late = false;
      const cancel = clock.schedule(patience, () => {
        late = true;
        current.close();
      });
      const message = await readResponse(current, method);
      const wait = clock.now() - start;
      if (message === null) {
        cancel();
        return failed(late ? `nothing within ${patience / 1000} s` : whyNot(current));
      }
      const closing = message.untilClose || !staysOpen(message.head);
      // The end that was announced is waited for, so that it is seen and not believed.
      while (closing && !current.over) await current.change();
      cancel();
      if (self.acceptsCookies) remember(message.head);
      return outcomeOf(request, message, closing && !late, wait);
    },
    async send(spec, to, reuse, patience) {
      self.begin(spec, to, reuse);
      return await self.response(patience);
    },
    close() {
      wire?.close();
      wire = null;
    },
  };
  return self;
}

function outcomeOf(request: Head, message: Message, closed: boolean, wait: number): Outcome {
  const { head: response, content } = message;
  return { request, response, content, failure: null, refused: false, closed, wait };
}

function whyNot(wire: Wire): string {
  if (wire.error !== null) return wire.open ? wire.error.code : `no connection: ${wire.error.code}`;
  return wire.pending === "" ? "closed without a response" : "closed within the response";
}

function names(spec: RequestSpec, field: string): boolean {
  return spec.fields.some(([name]) => name.toLowerCase() === field);
}

function hostOf(to: Endpoint): string {
  if (to.kind !== "ip") return "localhost";
  const host = to.host.includes(":") ? `[${to.host}]` : to.host;
  return to.port === 80 ? host : `${host}:${to.port}`;
}
