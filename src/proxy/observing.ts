/** What the traffic shows of a server's health (manual, chapter 5.2: "observe"). */
import { eventNumber, meaningOf, type ObservedEvent, statusEvent } from "../health/observe.ts";
import type { Server } from "./server.ts";

/** Something has been seen of a server that may be observed. */
export function observe(server: Server, event: ObservedEvent): void {
  const { observe: layer, errorLimit } = server.config;
  const good = layer === null ? null : meaningOf(event, layer);
  if (good === null) return;
  if (good) return server.errors.clear();
  const errors = server.errors.add(errorLimit);
  if (errors === 0) return;
  const { backend } = server;
  backend.runtime.observed?.(backend.index, server.index, errors, eventNumber(event));
}

/** A transaction over HTTP has ended. @param local it was answered here, not by its server */
export function observeTransaction(
  server: Server,
  status: number,
  termination: string,
  local: boolean,
): void {
  const event = local ? failures[termination.slice(0, 2)] : statusEvent(status);
  if (event !== undefined) observe(server, event);
}

/** Ends of transactions that are the server's fault, by termination state. */
const failures: Readonly<Record<string, ObservedEvent>> = {
  SH: "closed",
  sH: "readTimeout",
  PH: "badHead",
};
