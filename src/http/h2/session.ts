/**
 * A connection in HTTP/2, without I/O: bytes come in and become streams, what is sent on streams
 * becomes bytes. It is a server's or a client's side alike.
 *
 *             receive()                        onFields, onStreamData, onStreamReset
 *   socket  ------------>  FrameReader, HPACK  ------------------------------------->  streams
 *           <------------  FrameOutput         <-------------------------------------
 *              output                          sendFields, sendData, end, reset
 *
 * Content is bounded both ways by windows (RFC 9113, section 5.2). What a stream's user has not
 * consumed is not given back to its peer, for that stream alone: the connection's window opens again
 * at once, so that no stream holds up another. Of what is sent, what has no room stays with the
 * user, for three reasons: the stream's window, the connection's window, output that the socket does
 * not take. When that changes, the streams that wait go on in turns.
 */
import type { HpackEncoder } from "./hpack-encoder.ts";
import { type FieldSink, HpackDecoder, noFields } from "./hpack-decoder.ts";
import { type FrameHandler, FrameReader } from "./frame-reader.ts";
import { LIGHT, Nuisance, ODD, RESET } from "./nuisance.ts";
import { enoughOutput, FrameOutput } from "./output.ts";
import {
  ACK,
  COMPRESSION_ERROR,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  frameHead,
  GOAWAY,
  HEADERS,
  largest,
  NO_ERROR,
  PADDED,
  PING,
  preface,
  PRIORITY,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  REFUSED_STREAM,
  RST_STREAM,
  SETTINGS,
  STREAM_CLOSED,
  usualWindow,
  WINDOW_UPDATE,
  WITH_PRIORITY,
} from "./protocol.ts";
import { encodeSettings, type OwnSettings, PeerSettings } from "./settings.ts";
import { Http2Stream } from "./stream.ts";

/** What a session calls back. */
export interface SessionEvents {
  /** ms on a clock that does not go back. */
  now(): number;
  /** There is output: it must be sent soon. */
  onOutput(): void;
  /** There is much output: sends of it what the socket takes now. */
  flush(): void;
  /** What takes the fields of a block that begins on this stream; on a new one the first. */
  sinkFor(stream: Http2Stream): FieldSink;
  /** They are there. @param ends nothing follows them from the peer */
  onFields(stream: Http2Stream, ends: boolean): void;
  /** The peer opens no more streams, or takes none beyond `last`. @param code why */
  onGoaway(last: number, code: number): void;
  /** The peer's settings have come, or changed. */
  onSettings(): void;
  /** The peer has done something strange. */
  onGlitch(): void;
  /** The session ends here: output that says so waits, and nothing more is read. */
  onFailed(code: number, reason: string): void;
}

/** Limits of what a peer may do. */
export interface SessionLimits {
  /** Bytes of a block of fields, compressed. */
  readonly block: number;
  /** Glitches (manual: "tune.h2.fe.glitches-threshold"); 0: no limit. */
  readonly glitches: number;
  /** Streams that the connection may have in all; 0: no limit. */
  readonly streams: number;
}

/** So many streams that were reset here are remembered: what is under way to them is ignored. */
const mostRemembered = 1000;

/** A CONTINUATION that is shorter, and not the last one, is one of a flood. */
const shortContinuation = 1024;
/** Longer ones end by themselves: a window has a largest size. */
const shortUpdate = 1024;

const leavePing = Uint8Array.of(103, 111, 97, 119, 97, 121, 33, 33);
const noBytes = new Uint8Array(0);

/** See the head of this file. */
export class Http2Session implements FrameHandler {
  readonly output = new FrameOutput();
  readonly peer = new PeerSettings();
  readonly streams = new Map<number, Http2Stream>();
  failed = false;
  /** Strange things that the peer has done. */
  glitches = 0;
  /** What the peer takes on all streams together, and what it may send. */
  sendWindow = usualWindow;
  #receiveWindow = usualWindow;
  #credit = 0;
  /** The last stream that the peer has opened, or that we have. */
  lastRemote = 0;
  #nextLocal: number;
  #opened = 0;
  /** Beyond this one no stream of the peer is served; {@linkcode largest}: all are. */
  #lastServed = largest;
  /** The peer was told that the connection ends, and when its answer comes, where. */
  leaving = false;
  #settingsCame = false;
  /** A block of fields that is not whole: its stream, the flags of HEADERS, and what there is. */
  #blockStream = 0;
  #blockFlags = 0;
  #block: Uint8Array = noBytes;
  #blockLength = 0;
  /** What the DATA frame that is being read belongs to; null: to nobody any more. */
  #dataStream: Http2Stream | null = null;
  #dataEnds = false;
  readonly #reset = new Set<number>();
  #blocked: Http2Stream[] = [];
  readonly #reader: FrameReader;
  readonly #decoder: HpackDecoder;
  readonly #nuisance = new Nuisance();

  /** Begins: its first output is there. */
  constructor(
    readonly isServer: boolean,
    readonly own: OwnSettings,
    readonly limits: SessionLimits,
    readonly events: SessionEvents,
  ) {
    this.#reader = new FrameReader(this, own.maxFrameSize, isServer);
    this.#decoder = new HpackDecoder(own.headerTableSize);
    this.#nextLocal = isServer ? 2 : 1;
    if (!isServer) this.#writePreface();
    const settings = encodeSettings(own, isServer);
    this.output.frameOf(settings, 0, settings.length, SETTINGS, 0, 0);
    const more = own.connectionWindow - usualWindow;
    if (more > 0) {
      this.#receiveWindow += more;
      this.#writeWindow(0, more);
    }
  }

  #writePreface(): void {
    const { output } = this;
    const at = output.frame(preface.length - frameHead, 0, 0, 0);
    output.bytes.set(preface, at - frameHead);
  }

  // ---- what comes ----

  /** Bytes have come. */
  receive(bytes: Uint8Array): void {
    if (!this.failed) this.#reader.read(bytes);
  }

  /** Nothing has come that is not whole. */
  get between(): boolean {
    return this.#blockStream === 0 && this.#reader.between;
  }

  onFrame(
    type: number,
    flags: number,
    id: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    if (this.#blockStream !== 0 && (type !== CONTINUATION || id !== this.#blockStream)) {
      return this.fail(PROTOCOL_ERROR, "a frame within a block of fields");
    }
    if (!this.#settingsCame) {
      if (type !== SETTINGS || (flags & ACK) !== 0) {
        return this.fail(PROTOCOL_ERROR, "no SETTINGS first");
      }
      this.#settingsCame = true;
    }
    switch (type) {
      case HEADERS:
        return this.#onHeaders(flags, id, bytes, from, to);
      case CONTINUATION:
        return this.#onContinuation(flags, id, bytes, from, to);
      case WINDOW_UPDATE:
        return this.#onWindowUpdate(id, bytes, from, to);
      case RST_STREAM:
        return this.#onReset(id, bytes, from, to);
      case SETTINGS:
        return this.#onSettings(flags, id, bytes, from, to);
      case PING:
        return this.#onPing(flags, id, bytes, from, to);
      case GOAWAY:
        return this.#onGoaway(id, bytes, from, to);
      case PRIORITY:
        return this.#onPriority(id, bytes, from, to);
      case PUSH_PROMISE:
        return this.fail(PROTOCOL_ERROR, "PUSH_PROMISE");
      default:
        // Section 5.5: what is unknown is ignored.
        return this.#bother(LIGHT);
    }
  }

  #onHeaders(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id === 0) return this.fail(PROTOCOL_ERROR, "HEADERS on stream 0");
    if ((flags & PADDED) !== 0) {
      if (from === to) return this.fail(FRAME_SIZE_ERROR, "HEADERS without its padding's length");
      to -= bytes[from++]!;
      if (to < from) return this.fail(PROTOCOL_ERROR, "HEADERS with too much padding");
    }
    if ((flags & WITH_PRIORITY) !== 0) {
      if (to - from < 5) return this.fail(FRAME_SIZE_ERROR, "HEADERS without its priority");
      if (streamAt(bytes, from) === id) {
        return this.fail(PROTOCOL_ERROR, "a stream that depends on itself");
      }
      from += 5;
    }
    if ((flags & END_HEADERS) !== 0) return this.#onBlock(flags, id, bytes, from, to);
    this.#blockStream = id;
    this.#blockFlags = flags;
    this.#blockLength = 0;
    this.#keepBlock(bytes, from, to);
  }

  #onContinuation(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    if (this.#blockStream === 0) return this.fail(PROTOCOL_ERROR, "CONTINUATION of nothing");
    const ends = (flags & END_HEADERS) !== 0;
    if (!ends && to - from < shortContinuation) {
      this.glitch("a short CONTINUATION");
      if (this.failed) return;
    }
    this.#keepBlock(bytes, from, to);
    if (!ends || this.failed) return;
    const block = this.#block;
    this.#block = noBytes;
    this.#blockStream = 0;
    this.#onBlock(this.#blockFlags, id, block, 0, this.#blockLength);
  }

  #keepBlock(bytes: Uint8Array, from: number, to: number): void {
    const length = this.#blockLength + to - from;
    if (length > this.limits.block) {
      return this.fail(ENHANCE_YOUR_CALM, "a block of fields that is too long");
    }
    if (length > this.#block.length) {
      const larger = new Uint8Array(Math.min(2 * length, this.limits.block));
      larger.set(this.#block.subarray(0, this.#blockLength));
      this.#block = larger;
    }
    this.#block.set(bytes.subarray(from, to), this.#blockLength);
    this.#blockLength = length;
  }

  /** A block of fields is whole. It must be read in any case, or the next ones mean nothing. */
  #onBlock(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    const ends = (flags & END_STREAM) !== 0;
    const known = this.streams.get(id);
    if (known === undefined) return this.#onNewStream(id, ends, bytes, from, to);
    if (known.remoteEnd) {
      if (this.#read(bytes, from, to, noFields)) this.#breakStream(known, STREAM_CLOSED);
      return;
    }
    if (known.headed && !ends) {
      if (this.#read(bytes, from, to, noFields)) this.#breakStream(known, PROTOCOL_ERROR);
      return;
    }
    if (!this.#read(bytes, from, to, this.events.sinkFor(known))) return;
    if (ends && known.expected > 0) return this.#breakStream(known, PROTOCOL_ERROR);
    this.#fieldsOf(known, ends);
  }

  #onNewStream(id: number, ends: boolean, bytes: Uint8Array, from: number, to: number): void {
    if (!this.isServer) {
      if (id % 2 === 0 || id >= this.#nextLocal) {
        return this.fail(PROTOCOL_ERROR, "HEADERS on a stream that was not opened");
      }
      // The stream is over here: what was under way is for nobody.
      this.#read(bytes, from, to, noFields);
      return;
    }
    if (id % 2 === 0) return this.fail(PROTOCOL_ERROR, "an even number for a stream");
    if (id <= this.lastRemote) {
      if (!this.#reset.has(id)) return this.fail(STREAM_CLOSED, "HEADERS on a closed stream");
      this.#read(bytes, from, to, noFields);
      return;
    }
    if (id > this.#lastServed) {
      // It has crossed our GOAWAY: the client will send it on another connection.
      this.#read(bytes, from, to, noFields);
      return;
    }
    this.lastRemote = id;
    if (this.streams.size >= this.own.maxConcurrentStreams) {
      if (!this.#read(bytes, from, to, noFields)) return;
      this.glitch("too many streams");
      this.#writeReset(id, REFUSED_STREAM);
      return;
    }
    const stream = new Http2Stream(id, this.peer.initialWindow, this.own.initialWindow);
    this.streams.set(id, stream);
    if (!this.#read(bytes, from, to, this.events.sinkFor(stream))) return;
    stream.headed = true;
    this.#fieldsOf(stream, ends);
    const { streams } = this.limits;
    if (streams > 0 && ++this.#opened >= streams && !this.leaving) this.goaway(id, NO_ERROR);
  }

  #read(bytes: Uint8Array, from: number, to: number, sink: FieldSink): boolean {
    if (this.#decoder.decode(bytes, from, to, sink)) return true;
    this.fail(COMPRESSION_ERROR, "a block of fields that cannot be read");
    return false;
  }

  #fieldsOf(stream: Http2Stream, ends: boolean): void {
    stream.remoteEnd = ends;
    this.events.onFields(stream, ends);
    if (ends) this.#leaveIfOver(stream);
  }

  onDataFrame(flags: number, id: number, length: number, content: number): void {
    if (this.#blockStream !== 0) return this.fail(PROTOCOL_ERROR, "DATA within a block of fields");
    if (!this.#settingsCame) return this.fail(PROTOCOL_ERROR, "no SETTINGS first");
    if (id === 0) return this.fail(PROTOCOL_ERROR, "DATA on stream 0");
    this.#dataStream = null;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) {
      return this.fail(FLOW_CONTROL_ERROR, "DATA beyond the connection's window");
    }
    this.#giveBack(length);
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.#isIdle(id)) return this.fail(PROTOCOL_ERROR, "DATA on an idle stream");
      if (id > this.#lastServed || this.#reset.has(id)) return;
      return this.fail(STREAM_CLOSED, "DATA on a closed stream");
    }
    if (stream.remoteEnd) return this.#breakStream(stream, STREAM_CLOSED);
    if (!stream.headed) return this.#breakStream(stream, PROTOCOL_ERROR);
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return this.#breakStream(stream, FLOW_CONTROL_ERROR);
    const ends = (flags & END_STREAM) !== 0;
    if (stream.expected >= 0) {
      stream.expected -= content;
      if (stream.expected < 0 || ends && stream.expected > 0) {
        return this.#breakStream(stream, PROTOCOL_ERROR);
      }
    }
    if (content > 0) this.#nuisance.forgive(2);
    else if (!ends) this.glitch("empty DATA");
    if (this.failed) return;
    if (length > content) this.consumed(stream, length - content);
    this.#dataStream = stream;
    this.#dataEnds = ends;
  }

  onDataPiece(bytes: Uint8Array, from: number, to: number, last: boolean): void {
    const stream = this.#dataStream;
    if (stream === null || this.failed) return;
    const ends = last && this.#dataEnds;
    if (ends) stream.remoteEnd = true;
    if (from < to || ends) stream.user?.onStreamData(bytes, from, to, ends);
    if (ends) this.#leaveIfOver(stream);
  }

  #onWindowUpdate(id: number, bytes: Uint8Array, from: number, to: number): void {
    if (to - from !== 4) return this.fail(FRAME_SIZE_ERROR, "WINDOW_UPDATE");
    const more = streamAt(bytes, from);
    if (id === 0) {
      if (more === 0) return this.fail(PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
      this.sendWindow += more;
      if (this.sendWindow > largest) return this.fail(FLOW_CONTROL_ERROR, "WINDOW_UPDATE");
      if (more < shortUpdate) this.#bother(LIGHT);
      return this.wake();
    }
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.#isIdle(id)) return this.fail(PROTOCOL_ERROR, "WINDOW_UPDATE on an idle stream");
      return this.#bother(LIGHT);
    }
    if (more === 0) return this.#breakStream(stream, PROTOCOL_ERROR);
    stream.sendWindow += more;
    if (stream.sendWindow > largest) return this.#breakStream(stream, FLOW_CONTROL_ERROR);
    if (more < shortUpdate) this.#bother(LIGHT);
    if (stream.blocked) this.wake();
  }

  #onReset(id: number, bytes: Uint8Array, from: number, to: number): void {
    if (to - from !== 4) return this.fail(FRAME_SIZE_ERROR, "RST_STREAM");
    if (id === 0 || this.#isIdle(id)) return this.fail(PROTOCOL_ERROR, "RST_STREAM");
    const stream = this.streams.get(id);
    if (stream === undefined) return this.#bother(LIGHT);
    this.#bother(stream.localEnd ? LIGHT : RESET);
    this.#remove(stream);
    this.#remember(id);
    stream.user?.onStreamReset(wordAt(bytes, from));
  }

  #onSettings(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id !== 0) return this.fail(PROTOCOL_ERROR, "SETTINGS on a stream");
    if ((flags & ACK) !== 0) {
      if (to > from) this.fail(FRAME_SIZE_ERROR, "SETTINGS with ACK");
      else this.#bother(LIGHT);
      return;
    }
    if ((to - from) % 6 !== 0) return this.fail(FRAME_SIZE_ERROR, "SETTINGS");
    this.#bother(LIGHT + (to - from) / 60);
    if (this.failed) return;
    const { peer } = this;
    const before = peer.initialWindow;
    const code = peer.read(bytes, from, to, this.isServer);
    if (code !== NO_ERROR) return this.fail(code, peer.reason);
    const by = peer.initialWindow - before;
    if (by !== 0) {
      for (const stream of this.streams.values()) {
        stream.sendWindow += by;
        if (stream.sendWindow > largest) return this.fail(FLOW_CONTROL_ERROR, "SETTINGS");
      }
    }
    this.output.frame(0, SETTINGS, ACK, 0);
    this.events.onOutput();
    this.events.onSettings();
    if (by > 0) this.wake();
  }

  #onPing(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    if (to - from !== 8) return this.fail(FRAME_SIZE_ERROR, "PING");
    if (id !== 0) return this.fail(PROTOCOL_ERROR, "PING on a stream");
    this.#bother(LIGHT);
    if (this.failed) return;
    if ((flags & ACK) === 0) {
      this.output.frameOf(bytes, from, to, PING, ACK, 0);
      this.events.onOutput();
    } else if (this.leaving && leavePing.every((byte, i) => bytes[from + i] === byte)) {
      this.leaveNow();
    }
  }

  #onGoaway(id: number, bytes: Uint8Array, from: number, to: number): void {
    if (to - from < 8) return this.fail(FRAME_SIZE_ERROR, "GOAWAY");
    if (id !== 0) return this.fail(PROTOCOL_ERROR, "GOAWAY on a stream");
    this.#bother(LIGHT);
    const last = streamAt(bytes, from);
    this.events.onGoaway(last, wordAt(bytes, from + 4));
    if (this.isServer) return;
    // Section 6.8: what it has not looked at can be sent elsewhere.
    for (const stream of [...this.streams.values()]) {
      if (stream.id <= last) continue;
      this.#remove(stream);
      stream.user?.onStreamReset(REFUSED_STREAM);
    }
  }

  #onPriority(id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id === 0) return this.fail(PROTOCOL_ERROR, "PRIORITY on stream 0");
    if (to - from !== 5) return this.fail(FRAME_SIZE_ERROR, "PRIORITY");
    if (streamAt(bytes, from) === id) {
      return this.fail(PROTOCOL_ERROR, "a stream that depends on itself");
    }
    this.#bother(LIGHT);
  }

  #isIdle(id: number): boolean {
    const isPeers = id % 2 === (this.isServer ? 1 : 0);
    return isPeers ? id > this.lastRemote && id <= this.#lastServed : id >= this.#nextLocal;
  }

  // ---- what is sent ----

  /** Opens a stream; the caller sends its fields next. */
  open(): Http2Stream {
    const stream = new Http2Stream(
      this.#nextLocal,
      this.peer.initialWindow,
      this.own.initialWindow,
    );
    this.#nextLocal += 2;
    this.streams.set(stream.id, stream);
    return stream;
  }

  /** How many more streams may be opened now. */
  get room(): number {
    if (this.failed || this.leaving || this.#nextLocal > largest) return 0;
    return Math.max(0, this.peer.maxConcurrentStreams - this.streams.size);
  }

  /** Begins a block of fields with what must stand before them. */
  beginFields(encoder: HpackEncoder): void {
    encoder.clear();
    if (!this.peer.tableChanged) return;
    this.peer.tableChanged = false;
    encoder.emptyTable();
  }

  /** Sends a block of fields. @param ends nothing follows on the stream */
  sendFields(stream: Http2Stream, { bytes, length }: HpackEncoder, ends: boolean): void {
    const { output } = this;
    const most = this.peer.maxFrameSize;
    const flags = ends ? END_STREAM : 0;
    stream.frameAt = output.place;
    if (length <= most) {
      output.frameOf(bytes, 0, length, HEADERS, flags | END_HEADERS, stream.id);
    } else {
      output.frameOf(bytes, 0, most, HEADERS, flags, stream.id);
      for (let at = most; at < length; at += most) {
        const end = Math.min(at + most, length);
        output.frameOf(bytes, at, end, CONTINUATION, end === length ? END_HEADERS : 0, stream.id);
      }
    }
    this.#nuisance.forgive(1);
    this.events.onOutput();
    if (ends) this.#endLocal(stream);
  }

  /**
   * Sends content, bytes[from, to), as far as there is room.
   * @returns how many bytes were taken; where it is not all, `onStreamWritable` follows
   */
  sendData(stream: Http2Stream, bytes: Uint8Array, from: number, to: number): number {
    const { output } = this;
    // Where others wait it is one frame at a time, and the next one when its turn comes.
    const end = this.#blocked.length > 0 ? Math.min(to, from + this.peer.maxFrameSize) : to;
    const longest = Math.min(this.peer.maxFrameSize, 16_384);
    let at = from;
    while (at < end) {
      if (output.length >= enoughOutput) {
        this.events.flush();
        if (output.length >= enoughOutput) break;
      }
      const count = Math.min(end - at, longest, stream.sendWindow, this.sendWindow);
      if (count <= 0) break;
      stream.frameAt = output.place;
      output.frameOf(bytes, at, at + count, DATA, 0, stream.id);
      stream.sendWindow -= count;
      this.sendWindow -= count;
      at += count;
    }
    if (at > from) {
      this.#nuisance.forgive(4);
      this.events.onOutput();
    }
    if (at < to && !stream.blocked) {
      stream.blocked = true;
      this.#blocked.push(stream);
    }
    return at - from;
  }

  /** Nothing more is sent on the stream. */
  end(stream: Http2Stream): void {
    if (stream.localEnd) return;
    if (stream.frameAt < 0 || !this.output.flag(stream.frameAt, END_STREAM)) {
      this.output.frame(0, DATA, END_STREAM, stream.id);
      this.events.onOutput();
    }
    this.#endLocal(stream);
  }

  #endLocal(stream: Http2Stream): void {
    stream.localEnd = true;
    this.#leaveIfOver(stream);
  }

  /** Ends the stream at once, in both directions; its user hears nothing of it. */
  reset(stream: Http2Stream, code: number): void {
    if (this.streams.get(stream.id) !== stream) return;
    this.#remove(stream);
    this.#remember(stream.id);
    this.#writeReset(stream.id, code);
  }

  /** So much of a stream's content has been consumed: the peer may send as much again. */
  consumed(stream: Http2Stream, count: number): void {
    stream.credit += count;
    // By halves, so that a frame goes for many.
    if (stream.remoteEnd || 2 * stream.credit < this.own.initialWindow) return;
    if (this.streams.get(stream.id) !== stream) return;
    stream.receiveWindow += stream.credit;
    this.#writeWindow(stream.id, stream.credit);
    stream.credit = 0;
  }

  #giveBack(count: number): void {
    this.#credit += count;
    if (2 * this.#credit < this.own.connectionWindow) return;
    this.#receiveWindow += this.#credit;
    this.#writeWindow(0, this.#credit);
    this.#credit = 0;
  }

  #writeWindow(id: number, more: number): void {
    const at = this.output.frame(4, WINDOW_UPDATE, 0, id);
    this.output.setUint32(at, more);
    this.events.onOutput();
  }

  #writeReset(id: number, code: number): void {
    const at = this.output.frame(4, RST_STREAM, 0, id);
    this.output.setUint32(at, code);
    this.events.onOutput();
  }

  /**
   * Streams wait: perhaps for their turn only. Then {@linkcode wake} is to follow, once what there is
   * of output has been sent.
   */
  get hasWaiting(): boolean {
    return this.#blocked.length > 0;
  }

  /** Lets streams that wait go on, in turns, as far as there is room. */
  wake(): void {
    let stuck = 0;
    while (stuck < this.#blocked.length && this.sendWindow > 0 && !this.failed) {
      if (this.output.length >= enoughOutput) {
        this.events.flush();
        if (this.output.length >= enoughOutput) return;
      }
      const stream = this.#blocked.shift()!;
      if (!stream.blocked) continue;
      if (stream.sendWindow <= 0) {
        this.#blocked.push(stream);
        stuck++;
        continue;
      }
      stuck = 0;
      stream.blocked = false;
      stream.user?.onStreamWritable();
    }
  }

  // ---- how it ends ----

  /**
   * Says that it will end, without turning away what is under way: streams are served until the
   * peer's answer has come (section 6.8). {@linkcode leaveNow} follows then, or where it does not come.
   */
  leave(): void {
    if (this.leaving || this.failed) return;
    this.#writeGoaway(largest, NO_ERROR);
    this.output.frameOf(leavePing, 0, 8, PING, 0, 0);
    this.leaving = true;
    this.events.onOutput();
  }

  /** No further streams of the peer are served from here on. */
  leaveNow(): void {
    if (this.#lastServed === largest && !this.failed) this.goaway(this.lastRemote, NO_ERROR);
  }

  /** The streams after `last` are not served. */
  goaway(last: number, code: number): void {
    this.leaving = true;
    this.#lastServed = last;
    this.#writeGoaway(last, code);
    this.events.onOutput();
  }

  /** Nothing is under way on it, nor will be. */
  get isOver(): boolean {
    return this.streams.size === 0 && (this.failed || this.#lastServed < largest);
  }

  fail(code: number, reason: string): void {
    if (this.failed) return;
    this.failed = true;
    this.#writeGoaway(this.lastRemote, code);
    this.events.onOutput();
    this.events.onFailed(code, reason);
  }

  #writeGoaway(last: number, code: number): void {
    const at = this.output.frame(8, GOAWAY, 0, 0);
    this.output.setUint32(at, last);
    this.output.setUint32(at + 4, code);
  }

  /** The peer has done something strange, which alone does not end the connection. */
  glitch(reason: string): void {
    this.#count();
    const { glitches } = this.limits;
    if (glitches > 0 && this.glitches >= glitches) this.fail(ENHANCE_YOUR_CALM, reason);
    else this.#bother(ODD);
  }

  #bother(weight: number): void {
    if (!this.#nuisance.add(weight, this.events.now())) return;
    this.#count();
    this.fail(ENHANCE_YOUR_CALM, "too much that leads nowhere");
  }

  #count(): void {
    this.glitches++;
    this.events.onGlitch();
  }

  /** The peer has broken the rules of a stream: it is over, the connection goes on. */
  #breakStream(stream: Http2Stream, code: number): void {
    this.glitch("a broken stream");
    if (this.failed) return;
    this.reset(stream, code);
    stream.user?.onStreamReset(code);
  }

  #leaveIfOver(stream: Http2Stream): void {
    if (stream.localEnd && stream.remoteEnd) this.#remove(stream);
  }

  #remove(stream: Http2Stream): void {
    stream.blocked = false;
    if (this.#dataStream === stream) this.#dataStream = null;
    this.streams.delete(stream.id);
  }

  #remember(id: number): void {
    this.#reset.add(id);
    if (this.#reset.size <= mostRemembered) return;
    for (const oldest of this.#reset) {
      this.#reset.delete(oldest);
      break;
    }
  }
}

/** The number of 31 bits at `at`. */
function streamAt(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at) & 0x7fff_ffff;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}
