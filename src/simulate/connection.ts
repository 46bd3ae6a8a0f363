/**
 * One end of a connection as a script holds it: raw bytes as text, what came, and how it ended. It
 * works on every network, and can be driven both ways: by looking after `network.run()`, or by
 * awaiting. (The proxy has no use for it: it would be slow there.)
 */
import type {
  ConnectOptions,
  Endpoint,
  Network,
  Socket,
  SocketError,
  SocketErrorCode,
  SocketEvents,
} from "../net/socket.ts";
import { latin1, textOf } from "./latin1.ts";

/** A client's end, or that of a connection which a server has accepted. */
export class Connection implements SocketEvents {
  /** What came and was not taken, one character a byte. */
  received = "";
  /** How many bytes have ever come. */
  receivedCount = 0;
  /** The connection stands, or stood. */
  isOpen = false;
  /** The other side has ended its stream. */
  hasEnded = false;
  /** How the connection broke; null: it did not. */
  broke: SocketErrorCode | null = null;
  /** This side has closed or reset it. */
  isClosed = false;
  socket!: Socket;
  /** Called after each piece of data, after the other side's end, and once nothing can follow. */
  onData: (connection: Connection) => void = () => {};
  onEnd: (connection: Connection) => void = () => {};
  onGone: (connection: Connection) => void = () => {};
  #unsent: Uint8Array[] = [];
  #finIsDue = false;
  #waiting: (() => void)[] = [];

  /** Starts to connect. What is sent before the connection stands follows when it does. */
  connect(network: Network, to: Endpoint, options: ConnectOptions = {}): this {
    this.socket = network.connect(to, options, this);
    return this;
  }

  /** Takes over what a listener has accepted. */
  accept(socket: Socket): this {
    this.socket = socket;
    this.isOpen = true;
    return this;
  }

  /** The connection carries nothing any more, in either direction. */
  get isOver(): boolean {
    return this.isClosed || this.broke !== null;
  }
  /** Nothing more comes. */
  get endOfStream(): boolean {
    return this.hasEnded || this.isOver;
  }
  /** Bytes that the network has not taken yet. */
  get unsent(): number {
    return this.#unsent.reduce((sum, { length }) => sum + length, 0);
  }

  /** Removes and returns the first characters of what was received. */
  take(count: number): string {
    const taken = this.received.slice(0, count);
    this.received = this.received.slice(count);
    return taken;
  }

  /** Resolves when anything has changed. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Waits until it is so, or the stream has ended. @returns whether it is so */
  async until(isSo: () => boolean): Promise<boolean> {
    for (;;) {
      if (isSo()) return true;
      if (this.endOfStream) return false;
      await this.change();
    }
  }

  /** Sends bytes, or text of one character a byte, as fast as the other side takes it. */
  send(what: string | Uint8Array): this {
    if (what.length > 0) this.#unsent.push(typeof what === "string" ? latin1(what) : what);
    this.#flush();
    return this;
  }
  /** Half-closes after what was sent. */
  fin(): this {
    this.#finIsDue = true;
    this.#flush();
    return this;
  }
  /** Stops reading. */
  stall(): this {
    this.socket.pause();
    return this;
  }
  /** Reads again. */
  read(): this {
    this.socket.resume();
    return this;
  }
  close(): void {
    if (this.isOver) return;
    this.isClosed = true;
    this.socket.close();
    this.#gone();
  }
  reset(): void {
    if (this.isOver) return;
    this.isClosed = true;
    this.socket.reset();
    this.#gone();
  }

  #flush(): void {
    if (this.isOver || this.socket === undefined) return;
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      const taken = this.socket.write(first, 0, first.length);
      if (taken < first.length) {
        if (taken > 0) this.#unsent[0] = first.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
    if (!this.#finIsDue) return;
    this.#finIsDue = false;
    this.socket.shutdown();
  }
  #changed(): void {
    if (this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
  #gone(): void {
    this.onGone(this);
    this.#changed();
  }

  opened(): void {
    this.isOpen = true;
    this.#flush();
    this.#changed();
  }
  data(_socket: Socket, bytes: Uint8Array): void {
    this.isOpen = true;
    this.receivedCount += bytes.length;
    this.received += textOf(bytes);
    this.onData(this);
    this.#changed();
  }
  drain(): void {
    this.#flush();
  }
  ended(): void {
    this.isOpen = true;
    this.hasEnded = true;
    this.onEnd(this);
    this.#changed();
  }
  closed(_socket: Socket, { code }: SocketError): void {
    this.broke = code;
    this.#gone();
  }
}
