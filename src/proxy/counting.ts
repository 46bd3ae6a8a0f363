/** What becomes of a stream in the counters of its frontend, its backend and its server. */
import { at, countTimes } from "../stats/counters.ts";
import { observeTransaction } from "./observing.ts";
import type { Backend } from "./backend.ts";
import type { Frontend } from "./frontend.ts";
import type { Server } from "./server.ts";

/** A stream's end, as it is counted. */
export interface EndedStream {
  readonly frontend: Frontend;
  /** null: it has come to none. */
  readonly reached: Backend | null;
  /** null: it had none, or came to no backend. */
  readonly servedBy: Server | null;
  /** A rule has denied the request, or its response. */
  readonly denied: boolean;
  readonly received: number;
  readonly sent: number;
  /** ms; below 0: never reached. */
  readonly queueTime: number;
  readonly connectTime: number;
  readonly responseTime: number;
  readonly totalTime: number;
}

/** Counts an HTTP transaction. @param local it was answered here, not by its server */
export function countTransaction(
  stream: EndedStream,
  status: number,
  termination: string,
  local: boolean,
): void {
  const { frontend, reached: backend, servedBy } = stream;
  const response = status < 100 || status > 599
    ? at.responsesOther
    : at.responsesOther + Math.floor(status / 100);
  const front = frontend.counts.own;
  front[at.requests]!++;
  front[response]!++;
  if (backend !== null) {
    const back = backend.counts.own;
    back[at.requests]!++;
    back[response]!++;
  }
  if (servedBy !== null && !local) {
    const own = servedBy.counts.own;
    own[at.requests]!++;
    own[response]!++;
  }
  if (servedBy !== null && servedBy.config.observe !== null) {
    observeTransaction(servedBy, status, termination, local);
  }
  countStream(stream, termination);
}

/** Counts a stream of either protocol. */
export function countStream(stream: EndedStream, termination: string): void {
  const { frontend, reached: backend, servedBy, received, sent } = stream;
  const front = frontend.counts.own;
  front[at.bytesIn]! += received;
  front[at.bytesOut]! += sent;
  if (backend !== null) {
    const back = backend.counts.own;
    back[at.bytesIn]! += received;
    back[at.bytesOut]! += sent;
    const { queueTime, connectTime, responseTime, totalTime } = stream;
    countTimes(backend.counts, queueTime, connectTime, responseTime, totalTime);
    if (servedBy !== null) {
      const own = servedBy.counts.own;
      own[at.bytesIn]! += received;
      own[at.bytesOut]! += sent;
      countTimes(servedBy.counts, queueTime, connectTime, responseTime, totalTime);
    }
  }
  if (termination !== "--") countFailure(stream, termination);
}

/** Which counter a termination state adds to (manual: "Session state at disconnection"). */
function countFailure(
  { frontend, reached: backend, servedBy, denied }: EndedStream,
  termination: string,
): void {
  const cause = termination[0]!;
  const phase = termination[1]!;
  if (denied) {
    const counter = phase === "H" || phase === "D" ? at.deniedResponses : at.deniedRequests;
    frontend.counts.own[counter]!++;
    if (backend !== null) backend.counts.own[counter]!++;
    if (counter === at.deniedResponses && servedBy !== null) servedBy.counts.own[counter]!++;
    return;
  }
  if (phase === "R" && cause !== "L") {
    if (cause === "I") frontend.counts.own[at.internalErrors]!++;
    else frontend.counts.own[at.failedRequests]!++;
    return;
  }
  const counter = cause === "C" || cause === "c" && phase === "D"
    ? at.clientAborts
    : phase === "H" && (cause === "S" || cause === "s" || cause === "P")
    ? at.failedResponses
    : (cause === "S" || cause === "s") && phase === "D"
    ? at.serverAborts
    : cause === "I"
    ? at.internalErrors
    : -1;
  if (counter < 0) return;
  if (counter === at.internalErrors) frontend.counts.own[counter]!++;
  if (backend !== null) backend.counts.own[counter]!++;
  if (servedBy !== null) servedBy.counts.own[counter]!++;
}
