/**
 * An event loop of our own (Linux, Bun): epoll_wait() and what follows it, for a thread that does
 * nothing else. It costs half of what Bun's loop does for each event. A thread that runs it blocks
 * in the kernel, and never comes back to Bun's loop: there are no timers of Bun's, and no messages,
 * but {@linkcode EpollLoop.clock} and {@linkcode EpollLoop.wakeFd}.
 */
import { drainMicrotasks } from "bun:jsc";
import type { Clock } from "../../time/clock.ts";
import { LoopClock } from "./clock.ts";
import type { OnFault } from "../faults.ts";
import { Acceptor, type AcceptorHost, serveFrom } from "./acceptor.ts";
import { BROKEN, EpollSocket, OUTGOING, REUSABLE, UNIX } from "./socket.ts";
import { type Spare, Spares } from "./spares.ts";
import { Pipes } from "./splice.ts";
import { closeDescriptor, setOption } from "../linux/libc.ts";
import { acknowledgeLate, connectAgain, connectTo } from "../linux/connect.ts";
import { createEvent, EPOLLET, EPOLLIN, EpollSet } from "../linux/epoll.ts";
import type { Address } from "../linux/sockaddr.ts";
import { descriptorListener } from "../linux/listener.ts";
import { IPPROTO_TCP, TCP_NODELAY } from "../linux/constants.ts";
import {
  type ConnectOptions,
  type Endpoint,
  type Listener,
  type ListenOptions,
  type Network,
  type Socket,
  SocketError,
  type SocketEvents,
} from "../socket.ts";

export { wake } from "../linux/epoll.ts";

/** How a loop works with the other threads. */
export interface LoopOptions {
  /** Whether sockets can {@linkcode Socket.splice}. */
  readonly splice: boolean;
  /** Pipes for that, of two descriptors each; 256. Where none is available, bytes are copied. */
  readonly maxPipes?: number;
  /** Capacity of such a pipe in bytes, 1 MiB. */
  readonly pipeSize?: number;
  /** Connections that a listener accepts in a row, 16; Infinity: all that wait. */
  readonly maxAccepts?: number;
  /**
   * Called with what the owner of a socket throws out of a callback, which costs that socket (see
   * faults.ts), and what a timer, or a callback that was put off, throws. By default all that comes
   * out of {@linkcode EpollLoop.turn}, and the rest of the turn is for the next.
   */
  readonly onFault?: OnFault;
  /** An eventfd that wakes it, and outlives it; by default it has one of its own. */
  readonly wakeFd?: number;
  readonly mailbox?: {
    /** Called before the loop would sleep. @returns whether work waits: then it does not */
    readonly sleeps: () => boolean;
    /** Called after each wait. */
    readonly wakes: () => void;
  };
}

/** Accepting from a listening descriptor. */
export interface Accepting {
  pause(): void;
  resume(): void;
  /** For good. The descriptor stays open, and listens. */
  stop(): void;
}

/** An event loop. */
export interface EpollLoop {
  readonly network: Network;
  readonly clock: Clock;
  /** Calls `callback` at the end of this turn, or in the next if none is under way. */
  defer(callback: () => void): void;
  /**
   * Waits for events, and dispatches them; then runs what was deferred, and the timers that are due.
   * @param maxWait ms, Infinity for as long as it takes; less if there is something to do by then
   */
  turn(maxWait: number): void;
  /** An eventfd: {@linkcode wake} on it, by any thread, ends the wait. */
  readonly wakeFd: number;
  /** What it waits on, by which another thread may {@linkcode unwatch} a descriptor. */
  readonly epollFd: number;
  /**
   * Accepts from a listening descriptor, which other threads may accept from too.
   * @param place sees each accepted descriptor first; false: another thread has it now
   */
  accepting(
    fd: number,
    accept: (socket: Socket) => SocketEvents,
    place?: (fd: number) => boolean,
  ): Accepting;
  /** Serves a connection that was accepted elsewhere. It is read from in the next turn. */
  serve(fd: number, accept: (socket: Socket) => SocketEvents): void;
  /**
   * Closes every descriptor that it has; no event follows. Idempotent. No thread may {@linkcode
   * wake} it any more.
   */
  close(): void;
}

/**
 * Makes a loop, which acts only in its turns.
 * @throws {SocketError} EMFILE
 */
export function createLoop(options: LoopOptions): EpollLoop {
  return new Loop(options);
}

/** Tasks that are run later. */
class TaskQueue<T> {
  readonly #items: T[] = [];
  /** How many of them are done. */
  #done = 0;

  get empty(): boolean {
    return this.#items.length === 0;
  }
  add(item: T): void {
    this.#items.push(item);
  }
  /**
   * Runs the tasks; those that are added meanwhile, or come after one that throws, are run next
   * time.
   */
  run(act: (item: T) => void): void {
    const items = this.#items;
    for (const end = items.length; this.#done < end;) act(items[this.#done++]!);
    items.copyWithin(0, this.#done);
    items.length -= this.#done;
    this.#done = 0;
  }
}

/** See {@linkcode Loop.turn}. */
const rounds = 2;

/** So long, in ms, holds what a wait has told of the sockets. */
const fresh = 1;

class Loop implements EpollLoop, AcceptorHost {
  readonly set = new EpollSet();
  readonly wakeFd: number;
  readonly #ownWakeFd: boolean;
  readonly clock: LoopClock;
  readonly pipes: Pipes | null;
  readonly network: Network;
  readonly maxAccepts: number;
  readonly #mailbox: LoopOptions["mailbox"];
  readonly #onFault: OnFault | null;
  /** The owners of descriptors, by number. */
  readonly #owners: (EpollSocket | Acceptor | null)[] = [];
  readonly #listeners = new Set<Listener>();
  #tag = 0;
  /**
   * Events of the last wait, the round in which they are dispatched, and how many it has handled.
   */
  #events = 0;
  #round = rounds;
  #handled = 0;
  /**
   * Sockets that are not in the set yet: many a connection needs to be there only later, or never.
   */
  readonly #unwatched = new TaskQueue<EpollSocket>();
  readonly #spares = new Spares((...timer) => this.schedule(...timer));
  /** How often it has waited. */
  #waits = 0;
  readonly #toRead = new TaskQueue<EpollSocket>();
  readonly #deferred = new TaskQueue<() => void>();
  #closed = false;

  constructor(options: LoopOptions) {
    this.#mailbox = options.mailbox;
    this.#onFault = options.onFault ?? null;
    this.clock = new LoopClock(this.#onFault);
    this.maxAccepts = options.maxAccepts ?? 16;
    this.pipes = options.splice
      ? new Pipes(
        options.maxPipes ?? 256,
        options.pipeSize ?? 1 << 20,
        (...timer) => this.schedule(...timer),
      )
      : null;
    this.#ownWakeFd = options.wakeFd === undefined;
    this.wakeFd = options.wakeFd ?? createEvent();
    // Edge-triggered, each write to it is an event: it need not be read.
    this.set.add(this.wakeFd, EPOLLIN | EPOLLET, 0);
    this.network = {
      name: "epoll",
      can: {
        sourceAddress: true,
        unix: true,
        abstract: true,
        inherited: true,
        ipv6Only: true,
        transparent: true,
        socketOptions: true,
      },
      connect: (to, options, events) => this.#connect(to, options, events),
      listen: (at, options, accept) => this.#listen(at, options, accept),
      defer: (callback) => this.defer(callback),
    };
  }

  get epollFd(): number {
    return this.set.fd;
  }

  turn(maxWait: number): void {
    if (this.#closed) return;
    if (this.#round === rounds) this.#wait(maxWait);
    this.clock.enter();
    try {
      this.#dispatchEvents();
      this.#toRead.run(this.#read);
      this.#deferred.run(this.#call);
      this.clock.fire();
      // At the end, for the next wait may be a long one.
      drainMicrotasks();
    } finally {
      this.clock.leave();
    }
  }

  #wait(maxWait: number): void {
    this.#unwatched.run(watch);
    let ms = this.#toRead.empty && this.#deferred.empty ? maxWait : 0;
    if (ms > 0) ms = Math.min(ms, this.clock.untilNext());
    this.#waits++;
    const { set } = this;
    const mailbox = this.#mailbox;
    if (mailbox === undefined) {
      this.#events = set.wait(ms);
    } else {
      if (ms > 0 && mailbox.sleeps()) ms = 0;
      this.#events = set.wait(ms);
      mailbox.wakes();
    }
    this.#handled = this.#round = 0;
    for (let event = 0; event < this.#events; event++) {
      const owner = this.#owners[set.descriptor(event)];
      if (owner?.isOutgoing === true && owner.tag === set.tag(event)) owner.report();
    }
  }
  get knows(): boolean {
    return this.clock.sinceWait() < fresh;
  }

  /**
   * Dispatches the events in two rounds, first those of accepted connections and of listeners, then
   * those of connections made here. So what goes to a server goes out in close succession, and so
   * does what goes to clients: a peer that the first message has woken is still awake at the next
   * ones. Waking one costs as much of the CPU as sending to it.
   */
  #dispatchEvents(): void {
    const { set, clock } = this;
    for (; this.#round < rounds; this.#round++) {
      while (this.#handled < this.#events) {
        const event = this.#handled++;
        const owner = this.#owners[set.descriptor(event)];
        // Otherwise an earlier event has had it closed; its number may be another socket's by now.
        if (owner === null || owner === undefined || owner.tag !== set.tag(event)) continue;
        if (owner.born === this.#waits) continue;
        if (owner.isOutgoing !== (this.#round === 1)) continue;
        clock.tick();
        owner.onEvents(set.mask(event));
      }
      this.#handled = 0;
    }
  }

  defer(callback: () => void): void {
    this.#deferred.add(callback);
  }
  readLater(socket: EpollSocket): void {
    this.#toRead.add(socket);
  }
  readonly #read = (socket: EpollSocket): void => {
    this.clock.tick();
    socket.readPending();
  };
  readonly #call = (callback: () => void): void => {
    try {
      callback();
    } catch (error) {
      this.#report(error);
    }
  };
  fault(socket: EpollSocket | null, error: unknown): void {
    this.#report(error);
    try {
      socket?.abort(new SocketError("EIO", "its owner has failed"));
    } catch (error) {
      this.#report(error);
    }
  }
  #report(error: unknown): void {
    if (this.#onFault === null) throw error;
    this.#onFault(error);
  }
  schedule(delay: number, callback: () => void): () => void {
    return this.clock.schedule(delay, callback);
  }

  enter(fd: number, owner: EpollSocket | Acceptor): number {
    while (this.#owners.length <= fd) this.#owners.push(null);
    this.#owners[fd] = owner;
    this.#tag = (this.#tag + 1) & 0x7fffffff;
    return this.#tag;
  }
  leave(fd: number): void {
    this.#owners[fd] = null;
  }
  adopt(socket: EpollSocket): void {
    socket.tag = this.enter(socket.fd, socket);
    this.#unwatched.add(socket);
  }
  reuseSocket(socket: EpollSocket): void {
    this.leave(socket.fd);
    this.#spares.put(socket);
  }
  closeSocket({ fd }: EpollSocket): void {
    if (fd < 0) return;
    this.leave(fd);
    closeDescriptor(fd);
  }

  #connect(to: Endpoint, options: ConnectOptions, events: SocketEvents): Socket {
    if (to.kind === "fd") throw new SocketError("EINVAL", "fd@ is for listening only");
    const ip = to.kind === "ip";
    const plain = ip && options.speaksFirst === true && options.source === undefined &&
      options.socket === undefined && options.namespace === undefined;
    const six = ip && to.host.includes(":");
    const spare = plain ? this.#spares.take(six) : null;
    if (spare !== null) return this.#connectAgain(spare, to, six, events);
    const made = connectTo(to, options.source, options);
    if (typeof made !== "number") {
      const socket = new EpollSocket(this, -1, events, OUTGOING | BROKEN);
      this.defer(() => socket.refuse(made));
      return socket;
    }
    const kind = plain ? OUTGOING | REUSABLE : ip ? OUTGOING : OUTGOING | UNIX;
    const socket = new EpollSocket(this, made, events, kind);
    socket.six = six;
    if (options.speaksFirst === true) acknowledgeLate(made);
    if (ip) setOption(made, IPPROTO_TCP, TCP_NODELAY, 1);
    this.adopt(socket);
    return socket;
  }

  /** Connects over a descriptor that is in the set already. */
  #connectAgain(spare: Spare, to: Address, six: boolean, events: SocketEvents): Socket {
    const { fd, tag, watched } = spare;
    const refused = connectAgain(fd, to);
    if (refused !== null) {
      closeDescriptor(fd);
      const socket = new EpollSocket(this, -1, events, OUTGOING | BROKEN);
      this.defer(() => socket.refuse(refused));
      return socket;
    }
    const socket = new EpollSocket(this, fd, events, OUTGOING | REUSABLE | watched);
    socket.six = six;
    socket.tag = tag;
    // What the last wait has reported was of the connection before.
    socket.born = this.#waits;
    this.#owners[fd] = socket;
    this.#unwatched.add(socket);
    return socket;
  }

  #listen(
    at: Endpoint,
    options: ListenOptions,
    accept: (socket: Socket) => SocketEvents,
  ): Listener {
    let accepting: Accepting | null = null;
    const listener = descriptorListener(at, options, {
      begin: (fd) => accepting = this.accepting(fd, accept),
      end: () => accepting?.stop(),
      serve: (fd) => this.serve(fd, accept),
    });
    this.#listeners.add(listener);
    return {
      ...listener,
      close: () => {
        this.#listeners.delete(listener);
        listener.close();
      },
    };
  }

  accepting(
    fd: number,
    accept: (socket: Socket) => SocketEvents,
    place?: (fd: number) => boolean,
  ): Accepting {
    return new Acceptor(this, fd, accept, place);
  }

  serve(fd: number, accept: (socket: Socket) => SocketEvents): void {
    serveFrom(this, fd, accept);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#listeners) listener.close();
    for (const owner of this.#owners) {
      if (owner instanceof EpollSocket) owner.close();
    }
    this.#owners.length = 0;
    this.#spares.close();
    this.pipes?.close();
    this.set.close();
    if (this.#ownWakeFd) closeDescriptor(this.wakeFd);
  }
}

// One function for all turns.
function watch(socket: EpollSocket): void {
  socket.watch();
}
