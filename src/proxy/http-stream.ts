import {
  passContent,
  responseFraming,
  scanContent,
  startContent,
  TUNNEL,
  unseenContent,
  UNTIL_CLOSE,
} from "../http/h1/content.ts";
import { createHead, METHOD_POST } from "../http/head.ts";
import { parseResponse } from "../http/h1/parse.ts";
import type { Socket } from "../net/socket.ts";
import type { RequestCookie } from "../persist/request.ts";
import type { ResponseContext } from "../persist/response.ts";
import { HttpRequestWay } from "./http-request-way.ts";
import { editResponse, planResponse } from "./http-response.ts";
import { copying, join, keep, type Keeper } from "./outlet.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Responses are parsed one at a time, within a call: one index serves all. */
const head = createHead();

/** Content up to this size is copied behind its head, to go out in one write. */
const smallContent = 4096;

/**
 * One request and its response; here is the response's way from the server to the client. Ended
 * streams serve later requests: nothing is made for each.
 */
export class HttpStream extends HttpRequestWay implements ResponseContext {
  /** The server leaves its connection open after this response. */
  #serverKeeps = false;

  // what editing the head depends on
  get serverCookie(): string | null {
    return this.server?.cookie ?? null;
  }
  get post(): boolean {
    return this.method === METHOD_POST;
  }
  get request(): RequestCookie {
    return this.found;
  }

  override serverData(connection: ServerConnection, bytes: Uint8Array): void {
    if (!this.responding) {
      this.#readHead(connection, bytes);
      return;
    }
    const response = this.responseContent;
    const end = scanContent(response, bytes, 0, bytes.length);
    if (end < 0) {
      this.truncate("PD");
      return;
    }
    const taken = this.toClient(bytes, 0, end, connection.socket);
    if (response.done) {
      this.#exchanged(end === bytes.length);
    } else {
      if (!taken) connection.socket.pause();
      else this.#splice(connection, end);
      this.arm();
    }
  }

  /** Lets the rest of the content pass without being seen, where that pays. */
  #splice(connection: ServerConnection, seen: number): void {
    if (!this.frontend.splice.response) return;
    const count = unseenContent(this.responseContent, seen);
    if (count > 0) this.session.out.splice(connection.socket, count, this);
  }

  /** Bytes have passed without being seen. */
  override passed(source: Socket, count: number): void {
    if (source === this.session.socket) {
      this.requestPassed(count);
      return;
    }
    this.bytes += count;
    passContent(this.responseContent, count);
    if (this.responseContent.done) this.#exchanged(true);
    else this.arm();
  }

  #readHead(connection: ServerConnection, bytes: Uint8Array): void {
    let owner: Keeper | null = connection.socket;
    if (this.carry !== null) {
      bytes = join(this.carry, bytes, 0, bytes.length);
      owner = null;
      this.carry = null;
    }
    const { headLimit } = this.frontend.runtime;
    let from = 0;
    let end: number;
    for (;;) {
      end = parseResponse(head, bytes, from, bytes.length);
      const size = (end > 0 ? end : bytes.length) - from;
      const interim = end > 0 && head.status < 200 && head.status !== 101;
      if (end < 0 || size > headLimit || (interim && responseFraming(head, this.method) < 0)) {
        this.refuse(502, "PH");
        return;
      }
      if (!interim) break;
      from = end;
    }
    // Interim responses pass on together: HTTP/1.0 knows none (RFC 9110, section 15.2).
    const taken = from === 0 || this.minor === 0 || this.toClient(bytes, 0, from, owner);
    if (end > 0) {
      this.#respond(connection, bytes, from, end, owner);
      return;
    }
    if (from < bytes.length) {
      this.carry = keep(bytes, from, bytes.length, owner);
    }
    if (!taken) connection.socket.pause();
    this.arm();
  }

  /** The head of the final response is bytes[from, end). */
  #respond(
    connection: ServerConnection,
    bytes: Uint8Array,
    from: number,
    end: number,
    owner: Keeper | null,
  ): void {
    const framing = responseFraming(head, this.method);
    if (framing < 0 || (head.status === 101 && !this.upgrade)) {
      this.refuse(502, "PH");
      return;
    }
    const response = this.responseContent;
    startContent(response, framing, head.contentLength);
    const contentEnd = scanContent(response, bytes, end, bytes.length);
    if (contentEnd < 0) {
      this.refuse(502, "PH");
      return;
    }
    this.responding = true;
    this.status = head.status;
    if (this.frontend.logs) this.respondedAt = this.frontend.runtime.clock.now();
    this.#serverKeeps = this.minor === 1 && head.minor === 1 ? !head.close : head.keepAlive;
    // Without a length only the close of the connection ends the content, here as there.
    this.keep &&= framing !== UNTIL_CLOSE && this.requestContent.done && !this.frontend.stopping;
    const { cookie } = this;
    const close = framing !== TUNNEL && !this.keep;
    const plan = planResponse(head, bytes, close, this.minor, cookie, this);
    this.responseState = plan.cookieState;
    let taken: boolean;
    if (!plan.edit) {
      taken = this.toClient(bytes, from, contentEnd, owner);
    } else {
      const edited = editResponse(plan, head, bytes, end, cookie, this.serverCookie);
      const small = contentEnd - end <= smallContent;
      if (small) {
        edited.append(bytes, end, contentEnd);
        taken = this.toClient(edited.bytes, 0, edited.length, copying);
      } else {
        this.bytes += edited.length + contentEnd - end;
        const { out } = this.session;
        taken = out.pushBoth(edited.bytes, edited.length, bytes, end, contentEnd, owner);
      }
    }
    if (response.done) {
      this.#exchanged(contentEnd === bytes.length);
      return;
    }
    if (!taken) connection.socket.pause();
    if (framing === TUNNEL) this.#openTunnel(connection);
    else if (taken) this.#splice(connection, contentEnd - end);
    this.arm();
  }

  /** From here on both directions pass on as they are; what the client sent ahead goes first. */
  #openTunnel(connection: ServerConnection): void {
    this.keep = false;
    const ahead = this.session.takeStash();
    if (ahead === null || connection.out.push(ahead, 0, ahead.length, null)) this.session.resume();
    else this.session.pause();
  }

  /**
   * The response is complete.
   * @param clean nothing followed it, in the same call, that nobody asked for
   */
  #exchanged(clean: boolean): void {
    const reusable = clean && this.#serverKeeps && !this.close && this.requestContent.done &&
      this.connection!.out.empty && this.responseContent.kind !== UNTIL_CLOSE &&
      this.connection!.socket.isQuiet();
    this.releaseConnection(reusable);
    this.complete();
  }

  override serverEnded(connection: ServerConnection): void {
    if (!this.responding) {
      this.#unanswered(connection);
    } else if (this.isTunnel) {
      this.serverHasEnded = true;
      if (this.clientHasEnded) this.over("--");
      else {
        if (this.session.out.empty) this.session.socket.shutdown();
        this.arm();
      }
    } else if (this.responseContent.kind === UNTIL_CLOSE) {
      this.responseContent.done = true;
      this.#exchanged(false);
    } else {
      this.truncate("SD");
    }
  }

  protected override serverBroke(connection: ServerConnection): void {
    if (!this.responding) this.#unanswered(connection);
    else if (this.isTunnel && this.serverHasEnded) this.over("--");
    else this.truncate("SD");
  }

  /** The server closed without an answer. An idle connection may have been closing all along. */
  #unanswered(connection: ServerConnection): void {
    const stale = connection.requests > 1 && this.carry === null && this.bytes === 0;
    if (stale && this.mayReplay) {
      connection.close();
      this.replay();
    } else {
      this.refuse(502, "SH");
    }
  }

  protected override timedOut(): void {
    if (this.responding) this.truncate("sD");
    else this.refuse(504, this.phase("s"));
  }
}
