/** Connections that begin with a header of the PROXY protocol (manual: "accept-proxy"). */
import { localDates } from "../log/date.ts";
import {
  type Addresses,
  parseProxyHeader,
  type ProxyHeaderFault,
} from "../net/proxy-protocol/header.ts";
import type { Socket, SocketEvents } from "../net/socket.ts";
import { Timer } from "../time/wheel.ts";
import type { Frontend } from "./frontend.ts";
import { remaining, type Session } from "./session-list.ts";

/**
 * How much of a header there is room for to begin with: all of version 1, and most of version 2.
 */
const initialSize = 128;

/** How a header can fail to come, in HAProxy's words. */
const faultMessages = {
  "no header": "Received something which does not look like a PROXY protocol header",
  "bad header": "Received an invalid PROXY protocol header",
  "unknown protocol": "Received an unhandled protocol in the PROXY protocol header",
  truncated: "Truncated PROXY protocol header received",
  closed: "Connection closed while waiting for PROXY protocol header",
  broken: "Connection error while waiting for PROXY protocol header",
  timeout: "Timeout while waiting for PROXY protocol header",
} as const satisfies Record<
  ProxyHeaderFault | "truncated" | "closed" | "broken" | "timeout",
  string
>;

/** Begins a session, with the client's addresses. */
export type OpenSession = (
  socket: Socket,
  frontend: Frontend,
  addresses: Addresses,
) => SocketEvents;

/**
 * A connection whose header has not come yet. It counts as one of the frontend's, and has
 * `timeout client` for it, as in HAProxy. It is also that time-out.
 */
export class ProxyHeaderReader extends Timer implements SocketEvents, Session {
  place = -1;
  serial = 0;
  /** What has come of the header. */
  #bytes = new Uint8Array(initialSize);
  #length = 0;
  /** For the log. */
  readonly #acceptedAt: number;
  readonly #client: string;
  #over = false;

  /**
   * @param own the addresses of the connection itself
   * @param listener its name, or its number in the frontend, from 1: for the log
   * @param removeSession removes it from the list of sessions
   */
  constructor(
    readonly socket: Socket,
    readonly frontend: Frontend,
    readonly own: Addresses,
    readonly listener: string,
    readonly removeSession: (self: ProxyHeaderReader) => void,
    readonly open: OpenSession,
  ) {
    super();
    const { wheel, clock } = frontend.runtime;
    this.#acceptedAt = clock.wall();
    // Now, for when it is logged the client may be gone, and its address with it.
    this.#client = `${own.remoteAddress || "unix"}:${own.remotePort}`;
    wheel.set(this, frontend.idleTimeout(frontend.timeouts.client));
  }

  facts(): ReturnType<Session["facts"]> {
    const now = this.frontend.runtime.clock.now();
    return {
      protocol: this.own.remoteAddress === "" ? "unix_stream" : "tcpv4",
      source: this.#client,
      frontend: this.frontend.config.name,
      backend: null,
      server: null,
      age: this.frontend.runtime.clock.wall() - this.#acceptedAt,
      requests: 0,
      received: this.#length,
      sent: 0,
      expires: remaining(this.deadline, now),
      queued: false,
    };
  }
  kill(server: object | null): void {
    if (server === null) this.abandon();
  }

  opened(): void {}
  drain(): void {}

  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.#over) return;
    const had = this.#length;
    for (let taken = 0;;) {
      const more = Math.min(bytes.length - taken, this.#bytes.length - this.#length);
      this.#bytes.set(bytes.subarray(taken, taken + more), this.#length);
      taken += more;
      this.#length += more;
      const header = parseProxyHeader(this.#bytes.subarray(0, this.#length));
      if (header.kind === "invalid") return this.#refuse(header.fault);
      if (header.kind === "header") {
        return this.#begin(header.addresses ?? this.own, bytes, header.length - had);
      }
      if (taken === bytes.length) return;
      this.#grow(header.room);
    }
  }
  ended(): void {
    if (this.#length > 0) this.#refuse("truncated");
    else this.#refuse("closed");
  }
  override abandon(): void {
    if (this.#over) return;
    this.#finish();
    this.socket.reset();
    this.frontend.sessionEnded(this);
  }
  closed(): void {
    if (this.#over) return;
    this.#log("broken");
    this.#finish();
    this.frontend.sessionEnded(this);
  }
  override fire(): void {
    this.#refuse("timeout");
  }
  /** The proxy stops: the header is not waited for long. */
  softStop(): void {
    const { wheel, clock } = this.frontend.runtime;
    wheel.set(this, this.frontend.idleTimeout(Math.max(0, this.deadline - clock.now())));
  }

  #grow(room: number): void {
    const grown = new Uint8Array(room);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** The session begins, with what came behind the header: bytes from `at`. */
  #begin(addresses: Addresses, bytes: Uint8Array, at: number): void {
    const { socket, frontend } = this;
    // Should that throw, the connection is still this one's, which hears of its end.
    const session = this.open(socket, frontend, addresses);
    this.#finish();
    this.removeSession(this);
    socket.events = session;
    if (at < bytes.length) session.data(socket, bytes.subarray(at));
  }

  #refuse(why: keyof typeof faultMessages): void {
    if (this.#over) return;
    this.#log(why);
    this.#finish();
    // A client that sends something else should notice at once.
    if (this.#length > 0) this.socket.reset();
    else this.socket.close();
    this.frontend.sessionEnded(this);
  }

  #finish(): void {
    this.#over = true;
    this.frontend.runtime.wheel.remove(this);
  }

  #log(why: keyof typeof faultMessages): void {
    const { config, runtime } = this.frontend;
    if (config.dontlognull && this.#length === 0) return;
    const date = localDates.traffic(this.#acceptedAt);
    const where = `${config.name}/${this.listener}`;
    runtime.log.event(config, "info", `${this.#client} [${date}] ${where}: ${faultMessages[why]}`);
  }
}
