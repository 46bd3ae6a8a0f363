/**
 * Queries over TCP (RFC 7766): one connection to a name server, opened when it is needed and closed
 * when it has not been for a while, over which any number of them goes without waiting for one
 * another. What is not answered on it is lost, and asked again in time.
 */
import type { ConnectOptions, Endpoint, Network, Socket, SocketEvents } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";

/** How long a connection stays open that nobody needs, ms (as HAProxy's). */
const idleTime = 5000;
/** A name server that takes no more than this is as good as gone: bytes that wait to be sent. */
const mostWaiting = 65_536;

/** See above. */
export class DnsStream implements SocketEvents {
  #socket: Socket | null = null;
  /** What has not been taken yet, and from where. */
  #out: Uint8Array = nothing;
  #in: Uint8Array = nothing;
  #closed = false;
  #cancelIdle = () => {};

  /**
   * @param receive called with each whole message
   * @param lost called when the connection is gone, and with it what has not been answered
   */
  constructor(
    readonly network: Pick<Network, "connect">,
    readonly clock: Clock,
    readonly to: Endpoint,
    readonly options: ConnectOptions,
    readonly receive: (message: Uint8Array) => void,
    readonly lost: () => void,
  ) {}

  /** Sends a query. @returns false: it cannot be sent */
  send(query: Uint8Array): boolean {
    if (this.#closed || this.#out.length + query.length + 2 > mostWaiting) return false;
    const framed = new Uint8Array(query.length + 2);
    framed[0] = query.length >> 8;
    framed[1] = query.length & 255;
    framed.set(query, 2);
    this.#out = joined(this.#out, framed);
    this.#socket ??= this.network.connect(this.to, this.options, this);
    this.#cancelIdle();
    this.#cancelIdle = this.clock.schedule(idleTime, () => this.#drop());
    this.#flush();
    return true;
  }

  /** Ends it. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #drop(): void {
    this.#cancelIdle();
    this.#socket?.close();
    this.#forget();
  }

  #forget(): void {
    this.#socket = null;
    this.#out = this.#in = nothing;
  }

  #flush(): void {
    const out = this.#out;
    if (out.length === 0 || this.#socket === null) return;
    const taken = this.#socket.write(out, 0, out.length);
    if (taken > 0) this.#out = out.slice(taken);
  }

  opened(): void {
    this.#flush();
  }
  drain(): void {
    this.#flush();
  }
  data(_socket: Socket, bytes: Uint8Array): void {
    let all = joined(this.#in, bytes);
    for (;;) {
      const end = all.length < 2 ? Infinity : 2 + (all[0]! << 8 | all[1]!);
      if (end > all.length) break;
      const message = all.slice(2, end);
      all = all.slice(end);
      this.receive(message);
      // It may have been closed by that.
      if (this.#socket === null) return;
    }
    this.#in = all;
  }
  ended(): void {
    this.#drop();
    this.lost();
  }
  closed(): void {
    this.#cancelIdle();
    this.#forget();
    this.lost();
  }
}

const nothing = new Uint8Array(0);

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
