/** One check: a connection, a request and a response over it, a verdict, all within a time. */
import { encodeProxyHeader, type ProxyVersion } from "../net/proxy-protocol/header.ts";
import type { ConnectOptions, Endpoint, Network, Socket } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import {
  type CheckResult,
  type CheckStatus,
  connectFailure,
  connectionBroken,
  resultOf,
  type Verdict,
  verdict,
} from "./result.ts";

/** How long a check may take, ms. */
export interface CheckTimeouts {
  /** To the connection; where `answer` is null, to the verdict. */
  readonly connect: number;
  /** From the connection to the verdict. */
  readonly answer: number | null;
}

/**
 * The time-outs of a check (manual: "timeout check"): `inter` for the whole of it; with `timeout
 * check`, the lesser of `inter` and `timeout connect` to connect, then `timeout check`.
 */
export function checkTimeouts(
  inter: number,
  timeout: { readonly connect: number | null; readonly check: number | null },
): CheckTimeouts {
  if (timeout.check === null) return { connect: inter, answer: null };
  return { connect: Math.min(inter, timeout.connect ?? inter), answer: timeout.check };
}

/** What to check, from where, for how long. */
export interface Target {
  readonly endpoint: Endpoint;
  readonly options: ConnectOptions;
  /** The version of the PROXY header before all else; null: none. */
  readonly proxyHeader: ProxyVersion | null;
  readonly timeouts: CheckTimeouts;
}

/** What is sent over a check's connection, and how the response is judged; one object a check. */
export interface ProbeExchange {
  /** What to send once the connection stands. */
  readonly request: Uint8Array;
  /** The verdict's status if no other came in time. */
  readonly timeout: CheckStatus;
  /** The server sent something, valid only during the call. @returns null: no verdict yet */
  data(bytes: Uint8Array): Verdict | null;
  /** The server ended its stream. */
  ended(): Verdict;
}

/** A kind of check: starts one. @returns a function that gives up on it, without a result */
export type Probe = (done: (result: CheckResult) => void) => () => void;

/**
 * Starts a check.
 * @param exchange null: the connection is all that is asked for, and a PROXY header all that
 * is sent
 * @param done called once, from the event loop; the connection is closed by then
 * @returns a function that gives up on the check; `done` is not called then
 */
export function startProbe(
  network: Network,
  clock: Clock,
  target: Target,
  exchange: ProbeExchange | null,
  done: (result: CheckResult) => void,
): () => void {
  const { timeouts } = target;
  const start = clock.now();
  let established = false;
  let over = false;
  let request: Uint8Array = nothing;
  let sent = 0;
  let cancelTimeout = clock.schedule(timeouts.connect, expire);

  const socket = network.connect(target.endpoint, target.options, {
    opened(socket) {
      established = true;
      request = wholeRequest(target, exchange, socket);
      if (exchange !== null && timeouts.answer !== null) {
        cancelTimeout();
        cancelTimeout = clock.schedule(timeouts.answer, expire);
      }
      send(socket);
    },
    drain: send,
    data: (_socket, bytes) => conclude(exchange?.data(bytes) ?? null),
    ended: () => conclude(exchange?.ended() ?? null),
    closed(_socket, { code }) {
      conclude(established ? connectionBroken(code) : connectFailure(code));
    },
  });

  function send(socket: Socket): void {
    if (!established) return;
    if (sent < request.length) sent += Math.max(0, socket.write(request, sent, request.length));
    if (exchange === null && sent === request.length) conclude(verdict("L4OK"));
  }
  function expire(): void {
    conclude(verdict(established && exchange !== null ? exchange.timeout : "L4TOUT"));
  }
  function conclude(found: Verdict | null): void {
    if (found === null || over) return;
    release();
    done(resultOf(found, clock.now() - start));
  }
  function release(): void {
    over = true;
    cancelTimeout();
    // Closed, it would stay in TIME_WAIT: a port for each check of the last minute. HAProxy resets,
    // too. But a header that nothing answers may still be under way.
    if (exchange === null && sent > 0) socket.close();
    else socket.reset();
  }
  return () => {
    if (!over) release();
  };
}

const nothing = new Uint8Array(0);

/** What to send: the header of the PROXY protocol, where one must be sent, and the request. */
function wholeRequest(
  { proxyHeader }: Target,
  exchange: ProbeExchange | null,
  socket: Socket,
): Uint8Array {
  const request = exchange?.request ?? nothing;
  if (proxyHeader === null) return request;
  const header = ownHeader(proxyHeader, socket);
  const whole = new Uint8Array(header.length + request.length);
  whole.set(header);
  whole.set(request, header.length);
  return whole;
}

/**
 * A check relays no client's connection. As HAProxy does, version 2 says so (LOCAL); version 1
 * cannot, and names the check's own connection.
 */
function ownHeader(version: ProxyVersion, socket: Socket): Uint8Array {
  return encodeProxyHeader(
    version,
    version === "v2" ? null : {
      remoteAddress: socket.localAddress,
      remotePort: socket.localPort,
      localAddress: socket.remoteAddress,
      localPort: socket.remotePort,
    },
  );
}
