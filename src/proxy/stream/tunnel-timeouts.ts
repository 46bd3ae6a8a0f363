/** How long each side of a tunnel may be silent (manual: "timeout tunnel", "client-fin", "server-fin"). */
import type { Backend } from "../backend.ts";
import type { Frontend } from "../frontend.ts";

/** The client's time, ms; null: it has no end. @param ended the server has ended, and it knows */
export function tunnelClient(
  { timeouts }: Frontend,
  { config }: Backend,
  ended: boolean,
): number | null {
  if (ended && timeouts.clientFin !== null) return timeouts.clientFin;
  return config.timeout.tunnel ?? timeouts.client;
}

/** The server's. @param ended the client has ended, and it knows */
export function tunnelServer({ config }: Backend, ended: boolean): number | null {
  const { serverFin, tunnel, server } = config.timeout;
  return (ended ? serverFin : null) ?? tunnel ?? server;
}
