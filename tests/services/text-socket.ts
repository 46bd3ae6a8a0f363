/** A socket of a client of commands: it takes all at once. */
import { noEvents, type Socket } from "#src/net/socket.ts";

/** What was sent to the client since it was last asked, and whether the connection was closed. */
export function textSocket() {
  let sent = "";
  let closed = false;
  const socket = {
    events: noEvents,
    write(bytes: Uint8Array, from: number, to: number) {
      sent += new TextDecoder().decode(bytes.subarray(from, to));
      return to - from;
    },
    close: () => closed = true,
  } as unknown as Socket;
  return {
    socket,
    get closed() {
      return closed;
    },
    /** What has come since. */
    take(): string {
      const text = sent;
      sent = "";
      return text;
    },
  };
}
