/** Time-outs, in both spellings (manual, chapter 4.2, "timeout ..."). */
import * as v from "valibot";
import { entriesOf, formOf, type Side, zeroable } from "./keyword.ts";
import { time } from "./values.ts";

/** A time-out; 0 is as good as none. `old`: the guide's spelling. */
function timeout(name: string, side: Side, doc: string, old?: string) {
  const others = old === undefined
    ? []
    : [{ ...formOf(old, time()), doc: `Old spelling of 'timeout ${name}'.` }];
  return zeroable(`timeout ${name}`, time(), { doc, chapter: "4.2", side }, others);
}

/** Time-outs of a proxy. */
export const timeoutSettings = {
  connect: timeout(
    "connect",
    "backend",
    "How long a connection to a server may take.",
    "contimeout",
  ),
  client: timeout("client", "frontend", "How long a client may be silent.", "clitimeout"),
  server: timeout("server", "backend", "How long a server may be silent.", "srvtimeout"),
  queue: timeout("queue", "backend", "How long a request may wait for a server; else 'connect'."),
  tunnel: timeout(
    "tunnel",
    "backend",
    "How long neither side of a tunnel may send anything; else 'client' and 'server'.",
  ),
  clientFin: timeout(
    "client-fin",
    "frontend",
    "How long a client may be silent once its server has ended; else as before.",
  ),
  serverFin: timeout(
    "server-fin",
    "backend",
    "How long a server may be silent once its client has ended; else as before.",
  ),
  tarpit: timeout("tarpit", "both", "How long a tarpit holds a request; else 'connect'."),
  check: timeout("check", "backend", "How long a check may take, once it is connected."),
  httpRequest: timeout(
    "http-request",
    "frontend",
    "How long a request's head may take; else 'client'.",
  ),
  httpKeepAlive: timeout(
    "http-keep-alive",
    "frontend",
    "How long a client may wait with its next request; else 'http-request', or 'client'.",
  ),
};

/** Time-outs, in milliseconds; null: none (manual: "timeout ..."). */
export const Timeouts = v.strictObject(entriesOf(timeoutSettings));
/** {@linkcode Timeouts} */
export type Timeouts = v.InferOutput<typeof Timeouts>;
