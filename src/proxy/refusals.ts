/**
 * Messages that are refused because they are no valid HTTP, or could be read in two ways: the
 * reason reaches the log and a counter, and the message is kept for "show errors".
 */
import { createErrorCaptures, type ErrorCaptures } from "../stats/error-captures.ts";
import type * as model from "../config/model.ts";
import type { ProxyLog } from "../log/proxy-log.ts";
import type { Clock } from "../time/clock.ts";

/** A proxy whose message was refused. */
interface RefusingProxy {
  readonly config: model.Proxy;
  readonly index: number;
  /** Counts them. */
  readonly invalid: { increase(): void };
}

/** Whose message it was. */
export interface RefusedClient {
  readonly frontend: RefusingProxy & {
    readonly runtime: { readonly clock: Clock; readonly log: ProxyLog };
  };
  readonly clientAddress: string;
  readonly remotePort: number;
}

/** The server that sent it. */
interface RefusedServer {
  readonly name: string;
  readonly index: number;
}

const nothing = new Uint8Array(0);

/** The messages that one thread has refused. */
export class Refusals {
  readonly captures: ErrorCaptures = createErrorCaptures();

  /** A client's request is refused. @param bytes what was in the buffer; null: it has gone on */
  request(client: RefusedClient, reason: string, bytes: Uint8Array | null): void {
    client.frontend.invalid.increase();
    this.#note("request", client, null, null, reason, bytes);
  }

  /** A server's response is refused. */
  response(
    client: RefusedClient,
    backend: RefusingProxy,
    server: RefusedServer | null,
    reason: string,
    bytes: Uint8Array,
  ): void {
    backend.invalid.increase();
    this.#note("response", client, backend, server, reason, bytes);
  }

  #note(
    direction: "request" | "response",
    client: RefusedClient,
    backend: RefusingProxy | null,
    server: RefusedServer | null,
    reason: string,
    bytes: Uint8Array | null,
  ): void {
    const { frontend, clientAddress, remotePort } = client;
    const { config, runtime, index } = frontend;
    this.captures.captureError({
      direction,
      wallMs: runtime.clock.wall(),
      clientAddress,
      clientPort: remotePort,
      frontend: { name: config.name, id: index },
      backend: backend === null ? null : { name: backend.config.name, id: backend.index },
      server: server === null ? null : { name: server.name, id: server.index },
      reason,
      bytes: bytes ?? nothing,
      offset: -1,
    });
    const from = `${clientAddress || "unix"}:${remotePort}`;
    const text = backend === null
      ? `Invalid request from ${from} to ${config.name}: ${reason}.`
      : `Invalid response of ${backend.config.name}/${server?.name ?? ""} to ${from}: ${reason}.`;
    runtime.log.event(config, "info", text);
  }
}
