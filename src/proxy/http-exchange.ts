import { type Content, createContent, TUNNEL } from "../http/h1/content.ts";
import { textOf } from "../http/bytes.ts";
import { METHOD_HEAD, METHOD_OTHER } from "../http/head.ts";
import { ownReply } from "../http/reply.ts";
import { HeadWriter } from "../http/h1/writer.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { Frontend } from "./frontend.ts";
import type { HttpSession } from "./http-session.ts";
import type { Keeper } from "./outlet.ts";
import { logSession } from "./session-log.ts";
import { Stream } from "./stream.ts";
import { CONNECTED, ENDED, QUEUED } from "./stream-state.ts";

/** What a stream's buffer holds to begin with: most heads. */
const bufferSize = 2048;
/** A buffer that grew beyond this is not kept for later requests. */
const largestBuffer = 4096;

/**
 * One request and its response: what the ways of both know of it, its time-outs, and its end. The
 * request's way is in http-request-way.ts, the response's in http-stream.ts, which extend this.
 */
export abstract class HttpExchange extends Stream {
  protected session!: HttpSession;
  protected frontend!: Frontend;
  protected readonly requestContent: Content = createContent();
  protected readonly responseContent: Content = createContent();
  protected method = METHOD_OTHER;
  /** The client's version is HTTP/1.minor. */
  protected minor = 1;
  /** The client's connection may carry another request after this one. */
  protected keep = false;
  /** The response's head has been sent to the client. */
  protected responding = false;
  /** The exchange with the server is over; the client has not taken all of it yet. */
  protected flushing = false;
  /** In a tunnel: a side has ended its direction. */
  protected clientHasEnded = false;
  protected serverHasEnded = false;

  /** The head as it goes to the server, and with it what content there was before it could go. */
  protected buffer = new HeadWriter(bufferSize);
  /** Content that came before the connection and has no room behind the head. */
  protected pending: Uint8Array | null = null;
  /** The beginning of a response's head. */
  protected carry: Uint8Array | null = null;

  // for the log
  /** Bytes sent to the client. */
  bytes = 0;
  acceptDate = 0;
  startedAt = -1;
  readAt = -1;
  respondedAt = -1;
  protected status = -1;
  protected lineLength = 0;
  #termination = "--";
  /** It is of a monitor: not logged (manual: "monitor-uri"). */
  #monitor = false;
  protected requestState = "-";
  protected responseState = "-";

  /** The request line as it came. */
  get requestLine(): string {
    return textOf(this.buffer.bytes, 0, this.lineLength);
  }

  override get clientAddress(): string {
    return this.session.clientAddress;
  }
  override get clientPort(): number {
    return this.session.addresses.localPort;
  }
  override get addresses(): Addresses {
    return this.session.addresses;
  }
  protected override get clientGone(): boolean {
    return this.session.socket.peerGone();
  }
  protected override abort(): void {
    this.over(this.phase("C"));
  }

  protected get isTunnel(): boolean {
    return this.responding && this.responseContent.kind === TUNNEL;
  }

  /** Forgets the exchange before this one. */
  protected reset(): void {
    this.pending = this.carry = null;
    this.responding =
      this.flushing =
      this.clientHasEnded =
      this.serverHasEnded =
        false;
    this.status = this.respondedAt = -1;
    this.bytes = 0;
    this.#termination = "--";
    this.#monitor = false;
    this.requestState = this.responseState = "-";
  }

  /** Hands bytes[from, to) to the client. @returns whether it took them all: see Outlet.push */
  protected toClient(bytes: Uint8Array, from: number, to: number, owner: Keeper | null): boolean {
    this.bytes += to - from;
    return this.session.out.push(bytes, from, to, owner);
  }

  /** Answers for the server, if it is not too late for that. */
  protected refuse(status: number, termination: string): void {
    if (this.responding) {
      this.truncate(termination);
      return;
    }
    this.#termination = termination;
    this.keep &&= status >= 500;
    this.releaseConnection(false);
    this.#reply(status);
  }

  /** Answers a monitor: the proxy is alive. */
  protected answerMonitor(): void {
    this.#monitor = true;
    this.#reply(200);
  }

  /** Answers without a server. The client need not have sent all of its request. */
  #reply(status: number): void {
    this.status = status;
    this.keep &&= this.requestContent.done && !this.frontend.stopping;
    const connection = !this.keep ? "close" : this.minor === 0 ? "keep-alive" : "";
    const reply = ownReply(status, connection, this.method === METHOD_HEAD);
    this.toClient(reply, 0, reply.length, null);
    this.complete();
  }

  /** All that will be sent has been handed over; ends when the client has taken it. */
  protected complete(): void {
    if (this.session.out.empty) {
      this.finish();
      return;
    }
    this.flushing = true;
    this.frontend.runtime.wheel.set(this.session, this.frontend.timeouts.client);
  }

  /** The response cannot be completed: the client must not take it for complete. */
  protected truncate(termination: string): void {
    this.#termination = termination;
    this.#end();
    this.session.streamBroken();
  }

  /** Ends without regard to what the client still has to take. */
  protected over(termination: string): void {
    this.#termination = termination;
    this.keep = false;
    this.finish();
  }

  /** The client has been handed, or has left, all that it will get. */
  protected finish(): void {
    this.#end();
    this.session.streamEnded(this.keep, !this.requestContent.done);
  }

  #end(): void {
    this.leaveQueue();
    if (this.frontend.logs && !this.#monitor) this.#log();
    this.end();
    if (this.buffer.bytes.length > largestBuffer) this.buffer = new HeadWriter(bufferSize);
    this.pending = this.carry = null;
  }

  #log(): void {
    logSession(this.session, this, this.status, this.#termination + this.#cookieStates(), 0);
  }

  #cookieStates(): string {
    const { cookie } = this.frontend.backend;
    if (cookie === null || cookie.mode === "passive") return "--";
    // A cookie's server that turned out not to work counts as down.
    const down = this.redispatched && this.requestState === "V";
    return (down ? "D" : this.requestState) + this.responseState;
  }

  /** Who ended the session, and when (manual: "Session state at disconnection"). */
  protected phase(who: string): string {
    if (this.flushing) return `${who}L`;
    if (this.responding) return `${who}D`;
    if (this.state === QUEUED) return `${who}Q`;
    if (this.state !== CONNECTED) return `${who}C`;
    return `${who}${this.requestContent.done ? "H" : "D"}`;
  }

  /** Sets the time-outs of both sides by who owes the next byte. */
  protected arm(): void {
    if (this.flushing) return;
    const uploading = !this.requestContent.done;
    if (this.state !== CONNECTED) {
      if (uploading && this.state !== ENDED) this.#armClient(this.pending === null);
      return;
    }
    const blocked = !this.session.out.empty;
    const taken = this.connection!.out.empty;
    const awaited = uploading && taken;
    const tunnel = this.isTunnel;
    // Who has half-closed a tunnel owes only to take what is for it; and who is not read, as the
    // other is behind, need not speak.
    this.#armClient(blocked || awaited || (tunnel && !this.clientHasEnded && taken));
    const waits = tunnel
      ? !taken || (!this.serverHasEnded && !blocked)
      : !blocked && (!awaited || this.responding);
    this.frontend.runtime.wheel.set(this, waits ? this.backend.config.timeout.server : null);
  }

  #armClient(owes: boolean): void {
    const { wheel } = this.frontend.runtime;
    wheel.set(this.session, owes ? this.frontend.timeouts.client : null);
  }
}
