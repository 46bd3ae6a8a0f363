/** From what a runtime throws to the seam's errors. */
import { SocketError, type SocketErrorCode } from "./socket.ts";

const codes: ReadonlyMap<string, SocketErrorCode> = new Map([
  ...([
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EADDRINUSE",
    "EADDRNOTAVAIL",
    "EACCES",
    "EMFILE",
    "ENOENT",
    "EPIPE",
    "EINVAL",
  ] as const).map((code) => [code, code] as const),
  ["EPERM", "EACCES"],
  ["ENFILE", "EMFILE"],
  ["ECONNABORTED", "ECONNRESET"],
  ["ENOTCONN", "EPIPE"],
]);

/** `error` as a {@linkcode SocketError}, by its `code` property; EIO where that says nothing. */
export function socketErrorOf(error: unknown): SocketError {
  if (error instanceof SocketError) return error;
  const code = (error as { code?: unknown } | null | undefined)?.code;
  const known = typeof code === "string" ? codes.get(code) : undefined;
  return new SocketError(known ?? "EIO", error instanceof Error ? error.message : String(error));
}
