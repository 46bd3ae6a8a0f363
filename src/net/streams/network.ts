/**
 * Web Streams as a socket, and a socket as Web Streams (WHATWG Streams Standard), both with
 * backpressure: so that filters and applications written for streams plug into the proxy. They
 * copy and promise more than a native socket does; the hot path does without them.
 */
import {
  type ConnectionAddresses,
  type PromiseConnection,
  PromiseSocket,
} from "./promise-socket.ts";
import { type Socket, SocketError, type SocketEvents } from "../socket.ts";

/** Both directions of a connection. */
export interface ByteStreams {
  /** What the peer sends. It ends at the peer's FIN and errs when the connection breaks. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What goes to the peer. Closing it half-closes; aborting it resets. */
  readonly writable: WritableStream<Uint8Array>;
}

const nowhere: ConnectionAddresses = {
  remoteAddress: "",
  remotePort: 0,
  localAddress: "",
  localPort: 0,
};

/**
 * A socket over a pair of streams, which it locks. An error of either stream comes as `closed`,
 * with its code if it is a {@linkcode SocketError}, else EIO. close() cancels `readable` and closes
 * `writable`; reset() cancels and aborts them with ECONNRESET. While paused it does not look at
 * `readable`, so it knows nothing of an end or error there.
 *
 * @param addresses what the socket gives as its addresses; none by default
 */
export function socketFromStreams(
  streams: ByteStreams,
  events: SocketEvents,
  addresses: ConnectionAddresses = nowhere,
): Socket {
  const socket = new PromiseSocket(events);
  socket.open(connectionOf(streams), addresses, () => {});
  return socket;
}

function connectionOf({ readable, writable }: ByteStreams): PromiseConnection {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  let rest = new Uint8Array(0);
  return {
    async read(into) {
      while (rest.length === 0) {
        const { done, value } = await reader.read();
        if (done) return null;
        rest = value as Uint8Array<ArrayBuffer>;
      }
      const count = Math.min(rest.length, into.length);
      into.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return count;
    },
    async write(bytes) {
      try {
        // A copy: the reader may hold a chunk for as long as it likes.
        await writer.write(bytes.slice());
      } catch (error) {
        // A peer that cannot be written to is gone; the read under way will find that out.
        ignore(reader.cancel(error));
        throw error;
      }
      return bytes.length;
    },
    closeWrite: () => writer.close(),
    close() {
      ignore(reader.cancel());
      ignore(writer.close());
    },
    reset(error) {
      ignore(reader.cancel(error));
      ignore(writer.abort(error));
    },
  };
}

/** Errors of a stream that is being left have no consequence any more. */
function ignore(promise: Promise<void>): void {
  promise.catch(() => {});
}

/** How much a readable made of a socket holds ready, in bytes. */
const highWaterMark = 65_536;

/**
 * The streams of a connected socket, whose `events` it takes over. The socket is closed once
 * `readable` has ended or was cancelled and `writable` is closed; after cancelling `readable`, what
 * still arrives is thrown away. Aborting `writable` resets the connection.
 */
export function streamsFromSocket(socket: Socket): ByteStreams {
  let reading = true;
  let writing = true;
  /** Bytes that the socket has not taken, and the promise of them. */
  let unsent: { bytes: Uint8Array; done: () => void; failed: (error: unknown) => void } | undefined;
  let input!: ReadableStreamDefaultController<Uint8Array>;
  let output!: WritableStreamDefaultController;

  function closeIfDone(): void {
    if (!reading && !writing) socket.close();
  }

  function broken(error: unknown): void {
    reading = writing = false;
    input.error(error);
    output.error(error);
    unsent?.failed(error);
    unsent = undefined;
  }

  function send(): void {
    if (unsent === undefined) return;
    const { bytes, done, failed } = unsent;
    const taken = socket.write(bytes, 0, bytes.length);
    if (taken === bytes.length) {
      unsent = undefined;
      done();
    } else if (taken < 0) {
      // `closed` follows, but not if an earlier owner has had it.
      unsent = undefined;
      failed(new SocketError("EPIPE"));
    } else {
      unsent.bytes = bytes.subarray(taken);
    }
  }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      input = controller;
    },
    pull() {
      socket.resume();
    },
    cancel() {
      reading = false;
      socket.resume();
      closeIfDone();
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark }));

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      output = controller;
      // This acts at once; abort() of a sink would wait for the write that is under way.
      controller.signal.addEventListener("abort", () => {
        socket.reset();
        broken(controller.signal.reason);
      });
    },
    write(bytes) {
      return new Promise((done, failed) => {
        unsent = { bytes, done, failed };
        send();
      });
    },
    close() {
      writing = false;
      socket.shutdown();
      closeIfDone();
    },
  });

  socket.events = {
    opened: send,
    data(_, bytes) {
      if (!reading) return;
      input.enqueue(socket.retain(bytes, 0, bytes.length));
      if ((input.desiredSize ?? 0) <= 0) socket.pause();
    },
    drain: send,
    ended() {
      if (!reading) return;
      reading = false;
      input.close();
      closeIfDone();
    },
    closed: (_, error) => broken(error),
  };
  return { readable, writable };
}
