/** What the tests of the process's life share: processes that are no children, and clients. */
import { assertEquals } from "@std/assert";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Ended, inFolder, type Options, run } from "../binary.ts";
import {
  exchange,
  get,
  type Message,
  open,
  type Origin,
  startOrigin,
  statusOf,
  valuesOf,
} from "../scenarios/wire.ts";
import { until } from "../until.ts";

/** Where a proxy listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Addresses that no other test uses: 127.42.N.M. */
let next = 0;
export function ownAddress(port = 8080): Address {
  next++;
  return { host: `127.42.${process.pid % 250}.${next}`, port };
}

/** A listen section that relays HTTP from one address to another. */
export function relay(from: Address, to: Address, ...lines: string[]): string {
  return [
    "listen web",
    "  mode http",
    `  bind ${from.host}:${from.port}`,
    "  timeout connect 2s",
    "  timeout client 10s",
    "  timeout server 10s",
    `  server a ${to.host}:${to.port}`,
    ...lines.map((line) => `  ${line}`),
    "",
  ].join("\n");
}

/** Whether a process runs; one that has ended and waits for its parent to look does not. */
export function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** Waits for processes to end. */
export function ended(...pids: number[]): Promise<void> {
  return until(
    () => !pids.some(runs),
    () => `the end of ${pids.filter(runs).join(", ")}`,
    15_000,
  );
}

/** Descriptors that a process has open. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** A folder in which a daemon lives: its configuration, and its pid file. */
export interface Home {
  readonly folder: string;
  readonly file: string;
  readonly pidfile: string;
  /** Writes the configuration. */
  configure(text: string): void;
  /** Starts `sluice -D -f FILE -p PIDFILE` with these arguments more. */
  start(args?: readonly (string | number)[], options?: Options): Promise<Ended>;
  /** The id in the pid file. */
  pid(): number;
}

/** Makes a home for daemons; those whose ids were ever in its pid file end with it. */
export async function atHome(body: (home: Home) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const file = join(folder, "config");
    const pidfile = join(folder, "pid");
    const pids = new Set<number>();
    const home: Home = {
      folder,
      file,
      pidfile,
      configure: (text) => writeFileSync(file, text),
      start: (args = [], options = {}) =>
        run(["-D", "-f", file, "-p", pidfile, ...args.map(String)], options),
      pid() {
        const pid = Number(readFileSync(pidfile, "utf8"));
        pids.add(pid);
        return pid;
      },
    };
    try {
      await body(home);
    } finally {
      if (existsSync(pidfile)) home.pid();
      for (const pid of pids) if (runs(pid)) process.kill(pid, "SIGKILL");
      await ended(...pids);
    }
  });
}

/** Asserts that a command ended well and without a word. */
export function assertQuiet(ended: Ended): void {
  assertEquals(ended, { status: 0, signal: null, stdout: "", stderr: "" });
}

/** Runs a server that answers with its name, while `body` runs. */
export async function withOrigin(
  name: string,
  at: Address,
  body: (origin: Origin) => Promise<void>,
): Promise<void> {
  const origin = await startOrigin(name, at);
  try {
    await body(origin);
  } finally {
    await origin.stop();
  }
}

/** A home, and the relay that its configuration describes. */
export interface Furnished {
  readonly home: Home;
  /** Where the relay listens. */
  readonly address: Address;
  /** Where the server is that it relays to. */
  readonly server: Address;
  readonly origin: Origin;
}

/** What is not as usual in a home's configuration. */
export interface Furniture {
  /** A section that goes before the relay's. */
  readonly global?: string;
  /** Lines that the relay's section has besides. */
  readonly lines?: readonly string[];
  /** The port at which the relay listens. */
  readonly port?: number;
}

/** A home with a configured relay, for which `body` may write another, to a server that answers. */
export async function furnished(
  body: (furnished: Furnished) => Promise<void>,
  { global = "", lines = [], port }: Furniture = {},
): Promise<void> {
  const [address, server] = [ownAddress(port), ownAddress()];
  await withOrigin("a", server, (origin) =>
    atHome((home) => {
      home.configure(global + relay(address, server, ...lines));
      return body({ home, address, server, origin });
    }));
}

/** A furnished home in which a daemon runs. */
export function withDaemon(
  body: (daemon: Furnished & { readonly pid: number }) => Promise<void>,
  furniture?: Furniture,
): Promise<void> {
  return furnished(async (scene) => {
    assertQuiet(await scene.home.start());
    await body({ ...scene, pid: scene.home.pid() });
  }, furniture);
}

/** The status of one request on a connection of its own. */
export async function ask(address: Address, uri = "/"): Promise<number> {
  return statusOf(await exchange(address, get(uri)));
}

/** Whether connections are refused. */
export async function refuses(address: Address): Promise<boolean> {
  try {
    await ask(address);
    return false;
  } catch (error) {
    if (/ECONNREFUSED|refused/.test(String(error))) return true;
    // Who comes in the moment in which the listener closes: the next one tells.
    if (/ECONNRESET|EPIPE|reset/.test(String(error))) return false;
    throw error;
  }
}

/** Clients that ask one request after the other. */
export interface Load {
  /** Requests answered so far. */
  answered: number;
  readonly failures: string[];
  /** Ends it, when each client has its last answer. */
  stop(): Promise<void>;
}

/** Whether the server ends the connection after this response. */
function closes(response: Message): boolean {
  return valuesOf(response, "Connection").some((value) => value.toLowerCase() === "close");
}

/**
 * Loads a proxy: with clients that open a connection for each request, and with such as keep theirs
 * until they are told, or see, that it ends. A request that gets no answer is a failure.
 */
export function load(address: Address, counts: { brief: number; kept: number }): Load {
  let stopped = false;
  const load: Load = {
    answered: 0,
    failures: [],
    async stop() {
      stopped = true;
      await Promise.all(clients);
    },
  };
  const note = (response: Message) => {
    if (statusOf(response) === 200) load.answered++;
    else load.failures.push(response.line);
  };

  async function brief(): Promise<void> {
    while (!stopped) {
      try {
        note(await exchange(address, get("/brief")));
      } catch (error) {
        load.failures.push(`a connection for one request: ${error}`);
      }
    }
  }

  async function kept(): Promise<void> {
    let client = open(address);
    let requests = 0;
    while (!stopped) {
      // What has ended while nothing was asked is no failure.
      if (client.endOfStream) {
        client.close();
        client = open(address);
        requests = 0;
      }
      try {
        const response = await client.request("GET /kept HTTP/1.1\r\nHost: x\r\n\r\n");
        note(response);
        requests++;
        if (!closes(response)) continue;
      } catch (error) {
        load.failures.push(`a kept connection, after ${requests} requests: ${error}`);
      }
      client.close();
      client = open(address);
      requests = 0;
    }
    client.close();
  }

  const clients = [
    ...Array.from({ length: counts.brief }, brief),
    ...Array.from({ length: counts.kept }, kept),
  ];
  return load;
}
