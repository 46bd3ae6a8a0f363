/** One end of a connection of the in-memory network; network.ts tells what it is for. */
import {
  type Endpoint,
  type Socket,
  SocketError,
  type SocketErrorCode,
  type SocketEvents,
  type SpliceEvents,
  writeBoth,
} from "../net/socket.ts";

/** Something that has events to deliver. */
export interface Step {
  /** Whether it waits for its turn. */
  due: boolean;
  /** Delivers one event. @returns whether there may be another */
  step(): boolean;
}

/** What a socket needs of its network. */
export interface MemoryHost {
  readonly capacity: number;
  readonly segment: number;
  readonly splice: boolean;
  openSockets: number;
  schedule(step: Step): void;
  attempt(client: MemorySocket, to: Endpoint): void;
}

/** What {@linkcode MemorySocket.splice} has begun. */
interface Splice {
  readonly source: MemorySocket;
  readonly target: MemorySocket;
  readonly events: SpliceEvents;
  left: number;
  /** Whether `events` knows that it waits. */
  waits: boolean;
}

/** A connection's states: `queued` waits to be accepted, `done` has no owner any more. */
type State = "queued" | "connecting" | "open" | "done";

/** One end of a connection. */
export class MemorySocket implements Socket, Step {
  events!: SocketEvents;
  localAddress = "";
  localPort = 0;
  due = false;
  readonly #host: MemoryHost;
  #state: State = "queued";
  /** Where a connection is to be attempted, as long as it is. */
  #to: Endpoint | undefined;
  #peer: MemorySocket | undefined;
  #owned = false;
  #paused = false;
  /** Bytes on their way to this end. */
  #inbound: Uint8Array[] = [];
  #inboundBytes = 0;
  #openedIsDue = false;
  #drainIsDue = false;
  #finSent = false;
  #finReceived = false;
  #endedTold = false;
  #error: SocketErrorCode | undefined;
  /** Passes on what comes here; passes on to here. */
  #incoming: Splice | undefined;
  #outgoing: Splice | undefined;

  constructor(host: MemoryHost, readonly remoteAddress: string, readonly remotePort: number) {
    this.#host = host;
  }

  /** Closed by its owner, or its owner has been told that it is. */
  get finished(): boolean {
    return this.#state === "done";
  }

  /** Starts as a client. */
  attempt(to: Endpoint, events: SocketEvents): void {
    this.events = events;
    this.#to = to;
    this.#state = "connecting";
    this.#own();
    this.#host.schedule(this);
  }

  /** Another attempt, after one that found the accept queue full. */
  retry(): void {
    if (this.#state === "connecting") this.#host.attempt(this, this.#to as Endpoint);
  }

  /** The connection is made; `server` is its other end. */
  link(server: MemorySocket): void {
    this.#state = "open";
    this.#openedIsDue = true;
    this.#peer = server;
    server.#peer = this;
    server.#finReceived = this.#finSent;
    this.#host.schedule(this);
  }

  /** The end in the accept queue gets its owner. */
  accepted(accept: (socket: Socket) => SocketEvents): void {
    this.#state = "open";
    this.#own();
    this.events = accept(this);
    this.#host.schedule(this);
  }

  /** The connection breaks: `closed` follows. */
  fail(code: SocketErrorCode): void {
    if (this.#state === "done") return;
    this.#error ??= code;
    this.#host.schedule(this);
  }

  step(): boolean {
    if (this.#state === "done" || this.#state === "queued") return false;
    const full = this.#incoming !== undefined && this.#incoming.target.#room() === 0;
    const readable = !this.#paused && this.#inbound.length > 0 && !full;
    if (this.#error !== undefined && !readable) {
      const error = this.#error;
      this.#finish();
      this.events.closed(this, new SocketError(error));
      return false;
    }
    if (this.#state === "connecting") {
      this.#host.attempt(this, this.#to as Endpoint);
      return false;
    }
    if (this.#openedIsDue) {
      this.#openedIsDue = false;
      this.events.opened(this);
    } else if (this.#drainIsDue && this.#room() > 0) {
      this.#drainIsDue = false;
      if (this.#outgoing === undefined) this.events.drain(this);
      else this.#host.schedule(this.#outgoing.source);
    } else if (this.#incoming !== undefined && this.#inbound.length > 0 && !this.#paused) {
      return this.#passOn(this.#incoming);
    } else if (readable) {
      this.#deliverData();
    } else if (this.#finReceived && !this.#endedTold && !this.#paused) {
      this.#endedTold = true;
      if (this.#incoming !== undefined) this.#endSplice(this.#incoming);
      this.events.ended(this);
    } else {
      return false;
    }
    return true;
  }

  /** Takes the next bytes that came, `most` at most. */
  #next(most: number): Uint8Array {
    let bytes = this.#inbound[0] as Uint8Array;
    if (bytes.length > most) {
      this.#inbound[0] = bytes.subarray(most);
      bytes = bytes.subarray(0, most);
    } else {
      this.#inbound.shift();
    }
    this.#inboundBytes -= bytes.length;
    if (this.#peer !== undefined) this.#host.schedule(this.#peer);
    return bytes;
  }

  #deliverData(): void {
    const bytes = this.#next(this.#host.segment);
    try {
      this.events.data(this, bytes);
    } finally {
      bytes.fill(0xee);
    }
  }

  splice(to: Socket, count: number, events: SpliceEvents): boolean {
    if (!this.#host.splice || !(to instanceof MemorySocket) || to.#host !== this.#host) {
      return false;
    }
    const here = this.#stands && this.#incoming === undefined && !this.#endedTold;
    const there = to.#stands && to.#outgoing === undefined && !to.#finSent;
    if (!here || !there || !(count > 0)) return false;
    this.#incoming = to.#outgoing = { source: this, target: to, events, left: count, waits: false };
    this.#host.schedule(this);
    return true;
  }

  isQuiet(): boolean {
    const reads = this.#incoming !== undefined || this.#inbound.length > 0;
    return this.#stands && !reads && !this.peerGone();
  }

  get #stands(): boolean {
    return this.#state === "open" && !this.#openedIsDue && this.#error === undefined;
  }

  /** @returns whether there may be more to pass on, or to tell */
  #passOn(splice: Splice): boolean {
    const { target, events } = splice;
    const most = Math.min(target.#room(), splice.left, this.#host.segment);
    const bytes = most > 0 ? this.#next(most) : new Uint8Array(0);
    if (bytes.length > 0 && target.#send(bytes, 0, bytes.length) < 0) {
      this.#endSplice(splice);
      return true;
    }
    splice.left -= bytes.length;
    const waits = splice.left > 0 && target.#room() === 0 && this.#inbound.length > 0;
    if (waits) target.#drainIsDue = true;
    const told = bytes.length > 0 || waits !== splice.waits;
    splice.waits = waits;
    if (splice.left === 0) this.#endSplice(splice);
    if (told) events.spliced(this, bytes.length, waits);
    return !waits;
  }

  #endSplice({ source, target }: Splice): void {
    source.#incoming = target.#outgoing = undefined;
    this.#host.schedule(source);
  }

  /** Bytes that the other end's buffer still takes; all of them once nobody reads there. */
  #room(): number {
    const peer = this.#peer;
    if (peer === undefined) return 0;
    return peer.#state === "done" ? Infinity : this.#host.capacity - peer.#inboundBytes;
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    if (this.#outgoing !== undefined) throw new Error("write() to where a splice is passing bytes");
    return this.#send(bytes, from, to);
  }

  #send(bytes: Uint8Array, from: number, to: number): number {
    if (this.#state === "done" || this.#finSent || this.#error !== undefined) return -1;
    const asked = to - from;
    const taken = Math.min(asked, this.#room());
    if (taken < asked) this.#drainIsDue = true;
    if (taken === 0) return 0;
    const peer = this.#peer as MemorySocket;
    if (peer.#state === "done") {
      // The first bytes to a closed socket are taken; a reset is the answer.
      this.fail("ECONNRESET");
      return taken;
    }
    peer.#inbound.push(bytes.slice(from, from + taken));
    peer.#inboundBytes += taken;
    this.#host.schedule(peer);
    return taken;
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

  retain(bytes: Uint8Array, from: number, to: number): Uint8Array {
    return bytes.slice(from, to);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#state === "open") this.#host.schedule(this);
  }

  shutdown(): void {
    if (this.#state === "done" || this.#finSent) return;
    this.#finSent = true;
    this.#peer?.receiveFin();
  }

  close(): void {
    if (this.#state === "done") return;
    const unread = this.#inbound.length > 0;
    this.#finish();
    // RFC 9293 section 3.6.1 / RFC 1122 section 4.2.2.13: unread bytes turn a close into a reset.
    if (unread) this.#peer?.fail("ECONNRESET");
    else if (!this.#finSent) this.#peer?.receiveFin();
  }

  reset(): void {
    if (this.#state === "done") return;
    this.#finish();
    this.#peer?.discard();
    this.#peer?.fail("ECONNRESET");
  }

  underWay(): number {
    return this.#peer === undefined ? 0 : this.#peer.#inboundBytes;
  }

  peerGone(): boolean {
    return this.#finReceived || this.#error !== undefined ||
      (this.#peer !== undefined && this.#peer.#state === "done");
  }

  /** The peer has sent its last byte. */
  receiveFin(): void {
    this.#finReceived = true;
    // As on Bun, a hint that nobody asked for.
    this.#drainIsDue = true;
    this.#host.schedule(this);
  }

  #own(): void {
    this.#owned = true;
    this.#host.openSockets++;
  }

  /** The bytes on their way are lost. */
  discard(): void {
    this.#inbound = [];
    this.#inboundBytes = 0;
  }

  #finish(): void {
    this.#state = "done";
    for (const splice of [this.#incoming, this.#outgoing]) {
      if (splice !== undefined) this.#endSplice(splice);
    }
    this.discard();
    if (this.#owned) this.#host.openSockets--;
  }
}
