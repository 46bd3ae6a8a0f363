/** Web servers of a soak: they know their contents by the path, die, and come back. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { contentOf } from "./random.ts";

/** A web server that can die. */
export interface MortalOrigin {
  start(): Promise<void>;
  /** Listens no more, and resets nothing: its connections end, whatever was on them. */
  die(): Promise<void>;
  /** Requests whose content was not what the path promises. */
  readonly wrong: string[];
}

/**
 * Answers `GET /content/WHICH/LENGTH/HOW`, HOW being "length" or "chunked", and
 * `POST /upload/WHICH/LENGTH/HOW`.
 */
export function mortalOrigin(host: string, port: number): MortalOrigin {
  let server: Server | null = null;
  const wrong: string[] = [];

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const [, verb, which, length, how] = request.url!.split("/");
    if (verb === "check") return void response.end();
    if (verb === "upload") {
      const parts: Uint8Array[] = [];
      request.on("data", (part: Uint8Array) => parts.push(part));
      request.on("end", () => {
        const came = Buffer.concat(parts);
        if (!came.equals(contentOf(Number(which), Number(length)))) wrong.push(request.url!);
        response.end(`got ${came.length}`);
      });
      return;
    }
    request.resume();
    const content = contentOf(Number(which), Number(length));
    if (how === "chunked") {
      response.write(content.subarray(0, content.length >> 1));
      response.end(content.subarray(content.length >> 1));
    } else {
      response.setHeader("Content-Length", content.length);
      response.end(content);
    }
  }

  return {
    wrong,
    start() {
      const next = server = createServer(answer);
      next.keepAliveTimeout = 60_000;
      return new Promise((resolve, reject) => {
        next.once("error", reject);
        next.listen(port, host, resolve);
      });
    },
    die() {
      const last = server;
      server = null;
      return new Promise((resolve) => {
        if (last === null) return resolve();
        last.close(() => resolve());
        last.closeAllConnections();
      });
    },
  };
}
