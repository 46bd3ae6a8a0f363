/**
 * A socket with TLS over any other socket. It owns one SSL of OpenSSL's, freed when the connection
 * is over. Cipher text goes in and out through the pipe of the thread (see pipe.ts), which is empty
 * whenever a callback of an owner runs: that may write to another such socket.
 */
import {
  type ConnectOptions,
  type Endpoint,
  type Network,
  noEvents,
  type Socket,
  SocketError,
  type SocketEvents,
  writeBoth,
} from "../socket.ts";
import type { PeerCertificates, TlsFacts, TlsFailure } from "./facts.ts";
import { enter, type Handshaking } from "./handshake.ts";
import { cipherBits, cipherName, type Known, ownCertificate, peerCertificates } from "./inspect.ts";
import { bytesOf, versionName } from "./inspect.ts";
import { type OpenSsl, openssl, takeError } from "./openssl.ts";
import { mostInput, mostOutput, type TlsPipe, tlsPipe } from "./pipe.ts";

/** Arms a timer, as a clock's schedule(). */
export type Schedule = (delay: number, callback: () => void) => () => void;

/** How a socket's side of the handshake is set up. */
export interface TlsSide extends Handshaking {
  /**
   * Makes the SSL, and sets it up.
   * @param hello for a server what has come so far; for a client nothing
   * @returns its address; 0: more must come first; or why there is none
   */
  begin(hello: Uint8Array, socket: TlsSocket): number | string;
  /** The handshake is done; the SSL stands. @returns why it is no good nonetheless; "": it is */
  done?(ssl: number, socket: TlsSocket): string;
  /** The connection is over, and its SSL about to be freed. */
  leaves?(ssl: number): void;
  readonly server: boolean;
  /** Gives what is sent before TLS begins: a header of the PROXY protocol; null: nothing. */
  readonly preamble: ((inner: Socket) => Uint8Array) | null;
}

/** How long a close may take to send what is left, ms. */
const lingerTime = 10_000;
/** Cipher text without content that a peer may send in a row: messages of the handshake's kind. */
const mostIdle = 131_072;
/** The first record, and a ClientHello over several: RFC 8446 allows 2^14 bytes a record. */
export const mostHello = 18_432;

/** So much content is the start of a connection. */
const startOfConnection = 131_072;

const SSL_ERROR_NONE = 0;
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_WANT_WRITE = 3;
const SSL_ERROR_ZERO_RETURN = 6;
const SSL_SENT_AND_RECEIVED_SHUTDOWN = 3;

/** What was read: valid until the next read of the thread. A record in parts may come before. */
const plain = new Uint8Array(new ArrayBuffer(mostInput + 32_768));
/** Two small pieces of content become one record here. */
const joined = new Uint8Array(new ArrayBuffer(16_384));
const nothing = new Uint8Array(0);

/** SSLs that there are now, in this thread: none may leak. */
export const counts = { ssl: 0 };

// The state: bits.
const OPEN = 1;
const DONE = 2;
const PAUSED = 4;
/** A write was not taken, or not all of it: `drain` follows. */
const FULL = 8;
const ENDED = 16;
const SHUT = 32;
/** Closed, but for what is left to be sent. */
const LINGERS = 64;
/** Will go on with what came while it was paused. */
const RESUMES = 128;
const FAILED = 256;
/** Inside the call that makes it: no event may come. */
const STARTS = 512;
/** The peer's end has come while it was paused. */
const ENDS = 1024;

/** See above. */
export class TlsSocket implements Socket, SocketEvents, TlsFacts {
  events: SocketEvents;
  readonly #library: OpenSsl = openssl();
  readonly #pipe: TlsPipe = tlsPipe();
  #inner!: Socket;
  readonly #side: TlsSide;
  readonly #schedule: Schedule;
  #ssl = 0;
  #state = 0;
  /** Cipher text that the inner socket has not taken. */
  #rest: Uint8Array | null = null;
  /** What has come of the ClientHello, or while paused. */
  #kept: Uint8Array | null = null;
  /** Cipher text that has come since the last content. */
  #idle = 0;
  /** Content that has been sent in such records. */
  #sent = 0;
  #endLinger: (() => void) | null = null;
  // Facts.
  version = "";
  cipher = "";
  alpn = "";
  sni: string | null = null;
  resumed = false;
  clientCertificateUsed = false;
  clientCertificateSent = false;
  verifyResult = 0;
  certificateError = 0;
  authorityError = 0;
  authorityErrorDepth = 0;
  failure = "";
  failureKind: TlsFailure = "";
  truncated = false;
  connected = false;
  hello: Uint8Array | null = null;
  /** Content of a record at most, as long as few have been sent; 0: no bound. */
  firstRecords = 0;
  cipherBits = { used: 0, total: 0 };

  private constructor(side: TlsSide, events: SocketEvents, schedule: Schedule) {
    this.#side = side;
    this.events = events;
    this.#schedule = schedule;
  }

  /**
   * TLS over a connection that a client has made, and whose events it takes from now on.
   * @param events called with `opened` when the handshake is done
   */
  static accept(
    inner: Socket,
    side: TlsSide,
    events: SocketEvents,
    schedule: Schedule,
  ): TlsSocket {
    const socket = new TlsSocket(side, events, schedule);
    socket.#inner = inner;
    return socket;
  }

  /** TLS to a server. `opened` follows when the handshake is done. */
  static connect(
    network: Pick<Network, "connect">,
    to: Endpoint,
    options: ConnectOptions,
    side: TlsSide,
    events: SocketEvents,
    schedule: Schedule,
  ): TlsSocket {
    const socket = new TlsSocket(side, events, schedule);
    socket.#inner = network.connect(to, options, socket);
    // The connection may stand already; but what goes first may depend on its addresses.
    if (side.preamble === null) {
      socket.#state |= STARTS;
      socket.#start();
      socket.#state &= ~STARTS;
    }
    return socket;
  }

  /** What is known of its TLS. */
  get tls(): TlsFacts {
    return this;
  }
  get remoteAddress(): string {
    return this.#inner.remoteAddress;
  }
  get remotePort(): number {
    return this.#inner.remotePort;
  }
  get localAddress(): string {
    return this.#inner.localAddress;
  }
  get localPort(): number {
    return this.#inner.localPort;
  }

  #has(bits: number): boolean {
    return (this.#state & bits) !== 0;
  }

  // Events of the inner socket.

  opened(): void {
    this.connected = true;
    if (this.#ssl === 0 && !this.#has(DONE)) this.#start();
    this.drain();
  }
  /** Says hello to a server. */
  #start(): void {
    const { preamble } = this.#side;
    if (preamble !== null) {
      const bytes = preamble(this.#inner);
      if (!this.#send(bytes, 0, bytes.length)) return;
    }
    if (this.#begin(nothing)) this.#shakeHands();
  }
  data(_inner: Socket, bytes: Uint8Array): void {
    if (this.#has(DONE)) return;
    this.connected = true;
    const before = this.#kept;
    if (before === null) return this.#take(bytes);
    this.#kept = null;
    const all = new Uint8Array(before.length + bytes.length);
    all.set(before);
    all.set(bytes, before.length);
    this.#take(all);
  }
  drain(): void {
    const rest = this.#rest;
    if (rest !== null) {
      const taken = this.#inner.write(rest, 0, rest.length);
      // Broken: `closed` follows.
      if (taken < 0) return;
      this.#rest = taken < rest.length ? rest.subarray(taken) : null;
      if (this.#rest !== null) return;
      if (this.#has(LINGERS)) return this.#closeInner();
      if (this.#has(SHUT)) this.#inner.shutdown();
    }
    if (this.#has(DONE) || !this.#has(FULL)) return;
    this.#state &= ~FULL;
    this.events.drain(this);
  }
  ended(): void {
    if (this.#has(LINGERS)) return this.#closeInner();
    if (this.#has(DONE)) return;
    if (!this.#has(OPEN)) {
      return this.#fail("the peer closed", this.#nothingCame ? "nothing came" : "closed");
    }
    if (!this.#has(ENDED)) this.#end(true);
  }
  closed(_inner: Socket, error: SocketError): void {
    if (this.#has(LINGERS)) this.#endLinger?.();
    this.#state &= ~LINGERS;
    if (this.#has(DONE)) return;
    if (!this.#has(OPEN)) {
      this.failure = error.code;
      this.failureKind = this.#nothingCame ? "nothing came" : "broken";
    }
    const { events } = this;
    this.#leave();
    events.closed(this, error);
  }

  /** Nothing of a handshake has come. */
  get #nothingCame(): boolean {
    return this.#ssl === 0 && this.#kept === null;
  }

  #end(truncated: boolean): void {
    this.truncated = truncated;
    this.#state |= ENDED;
    this.events.ended(this);
  }

  // The handshake.

  /** Makes the SSL. @returns whether there is one now */
  #begin(hello: Uint8Array): boolean {
    const made = this.#side.begin(hello, this);
    if (made === 0) {
      if (hello.length > mostHello) this.#fail("the ClientHello is too large", "handshake");
      else this.#kept = hello.slice();
      return false;
    }
    if (typeof made === "string") {
      this.#fail(made, "handshake");
      return false;
    }
    this.#ssl = made;
    counts.ssl++;
    const { ssl, crypto } = this.#library;
    crypto.BIO_up_ref(this.#pipe.bio);
    ssl.SSL_set_bio(made, this.#pipe.bio, this.#pipe.bio);
    if (this.#side.server) ssl.SSL_set_accept_state(made);
    else ssl.SSL_set_connect_state(made);
    return true;
  }

  /** Goes on with the handshake. @returns whether it is done, and the connection stands */
  #shakeHands(): boolean {
    const { ssl } = this.#library;
    for (;;) {
      enter(this.#side);
      const result = ssl.SSL_do_handshake(this.#ssl);
      enter(null);
      if (result === 1) break;
      const error = ssl.SSL_get_error(this.#ssl, result);
      const words = error === SSL_ERROR_WANT_READ || error === SSL_ERROR_WANT_WRITE
        ? null
        : takeError() || "the handshake failed";
      const good = this.#flush();
      if (words !== null) {
        this.verifyResult = ssl.SSL_get_verify_result(this.#ssl);
        this.#fail(words, this.#whyNot());
        return false;
      }
      if (!good || error === SSL_ERROR_WANT_READ) return false;
    }
    if (!this.#flush()) return false;
    this.#state |= OPEN;
    this.#note();
    const wrong = this.#side.done?.(this.#ssl, this) ?? "";
    if (wrong !== "") {
      this.#fail(wrong, "handshake");
      return false;
    }
    this.events.opened(this);
    return !this.#has(DONE);
  }

  /** Of a handshake that has failed: whether for the peer's certificate. */
  #whyNot(): TlsFailure {
    if (this.authorityError !== 0) return "authority";
    return this.certificateError !== 0 ? "certificate" : "handshake";
  }

  /** Notes the facts of the handshake. */
  #note(): void {
    const { ssl } = this.#library;
    const made = this.#ssl;
    this.version = versionName(ssl.SSL_version(made));
    const cipher = ssl.SSL_get_current_cipher(made);
    this.cipher = cipherName(cipher);
    this.cipherBits = cipherBits(cipher);
    this.resumed = ssl.SSL_session_reused(made) === 1;
    this.verifyResult = ssl.SSL_get_verify_result(made);
  }

  // Reading.

  /** Cipher text has come. */
  #take(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      if (this.#has(DONE)) return;
      if (this.#has(PAUSED)) return this.#keep(bytes.subarray(from));
      if (this.#ssl === 0) {
        if (!this.#begin(bytes)) return;
      }
      const to = Math.min(bytes.length, from + mostInput);
      this.#pipe.put(bytes, from, to);
      from = to;
      this.#work(to);
    }
  }

  /** Keeps cipher text until {@linkcode resume}. */
  #keep(bytes: Uint8Array): void {
    const before = this.#kept ?? nothing;
    const all = new Uint8Array(before.length + bytes.length);
    all.set(before);
    all.set(bytes, before.length);
    this.#kept = all;
  }

  /** Reads what is in the pipe, all of it. */
  #work(length: number): void {
    if (!this.#has(OPEN)) {
      if (!this.#shakeHands()) return this.#pipe.clear();
      // The owner, that has just been notified, does not want to read yet.
      if (this.#has(PAUSED)) return this.#keep(this.#pipe.takeUnread());
    }
    const { ssl } = this.#library;
    const pipe = this.#pipe;
    let read = 0;
    let error = SSL_ERROR_NONE;
    // A failure needs its words before another call; a paused owner gets no more than this.
    while (pipe.unread > 0 || read === 0) {
      enter(this.#side);
      const count = ssl.SSL_read(this.#ssl, this.#library.part(plain, read), plain.length - read);
      enter(null);
      if (count > 0) {
        read += count;
        continue;
      }
      error = ssl.SSL_get_error(this.#ssl, count);
      // What OpenSSL has to say must go first.
      if (error === SSL_ERROR_WANT_WRITE && pipe.made > 0 && this.#flush()) continue;
      break;
    }
    const failed = error !== SSL_ERROR_NONE && error !== SSL_ERROR_WANT_READ &&
      error !== SSL_ERROR_ZERO_RETURN;
    const words = failed ? takeError() || "the connection broke" : "";
    if (!this.#flush()) return this.#pipe.clear();
    if (error === SSL_ERROR_ZERO_RETURN || failed) this.#pipe.clear();
    if (read > 0) {
      this.#idle = 0;
      this.events.data(this, read === plain.length ? plain : plain.subarray(0, read));
    } else if ((this.#idle += length) > mostIdle) {
      return this.#fail("much cipher text without content", "broken");
    }
    if (this.#has(DONE)) return;
    if (failed) this.#fail(words, "broken");
    else if (error === SSL_ERROR_ZERO_RETURN && !this.#has(ENDED)) {
      if (this.#has(PAUSED)) this.#state |= ENDS;
      else this.#end(false);
    }
  }

  // Writing.

  /** Sends what OpenSSL has made. @returns false: it is broken */
  #flush(): boolean {
    const pipe = this.#pipe;
    const { made } = pipe;
    if (made === 0) return true;
    const good = this.#send(pipe.output, 0, made);
    pipe.emptied();
    return good;
  }
  #send(bytes: Uint8Array, from: number, to: number): boolean {
    let sent = 0;
    if (this.#rest === null) {
      sent = this.#inner.write(bytes, from, to);
      if (sent < 0) return false;
      if (from + sent === to) return true;
    }
    const left = bytes.subarray(from + sent, to);
    const rest = this.#rest;
    if (rest === null) {
      this.#rest = left.slice();
    } else {
      const all = new Uint8Array(rest.length + left.length);
      all.set(rest);
      all.set(left, rest.length);
      this.#rest = all;
    }
    return true;
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    // In this form it is false for NaN: OpenSSL reads where it is told.
    if (!(from >= 0 && from <= to && to <= bytes.length)) {
      throw new RangeError(`[${from}, ${to}) is not within ${bytes.length} bytes`);
    }
    if (this.#has(DONE | SHUT | FAILED)) return -1;
    if (from === to) return 0;
    if (this.#rest !== null || !this.#has(OPEN)) {
      this.#state |= FULL;
      return 0;
    }
    const { ssl, part } = this.#library;
    const most = Math.min(to - from, mostOutput);
    let taken = 0;
    while (taken < most) {
      // One record at a time.
      const size = this.firstRecords === 0 ? most - taken : this.#early(most - taken);
      const count = ssl.SSL_write(this.#ssl, part(bytes, from + taken), size);
      if (count <= 0) return this.#breaks(ssl.SSL_get_error(this.#ssl, count));
      taken += count;
    }
    if (!this.#flush()) return -1;
    if (this.#rest !== null || taken < to - from) this.#fillsUp();
    return taken;
  }
  /** A browser can use a short record before the next one has come (manual: "tune.ssl.maxrecord"). */
  #early(left: number): number {
    const size = Math.min(left, this.firstRecords);
    this.#sent += size;
    if (this.#sent > startOfConnection) this.firstRecords = 0;
    return size;
  }
  /** More was to be written than is at once. */
  #fillsUp(): void {
    this.#state |= FULL;
    // Where the inner socket has taken all, it has no reason to call `drain`.
    if (this.#rest === null) queueMicrotask(() => this.drain());
  }
  /** A write has failed: `closed` follows, and not inside this call. */
  #breaks(error: number): -1 {
    const words = takeError() || `error ${error}`;
    this.#pipe.clear();
    this.#state |= FAILED;
    queueMicrotask(() => this.#fail(words, "broken"));
    return -1;
  }
  writev(
    first: Uint8Array,
    firstFrom: number,
    firstTo: number,
    second: Uint8Array,
    secondFrom: number,
    secondTo: number,
  ): number {
    const one = firstTo - firstFrom;
    const two = secondTo - secondFrom;
    if (one > 0 && two > 0 && one + two <= joined.length) {
      joined.set(first.subarray(firstFrom, firstTo));
      joined.set(second.subarray(secondFrom, secondTo), one);
      return this.write(joined, 0, one + two);
    }
    return writeBoth(this, first, firstFrom, firstTo, second, secondFrom, secondTo);
  }

  isQuiet(): boolean {
    return this.#has(OPEN) && !this.#has(DONE | ENDED | FAILED) && this.#kept === null &&
      this.#inner.isQuiet();
  }
  retain(bytes: Uint8Array, from: number, to: number): Uint8Array {
    return bytes.slice(from, to);
  }
  expectMuch(much: boolean): void {
    this.#inner.expectMuch?.(much);
  }
  pause(): void {
    this.#state |= PAUSED;
    this.#inner.pause();
  }
  resume(): void {
    if (!this.#has(PAUSED)) return;
    this.#state &= ~PAUSED;
    const waits = this.#kept !== null || this.#has(ENDS);
    if (!waits || !this.#has(OPEN)) return this.#inner.resume();
    if (this.#has(RESUMES)) return;
    this.#state |= RESUMES;
    queueMicrotask(() => this.#goOn());
  }
  /** Goes on with what came while it was paused. */
  #goOn(): void {
    this.#state &= ~RESUMES;
    if (this.#has(DONE | PAUSED)) return;
    const kept = this.#kept;
    this.#kept = null;
    if (kept !== null) this.#take(kept);
    if (this.#has(DONE | PAUSED)) return;
    if (this.#has(ENDS) && !this.#has(ENDED)) this.#end(false);
    if (!this.#has(DONE | PAUSED)) this.#inner.resume();
  }

  shutdown(): void {
    if (this.#has(DONE | SHUT)) return;
    this.#state |= SHUT;
    if (!this.#has(OPEN)) return;
    this.#notifyClose();
    if (this.#rest === null) this.#inner.shutdown();
  }
  #notifyClose(): void {
    this.#library.ssl.SSL_shutdown(this.#ssl);
    this.#library.crypto.ERR_clear_error();
    this.#flush();
  }
  close(): void {
    if (this.#has(DONE)) return;
    if (this.#has(OPEN) && !this.#has(SHUT | FAILED)) this.#notifyClose();
    const rest = this.#rest;
    this.#leave();
    if (rest === null) return this.#inner.close();
    this.#rest = rest;
    this.#state |= LINGERS;
    this.#endLinger = this.#schedule(lingerTime, () => this.#inner.close());
    this.#inner.pause();
  }
  #closeInner(): void {
    this.#state &= ~LINGERS;
    this.#endLinger?.();
    this.#inner.close();
  }
  reset(): void {
    if (this.#has(DONE)) return;
    this.#leave();
    this.#inner.reset();
  }
  tcpInfo(): DataView | null {
    return this.#inner.tcpInfo?.() ?? null;
  }
  underWay(): number {
    const rest = this.#rest === null ? 0 : this.#rest.length;
    return rest + (this.#inner.underWay?.() ?? 0);
  }
  peerGone(): boolean {
    return this.#has(DONE | FAILED) || this.#inner.peerGone();
  }

  /** It is broken, or will not become a connection: the owner is notified. */
  #fail(words: string, kind: TlsFailure): void {
    if (this.#has(STARTS)) return queueMicrotask(() => this.#fail(words, kind));
    if (this.#has(DONE)) return;
    this.failure = words;
    this.failureKind = kind;
    this.#state |= FAILED;
    this.#pipe.clear();
    const rest = this.#rest;
    const { events } = this;
    this.#leave();
    if (rest === null) this.#inner.close();
    else this.#inner.reset();
    events.closed(this, new SocketError("ECONNRESET", words));
  }

  /** Gives up all that it has but the inner socket. */
  #leave(): void {
    this.#state |= DONE;
    this.#rest = this.#kept = null;
    this.events = noEvents;
    const made = this.#ssl;
    if (made === 0) return;
    const { ssl } = this.#library;
    // Or the session could not go on: how its connection ended says nothing about it.
    if (this.#has(OPEN) && !this.#has(FAILED)) {
      this.#side.leaves?.(made);
      ssl.SSL_set_shutdown(made, SSL_SENT_AND_RECEIVED_SHUTDOWN);
    }
    this.#ssl = 0;
    counts.ssl--;
    ssl.SSL_free(made);
  }

  // Facts that are asked for.

  get #known(): Known | null {
    return this.#ssl === 0 ? null : { ssl: this.#ssl, server: this.#side.server };
  }
  peer(): PeerCertificates | null {
    return this.#known === null ? null : peerCertificates(this.#known);
  }
  own(): Uint8Array | null {
    return this.#known === null ? null : ownCertificate(this.#known);
  }
  sessionId(): Uint8Array | null {
    return bytesOf(this.#known, "sessionId");
  }
  sessionKey(): Uint8Array | null {
    return bytesOf(this.#known, "sessionKey");
  }
  clientRandom(): Uint8Array | null {
    return bytesOf(this.#known, "clientRandom");
  }
  serverRandom(): Uint8Array | null {
    return bytesOf(this.#known, "serverRandom");
  }
  uniqueId(): Uint8Array | null {
    return bytesOf(this.#known, "uniqueId");
  }
}
