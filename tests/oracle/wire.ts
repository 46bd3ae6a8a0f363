/** What both the origin and the client do with sockets: exact bytes, and how a connection ends. */
import type { Socket } from "node:net";
import { textOf } from "../latin1.ts";

/** How a connection ended, as seen from here: the other side's FIN or RST. */
export type End = "FIN" | "RST";

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
    self.bytes += textOf(bytes);
    changed();
  });
  socket.on("end", () => end("FIN"));
  socket.on("error", () => end("RST"));
  socket.on("close", () => end("RST"));
  return self;
}
