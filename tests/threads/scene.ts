/** Threads that serve, in this process: real sockets on loopback, and what tests ask of them. */
import { assert } from "@std/assert";
import { readdirSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect as connectTo } from "node:net";
import { loadConfiguration } from "#src/config/load.ts";
import type { Configuration } from "#src/config/model.ts";
import { chooseEngine, type Engine } from "#src/process/engine.ts";
import { networkOfRuntime } from "#src/process/runtime.ts";
import { serve, type Serving } from "#src/process/serve.ts";
import type { WorkerPool } from "#src/threads/pool.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";

/** Only there do threads serve. */
export const here = runtimeName === "bun" && process.platform === "linux";
/** To be added to the name of a test that is skipped elsewhere. */
export const onlyHere = here ? "" : " (threads that serve take Bun on Linux)";

/** What runs, and what can be done to it. */
export interface Threads {
  readonly serving: Serving;
  readonly workers: WorkerPool;
  /** What it complained of. */
  readonly complaints: string[];
  /** Lets a thread fail, and waits until it has. */
  fail(thread: number): Promise<void>;
  /** Waits until all threads are up. */
  allUp(): Promise<void>;
}

/** Reads a configuration. */
export function configurationOf(text: string): Configuration {
  const { configuration, diagnostics } = loadConfiguration([{ name: "test.cfg", text }], {});
  assert(configuration !== null, JSON.stringify(diagnostics));
  return configuration;
}

/** Serves a configuration with so many threads; they are started, not yet up. */
export async function start(
  text: string,
  threads = 3,
  change: (engine: Engine) => Engine = (engine) => engine,
): Promise<Threads> {
  const engine = change(await chooseEngine({ name: "epoll", threads }));
  let workers!: WorkerPool;
  const complaints: string[] = [];
  const serving = serve(
    configurationOf(text),
    await networkOfRuntime(),
    null,
    (line) => complaints.push(line),
    {
      engine: {
        ...engine,
        createWorkerPool: (options) => workers = engine.createWorkerPool!(options),
      },
    },
  );
  const failures = (thread: number) =>
    complaints.filter((line) => line.startsWith(`thread ${thread + 1} has failed`)).length;
  return {
    serving,
    workers,
    complaints,
    async fail(thread) {
      const before = failures(thread);
      workers.fail(thread);
      await until(() => failures(thread) > before, `thread ${thread + 1} to fail`);
    },
    allUp: () =>
      until(
        () => workers.up === threads,
        () => `all threads to be up: ${workers.up} are; ${complaints.slice(-3).join("\n")}`,
      ),
  };
}

/** Runs a test's body with threads that are up; ends them, and sees to it that nothing is left. */
export async function withThreads(
  text: string,
  play: (threads: Threads) => Promise<void>,
  count = 3,
): Promise<void> {
  const before = descriptors();
  const threads = await start(text, count);
  try {
    await threads.serving.begun;
    await play(threads);
    await until(() => isQuiet(threads.serving), () => threads.serving.report().join("\n"));
  } finally {
    threads.serving.stop();
  }
  await until(() => descriptors() <= before, () => `descriptors: ${before} -> ${descriptors()}`);
}

/** Whether nobody is connected, served, or waits: by the report of SIGHUP. */
export function isQuiet({ report }: Serving): boolean {
  const lines = report().filter((line) => line.includes("Conn: act(FE+BE)"));
  const servers = report().filter((line) => / is (UP|DOWN)/.test(line));
  return lines.every((line) => line.includes("act(FE+BE): 0+0, 0 pend (0 unass)")) &&
    servers.every((line) => line.includes("Conn: 0 act, 0 pend"));
}

/** Open descriptors of this process. */
export function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** A web server that counts. */
export interface Origin {
  /** Requests at this moment, and the most there were at once. */
  inHand: number;
  most: number;
  readonly paths: string[];
  /** Answers later, when it is told to. */
  holds: boolean;
  release(): void;
  close(): Promise<void>;
}

/** Starts one, which answers with its name. @param delay ms that an answer takes */
export async function origin(host: string, port: number, name: string, delay = 0): Promise<Origin> {
  const waiting: (() => void)[] = [];
  const self: Origin = {
    inHand: 0,
    most: 0,
    paths: [],
    holds: false,
    release() {
      for (const answer of waiting.splice(0)) answer();
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    self.paths.push(request.url!);
    self.most = Math.max(self.most, ++self.inHand);
    let counted = true;
    response.on("close", () => {
      if (counted) self.inHand--;
      counted = false;
    });
    const answer = () => {
      if (counted) self.inHand--;
      counted = false;
      response.end(name);
    };
    if (self.holds) waiting.push(answer);
    else if (delay > 0) setTimeout(answer, delay);
    else answer();
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return self;
}

/** A client's connection. */
export interface Client {
  /** All that came. */
  readonly received: string;
  /** How it ended: by a FIN or a reset; null: it goes on. */
  readonly end: "fin" | "reset" | null;
  send(text: string): void;
  /** Sends a request, and waits for the content of the answer. */
  ask(path?: string, ...fields: string[]): Promise<string>;
  close(): void;
  reset(): void;
}

/** Connects. */
export async function client(host: string, port: number): Promise<Client> {
  const socket = connectTo({ host, port, allowHalfOpen: true });
  const self = {
    received: "",
    end: null as Client["end"],
    send: (text: string) => void socket.write(text),
    async ask(path = "/", ...fields: string[]) {
      const at = self.received.length;
      socket.write([`GET ${path} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n"));
      let content = "";
      await until(() => {
        const answer = self.received.slice(at);
        const head = answer.indexOf("\r\n\r\n");
        const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? NaN);
        content = answer.slice(head + 4);
        return head >= 0 && content.length >= length || self.end !== null;
      }, () => `the answer to ${path}`);
      return content;
    },
    close: () => void socket.destroy(),
    reset: () => void socket.resetAndDestroy(),
  };
  socket.on("data", (bytes: Uint8Array) => self.received += new TextDecoder().decode(bytes));
  socket.on("end", () => {
    self.end ??= "fin";
    socket.end();
  });
  socket.on("error", () => self.end = "reset");
  socket.on("close", () => self.end ??= "fin");
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return self;
}

/** So many at once. */
export function clients(count: number, host: string, port: number): Promise<Client[]> {
  return Promise.all(Array.from({ length: count }, () => client(host, port)));
}
