import type { HeadJournal } from "../../http/h1/journal.ts";
import type { Head } from "../../http/head.ts";
import { expiry, type RequestCookie } from "../../persist/request.ts";
import type { ResponseContext } from "../../persist/response.ts";
import type { Backend } from "../backend.ts";
import type { Server } from "../server.ts";
import type { Assignment } from "../stream/assignment.ts";
import { editResponseCookies } from "./response.ts";

/**
 * What the persistence cookie of a request says of its server, and what the response does with it.
 */
export class Persistence implements ResponseContext {
  readonly request: RequestCookie = { server: null, lastDate: 0, firstDate: 0 };
  post = false;
  now = 0;
  #requestState = "-";
  #responseState = "-";

  constructor(readonly assignment: Assignment) {}

  get serverCookie(): string | null {
    return this.assignment.server?.cookie ?? null;
  }
  get direct(): boolean {
    return this.assignment.direct;
  }

  /** Begins with a request. @param post it is a POST */
  begin(post: boolean): void {
    this.post = post;
    this.#requestState = this.#responseState = "-";
    this.request.server = null;
    this.request.lastDate = this.request.firstDate = 0;
  }

  /**
   * The server that the request's cookie names, if it may be used; notes the cookie's state.
   * @param force also where it is down (manual: "force-persist")
   */
  wanted(backend: Backend, force = false): Server | null {
    const { cookie: policy } = backend;
    if (policy === null) return null;
    this.#responseState = "N";
    const { request } = this;
    if (request.server === null) {
      this.#requestState = "N";
      return null;
    }
    const expired = expiry(policy, request, this.#seconds(backend));
    if (expired !== null) {
      this.#requestState = expired;
      return null;
    }
    const wanted = backend.byCookie(request.server, force || backend.config.persist);
    const down = wanted === null ? backend.knowsCookie(request.server) : !wanted.serves;
    this.#requestState = down ? "D" : wanted !== null ? "V" : "I";
    return wanted;
  }

  /** Notes what becomes of the cookie in the response. */
  editResponse(backend: Backend, journal: HeadJournal, head: Head, bytes: Uint8Array): void {
    const { cookie } = backend;
    if (cookie === null) return;
    this.now = this.#seconds(backend);
    this.#responseState = editResponseCookies(journal, head, bytes, cookie, this);
  }

  /** Seconds since 1970. */
  #seconds({ runtime }: Backend): number {
    return Math.floor(runtime.clock.wall() / 1000);
  }

  /** For the log, both cookies' states (manual: "Session state at disconnection", 3rd and 4th). */
  states({ cookie }: Backend): string {
    if (cookie === null || cookie.mode === "passive") return "--";
    // A cookie's server that turned out not to work counts as down.
    const down = this.assignment.redispatched && this.#requestState === "V";
    return (down ? "D" : this.#requestState) + this.#responseState;
  }
}
