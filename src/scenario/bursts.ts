/** Many requests, in sum. */
import { status } from "../simulate/message.ts";
import { lineOf, type RequestSpec } from "../simulate/browser.ts";
import { fold, type Look, wrap } from "./drawing.ts";
import {
  type Groups,
  isProblem,
  knownServer,
  knownServers,
  milliseconds,
  oneOf,
  type Phrase,
  phrase,
  type Problem,
  problem,
  type Said,
} from "./language.ts";
import type { Names } from "../simulate/topology.ts";
import type { DemoServer } from "../simulate/demo-server.ts";
import { endpointOf, requestOf, requestParts, type StoryRequest } from "./requests.ts";
import { type Context, logParts, type Part, type Performed, Step } from "./step.ts";

/** What came of them. */
export interface Burst {
  /** The request line. */
  readonly line: string;
  /** The proxy that the story names; null: none. */
  readonly proxy: string | null;
  readonly count: number;
  /** Where they came from, in words; "": the story says nothing of that. */
  readonly from: string;
  /** They were sent at the same time. */
  readonly atOnce: boolean;
  /** Requests for each server that might get some, in the configuration's order. */
  readonly counts: ReadonlyMap<string, number>;
  /** The most requests that each had at once. */
  readonly peaks: ReadonlyMap<string, number>;
  /** The servers in the order in which the requests came to them. */
  readonly order: readonly string[];
  /** How often each status came back; 0 where no response came. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How long the clients waited for their responses, ms: the mean, and the 99th percentile. */
  readonly mean: number;
  readonly p99: number;
  /** The origin's name behind a server's: servers may share an address. */
  readonly originOf: (server: string) => string;
}

/** The step. */
export class SendMany extends Step<Burst> {
  /** Each client connects from the next higher address. */
  upward = false;

  constructor(
    said: Said,
    /** A client that sends them all; null: each from a client never seen before. */
    readonly client: string | null,
    readonly count: number,
    readonly atOnce: boolean,
    readonly request: StoryRequest,
  ) {
    super(said, burstParts);
  }

  override async perform(context: Context): Promise<Performed<Burst>> {
    const { servers, clients } = context;
    const { count, atOnce, request } = this;
    const client = this.client === null ? null : clients.get(this.client);
    const to = endpointOf(request, context);
    const statuses = new Map<number, number>();
    const waits: number[] = [];
    clients.deal(servers.sights, null);
    if (client !== null) client.begun = null;
    for (const origin of servers.origins) origin.peak = 0;

    const one = async (index: number) => {
      const browser = client?.browser ?? clients.newBrowser();
      const outcome = await browser.send(this.#requestAt(index), to);
      if (client === null) browser.close();
      const code = outcome.response === null ? 0 : status(outcome.response);
      statuses.set(code, (statuses.get(code) ?? 0) + 1);
      waits.push(outcome.wait);
    };
    const indices = Array.from({ length: count }, (_, i) => i);
    if (atOnce) await Promise.all(indices.map(one));
    else for (const index of indices) await one(index);

    const line = lineOf(request);
    const order = clients.deal(servers.sights, line).map(({ server }) => server);
    if (client !== null) client.previous = order.at(-1) ?? client.previous;
    const counts = new Map<string, number>();
    const peaks = new Map<string, number>();
    for (const { name, peak } of concerned(request, order, context)) {
      counts.set(name, order.filter((server) => server === name).length);
      peaks.set(name, Math.max(peak, peaks.get(name) ?? 0));
    }
    const originOf = (server: string) => servers.originName(server);
    const sums = { counts, peaks, order, statuses, ...meanAndP99(waits), originOf };
    const { proxy, source } = request;
    const from = source === null ? "" : ` from ${source}${this.upward ? " upward" : ""}`;
    const burst: Burst = { line, proxy, count, from, atOnce, ...sums };
    return { subject: burst, picture: (look) => drawBurst(burst, look) };
  }

  /** The request of the client with this index. */
  #requestAt(index: number): RequestSpec {
    const { request, upward } = this;
    if (!upward || request.source === null) return request;
    const number = request.source.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) +
      index;
    const source = [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
    return { ...request, source };
  }
}

/** The servers of the proxy that requests were sent to, and any other that got some. */
function concerned(
  { proxy, port }: StoryRequest,
  order: readonly string[],
  { servers, topology }: Context,
): DemoServer[] {
  const entry = topology.entryOf(proxy, port);
  const places = topology.servers.filter((server) => server.proxy === entry.proxy);
  const own = new Set(places.map(({ label }) => servers.originName(label)));
  return servers.origins.filter(({ name }) => own.has(name) || order.includes(name));
}

/** The mean and the 99th percentile (the least value that 99 of 100 do not exceed). */
function meanAndP99(values: number[]): { readonly mean: number; readonly p99: number } {
  const sorted = values.sort((a, b) => a - b);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length);
  return { mean, p99: sorted[Math.ceil(0.99 * sorted.length) - 1] ?? 0 };
}

/** `the ... is at most TIME`. */
const atMost = (shape: string, which: "mean" | "p99"): Part<SendMany> =>
  phrase(shape, ({ time = "" }, said, _, step) =>
    step.expect(said, (burst) => {
      const wait = burst[which];
      return wait <= milliseconds(time) ? null : `${Math.round(wait)} ms`;
    }));

/** What a server, or every one (null), has at most at once. */
function expectPeak(step: SendMany, said: Said, server: string | null, most: number): void {
  step.expect(said, ({ peaks, originOf }) => {
    const over = [...peaks].filter(([name, peak]) =>
      peak > most && (server === null || originOf(server) === name)
    );
    return over.length === 0 ? null : over.map(([name, peak]) => `${name} had ${peak}`).join(", ");
  });
}

const countsPattern = /^\w[\w.:/-]* serves \d+(?:,? (?:and )?\w[\w.:/-]* \d+)*$/;

function readCounts(_: Groups, said: Said, names: Names, step: SendMany): Problem | void {
  const counts = new Map<string, number>();
  for (
    const [, server = "", n] of said.text.replace(" serves ", " ").matchAll(/([^\s,]+) (\d+)/g)
  ) {
    const stranger = knownServer(server, names);
    if (stranger !== null) return stranger;
    counts.set(server, Number(n));
  }
  return step.expect(said, (burst) => {
    const wrong = [...counts].some(([server, count]) =>
      (burst.counts.get(burst.originOf(server)) ?? 0) !== count
    );
    return wrong ? [...burst.counts].map((each) => each.join(" ")).join(", ") : null;
  });
}

/** Sentences indented under it. */
export const burstParts: readonly Part<SendMany>[] = [
  ...requestParts,
  phrase("from ADDRESS [upward]", ({ address = "", upward }, _, __, step) => {
    step.upward = upward !== undefined;
    step.request.source = address;
    return step.upward && address.includes(":")
      ? problem(address, "only addresses of IPv4 are counted upward", "write A.B.C.D")
      : undefined;
  }),
  phrase("SERVER serves N, SERVER N, ...", readCounts, countsPattern),
  phrase(
    "at least N servers serve them",
    ({ n }, said, _, step) =>
      step.expect(said, ({ counts }) => {
        const used = [...counts.values()].filter((count) => count > 0).length;
        return used >= Number(n) ? null : `${used} did`;
      }),
  ),
  phrase(
    "every client gets STATUS",
    (groups, said, _, step) =>
      step.expect(said, ({ statuses, count }) => {
        if (statuses.get(Number(groups["status"])) === count) return null;
        const parts = [...statuses].map(([code, count]) =>
          `${count} ${code === 0 ? "no response" : `x ${code}`}`
        );
        return parts.join(", ");
      }),
  ),
  atMost("the mean wait is at most TIME", "mean"),
  atMost("the 99th percentile is at most TIME", "p99"),
  phrase(
    "no server ever has more than N requests at once",
    ({ n }, said, _, step) => expectPeak(step, said, null, Number(n)),
  ),
  phrase("SERVER never has more than N requests at once", (groups, said, names, step) => {
    const { server = "", n } = groups;
    return knownServers(server, names) ?? expectPeak(step, said, oneOf(server), Number(n));
  }),
  phrase(
    "SERVER comes to N requests at once",
    ({ server = "", n }, said, names, step) =>
      knownServer(server, names) ?? step.expect(said, ({ peaks, originOf }) => {
        const peak = peaks.get(originOf(server)) ?? 0;
        return peak >= Number(n) ? null : `it had ${peak} at most`;
      }),
  ),
  ...logParts,
];

/** Sentences that stand for themselves. */
export const burstSentences: readonly Phrase<Step>[] = [
  phrase("CLIENT sends METHOD URI [HTTP/1.0] [to PROXY [port PORT]] N times", readTimes),
  phrase<Step>(
    "CLIENT sends METHOD URI [HTTP/1.0] on the same connection [to PROXY [port PORT]] N times",
    () =>
      problem(
        "on the same",
        "many requests on one connection are told one by one",
        "leave out 'N times' or 'on the same connection'",
      ),
  ),
  ...["[to PROXY [port PORT]] [at once]", "[at once] [to PROXY [port PORT]]"].map((tail) =>
    phrase<Step>(`N new clients send METHOD URI [HTTP/1.0] ${tail}`, (groups, said, names) => {
      const request = requestOf(groups, names);
      if (isProblem(request)) return request;
      return new SendMany(
        said,
        null,
        Number(groups["n"]),
        groups["at_once"] !== undefined,
        request,
      );
    })
  ),
];

function readTimes(groups: Groups, said: Said, names: Names): Step | Problem {
  const request = requestOf(groups, names);
  if (isProblem(request)) return request;
  return new SendMany(said, groups["client"]!, Number(groups["n"]), false, request);
}

/** Draws it: a bar for each server, and how it went. */
export function drawBurst(burst: Burst, look: Look): string[] {
  const { line, proxy, count, from, counts, order, statuses, atOnce } = burst;
  const { paint, width } = look;
  const longest = Math.max(0, ...[...counts.keys()].map((server) => server.length));
  const room = width - longest - 12;
  const most = Math.max(1, ...counts.values());
  const scale = Math.min(1, room / most);
  const where = proxy === null ? "" : ` to ${proxy}`;
  const lines = [paint.bold(`${count} requests${from}${where}: ${line}`)];
  for (const [server, n] of counts) {
    const bar = "#".repeat(Math.round(n * scale));
    lines.push(`  ${server.padEnd(longest)}  ${bar === "" ? n : `${paint.green(bar)} ${n}`}`);
  }
  const letters = shortNames([...counts.keys()]);
  if (letters !== null && order.length <= 1000) {
    const sequence = order.map((server) => letters.get(server) ?? "?").join("");
    lines.push(
      ...fold(sequence, width - 17).map((part, i) =>
        `  ${i === 0 ? "in this order" : "             "}  ${part}`
      ),
    );
  }
  if (atOnce) lines.push(...wrap(howItWent(burst), width - 4).map((part) => `  ${part}`));
  const silent = statuses.get(0) ?? 0;
  if (silent > 0) lines.push(paint.red(`  ${silent} without a response`));
  return lines;
}

/** How long clients that came at the same time waited, and how many servers had at once. */
function howItWent({ mean, p99, peaks }: Burst): string {
  const most = [...peaks].map(([server, peak]) => `${server} ${peak}`).join(", ");
  return `waiting time: mean ${time(mean)}, 99th percentile ${time(p99)}; ` +
    `most requests at once: ${most}`;
}

/** Milliseconds for people, to about two digits: 8 ms, 0.42 s. */
function time(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** A letter for each server, where what distinguishes their names is one letter: webA, webB. */
function shortNames(servers: readonly string[]): ReadonlyMap<string, string> | null {
  let prefix = servers[0] ?? "";
  for (const server of servers) {
    while (!server.startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  const names = servers.map((server) => [server, server.slice(prefix.length)] as const);
  return names.length > 1 && names.every(([, letter]) => letter.length === 1)
    ? new Map(names)
    : null;
}
