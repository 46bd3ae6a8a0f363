/** Connections whose TLS handshake is under way (manual: "ssl", "timeout client"). */
import { localDates } from "../../log/date.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Socket, SocketEvents } from "../../net/socket.ts";
import type { TlsFailure } from "../../net/tls/facts.ts";
import { type Choose, serverSide } from "../../net/tls/server.ts";
import { TlsSocket } from "../../net/tls/socket.ts";
import { challengeProtocol } from "../../tls/alpn.ts";
import { Timer } from "../../time/wheel.ts";
import type { Frontend } from "../frontend.ts";
import type { OpenSession } from "../proxy-header.ts";
import { remaining, type Session } from "../session-list.ts";

/** Why there is no connection, in HAProxy's words. */
const messages: Readonly<Record<Exclude<TlsFailure, ""> | "timeout", string>> = {
  "nothing came": "Connection closed during SSL handshake",
  closed: "Connection closed during SSL handshake",
  broken: "Connection error during SSL handshake",
  handshake: "SSL handshake failure",
  certificate: "SSL client certificate not trusted",
  authority: "SSL client CA chain cannot be verified",
  timeout: "Timeout during SSL handshake",
};

/**
 * A connection whose handshake is not done. It counts as one of the frontend's, and has `timeout
 * client` for it. It is also that time-out.
 */
export class TlsHandshake extends Timer implements SocketEvents, Session {
  place = -1;
  serial = 0;
  readonly socket: TlsSocket;
  readonly #acceptedAt: number;
  readonly #client: string;
  #over = false;

  /**
   * @param inner the connection, whose events {@linkcode TlsHandshake.socket} takes
   * @param addresses the client's
   * @param listener its name, or its number in the frontend, from 1: for the log
   * @param removeSession removes it from the list of sessions
   * @param open begins the session
   */
  constructor(
    inner: Socket,
    readonly frontend: Frontend,
    readonly addresses: Addresses,
    readonly listener: string,
    choose: Choose,
    readonly removeSession: (self: TlsHandshake) => void,
    readonly open: OpenSession,
  ) {
    super();
    const { wheel, clock } = frontend.runtime;
    this.#acceptedAt = clock.wall();
    // Now, for when it is logged the client may be gone, and its address with it.
    this.#client = `${addresses.remoteAddress || "unix"}:${addresses.remotePort}`;
    const later = (delay: number, act: () => void) => clock.schedule(delay, act);
    this.socket = TlsSocket.accept(inner, serverSide(choose), this, later);
    inner.expectMuch?.(false);
    wheel.set(this, frontend.idleTimeout(frontend.timeouts.client));
  }

  facts(): ReturnType<Session["facts"]> {
    const { clock } = this.frontend.runtime;
    return {
      protocol: this.addresses.remoteAddress === "" ? "unix_stream" : "tcpv4",
      source: this.#client,
      frontend: this.frontend.config.name,
      backend: null,
      server: null,
      age: clock.wall() - this.#acceptedAt,
      requests: 0,
      received: 0,
      sent: 0,
      expires: remaining(this.deadline, clock.now()),
      queued: false,
    };
  }
  kill(server: object | null): void {
    if (server === null) this.abandon();
  }

  /** The handshake is done: the session begins. */
  opened(socket: Socket): void {
    if (this.#over) return;
    // That was all that an authority wants (RFC 8737, 3).
    if (this.socket.alpn === challengeProtocol) return this.#leave();
    // Should that throw, the connection is still this one's, which hears of its end.
    const session = this.open(socket, this.frontend, this.addresses);
    this.#finish();
    this.removeSession(this);
    socket.events = session;
  }
  data(): void {}
  drain(): void {}
  ended(): void {}
  override abandon(): void {
    if (this.#over) return;
    this.#finish();
    this.socket.reset();
    this.frontend.sessionEnded(this);
  }
  closed(): void {
    if (this.#over) return;
    const { failureKind, failure } = this.socket;
    this.#log(failureKind === "" ? "broken" : failureKind, failure);
    this.#finish();
    this.frontend.sessionEnded(this);
  }
  override fire(): void {
    if (this.#over) return;
    this.#log("timeout", "");
    this.#leave();
  }
  /** The proxy stops: the handshake is not waited for long. */
  softStop(): void {
    const { wheel, clock } = this.frontend.runtime;
    wheel.set(this, this.frontend.idleTimeout(Math.max(0, this.deadline - clock.now())));
  }

  #leave(): void {
    this.#finish();
    this.socket.close();
    this.frontend.sessionEnded(this);
  }

  #finish(): void {
    this.#over = true;
    this.frontend.runtime.wheel.remove(this);
  }

  /** A line of its own, whatever the log format, as in HAProxy; with the reason, as in later ones. */
  #log(why: keyof typeof messages, reason: string): void {
    const { config, runtime } = this.frontend;
    if (config.dontlognull && why === "nothing came") return;
    const date = localDates.traffic(this.#acceptedAt);
    const where = `${config.name}/${this.listener}`;
    const words = why === "handshake" && reason !== "" ? ` (${reason})` : "";
    const text = `${this.#client} [${date}] ${where}: ${messages[why]}${words}`;
    runtime.log.event(config, "info", text);
  }
}
