/**
 * What more threads bring: requests a second with one, two and three.
 */
import { type Client, type Origin, startClient, startOrigin } from "./helpers.ts";
import { cpuTime } from "./measure.ts";
import { stop } from "./processes.ts";
import { hasThreads, type Proxy, startProxy } from "./proxies.ts";
import { contestants, eachOf, inTurns, type Stand, type Trio } from "./rounds.ts";
import type { Series } from "./statistics.ts";
import type { Row } from "./table.ts";

const THREADS = [1, 2, 3] as const;
/** Origins and clients, of each so many: one of each cannot keep three threads of a proxy busy. */
const HELPERS = 2;
const CONNECTIONS = 96;
const REQUESTS = 4_000;
/** Rounds that do not count; each thread compiles for itself. */
const WARM_UP = 6;

/** A proxy with one number of threads, and what its rounds have used, in us. */
interface Subject {
  readonly proxy: Proxy;
  cpu: number;
  /** The CPU time of origins and clients. */
  helpers: number;
  elapsed: number;
  requests: number;
}

/**
 * Requests a second with one thread, two and three; and with two and three as a multiple of one in
 * the same round. Nothing is pinned: proxies, origins and clients share the CPUs. The connections are
 * new in each round, lest a proxy that has spread them badly over its threads stays with that.
 */
export async function measureThreads(
  rounds: number,
  stand: Stand,
): Promise<{ readonly rows: readonly Row[]; readonly notes: readonly string[] }> {
  if (!hasThreads(stand.sluice)) return { rows: [], notes: ["threads: this sluice has one"] };
  const indices = Array.from({ length: HELPERS }, (_, index) => index);
  const origins = await Promise.all(indices.map(() => startOrigin("")));
  const clients = indices.map(() => startClient(""));
  const sets = await eachOf(contestants(stand), async (contestant) => {
    const set: Subject[] = [];
    for (const threads of THREADS) {
      const service = { origins: origins.map(({ port }) => port), threads };
      const proxy = await startProxy(contestant, service, "", stand.folder);
      set.push({ proxy, cpu: 0, helpers: 0, elapsed: 0, requests: 0 });
    }
    return set;
  });
  const look = async (set: readonly Subject[]) => {
    const rates: number[] = [];
    for (const subject of set) rates.push(await rate(subject, clients, origins));
    return rates;
  };
  await inTurns(sets, WARM_UP, look);
  for (const subject of Object.values(sets).flat()) {
    subject.cpu =
      subject.helpers =
      subject.elapsed =
      subject.requests =
        0;
  }
  const rates = await inTurns(sets, rounds, look);
  for (const { proxy } of Object.values(sets).flat()) await stop(proxy);
  for (const helper of [...origins, ...clients]) await helper.stop();
  return { rows: rowsOf(rates), notes: notesOf(sets) };
}

/** One round of one proxy. @returns requests a second */
async function rate(
  subject: Subject,
  clients: readonly Client[],
  origins: readonly Origin[],
): Promise<number> {
  const { proxy } = subject;
  const order = {
    kind: "visit",
    port: proxy.port,
    size: 128,
    connections: CONNECTIONS,
    requests: REQUESTS,
  } as const;
  const helpersTime = () =>
    [...clients, ...origins].reduce((sum, { pid }) => sum + cpuTime(pid), 0);
  const [before, helpersBefore] = [cpuTime(proxy.pid), helpersTime()];
  const outcomes = await Promise.all(clients.map((client) => client.order(order)));
  const seconds = Math.max(...outcomes.map((outcome) => outcome.seconds));
  subject.cpu += cpuTime(proxy.pid) - before;
  subject.helpers += helpersTime() - helpersBefore;
  subject.elapsed += seconds * 1e6;
  subject.requests += clients.length * REQUESTS;
  return clients.length * REQUESTS / seconds;
}

const name = (threads: number) => threads === 1 ? "1 thread" : `${threads} threads`;

/** @param rates requests a second: in each round, with each number of threads */
function rowsOf(rates: Trio<readonly (readonly number[])[]>): Row[] {
  const series = (value: (rates: readonly number[]) => number): Series => ({
    sluice: rates.sluice.map(value),
    haproxy: rates.haproxy.map(value),
    again: rates.again.map(value),
  });
  return [
    ...THREADS.map((threads, index) => ({
      name: name(threads),
      unit: "requests/s",
      series: series((rates) => rates[index] ?? NaN),
    })),
    ...THREADS.slice(1).map((threads, index) => ({
      name: `${name(threads)}, scaling`,
      unit: "of 1 thread's",
      series: series((rates) => (rates[index + 1] ?? NaN) / (rates[0] ?? NaN)),
    })),
  ];
}

/** How much of its threads each proxy used, and how near that is to what the CPUs allow. */
function notesOf({ sluice, haproxy }: Trio<readonly Subject[]>): string[] {
  return THREADS.map((threads, index) => {
    const words = ({ cpu, helpers, elapsed, requests }: Subject) => {
      const [own, load] = [cpu / requests, helpers / requests];
      const most = navigator.hardwareConcurrency * 1e6 / (own + load);
      return `busy ${(100 * cpu / elapsed).toFixed(0)} % with ${own.toFixed(1)} us/request, ` +
        `beside the load's ${load.toFixed(1)} (all CPUs together can do ${most.toFixed(0)}/s)`;
    };
    const [theirs, ours] = [haproxy[index], sluice[index]];
    if (theirs === undefined || ours === undefined) throw new Error("a proxy for each number");
    return `${name(threads)}: haproxy ${words(theirs)}; sluice ${words(ours)}`;
  });
}
