/** What is counted of each frontend, backend and server: the places of the numbers in its tally. */
import type { Tally } from "../shared/tally.ts";

const counters = [
  "bytesIn",
  "bytesOut",
  /** Requests, and responses, that a rule denied. */
  "deniedRequests",
  "deniedResponses",
  /** Connections, and sessions, that a rule denied. */
  "deniedConnections",
  "deniedSessions",
  /** Requests that were invalid, or did not come. */
  "failedRequests",
  "failedConnects",
  "failedResponses",
  "retries",
  "redispatches",
  "clientAborts",
  "serverAborts",
  "internalErrors",
  "failedRewrites",
  /** HTTP requests. */
  "requests",
  /** Those answered by a service of this process. */
  "intercepted",
  /** Responses by the first digit of their status; the first one: of none. */
  "responsesOther",
  "responses1xx",
  "responses2xx",
  "responses3xx",
  "responses4xx",
  "responses5xx",
  /** Connections that were begun, and requests on one that stood already. */
  "connects",
  "reuses",
  /** Streams whose server was chosen by the balance. */
  "balanced",
  "compressedIn",
  "compressedOut",
  "compressedBypassed",
  "compressedResponses",
  "cacheLookups",
  "cacheHits",
  "tlsSessions",
  "tlsReused",
  "tlsFailed",
  "checkFailures",
  "checkDowns",
] as const;

const maxima = [
  "sessionsMax",
  "queueMax",
  "queueTimeMax",
  "connectTimeMax",
  "responseTimeMax",
  "totalTimeMax",
] as const;

/** Moving sums of times, and how many are in them. */
const averages = [
  "queueTime",
  "connectTime",
  "responseTime",
  "totalTime",
  "timed",
] as const;

type Names = typeof counters[number] | typeof maxima[number] | typeof averages[number];

const names: readonly Names[] = [...counters, ...maxima, ...averages];
/** The place of each number. */
export const at = Object.fromEntries(names.map((name, index) => [name, index])) as Readonly<
  Record<Names, number>
>;
/** How many there are. */
export const tallySize = names.length;

/** So many requests have a say in the average of a time, as in HAProxy (TIME_STATS_SAMPLES). */
const samples = 1024;

/** Counts the times of a stream, ms; those below 0 never came. */
export function countTimes(
  { own }: Tally,
  queue: number,
  connect: number,
  response: number,
  total: number,
): void {
  const count = Math.min(samples, own[at.timed]! + 1);
  own[at.timed] = count;
  add(own, at.queueTime, at.queueTimeMax, queue, count);
  add(own, at.connectTime, at.connectTimeMax, connect, count);
  add(own, at.responseTime, at.responseTimeMax, response, count);
  add(own, at.totalTime, at.totalTimeMax, total, count);
}

function add(own: Float64Array, sum: number, max: number, ms: number, count: number): void {
  if (ms < 0) ms = 0;
  own[sum] = count < samples ? own[sum]! + ms : own[sum]! - own[sum]! / samples + ms;
  if (ms > own[max]!) own[max] = ms;
}

/** The average of a time over the last requests, ms. */
export function averageTime(tally: Pick<Tally, "sum">, time: number): number {
  const count = tally.sum(at.timed);
  return count <= 0 ? 0 : Math.round(tally.sum(time) / count);
}

/** Forgets the maxima, and of `all` the counters too. @param now sessions, and what waits */
export function clearTally(tally: Tally, now: { sessions: number; queue: number }, all: boolean) {
  for (const name of maxima) tally.clearMax(at[name], 0);
  tally.clearMax(at.sessionsMax, now.sessions);
  tally.clearMax(at.queueMax, now.queue);
  if (!all) return;
  for (const name of counters) tally.clearSum(at[name]);
}
