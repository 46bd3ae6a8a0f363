/** One check: a connection, a conversation over it, a verdict, all within a time. */
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

/** Whom to check, from where, for how long. */
export interface Target {
  readonly endpoint: Endpoint;
  readonly options: ConnectOptions;
  readonly timeouts: CheckTimeouts;
}

/** What is said over a check's connection, and heard; one object a check. */
export interface Conversation {
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
 * @param conversation null: the connection is all that is asked for
 * @param done called once, from the event loop; the connection is closed by then
 * @returns a function that gives up on the check; `done` is not called then
 */
export function startProbe(
  network: Network,
  clock: Clock,
  target: Target,
  conversation: Conversation | null,
  done: (result: CheckResult) => void,
): () => void {
  const { timeouts } = target;
  const start = clock.now();
  let established = false;
  let over = false;
  let sent = 0;
  let cancelTimeout = clock.schedule(timeouts.connect, expire);

  const socket = network.connect(target.endpoint, target.options, {
    opened(socket) {
      established = true;
      if (conversation === null) return conclude(verdict("L4OK"));
      if (timeouts.answer !== null) {
        cancelTimeout();
        cancelTimeout = clock.schedule(timeouts.answer, expire);
      }
      send(socket);
    },
    drain: send,
    data: (_socket, bytes) => conclude(conversation?.data(bytes) ?? null),
    ended: () => conclude(conversation?.ended() ?? null),
    closed(_socket, { code }) {
      conclude(established ? connectionBroken(code) : connectFailure(code));
    },
  });

  function send(socket: Socket): void {
    const request = conversation?.request;
    if (!established || request === undefined || sent === request.length) return;
    sent += Math.max(0, socket.write(request, sent, request.length));
  }
  function expire(): void {
    // Nobody waits for the rest of a late answer.
    socket.reset();
    conclude(verdict(established && conversation !== null ? conversation.timeout : "L4TOUT"));
  }
  function conclude(found: Verdict | null): void {
    if (found === null || over) return;
    release();
    done(resultOf(found, clock.now() - start));
  }
  function release(): void {
    over = true;
    cancelTimeout();
    socket.close();
  }
  return () => {
    if (!over) release();
  };
}
