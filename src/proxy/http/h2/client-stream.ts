import { ByteBuffer } from "../../../bytes/byte-buffer.ts";
import { appendChunk, lastChunk } from "../../../http/h1/chunk-data.ts";
import { Unchunker } from "../../../http/h1/unchunk.ts";
import type { HeadJournal } from "../../../http/h1/journal.ts";
import { HpackEncoder } from "../../../http/h2/hpack-encoder.ts";
import { writeResponse, writeTrailers } from "../../../http/h2/message-writer.ts";
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from "../../../http/h2/protocol.ts";
import type { Http2Session } from "../../../http/h2/session.ts";
import type { Http2Stream, StreamUser } from "../../../http/h2/stream.ts";
import type { TrailerReader } from "../../../http/h2/trailer-reader.ts";
import type { Addresses } from "../../../net/proxy-protocol/header.ts";
import type { Socket } from "../../../net/socket.ts";
import type { Counters } from "../../../stick-table/counters.ts";
import { Timer } from "../../../time/wheel.ts";
import type { Frontend } from "../../frontend.ts";
import type { SessionState } from "../../rules/session.ts";
import type { PrivateConnections } from "../../stream/pool.ts";
import { type BufferOwner, copiedBuffer } from "../../stream/send-buffer.ts";
import type { ServerConnection } from "../../stream/server-connection.ts";
import type { AcceptedClient } from "../accepted-client.ts";
import type { HttpClient } from "../client.ts";
import type { AddressField } from "../request.ts";
import type { HttpTransaction } from "../transaction.ts";
import { OutgoingContent } from "./outgoing-content.ts";

/** Heads are written one at a time, and so are blocks of fields: one buffer serves all. */
const scratch = new ByteBuffer(32_768);
const encoder = new HpackEncoder();
/** A piece of a request's content, in the chunked coding. */
const chunk = new ByteBuffer(32_768);
const nothing = new Uint8Array(0);

/** How a request's content goes on. */
const NO_CONTENT = 0;
const AS_IT_IS = 1;
const CHUNKED = 2;

/** What a stream needs of its connection. */
export interface StreamConnection {
  readonly socket: Socket;
  readonly frontend: Frontend;
  readonly addresses: Addresses;
  readonly accepted: AcceptedClient;
  readonly session: Http2Session;
  /** Requests so far. */
  readonly requests: number;
  /** The client opens a WebSocket by this stream. */
  isWebSocket(stream: Http2ClientStream): boolean;
  /** Has a stream go on at the end of this turn. */
  goOnLater(stream: Http2ClientStream): void;
  /** A transaction is over, and may serve another stream. */
  releaseTransaction(transaction: HttpTransaction): void;
  /** A stream is over, perhaps the last one: what it was is free for another. */
  onStreamOver(stream: Http2ClientStream): void;
}

/**
 * One request of a client in HTTP/2, and the response to it: a stream of the connection, as the client's
 * side of a transaction. What the client may not take yet waits here; what the transaction will not
 * take yet is not given back to the client's window, so that its neighbours go on. It is also the
 * time-out of its client's side.
 */
export class Http2ClientStream extends Timer implements HttpClient, StreamUser {
  readonly httpMajor = 2;
  readonly frontend: Frontend;
  /** Requests of the connection so far. */
  requests = 0;
  readonly nothingCame = false;
  sent = 0;
  #transaction: HttpTransaction | null = null;
  /** How the request's content goes on, and whether all of it has come. */
  #content = NO_CONTENT;
  /** The response's content comes in the chunked coding; null: as it is. */
  #unchunker: Unchunker | null = null;
  /** Its head has been sent. */
  #answered = false;
  /** Content that the client may not be sent yet. */
  readonly #out = new OutgoingContent();
  #paused = false;
  /** Content that came while it was paused, and whether it was the last of it. */
  #held: ByteBuffer | null = null;
  #heldEnds = false;
  /** Bytes that have gone on, and are not given back to the client's window yet. */
  #uncredited = 0;
  /** It is, or may become, a tunnel; and it is one. */
  #mayTunnel = false;
  #tunnel = false;
  #gone = false;

  stream: Http2Stream;

  constructor(readonly connection: StreamConnection, stream: Http2Stream) {
    super();
    this.frontend = connection.frontend;
    this.stream = stream;
    this.take(stream);
  }

  /** Is for this stream from now on, the one before being over. */
  take(stream: Http2Stream): void {
    this.stream = stream;
    stream.user = this;
    this.requests = this.connection.requests;
    this.sent = this.#uncredited = 0;
    this.#unchunker = this.#held = this.#heldTrailers = null;
    this.#answered =
      this.#paused =
      this.#heldEnds =
      this.#mayTunnel =
      this.#tunnel =
      this.#gone =
        false;
  }

  get transaction(): HttpTransaction | null {
    return this.#transaction;
  }

  /**
   * Begins a transaction, which the caller begins in its turn.
   * @param length of the request's content; -1: it is not known; 0: there is none
   * @param mayTunnel it is a CONNECT
   */
  begin(transaction: HttpTransaction, length: number, mayTunnel: boolean): void {
    this.#transaction = transaction;
    this.#mayTunnel = mayTunnel;
    this.#content = mayTunnel || length === 0 ? NO_CONTENT : length > 0 ? AS_IT_IS : CHUNKED;
    if (length >= 0 && !mayTunnel) this.stream.expected = length;
  }

  // ---- what is known of the client ----

  get socket(): Socket {
    return this.connection.socket;
  }
  get addresses(): Addresses {
    return this.connection.addresses;
  }
  get glitches(): number {
    return this.connection.session.glitches;
  }
  get clientAddress(): string {
    return this.connection.accepted.clientAddress;
  }
  get remotePort(): number {
    return this.connection.accepted.remotePort;
  }
  get acceptedAt(): number {
    return this.connection.accepted.acceptedAt;
  }
  get state(): SessionState {
    return this.connection.accepted.state;
  }
  get tracked(): Counters | null {
    return this.connection.accepted.tracked;
  }
  get privates(): PrivateConnections | null {
    return this.connection.accepted.privates;
  }
  addressLine(field: AddressField | null, own: boolean): Uint8Array | null {
    return this.connection.accepted.addressLine(field, own);
  }
  keepPrivate(connection: ServerConnection): void {
    this.connection.accepted.keepPrivate(connection);
  }

  // ---- from the client ----

  onStreamData(bytes: Uint8Array, from: number, to: number, ends: boolean): void {
    if (this.#transaction === null) return this.#discard(to - from);
    if (this.#paused || this.#mayTunnel && !this.#tunnel) {
      this.#hold(bytes, from, to, ends);
      return;
    }
    try {
      this.#deliver(bytes, from, to, ends);
    } catch (error) {
      this.frontend.runtime.fault(error, this);
    }
  }

  /** Trailers have come, the last of the request. */
  onTrailers(trailers: TrailerReader): void {
    const out = this.#content === CHUNKED ? trailers.finish() : null;
    const transaction = this.#transaction;
    if (transaction === null) return;
    if (this.#paused) {
      const held = this.#held ??= new ByteBuffer(1024);
      if (out !== null) this.#heldTrailers = out.bytes.slice(0, out.length);
      held.append(nothing, 0, 0);
      this.#heldEnds = true;
      return;
    }
    try {
      if (out === null) this.#deliver(nothing, 0, 0, true);
      else transaction.onRequestContent(out.bytes, 0, out.length, copiedBuffer, true);
    } catch (error) {
      this.frontend.runtime.fault(error, this);
    }
  }
  #heldTrailers: Uint8Array | null = null;

  #hold(bytes: Uint8Array, from: number, to: number, ends: boolean): void {
    const held = this.#held ??= new ByteBuffer(Math.max(1024, to - from));
    held.append(bytes, from, to);
    this.#heldEnds ||= ends;
  }

  /** Hands content to the transaction, framed as it must be. */
  #deliver(bytes: Uint8Array, from: number, to: number, ends: boolean): void {
    const transaction = this.#transaction!;
    this.#uncredited += to - from;
    if (this.#tunnel) {
      if (from < to) transaction.onRequestContent(bytes, from, to, copiedBuffer, false);
      if (ends && this.#transaction === transaction) transaction.onClientEnded();
    } else if (this.#content === CHUNKED) {
      chunk.clear();
      appendChunk(chunk, bytes, from, to);
      const trailers = ends ? this.#heldTrailers ?? lastChunk : nothing;
      chunk.append(trailers, 0, trailers.length);
      transaction.onRequestContent(chunk.bytes, 0, chunk.length, copiedBuffer, ends);
    } else {
      transaction.onRequestContent(bytes, from, to, copiedBuffer, ends);
    }
    this.#credit();
  }

  /** Gives back to the client's window what has gone on, unless that is held up. */
  #credit(): void {
    if (this.#paused || this.#uncredited === 0) return;
    const count = this.#uncredited;
    this.#uncredited = 0;
    this.connection.session.consumed(this.stream, count);
  }

  /** Nobody wants it any more. */
  #discard(count: number): void {
    this.connection.session.consumed(this.stream, count);
  }

  onStreamReset(): void {
    if (this.#gone) return;
    this.#gone = true;
    try {
      this.#transaction?.onClientClosed();
    } catch (error) {
      this.frontend.runtime.fault(error, this);
    }
    this.#release();
    this.#leave();
  }

  onStreamWritable(): void {
    if (this.#out.empty || !this.#out.goOn(this.connection.session, this.stream)) return;
    try {
      this.#transaction?.onClientDrained();
    } catch (error) {
      this.frontend.runtime.fault(error, this);
    }
  }

  /** The connection is gone. */
  onConnectionClosed(): void {
    this.onStreamReset();
  }

  override fire(): void {
    this.#transaction?.onClientTimeout();
  }

  // ---- to the client ----

  get empty(): boolean {
    return this.#out.empty;
  }

  sendInterim(journal: HeadJournal, _owner: BufferOwner | null): boolean {
    if (this.#gone) return true;
    this.#write(journal);
    const { session } = this.connection;
    session.beginFields(encoder);
    writeResponse(encoder, scratch.bytes, 0, scratch.length);
    session.sendFields(this.stream, encoder, false);
    return true;
  }

  sendHead(
    journal: HeadJournal,
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: BufferOwner | null,
  ): boolean {
    if (this.#gone) return true;
    this.#write(journal);
    const { session } = this.connection;
    session.beginFields(encoder);
    const isChunked = writeResponse(
      encoder,
      scratch.bytes,
      0,
      scratch.length,
      this.#statusInstead(),
    );
    session.sendFields(this.stream, encoder, false);
    this.#answered = true;
    if (isChunked) {
      this.#unchunker ??= new Unchunker();
      this.#unchunker.begin();
    }
    return from === to || this.sendContent(bytes, from, to, owner);
  }

  #write(journal: HeadJournal): void {
    scratch.clear();
    journal.write(scratch);
    this.sent += scratch.length;
  }

  /** RFC 8441, section 5: that a WebSocket is open, says a 200; 0: the status is what it is. */
  #statusInstead(): number {
    if (!this.connection.isWebSocket(this)) return 0;
    // "HTTP/1.1 101"
    const status = scratch.bytes[9]!;
    if (status === 49) return 200;
    return status === 50 ? 502 : 0;
  }

  sendContent(bytes: Uint8Array, from: number, to: number, owner: BufferOwner | null): boolean {
    if (this.#gone) return true;
    if (this.#unchunker === null) this.#send(bytes, from, to, owner);
    else this.#unchunker.read(bytes, from, to, this.#sendPiece ??= this.#createSender());
    return this.empty;
  }

  /** Sends a piece of a chunked content; made once it is needed. */
  #sendPiece: ((bytes: Uint8Array, from: number, to: number) => void) | null = null;
  #createSender() {
    return (bytes: Uint8Array, from: number, to: number) =>
      this.#send(bytes, from, to, copiedBuffer);
  }

  #send(bytes: Uint8Array, from: number, to: number, owner: BufferOwner | null): void {
    this.sent += to - from;
    this.#out.send(this.connection.session, this.stream, bytes, from, to, owner);
  }

  openTunnel(): void {
    this.#tunnel = true;
    this.#paused = false;
    this.#unchunker = null;
    if (this.#held !== null) this.connection.goOnLater(this);
  }

  shutdown(): void {
    if (!this.#gone && this.empty) this.connection.session.end(this.stream);
  }
  peerGone(): boolean {
    return this.#gone || this.connection.socket.peerGone();
  }
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#held !== null) this.connection.goOnLater(this);
    else this.#credit();
  }

  /** Hands on what was held, once what had it go on has returned. */
  goOn(): void {
    const held = this.#held;
    if (this.#paused || held === null || this.#transaction === null) return;
    this.#held = null;
    const ends = this.#heldEnds;
    this.#heldEnds = false;
    this.#deliver(held.bytes, 0, held.length, ends);
  }

  setTimeout(ms: number | null): void {
    this.frontend.runtime.wheel.set(this, ms);
  }

  end(_keep: boolean, sending: boolean): void {
    const { session } = this.connection;
    this.#release();
    if (this.#gone) return;
    this.#gone = true;
    if (!this.#answered) {
      session.reset(this.stream, CANCEL);
    } else {
      const unchunker = this.#unchunker;
      if (unchunker !== null && unchunker.trailersLength > 2) {
        session.beginFields(encoder);
        writeTrailers(encoder, unchunker.trailers, 0, unchunker.trailersLength);
        session.sendFields(this.stream, encoder, true);
      } else {
        session.end(this.stream);
      }
      // RFC 9113, section 8.1: what is still to come of the request is not wanted.
      if (sending || !this.stream.remoteEnd) session.reset(this.stream, NO_ERROR);
    }
    this.#leave();
  }

  abort(_ambiguous: boolean): void {
    this.#release();
    if (this.#gone) return;
    this.#gone = true;
    this.connection.session.reset(this.stream, INTERNAL_ERROR);
    this.#leave();
  }

  override abandon(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.connection.session.reset(this.stream, INTERNAL_ERROR);
    this.#transaction?.onClientClosed();
    this.#release();
    this.#leave();
  }

  /** It is free for another stream. */
  #leave(): void {
    this.stream.user = null;
    this.connection.onStreamOver(this);
  }

  #release(): void {
    const transaction = this.#transaction;
    this.frontend.runtime.wheel.clear(this);
    this.#out.drop();
    this.#held = null;
    if (transaction === null) return;
    this.#transaction = null;
    this.connection.releaseTransaction(transaction);
  }

  // ---- nothing passes unseen ----

  unseen(): number {
    return 0;
  }
  passed(): boolean {
    return false;
  }
  spliceFrom(): void {}
  sourceGone(): void {}
  sentUnseen(): void {}
}
