/** What both the origin and the client do with sockets: exact bytes, and how a connection ends. */
import type { Socket } from "node:net";

/** How a connection ended, as seen from here: the other side's FIN or RST. */
export type End = "FIN" | "RST";

/** Waits for something that happens elsewhere: asks again and again. @throws {Error} after 8 s */
export async function until(done: () => boolean, what: () => string): Promise<void> {
  const deadline = performance.now() + 8000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`waited 8 s in vain: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A connection and all that it brought, one character a byte. */
export interface Wire {
  readonly socket: Socket;
  bytes: string;
  ended: End | null;
}

/** Collects what comes over a socket. */
export function wire(socket: Socket, changed: () => void = () => {}): Wire {
  const self: Wire = { socket, bytes: "", ended: null };
  const end = (how: End) => {
    self.ended ??= how;
    changed();
  };
  socket.setNoDelay(true);
  socket.on("data", (bytes: Uint8Array) => {
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) {
      text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    }
    self.bytes += text;
    changed();
  });
  socket.on("end", () => end("FIN"));
  socket.on("error", () => end("RST"));
  socket.on("close", () => end("RST"));
  return self;
}
