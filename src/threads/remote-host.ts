/**
 * Services that the main thread hosts, as a worker and the main thread see them. The request goes
 * there with what a worker reports; the pieces of the response come through a message port, which the
 * worker, that never returns to the runtime's event loop, looks into when a message says so.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Membership } from "../proxy/dynamic-servers.ts";
import type { NamedChange } from "../expr/patterns/store.ts";
import type { Host, HostedRequest } from "../services/hosting.ts";
import type { ServiceResponse } from "../services/service.ts";
import type { TlsChanges } from "../tls/material.ts";

/** What a worker reports of a request. */
export type HostedReport =
  | { readonly kind: "serve"; readonly id: number; readonly request: HostedRequest }
  | { readonly kind: "cancel"; readonly id: number };

/** A piece of a response; null: it is complete. */
interface Piece {
  readonly id: number;
  readonly bytes: Uint8Array | null;
}

/** What a thread is told besides: a change of a map or of an ACL's list, certificates that are new. */
export type SharedChange = { readonly change: NamedChange } | { readonly tls: TlsChanges };

/** A server that has come, or gone. */
export interface SharedMembership {
  readonly membership: Membership;
}

/**
 * The worker's side.
 * @param port whence the pieces come
 * @param changed called with changes that others have made
 * @param joined called when a server has come, or gone
 * @param replaced called with what is new of TLS
 */
export function createRemoteHost(
  port: MessagePort,
  report: (report: HostedReport) => void,
  changed: (change: NamedChange) => void,
  joined: (change: Membership) => void,
  replaced: (changes: TlsChanges) => void,
): Host & { receive(): void } {
  const waiting = new Map<number, ServiceResponse>();
  let last = 0;
  return {
    serve(request, response) {
      const id = ++last;
      waiting.set(id, response);
      report({ kind: "serve", id, request });
      return () => {
        if (waiting.delete(id)) report({ kind: "cancel", id });
      };
    },
    /** Takes the pieces that have come. */
    receive() {
      for (
        let next = receiveMessageOnPort(port);
        next !== undefined;
        next = receiveMessageOnPort(port)
      ) {
        const message = next.message as Piece | SharedChange | SharedMembership;
        if ("change" in message) {
          changed(message.change);
          continue;
        }
        if ("membership" in message) {
          joined(message.membership);
          continue;
        }
        if ("tls" in message) {
          replaced(message.tls);
          continue;
        }
        const { id, bytes } = message;
        const response = waiting.get(id);
        if (response === undefined) continue;
        if (bytes !== null) response.send(bytes);
        else {
          waiting.delete(id);
          response.end();
        }
      }
    },
  };
}

/** The main thread's side of one worker. @param wake has the worker look into the port */
export function createHostFor(
  host: () => Host | null,
  port: MessagePort,
  wake: () => void,
): { receive(report: HostedReport): void; close(): void } {
  const running = new Map<number, () => void>();
  const send = (piece: Piece) => {
    port.postMessage(piece);
    wake();
  };
  return {
    receive(report) {
      const { id } = report;
      if (report.kind === "cancel") {
        running.get(id)?.();
        running.delete(id);
        return;
      }
      const found = host();
      if (found === null) return send({ id, bytes: null });
      let over = false;
      const cancel = found.serve(report.request, {
        onResume: null,
        send(bytes) {
          if (!over) send({ id, bytes });
          return !over;
        },
        end() {
          running.delete(id);
          if (!over) send({ id, bytes: null });
        },
      });
      running.set(id, () => {
        over = true;
        cancel();
      });
    },
    close() {
      for (const cancel of running.values()) cancel();
      running.clear();
      port.close();
    },
  };
}
