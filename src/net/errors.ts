/** From what a runtime throws to the seam's errors. */
import { socketCode } from "./linux/errno.ts";
import { SocketError } from "./socket.ts";

/** What a call on a connection says that means one of the seam's. */
const meanings: ReadonlyMap<string, string> = new Map([
  ["ECONNABORTED", "ECONNRESET"],
  ["ENOTCONN", "EPIPE"],
]);

/** `error` as a {@linkcode SocketError}, by its `code` property; EIO where that says nothing. */
export function socketErrorOf(error: unknown): SocketError {
  if (error instanceof SocketError) return error;
  const code = (error as { code?: unknown } | null | undefined)?.code;
  const known = typeof code === "string" ? socketCode(meanings.get(code) ?? code) : "EIO";
  return new SocketError(known, error instanceof Error ? error.message : String(error));
}
