/** A client's connection, read as a stream of bytes that waits for what is to come. */
import { connect, type Socket } from "node:net";

/** See above. */
export interface Stream {
  readonly socket: Socket;
  /** Bytes read so far: a connection that ends with none has refused whatever was asked. */
  readonly received: number;
  /** The next response's head, without its last empty line. @throws {Error} if it ends before */
  head(): Promise<string>;
  /** So many bytes. @throws {Error} if it ends before */
  bytes(count: number): Promise<Uint8Array>;
  /** A line of text, without its end. @throws {Error} if it ends before */
  line(): Promise<string>;
  write(bytes: Uint8Array | string): void;
  close(): void;
}

/** Connects. @throws {Error} if that cannot be, or nothing happens for so long */
export async function openStream(host: string, port: number, patience = 20_000): Promise<Stream> {
  let held: Uint8Array = new Uint8Array(0);
  let received = 0;
  let over: Error | null = null;
  let wake = () => {};
  const socket = connect({ host, port });
  const end = (why: string) => {
    over ??= new Error(why);
    wake();
  };
  socket.on("data", (bytes: Uint8Array) => {
    received += bytes.length;
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    wake();
  });
  socket.on("end", () => end("it ended"));
  socket.on("error", (error: Error) => end(error.message));
  socket.on("close", () => end("it was closed"));

  /** Waits until `found` tells where the end is of what is wanted. */
  async function take(found: () => number): Promise<Uint8Array> {
    for (;;) {
      const to = found();
      if (to >= 0) {
        const taken = held.subarray(0, to);
        held = held.subarray(to);
        return taken;
      }
      if (over !== null) throw over;
      const timer = setTimeout(() => end(`nothing came for ${patience} ms`), patience);
      await new Promise<void>((resolve) => wake = resolve);
      clearTimeout(timer);
    }
  }
  const upTo = (mark: string) => async () => {
    const text = await take(() => {
      const at = Buffer.from(held.buffer, held.byteOffset, held.length).indexOf(mark);
      return at < 0 ? -1 : at + mark.length;
    });
    return Buffer.from(text).toString("latin1", 0, text.length - mark.length);
  };

  let isOpen = false;
  socket.once("connect", () => {
    isOpen = true;
    wake();
  });
  await take(() => isOpen ? 0 : -1);
  return {
    socket,
    get received() {
      return received;
    },
    head: upTo("\r\n\r\n"),
    line: upTo("\r\n"),
    bytes: (count) => take(() => held.length >= count ? count : -1),
    write: (bytes) => void socket.write(bytes),
    close: () => void socket.destroy(),
  };
}
