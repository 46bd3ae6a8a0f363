/**
 * The seam between a transaction and the protocols at its two ends. The core knows a client's side
 * and a server's side by these interfaces only, and never asks what is behind them: an HTTP/1
 * connection, a TCP connection, a service of this process, later an HTTP/2 stream.
 *
 *              ClientEvents                     ServerEvents
 *     client  -------------->  transaction  <--------------  server
 *             <--------------               -------------->
 *              ClientEndpoint                   ServerEndpoint
 *
 * A message passes as head, content, end. A head is an index over its bytes and a journal of edits
 * (http/head.ts, http/h1/journal.ts), which an endpoint writes in its own protocol. Content passes
 * in the form that its framing has in HTTP/1, chunks and trailer section included, since between
 * two HTTP/1 connections nothing need be taken apart: an endpoint of another protocol takes that
 * form off and puts it on.
 *
 * Backpressure runs through the returned flags: what sends returns false when its bytes wait, and
 * the core pauses the other side until `on…Drained`.
 */
import type { Head } from "../../http/head.ts";
import type { HeadJournal } from "../../http/h1/journal.ts";
import type { Socket } from "../../net/socket.ts";
import type { BufferOwner } from "./send-buffer.ts";

/** What both sides have in common. */
export interface StreamEndpoint {
  /** Nothing that was sent waits for the peer. */
  readonly empty: boolean;
  /**
   * Sends bytes[from, to) of the content.
   * @param owner keeps bytes beyond the call; null: they stay as they are
   * @returns whether all of it was taken: if not, `on…Drained` follows
   */
  sendContent(bytes: Uint8Array, from: number, to: number, owner: BufferOwner | null): boolean;
  /** Ends this direction (a half-close), where the protocol has that, after what waits. */
  shutdown(): void;
  /** Stops the content of the other direction, until {@linkcode resume}. */
  pause(): void;
  resume(): void;
  /** Whether the peer has left, asked of the kernel. */
  peerGone(): boolean;
  /** The socket whose bytes can pass without being seen (splice); null: there is none. */
  readonly socket: Socket | null;
}

/** The side of the client. */
export interface ClientEndpoint extends StreamEndpoint {
  /** Sends an interim response, of status 1xx. @returns as sendContent */
  sendInterim(journal: HeadJournal, owner: BufferOwner | null): boolean;
  /**
   * Sends the head of the final response, and with it the content that is there already,
   * bytes[from, to). @returns as sendContent
   */
  sendHead(
    journal: HeadJournal,
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: BufferOwner | null,
  ): boolean;
  /** From here on both directions are a tunnel (RFC 9110, sections 7.8 and 9.3.6). */
  openTunnel(): void;
  /**
   * The response is over, and has been taken.
   * @param keep the client may go on with another request
   * @param sending it may still be sending this one
   */
  end(keep: boolean, sending: boolean): void;
  /**
   * Ends within the response, what was sent having been taken.
   * @param ambiguous an orderly end would look as if the response were complete
   */
  abort(ambiguous: boolean): void;
}

/** What a client's side calls back. */
export interface ClientEvents {
  /** More of the request's content. @param done it was the last of it */
  onRequestContent(
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: BufferOwner | null,
    done: boolean,
  ): void;
  /** The framing of the content is broken. */
  onRequestInvalid(reason: string): void;
  /** The client takes bytes again, all that waited having gone. */
  onClientDrained(): void;
  /** The client has half-closed. */
  onClientEnded(): void;
  /** The client is gone. */
  onClientClosed(): void;
  /** The time-out that the transaction set for the client has run out. */
  onClientTimeout(): void;
}

/** A connection that has served is kept for others, closed in good order, or reset. */
export type ReleaseMode = "keep" | "close" | "reset";

/** The side of the server, or of what answers in its place. */
export interface ServerEndpoint extends StreamEndpoint {
  /**
   * The server leaves the connection open behind the response, and nothing is on it that does not
   * belong to this exchange.
   */
  readonly reusable: boolean;
  /** The exchange is over. @param mode what becomes of the connection */
  release(mode: ReleaseMode): void;
}

/** What a server's side calls back. */
export interface ServerEvents {
  /** An interim response, bytes[head.lineStart, end). */
  onInterim(head: Head, bytes: Uint8Array, end: number, owner: BufferOwner | null): void;
  /**
   * The head of the final response ends before bytes[end]; content that came with it is
   * content[from, to).
   * @param framing how the content ends: see h1/content.ts
   * @param done it is all of the content
   */
  onResponse(
    head: Head,
    bytes: Uint8Array,
    end: number,
    framing: number,
    content: Uint8Array,
    from: number,
    to: number,
    owner: BufferOwner | null,
    done: boolean,
  ): void;
  /** More of the content. */
  onResponseContent(
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: BufferOwner | null,
    done: boolean,
  ): void;
  /** The response is complete. */
  onResponseEnd(): void;
  /** What came is no HTTP. */
  onResponseInvalid(reason: string, bytes: Uint8Array): void;
  /** The server takes bytes again. */
  onServerDrained(): void;
  /** In a tunnel: the server has half-closed. */
  onServerEnded(): void;
  /**
   * The server is gone before the response was complete.
   * @param silent it has not answered at all
   */
  onServerClosed(silent: boolean): void;
  /** It has thrown: it is in no state to go on, and all that it holds is released. */
  abandon(): void;
}
