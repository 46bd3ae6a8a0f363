/** Web servers of a soak: they know their contents by the path, die, and come back. */
import type { Connection } from "#src/simulate/connection.ts";
import {
  chunked,
  type Message,
  messageText,
  readMessage,
  response,
  staysOpen,
  target,
} from "#src/simulate/message.ts";
import { Server } from "#src/simulate/server.ts";
import { textOf } from "../latin1.ts";
import { listening, nodeNetwork, stopped } from "../node-network.ts";
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
  const wrong: string[] = [];
  const server = new Server(nodeNetwork, { kind: "ip", host, port }, (each) => void serve(each));

  async function serve(connection: Connection): Promise<void> {
    for (;;) {
      const request = await readMessage(connection, "request");
      if (request === null) break;
      connection.send(answer(request));
      if (!staysOpen(request)) break;
    }
    connection.fin();
  }

  function answer(request: Message): string {
    const [, verb, which, length, how] = target(request).split("/");
    if (verb === "check") return response();
    const content = textOf(contentOf(Number(which), Number(length)));
    if (verb === "upload") {
      if (request.content !== content) wrong.push(target(request));
      return response(`got ${request.content.length}`);
    }
    if (how !== "chunked") return response(content);
    const fields = ["Transfer-Encoding: chunked"];
    const half = Math.max(1, content.length >> 1);
    return messageText({ line: "HTTP/1.1 200 OK", fields }, chunked(content, [half]));
  }

  return {
    wrong,
    async start() {
      await listening(server);
    },
    die: () => stopped(server, "kill"),
  };
}
