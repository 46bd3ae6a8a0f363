/**
 * A socket with promises, for the two ends of the demo, client and origin. The proxy has no use
 * for it: it would be slow there. Text is one character a byte (ISO 8859-1), so that what is shown
 * is what was on the wire.
 */
import type {
  ConnectOptions,
  Endpoint,
  Network,
  Socket,
  SocketError,
  SocketEvents,
} from "../net/socket.ts";

/** One end of a connection. */
export interface Wire {
  /** What the socket tells its owner. */
  readonly events: SocketEvents;
  /** The peer's address; "" for unix sockets, and while there is no connection. */
  readonly peer: string;
  /** The connection stands, or stood. */
  readonly open: boolean;
  /** Bytes that arrived and were not yet taken. */
  readonly pending: string;
  /** The peer has sent all, or the connection is gone. */
  readonly over: boolean;
  /** The connection is gone: nothing can be sent any more. */
  readonly gone: boolean;
  /** Why the connection is gone; null while it stands, or if it came to its regular end. */
  readonly error: SocketError | null;
  /** Removes and returns the first `length` characters of `pending`. */
  take(length: number): string;
  /** Resolves when `open`, `pending` or `over` has changed. */
  change(): Promise<void>;
  /** Sends text; what the kernel does not take at once follows when it does. */
  send(text: string): void;
  /** Ends this direction, after what was sent; the other one goes on. */
  finish(): void;
  /** Closes the connection. `over` is true from then on. Idempotent. */
  close(): void;
}

/** Starts to connect. What is sent before the connection stands follows when it does. */
export function dial(network: Network, to: Endpoint, options: ConnectOptions): Wire {
  const { wire, attach } = make(false);
  attach(network.connect(to, options, wire.events));
  return wire;
}

/** The wire of a connection that a listener accepted. */
export function accepted(socket: Socket): Wire {
  const { wire, attach } = make(true);
  attach(socket);
  return wire;
}

function make(established: boolean): { wire: Wire; attach: (to: Socket) => void } {
  let socket: Socket | null = null;
  let open = established;
  let pending = "";
  let over = false;
  let error: SocketError | null = null;
  let unsent: Uint8Array = new Uint8Array(0);
  let gone = false;
  let finishing = false;
  let peer = "";
  let wake: (() => void)[] = [];

  const changed = () => {
    const callbacks = wake;
    wake = [];
    for (const callback of callbacks) callback();
  };
  const flush = () => {
    if (socket === null || !open) return;
    if (unsent.length > 0) {
      const taken = socket.write(unsent, 0, unsent.length);
      unsent = unsent.subarray(taken < 0 ? unsent.length : taken);
    }
    if (finishing && unsent.length === 0) {
      finishing = false;
      socket.shutdown();
    }
  };

  const wire: Wire = {
    events: {
      opened() {
        open = true;
        flush();
        changed();
      },
      data(_, bytes) {
        pending += textOf(bytes);
        changed();
      },
      drain: flush,
      ended() {
        over = true;
        changed();
      },
      closed(_, why) {
        over = true;
        gone = true;
        error = why;
        socket = null;
        changed();
      },
    },
    get peer() {
      return peer;
    },
    get open() {
      return open;
    },
    get pending() {
      return pending;
    },
    get over() {
      return over;
    },
    get gone() {
      return gone;
    },
    get error() {
      return error;
    },
    take(length) {
      const taken = pending.slice(0, length);
      pending = pending.slice(length);
      return taken;
    },
    change: () => new Promise((resolve) => wake.push(resolve)),
    send(text) {
      const bytes = bytesOf(text);
      if (unsent.length === 0) {
        unsent = bytes;
        return flush();
      }
      const all = new Uint8Array(unsent.length + bytes.length);
      all.set(unsent);
      all.set(bytes, unsent.length);
      unsent = all;
      flush();
    },
    finish() {
      finishing = true;
      flush();
    },
    close() {
      over = true;
      gone = true;
      socket?.close();
      socket = null;
      changed();
    },
  };
  const attach = (to: Socket) => {
    socket = to;
    peer = to.remoteAddress;
  };
  return { wire, attach };
}

function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return text;
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
