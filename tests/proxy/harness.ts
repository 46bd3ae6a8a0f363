/**
 * A proxy under test: a whole instance on the in-memory network and a clock that stands still, with
 * scripted clients before it and origins behind it.
 */
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { bytesOf } from "#src/bytes/bytes.ts";
import { Configuration } from "#src/config/model.ts";
import type { LogRecord } from "#src/log/record.ts";
import { Client } from "#src/simulate/client.ts";
import { response } from "#src/simulate/message.ts";
import { memoryNetwork, type MemoryOptions } from "#src/simulate/network.ts";
import { type Answer, Origin } from "#src/simulate/server.ts";
import { type Instance, startProxies } from "#src/proxy/instance.ts";
import { type Clock, virtualClock } from "#src/time/clock.ts";

type Input = v.InferInput<typeof Configuration>;
export type ProxyInput = NonNullable<Input["proxies"]>[number];
type ServerInput = NonNullable<ProxyInput["servers"]>[number];

/** Where origin `sN` of a test listens: 10.0.1.N, port 80. */
const hostOf = (name: string) => `10.0.1.${name.replace(/\D/g, "")}`;

/** A server line for origin `name` ("s1", "s2", ...). */
export function server(
  name: string,
  settings: Omit<ServerInput, "name" | "address"> = {},
): ServerInput {
  return { name, address: { kind: "ip", host: hostOf(name), port: 80 }, ...settings };
}

/** A listen section called "web", on 10.0.0.1:80, with httplog. */
export function web(settings: Partial<ProxyInput> = {}): ProxyInput {
  return {
    name: "web",
    kind: "listen",
    mode: "http",
    bind: [{ address: { kind: "ip", host: "10.0.0.1", port: 80 } }],
    logFormat: "httplog",
    timeout: { connect: 4000, client: 30_000, server: 20_000 },
    servers: [server("s1")],
    ...settings,
  };
}

export { Client } from "#src/simulate/client.ts";
export { type Answer, Origin } from "#src/simulate/server.ts";

/** Everything a test drives and looks at. */
export interface Scene {
  readonly network: ReturnType<typeof memoryNetwork>;
  readonly instance: Instance;
  /** What was logged of sessions. */
  readonly records: LogRecord[];
  /** What was logged of servers. */
  readonly events: { level: string; text: string }[];
  /** Starts origin `name`; without `answer` it gives its name to every request. */
  origin(name: string, answer?: Answer): Origin;
  /** Connects to the proxy; nothing has happened yet when it returns. */
  client(from?: string, port?: number): Client;
  /** Delivers all that is due now. */
  run(): void;
  /** Moves time on, millisecond by millisecond, delivering what falls due on the way. */
  advance(ms: number): void;
  now(): number;
  /** The last record's termination state. */
  readonly termination: string | undefined;
}

/** Options of {@linkcode scene}. */
export interface SceneOptions extends MemoryOptions {
  /** The process's `maxconn`. */
  readonly maxconn?: number;
  /** The process's `hard-stop-after`. */
  readonly hardStopAfter?: number;
  /** Sections that the proxies name. */
  readonly sections?: Pick<Input, "caches" | "httpErrors" | "resolvers">;
  /** Settings of the process. */
  readonly global?: Input["global"];
  /** The first addresses of servers with names, by "proxy/server". */
  readonly addresses?: ReadonlyMap<string, string | null>;
  /** What is in the files that the configuration names. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Counts what waits on a clock, so that leaks show. */
function countingClock(clock: Clock): Clock & { pending: number } {
  const counting = {
    pending: 0,
    now: () => clock.now(),
    wall: () => clock.wall(),
    schedule(delay: number, callback: () => void) {
      counting.pending++;
      let done = false;
      const finish = () => {
        if (!done) counting.pending--;
        done = true;
      };
      const cancel = clock.schedule(delay, () => {
        finish();
        callback();
      });
      return () => {
        finish();
        cancel();
      };
    },
  };
  return counting;
}

/** A test's body: plays in a scene, after which nothing may be left over. */
export function scene(
  proxies: ProxyInput | ProxyInput[],
  play: (scene: Scene) => void | Promise<void>,
  options: SceneOptions = {},
): () => Promise<void> {
  return async () => {
    const network = memoryNetwork(options);
    const time = virtualClock();
    const clock = countingClock(time);
    const records: LogRecord[] = [];
    const events: { level: string; text: string }[] = [];
    const clients: Client[] = [];
    const origins: Origin[] = [];

    const files = Object.entries(options.files ?? {});
    const configuration = {
      ...v.parse(Configuration, {
        global: { hardStopAfter: options.hardStopAfter ?? null, ...options.global },
        ...options.sections,
        proxies: [proxies].flat(),
      }),
      files: new Map(files.map(([path, text]) => [path, bytesOf(text)])),
    };
    let stopped = false;
    const running = startProxies(configuration, {
      network,
      clock,
      maxconn: options.maxconn ?? 1000,
      ...options.addresses === undefined ? {} : { addresses: options.addresses },
      log: {
        logsSessions: (proxy) => proxy.logFormat !== null,
        logsConnections: (proxy) => proxy.logFormat === null,
        session: (_proxy, record) => records.push({ ...record }),
        connection() {},
        event: (_proxy, level, text) => events.push({ level, text }),
      },
    });

    const instance: Instance = {
      ...running,
      stop() {
        stopped = true;
        return running.stop();
      },
    };

    const stage: Scene = {
      network,
      instance,
      records,
      events,
      origin(name, answer = (_request, _connection, { name }) => response(name)) {
        const origin = createOrigin(name, answer, network);
        origins.push(origin);
        return origin;
      },
      client(from = "10.9.9.9", port = 80) {
        const client = new Client();
        clients.push(client);
        const to = { kind: "ip", host: "10.0.0.1", port } as const;
        return client.connect(network, to, { source: { host: from, port: 0 } });
      },
      run: () => network.run(),
      advance(ms) {
        network.run();
        for (let i = 0; i < ms; i++) {
          time.advance(1);
          network.run();
        }
      },
      now: () => clock.now(),
      get termination() {
        return records.at(-1)?.termination;
      },
    };

    await play(stage);
    network.run();
    for (const client of clients) client.reset();
    network.run();
    if (!stopped && configuration.proxies[0]!.logFormat !== null) await assertNobodyLeft(stage);
    instance.stop();
    network.run();
    for (const origin of origins) origin.kill();
    for (const client of clients) client.close();
    network.run();
    assertEquals(network.openSockets, 0, "sockets left behind");
    assertEquals(clock.pending, 0, "timers left behind");
  };
}

/** The log tells how many connections there are: after all clients have gone, only the asker's. */
async function assertNobodyLeft(stage: Scene): Promise<void> {
  const before = stage.records.length;
  const asker = stage.client().send("\0\r\n\r\n");
  await settle(stage);
  asker.reset();
  await settle(stage);
  const record = stage.records[before];
  assert(record !== undefined, "the frontend does not accept any more");
  const { actconn, feconn, beconn, srvconn } = record;
  assertEquals([actconn, feconn, beconn, srvconn], [1, 1, 0, 0], "connections counted");
}

/** Runs, a TCP session's assignment included, which comes in a turn of its own. */
export async function settle(stage: Scene): Promise<void> {
  stage.run();
  await Promise.resolve();
  stage.run();
}

/** Starts origin `name` on a network. */
export function createOrigin(name: string, answer: Answer, network: Scene["network"]): Origin {
  const endpoint = { kind: "ip", host: hostOf(name), port: 80 } as const;
  return new Origin(network, endpoint, name, answer).listen();
}
