import { METHOD_HEAD } from "../../http/head.ts";
import type { RuleStream } from "../../rules/stream.ts";
import type { RequestMessage, Service, ServiceResponse } from "../../services/service.ts";
import type { ServerEndpoint, ServerEvents } from "../stream/endpoints.ts";
import { ResponseReader } from "./response-reader.ts";

/** The server's side of a transaction, where a service of this process answers. */
export class ServiceStream implements ServerEndpoint, ServiceResponse {
  readonly #reader: ResponseReader;
  #active = false;
  #paused = false;
  #cancel: (() => void) | void = undefined;

  constructor(readonly events: ServerEvents, headLimit: number) {
    this.#reader = new ResponseReader(events, headLimit);
  }

  /**
   * Has a service answer.
   * @param method of the request, one of METHOD_...
   * @param message the request, where the service may ask for it
   * @param stream what rules know of it
   */
  begin(
    service: Service,
    method: number,
    message: RequestMessage | null = null,
    stream: RuleStream | null = null,
  ): void {
    this.#reader.begin(method, false);
    this.#active = true;
    this.#paused = false;
    this.#cancel = undefined;
    this.onResume = null;
    const cancel = service.serve({ bodiless: method === METHOD_HEAD, message, stream }, this);
    if (this.#active) this.#cancel = cancel;
    else cancel?.();
  }

  // ---- to the service ----

  readonly socket = null;
  readonly empty = true;
  readonly reusable = false;
  /** What a service needs of a request, it is asked for at its beginning. */
  sendContent(): boolean {
    return true;
  }
  shutdown(): void {}
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.onResume?.();
  }
  peerGone(): boolean {
    return !this.#active;
  }
  release(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#cancel?.();
    this.#cancel = undefined;
    this.onResume = null;
    this.#reader.clear();
  }

  // ---- from the service ----

  onResume: (() => void) | null = null;

  send(bytes: Uint8Array): boolean {
    if (!this.#active) return false;
    this.#reader.read(bytes, null);
    return this.#active && !this.#paused;
  }
  end(): void {
    if (this.#active && !this.#reader.ended()) this.events.onServerClosed(!this.#reader.answered);
  }
}
