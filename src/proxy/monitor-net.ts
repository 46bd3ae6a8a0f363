/** Connections of monitors, which only look whether the proxy is alive (manual: "monitor-net"). */
import { bytesOf } from "../bytes/bytes.ts";
import { network } from "../net/ip/cidr.ts";
import { noEvents, type Socket, type SocketError, type SocketEvents } from "../net/socket.ts";
import { Timer } from "../time/wheel.ts";
import type { Frontend } from "./frontend.ts";
import type { Runtime } from "./runtime.ts";
import { Linger } from "./stream/linger.ts";

/** The whole answer, to whatever may come. */
const alive = bytesOf("HTTP/1.0 200 OK\r\n\r\n");

/** What a listener calls with each connection that it has accepted. */
export type OnAccept = (socket: Socket) => SocketEvents;

/** The monitors that are being answered. */
export class MonitorReplies {
  readonly #present = new Set<MonitorReply>();

  /**
   * Wraps `accept`, so that the frontend's monitors, if it has any, are answered before that.
   *
   * A monitor is recognised by its own address, before a PROXY header could name another one; it
   * need not send a header. It is neither counted nor logged, and takes no place of
   * `maxconn`: a proxy that is full answers it, unless it has stopped accepting because of that.
   * Then the monitor waits in the kernel's queue with all others, as in HAProxy.
   */
  wrap({ config, runtime }: Frontend, accept: OnAccept): OnAccept {
    if (config.monitorNet === null) return accept;
    const isMonitor = network(config.monitorNet);
    return (socket) => {
      if (!isMonitor(socket.remoteAddress)) return accept(socket);
      if (config.mode === "http") return new MonitorReply(socket, runtime, this.#present);
      socket.close();
      return noEvents;
    };
  }

  /** Closes their connections. */
  closeAll(): void {
    for (const reply of [...this.#present]) reply.close();
  }
}

/**
 * The answer to a monitor that speaks HTTP: sent at once, without waiting for the request. That may
 * still be on its way, and closing before it has come would send a reset, which can overtake the
 * answer: so the connection is half-closed, until the monitor closes it, or as long as it goes on
 * sending, within bounds.
 */
class MonitorReply extends Timer implements SocketEvents {
  constructor(
    readonly socket: Socket,
    readonly runtime: Runtime,
    readonly present: Set<MonitorReply>,
  ) {
    super();
    present.add(this);
    socket.write(alive, 0, alive.length);
    socket.shutdown();
    this.#linger = new Linger(runtime.clock.now(), true);
    this.#wait();
  }
  readonly #linger: Linger;

  #wait(): void {
    const { wheel, clock } = this.runtime;
    wheel.set(this, this.#linger.next(clock.now()));
  }

  opened(): void {}
  data(): void {
    this.#wait();
  }
  drain(): void {}
  ended(): void {
    this.close();
  }
  closed(_socket: Socket, _error: SocketError): void {
    this.#leave();
  }
  override fire(): void {
    this.close();
  }
  override abandon(): void {
    this.close();
  }

  close(): void {
    this.#leave();
    this.socket.close();
  }
  #leave(): void {
    this.runtime.wheel.remove(this);
    this.present.delete(this);
  }
}
