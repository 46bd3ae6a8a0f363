/** A visitor who speaks HTTPS, on node:tls alone; he trusts whoever answers. */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:tls";
import { textOf } from "../latin1.ts";
import type { Message } from "../scenarios/wire.ts";

/** One HTTP/1.0 request on a connection of its own, from an address of the visitor's own. */
export async function visitSecurely(
  target: { host: string; port: number; localAddress: string },
  text: string,
): Promise<Message> {
  const socket = connect({ ...target, rejectUnauthorized: false });
  const pieces: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => void pieces.push(bytes));
  try {
    await once(socket, "secureConnect");
    socket.write(text);
    await once(socket, "end"); // of HTTP/1.0's response, too
  } finally {
    socket.destroy();
  }
  const bytes = Buffer.concat(pieces);
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) throw new Error(`no response, but: ${bytes.toString("latin1")}`);
  const [line = "", ...fields] = bytes.toString("latin1", 0, end).split("\r\n");
  return { line, fields, content: textOf(bytes.subarray(end + 4)), trailers: [] };
}
