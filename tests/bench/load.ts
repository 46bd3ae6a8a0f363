/**
 * CPU time per unit of work under load: the proxies warmed up, then in turns.
 */
import { order as orderHttp2 } from "./h2load.ts";
import { type Sink, startSink } from "./helpers.ts";
import { cpuTime, modeTicks } from "./measure.ts";
import { isRunning, stop } from "./processes.ts";
import { type Proxy, type Service, SPLICE, startProxy } from "./proxies.ts";
import { contestants, eachOf, inTurns, type Stand } from "./rounds.ts";
import type { Row } from "./table.ts";

/** A kind of load. */
interface Load {
  readonly name: string;
  /** Content of each response, in bytes. */
  readonly size: number;
  readonly connections: number;
  /** Responses in each round. */
  readonly requests: number;
  /** The client's way, as in {@linkcode Order}; or HTTP/2, by h2load. */
  readonly kind: "keepalive" | "close" | "h2";
  /** In HTTP/2, streams on each connection at once. */
  readonly streams?: number;
  readonly mode?: Service["mode"];
  /** Lines of the proxies' section. */
  readonly listen?: readonly string[];
  /** Other backends, with the same servers. */
  readonly backends?: readonly string[];
  /** Files that the lines name, by their name in place of `FOLDER/`. */
  readonly files?: Readonly<Record<string, () => string>>;
  /** Whether they log by UDP. */
  readonly logs?: true;
  /** What the costs are divided by; requests unless given. */
  readonly per?: "MiB";
}

/**
 * The numbers of requests make rounds of a tenth of a second. On a virtual machine neighbours come
 * and go by the millisecond: many short rounds in turns even that out, few long ones do not.
 */
const small = { size: 128, connections: 64, requests: 5_000, kind: "keepalive" } as const;

/** The numbers from 1 to 20. */
const twenty = Array.from({ length: 20 }, (_, i) => i + 1);

export const loads: readonly Load[] = [
  { name: "keepalive", ...small },
  {
    name: "httplog",
    size: 128,
    connections: 64,
    requests: 5_000,
    kind: "keepalive",
    listen: ["option httplog"],
    logs: true,
  },
  {
    name: "close",
    size: 128,
    connections: 64,
    requests: 1_200,
    kind: "close",
    listen: ["option httpclose"],
  },
  { name: "16KiB", size: 16_384, connections: 32, requests: 3_500, kind: "keepalive" },
  { name: "1MiB", size: 1 << 20, connections: 8, requests: 150, kind: "keepalive" },
  {
    name: "bulk",
    size: 128 << 20,
    connections: 1,
    requests: 1,
    kind: "keepalive",
    mode: "tcp",
    listen: [SPLICE],
    per: "MiB",
  },
  { name: "h2c", size: 128, connections: 8, streams: 10, requests: 5_000, kind: "h2" },
  { name: "h2c 64KiB", size: 65_536, connections: 8, streams: 10, requests: 1_000, kind: "h2" },
  {
    // Of twenty conditions on host and path the last one holds.
    name: "20 ACLs",
    ...small,
    listen: [
      ...twenty.map((i) =>
        i === 20
          ? `acl c${i} path_beg /128`
          : i % 2 === 0
          ? `acl c${i} path_beg /application${i}/ /api/v${i}/`
          : `acl c${i} hdr(host) -i www${i}.example app${i}.example`
      ),
      ...twenty.map((i) => `use_backend b${i % 4} if c${i}`),
    ],
    backends: ["b0", "b1", "b2", "b3"],
  },
  {
    name: "5 edits",
    ...small,
    listen: [
      "http-request set-header X-Forwarded-Proto http",
      "http-request add-header X-Client %[src]",
      "http-request del-header User-Agent",
      "http-response set-header X-Frame-Options DENY",
      "http-response del-header Content-Type",
    ],
  },
  {
    name: "stick table",
    ...small,
    listen: [
      "stick-table type ip size 100k expire 30s store http_req_rate(10s)",
      "http-request track-sc0 src",
      "http-request deny if { sc_http_req_rate(0) gt 1000000000 }",
    ],
  },
  {
    name: "map",
    ...small,
    listen: ["use_backend %[req.hdr(host),lower,map(FOLDER/hosts.map,b0)]"],
    backends: ["b0", "b1"],
    files: {
      "hosts.map": () =>
        Array.from({ length: 100_000 }, (_, i) => `www${i}.customer.example b0\n`).join("") +
        "bench.example b1\n",
    },
  },
];

/** Rounds that do not count: the time that a just-in-time compiler needs. */
const WARM_UP = 8;
/** Work put off until after a round still counts as the round's. In ms. */
const AFTERMATH = 20;
/** UDP may lose log lines where the daemon is slow; who sends fewer than this part does not log. */
const LOGGED = 0.9;

/** A proxy and what its rounds have shown. */
interface Subject {
  readonly proxy: Proxy;
  cpu: number;
  /** From the first request to the last response of each round, in us. */
  elapsed: number;
  responses: number;
  logged: number;
}

/** Measures one load in `rounds` rounds, after a warm-up. */
export async function measureLoad(
  load: Load,
  rounds: number,
  stand: Stand,
): Promise<{ readonly row: Row; readonly notes: readonly string[] }> {
  const { helpers, cpus, folder } = stand;
  const sink = load.logs === undefined ? undefined : await startSink(cpus.client);
  const log = sink === undefined ? [] : [`log 127.0.0.1:${sink.port} local0`];
  for (const [name, content] of Object.entries(load.files ?? {})) {
    Deno.writeTextFileSync(`${folder}/${name}`, content());
  }
  const service: Service = {
    origins: [helpers.origin.port],
    mode: load.mode ?? "http",
    global: log,
    listen: [
      ...(load.listen ?? []).map((line) => line.replace("FOLDER", folder)),
      ...log.map(() => "log global"),
    ],
    backends: load.backends ?? [],
  };
  const subjects = await eachOf(contestants(stand), async (one): Promise<Subject> => {
    const proxy = await startProxy(one, service, cpus.proxy, folder);
    return { proxy, cpu: 0, elapsed: 0, responses: 0, logged: 0 };
  });
  for (const { proxy } of Object.values(subjects)) {
    for (let i = 0; i < WARM_UP; i++) await order(proxy, load, stand);
  }
  const before = await eachOf(subjects, ({ proxy }) => modeTicks(proxy.pid));
  const units = load.requests * (load.per === undefined ? 1 : load.size / (1 << 20));
  const series = await inTurns(subjects, rounds, async (subject) => {
    return await round(subject, load, stand, sink) / units;
  });
  const after = await eachOf(subjects, ({ proxy }) => modeTicks(proxy.pid));
  for (const { proxy } of Object.values(subjects)) await stop(proxy);
  await sink?.stop();

  const share = (who: "sluice" | "haproxy" | "again") => {
    const user = after[who].user - before[who].user;
    return user / (user + after[who].system - before[who].system);
  };
  const user = { sluice: share("sluice"), haproxy: (share("haproxy") + share("again")) / 2 };
  const unit = `us/${load.per ?? "request"} (user+system)`;
  const note = (words: string, part: (subject: Subject) => number) => {
    const percent = (subject: Subject) => `${Math.round(100 * part(subject))} %`;
    return `${words}: haproxy ${percent(subjects.haproxy)}, sluice ${percent(subjects.sluice)}`;
  };
  const notes = [note(`${load.name}, busy`, ({ cpu, elapsed }) => cpu / elapsed)];
  if (sink !== undefined) {
    const part = ({ logged, responses }: Subject) => logged / responses;
    const mute = Object.values(subjects).find((subject) => part(subject) < LOGGED);
    if (mute !== undefined) throw new Error(`${mute.proxy.name} has not logged its requests`);
    notes.push(note(`${load.name}, log lines that came`, part));
  }
  return { row: { name: load.name, unit, series, user }, notes };
}

/** One round of one proxy. @returns its CPU time in us */
async function round(
  subject: Subject,
  load: Load,
  stand: Stand,
  sink: Sink | undefined,
): Promise<number> {
  const { proxy } = subject;
  const loggedBefore = await sink?.count() ?? 0;
  const before = cpuTime(proxy.pid);
  const { seconds } = await order(proxy, load, stand);
  await new Promise((resolve) => setTimeout(resolve, AFTERMATH));
  const cpu = cpuTime(proxy.pid) - before;
  subject.cpu += cpu;
  subject.elapsed += seconds * 1e6;
  subject.responses += load.requests;
  subject.logged += (await sink?.count() ?? 0) - loggedBefore;
  return cpu;
}

async function order(proxy: Proxy, load: Load, { helpers, cpus }: Stand) {
  const { kind, size, connections, requests, streams = 1 } = load;
  try {
    if (kind === "h2") {
      return await orderHttp2(
        { port: proxy.port, size, connections, streams, requests },
        cpus.client,
      );
    }
    return await helpers.client.order({ kind, port: proxy.port, size, connections, requests });
  } catch (error) {
    const fate = isRunning(proxy) ? "" : " (it has died)";
    throw new Error(`${proxy.name}${fate}: ${error instanceof Error ? error.message : error}`);
  }
}
