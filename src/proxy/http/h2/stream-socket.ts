/**
 * A stream of a connection to a server in HTTP/2 that is a socket in HTTP/1 to its user: requests are
 * written to it, and responses come from it, as HTTP/1 has them. So retries, time-outs and the reading
 * of responses are the same, whatever the server speaks.
 */
import { ByteBuffer } from "../../../bytes/byte-buffer.ts";
import { bytesOf } from "../../../bytes/bytes.ts";
import { appendChunk, endChunks } from "../../../http/h1/chunk-data.ts";
import { parseRequest } from "../../../http/h1/parse.ts";
import { Unchunker } from "../../../http/h1/unchunk.ts";
import { createHead, METHOD_CONNECT, METHOD_HEAD } from "../../../http/head.ts";
import type { FieldSink } from "../../../http/h2/hpack-decoder.ts";
import { HpackEncoder } from "../../../http/h2/hpack-encoder.ts";
import { writeRequest, writeTrailers } from "../../../http/h2/message-writer.ts";
import { CANCEL, PROTOCOL_ERROR } from "../../../http/h2/protocol.ts";
import { ResponseFieldsReader } from "../../../http/h2/response-reader.ts";
import type { Http2Session } from "../../../http/h2/session.ts";
import type { Http2Stream, StreamUser } from "../../../http/h2/stream.ts";
import { TrailerReader } from "../../../http/h2/trailer-reader.ts";
import { type Socket, SocketError, type SocketEvents, writeBoth } from "../../../net/socket.ts";
import type { TlsFacts } from "../../../net/tls/facts.ts";
import { copiedBuffer } from "../../stream/send-buffer.ts";
import { OutgoingContent } from "./outgoing-content.ts";
import { switchingLine, websocketKey } from "./web-socket.ts";

/** Heads are read and written one at a time. */
const head = createHead();
const encoder = new HpackEncoder();
const reader = new ResponseFieldsReader();
const trailers = new TrailerReader();
const chunk = new ByteBuffer(32_768);

/** How the content of a message goes on. */
const NO_CONTENT = 0;
const AS_IT_IS = 1;
const CHUNKED = 2;
const TUNNEL = 3;

/** What a stream needs of its connection. */
export interface StreamCarrier {
  readonly socket: Socket;
  readonly session: Http2Session | null;
  readonly isSecure: boolean;
  /** How large a head may be, in bytes. */
  readonly headLimit: number;
  /** Has it go on once what is being called has returned. */
  goOnLater(stream: StreamSocket): void;
  /** The stream is over. */
  onStreamOver(): void;
}

/** See the head of this file. */
export class StreamSocket implements Socket, StreamUser {
  #stream: Http2Stream | null = null;
  /** The server has chosen HTTP/1 by ALPN: it is the connection itself. */
  #plain: Socket | null = null;
  #gone = false;
  /** The request: its head has been sent, its content goes on so, so much of it is left. */
  #headSent = false;
  #content = NO_CONTENT;
  #left = 0;
  #unchunker: Unchunker | null = null;
  readonly #out = new OutgoingContent();
  /** The user has ended its direction of a tunnel, behind what waits. */
  #ends = false;
  /** The response: how it is handed on, and whether all of it has come. */
  #isHead = false;
  #connects = false;
  #key: string | null = null;
  #response = NO_CONTENT;
  #complete = false;
  #paused = false;
  /** What came while it was paused, as it is handed on; and of it, bytes of the stream's window. */
  #held: ByteBuffer | null = null;
  #heldEnd = false;
  #uncredited = 0;

  /** @param carrier the connection, which may not stand yet */
  constructor(readonly carrier: StreamCarrier, public events: SocketEvents) {}

  /** The connection stands. @param session null: in HTTP/1 */
  begin(session: Http2Session | null): void {
    if (session === null) this.#plain = this.carrier.socket;
    else {
      this.#stream = session.open();
      this.#stream.user = this;
    }
  }
  /** Its user has given it up. */
  get isGone(): boolean {
    return this.#gone;
  }
  /** It is a connection in HTTP/1: it is the user's alone, and can be used again. */
  get isPlain(): boolean {
    return this.#plain !== null;
  }
  get #session(): Http2Session {
    return this.carrier.session!;
  }

  // ---- the socket ----

  get remoteAddress(): string {
    return this.carrier.socket.remoteAddress;
  }
  get remotePort(): number {
    return this.carrier.socket.remotePort;
  }
  get localAddress(): string {
    return this.carrier.socket.localAddress;
  }
  get localPort(): number {
    return this.carrier.socket.localPort;
  }
  get tls(): TlsFacts | null {
    return this.carrier.socket.tls ?? null;
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    if (this.#plain !== null) return this.#plain.write(bytes, from, to);
    if (this.#gone) return -1;
    if (this.#stream === null) return 0;
    let at = from;
    if (!this.#headSent) {
      at = this.#sendHead(bytes, from, to);
      if (at < 0) {
        // It cannot be said in HTTP/2 to this server.
        this.carrier.goOnLater(this);
        return to - from;
      }
    }
    return at - from + this.#sendContent(bytes, at, to);
  }

  writev(
    first: Uint8Array,
    firstFrom: number,
    firstTo: number,
    second: Uint8Array,
    secondFrom: number,
    secondTo: number,
  ): number {
    return writeBoth(this, first, firstFrom, firstTo, second, secondFrom, secondTo);
  }

  isQuiet(): boolean {
    return this.#plain !== null && this.#plain.isQuiet();
  }
  retain(bytes: Uint8Array, from: number, to: number): Uint8Array {
    return this.#plain === null ? bytes.slice(from, to) : this.#plain.retain(bytes, from, to);
  }
  expectMuch(much: boolean): void {
    this.#plain?.expectMuch?.(much);
  }
  pause(): void {
    if (this.#plain !== null) this.#plain.pause();
    this.#paused = true;
  }
  resume(): void {
    if (this.#plain !== null) this.#plain.resume();
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#held !== null || this.#heldEnd) this.carrier.goOnLater(this);
    else this.#credit();
  }
  shutdown(): void {
    if (this.#plain !== null) return this.#plain.shutdown();
    this.#ends = true;
    if (!this.#gone && this.#stream !== null && this.#out.empty) this.#session.end(this.#stream);
  }
  close(): void {
    if (this.#plain !== null) return this.#plain.close();
    if (this.#gone) return;
    this.#gone = true;
    this.#out.drop();
    this.#held = null;
    const stream = this.#stream;
    if (stream !== null && this.carrier.session !== null) {
      stream.user = null;
      this.#session.reset(stream, CANCEL);
    }
    this.carrier.onStreamOver();
  }
  reset(): void {
    if (this.#plain !== null) this.#plain.reset();
    else this.close();
  }
  peerGone(): boolean {
    return this.#plain === null
      ? this.#gone || this.carrier.socket.peerGone()
      : this.#plain.peerGone();
  }

  // ---- the request ----

  /** @returns where the head ends; -1: it cannot be sent */
  #sendHead(bytes: Uint8Array, from: number, to: number): number {
    const end = parseRequest(head, bytes, from, to);
    if (end <= 0) return -1;
    const session = this.#session;
    const stream = this.#stream!;
    this.#headSent = true;
    this.#isHead = head.method === METHOD_HEAD;
    this.#connects = head.method === METHOD_CONNECT;
    session.beginFields(encoder);
    if (head.upgrade && head.hasUpgrade) {
      this.#key = websocketKey(head, bytes);
      if (this.#key === null || !session.peer.extendedConnect) return -1;
      this.#connects = true;
    }
    writeRequest(encoder, bytes, head.lineStart, end, this.carrier.isSecure, this.#key !== null);
    this.#content = this.#connects
      ? TUNNEL
      : head.chunked
      ? CHUNKED
      : head.contentLength > 0
      ? AS_IT_IS
      : NO_CONTENT;
    this.#left = head.contentLength;
    if (head.chunked) (this.#unchunker ??= new Unchunker()).begin();
    session.sendFields(stream, encoder, this.#content === NO_CONTENT);
    return end;
  }

  /** @returns how much of bytes[from, to) has been taken */
  #sendContent(bytes: Uint8Array, from: number, to: number): number {
    if (from === to) return 0;
    const stream = this.#stream!;
    const session = this.#session;
    switch (this.#content) {
      case CHUNKED: {
        if (!this.#out.empty) return 0;
        const unchunker = this.#unchunker!;
        unchunker.read(bytes, from, to, this.#sendPiece);
        this.#finishChunked();
        return to - from;
      }
      case NO_CONTENT:
        return to - from;
      default: {
        const taken = session.sendData(stream, bytes, from, to);
        if (this.#content === AS_IT_IS) {
          this.#left -= taken;
          if (this.#left === 0) session.end(stream);
        }
        return taken;
      }
    }
  }

  readonly #sendPiece = (bytes: Uint8Array, from: number, to: number): void =>
    this.#out.send(this.#session, this.#stream!, bytes, from, to, copiedBuffer);

  #finishChunked(): void {
    const unchunker = this.#unchunker;
    const stream = this.#stream!;
    if (unchunker === null || !unchunker.done || !this.#out.empty || stream.localEnd) return;
    if (unchunker.trailersLength > 2) {
      this.#session.beginFields(encoder);
      writeTrailers(encoder, unchunker.trailers, 0, unchunker.trailersLength);
      this.#session.sendFields(stream, encoder, true);
    } else {
      this.#session.end(stream);
    }
  }

  // ---- the response ----

  /** What takes its fields. */
  get sink(): FieldSink {
    const { headLimit } = this.carrier;
    return this.#stream!.headed ? trailers.begin(headLimit) : reader.begin(headLimit);
  }

  /** A section of fields has come. */
  onFields(ends: boolean): void {
    const stream = this.#stream!;
    if (stream.headed) {
      if (trailers.malformed) return this.#break();
      if (this.#response === CHUNKED) {
        const { bytes, length } = trailers.finish();
        this.#hand(bytes, 0, length, 0);
      }
      return this.#end();
    }
    const { status } = reader;
    if (status >= 200 && status < 300 && this.#connects && reader.error === "") {
      const line = this.#key === null
        ? bytesOf(`HTTP/1.1 ${status} OK\r\n`)
        : switchingLine(this.#key);
      reader.finishTunnel(line);
      this.#response = TUNNEL;
    } else {
      if (!reader.finish(ends, this.#isHead)) return this.#break();
      if (status < 200) {
        if (ends) return this.#break();
        return this.#hand(reader.lines.bytes, 0, reader.lines.length, 0);
      }
      const bodiless = this.#isHead || status === 204 || status === 304;
      if (bodiless || ends) this.#response = NO_CONTENT;
      else this.#response = reader.length >= 0 ? AS_IT_IS : CHUNKED;
      if (this.#response === AS_IT_IS) stream.expected = reader.length;
    }
    stream.headed = true;
    this.#complete = ends && this.#response !== TUNNEL;
    this.#hand(reader.lines.bytes, 0, reader.lines.length, 0);
    if (ends) this.#end();
  }

  onStreamData(bytes: Uint8Array, from: number, to: number, ends: boolean): void {
    const count = to - from;
    if (this.#gone) return this.#session.consumed(this.#stream!, count);
    switch (this.#response) {
      case CHUNKED: {
        chunk.clear();
        appendChunk(chunk, bytes, from, to);
        if (ends) {
          this.#complete = true;
          endChunks(chunk);
        }
        this.#hand(chunk.bytes, 0, chunk.length, count);
        break;
      }
      case NO_CONTENT:
        this.#session.consumed(this.#stream!, count);
        break;
      default:
        if (ends && this.#response === AS_IT_IS) this.#complete = true;
        this.#hand(bytes, from, to, count);
        break;
    }
    if (ends) this.#end();
  }

  /** Hands bytes to the user, unless it has paused. @param count of the stream's window */
  #hand(bytes: Uint8Array, from: number, to: number, count: number): void {
    this.#uncredited += count;
    if (this.#paused || this.#held !== null) {
      (this.#held ??= new ByteBuffer(Math.max(1024, to - from))).append(bytes, from, to);
      return;
    }
    if (from < to) this.events.data(this, bytes.subarray(from, to));
    this.#credit();
  }

  #credit(): void {
    if (this.#paused || this.#uncredited === 0 || this.#gone) return;
    const count = this.#uncredited;
    this.#uncredited = 0;
    this.#session.consumed(this.#stream!, count);
  }

  /** The server's direction is over. */
  #end(): void {
    if (this.#gone) return;
    if (this.#paused || this.#held !== null) {
      this.#heldEnd = true;
      return;
    }
    // A response that has its length is complete without; after it, this would say too much.
    if (this.#response === TUNNEL) this.events.ended(this);
  }

  /** Hands on what was held, once what had it go on has returned. */
  goOn(): void {
    if (this.#gone || this.#plain !== null) return;
    if (!this.#headSent) return this.#break();
    if (this.#paused) return;
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#hand(held.bytes, 0, held.length, 0);
    if (this.#heldEnd && !this.#paused && !this.#gone) {
      this.#heldEnd = false;
      this.#end();
    }
  }

  /** What came is no response, or it cannot be asked for. */
  #break(): void {
    if (this.#gone) return;
    const stream = this.#stream!;
    stream.user = null;
    this.#session.reset(stream, PROTOCOL_ERROR);
    this.#fail();
  }

  onStreamReset(): void {
    if (!this.#gone && !(this.#complete && !this.#paused)) this.#fail();
    else if (!this.#gone) this.carrier.onStreamOver();
  }

  #fail(): void {
    this.#gone = true;
    this.#out.drop();
    this.#held = null;
    this.events.closed(this, new SocketError("ECONNRESET"));
    this.carrier.onStreamOver();
  }

  /** The connection is gone, or could not be made. */
  onConnectionClosed(error: SocketError): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#out.drop();
    this.events.closed(this, error);
  }

  onStreamWritable(): void {
    const stream = this.#stream!;
    if (!this.#out.empty) {
      if (!this.#out.goOn(this.#session, stream)) return;
      this.#finishChunked();
    }
    this.events.drain(this);
    if (this.#ends && !this.#gone && this.#out.empty) this.#session.end(stream);
  }
}
