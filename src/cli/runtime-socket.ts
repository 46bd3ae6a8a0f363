/** A client of the runtime API of a running process: of sluice, or of HAProxy. */
import { existsSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";

/** Where the socket is looked for if nobody says where it is. */
const usual = [
  "/run/sluice/admin.sock",
  "/run/haproxy/admin.sock",
  "/run/haproxy.sock",
  "/var/run/haproxy.sock",
  "/var/lib/haproxy/stats",
];

/** ms that an answer may take. */
const patience = 10_000;

/** Why there is no answer. */
export class SocketMissing extends Error {
  override readonly name = "SocketMissing";
}

/**
 * The socket to ask.
 * @param given a path, or address:port; null: $SLUICE_SOCKET, else a usual place
 * @throws {SocketMissing} if there is none
 */
export function socketOf(given: string | null): string {
  const named = given ?? process.env["SLUICE_SOCKET"] ?? usual.find((path) => existsSync(path));
  if (named !== undefined) return named;
  throw new SocketMissing(
    "where is the runtime API?\n  fix: name its socket ('stats socket' of the configuration) " +
      "with --socket, or in SLUICE_SOCKET",
  );
}

/** Sends a line, and returns the whole answer. @throws {SocketMissing} if nothing answers */
export function askRuntime(socket: string, line: string): Promise<string> {
  const address = /^(.+):(\d+)$/.exec(socket);
  return new Promise((resolve, reject) => {
    const client = address === null || socket.startsWith("/")
      ? connect({ path: socket })
      : connect({ host: address[1]!, port: Number(address[2]) });
    let text = "";
    client.setEncoding("utf8");
    client.setTimeout(patience, () => client.destroy(new Error("no answer came in time")));
    client.on("connect", () => client.write(`${line}\n`));
    client.on("data", (piece: string) => text += piece);
    client.on("error", (error: Error) => {
      reject(new SocketMissing(`the runtime API at ${socket} cannot be asked: ${error.message}`));
    });
    client.on("close", () => resolve(text.replace(/\n\n$/, "\n")));
  });
}
