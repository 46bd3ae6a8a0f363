/**
 * Plays each case through the real haproxy and through the sluice binary, one process of each for
 * all cases of a table, and compares what clients, servers and the log saw.
 */
import { fail } from "@std/assert";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freshAddress } from "../binary.ts";
import { test } from "../testing.ts";
import { type Client, type Connection, isProbeLog, openClient } from "./client.ts";
import { type DifferenceName, differences } from "./differences.ts";
import { type Behaviour, type Origin, startOrigin } from "./origin.ts";
import { changes, normalise, type Transcript } from "./transcript.ts";
import { until } from "./wire.ts";

/** Which of the two. */
export type Kind = "haproxy" | "sluice";

/** What a case plays with. */
export interface Play {
  readonly kind: Kind;
  /** Connects to the proxy, from the address if one is given. */
  connect(from?: string): Promise<Client>;
  /** Resolves when the proxy has handled whatever reached it before. */
  barrier(): Promise<void>;
  /** Lets the servers answer that wait for it. */
  release(): void;
  /** Waits until a server has got so many requests. */
  reached(server: string, requests: number): Promise<void>;
  /** Waits for a line of the log. */
  logged(text: string): Promise<void>;
}

/** The same traffic for both. */
export interface Case extends Behaviour {
  readonly name: string;
  /** Lines of the `listen` section. */
  readonly config?: readonly string[];
  /** How haproxy 2.6 spells them, where that differs. */
  readonly haproxy?: readonly string[];
  /** "name keyword...", each with a server of its own; where "dead" stands in the name, nobody
   * listens. Default: one, named s. */
  readonly servers?: readonly string[];
  /** Sent one after the other, each when all before is answered; on a new connection where the last
   * one has ended. */
  readonly requests?: readonly string[];
  /** Plays the case, instead of `requests`. */
  readonly play?: (play: Play) => Promise<void>;
  /** Lines of the log to wait for; default: as many as there are final responses. */
  readonly logs?: number;
  /** Whether to ask at the end if connections still serve. */
  readonly probe?: false;
  /** Compares how many connections the servers got, too. */
  readonly countConnections?: true;
  /** In what sluice differs from haproxy here, and is meant to. */
  readonly differs?: readonly DifferenceName[];
}

const root = join(import.meta.dirname!, "../..");
const programs: Readonly<Record<Kind, string | undefined>> = {
  haproxy: ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy"]
    .find((path) => existsSync(path)),
  sluice: [process.env["SLUICE_BINARY"] ?? join(root, "dist/sluice")]
    .find((path) => spawnSync(path, ["-v"]).status === 0),
};

/** Why the tests of this folder cannot run here; null: they can. */
export const missing: string | null = programs.haproxy === undefined
  ? "haproxy is not installed"
  : programs.sluice === undefined
  ? "there is no dist/sluice: sh compile.sh"
  : null;

/** Declares a test that needs both programs. */
export function oracle(name: string, body: () => Promise<void>): void {
  const title = missing === null ? `oracle: ${name}` : `oracle: SKIPPED, ${missing}: ${name}`;
  test(title, body, { skip: missing !== null });
}

/** Declares a test: each case goes alike through haproxy and through sluice. */
export function oracleCases(name: string, cases: readonly Case[]): void {
  oracle(`${name}: ${cases.length} cases are alike in haproxy and in sluice`, async () => {
    const [theirs, ours] = await transcripts(cases);
    const wrong = cases.flatMap((c, i) => compare(c, theirs![i]!, ours![i]!));
    if (wrong.length > 0) fail(wrong.join("\n\n"));
  });
}

/** Plays the cases through both. @returns haproxy's transcripts, and sluice's */
export async function transcripts(cases: readonly Case[]): Promise<Result[][]> {
  const settled = await Promise.allSettled(
    (["haproxy", "sluice"] as const).map((kind) => playAll(kind, cases)),
  );
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

/** What came of a case: what was seen, or why it could not be played. */
export type Result = Transcript | Error;

function compare(c: Case, theirs: Result, ours: Result): string[] {
  const errors = [["haproxy", theirs], ["sluice", ours]].flatMap(([kind, result]) =>
    result instanceof Error ? [`${c.name}: ${kind}: ${result.message}`] : []
  );
  if (theirs instanceof Error || ours instanceof Error) return errors;
  const expected = normalise(theirs);
  const found = normalise(ours);
  for (const name of c.differs ?? []) {
    const before = JSON.stringify(expected);
    differences[name].expect(expected);
    if (JSON.stringify(expected) === before) {
      errors.push(`${c.name}: the difference '${name}' changes nothing`);
    }
  }
  if (!bytesAreLogged(ours)) errors.push(`${c.name}: sluice logs bytes that nobody got`);
  const different = changes(expected, found);
  if (different.length > 0) {
    errors.push(`${c.name}: (- haproxy, + sluice)\n${different.join("\n")}`);
  }
  return errors;
}

/** Whether the log tells how many bytes the client got, where one line is about one client. */
function bytesAreLogged({ connections, log }: Transcript): boolean {
  if (connections.length !== 1 || log.length !== 1 || log[0]!.includes("<BADREQ>")) return true;
  // Of a response that was cut off it tells how many were sent.
  if (connections[0]!.rest !== "" || connections[0]!.received === 0) return true;
  const logged = Number(/ -?\d+ (\d+) - - \S{4} /.exec(log[0]!)?.[1]);
  return logged === connections[0]!.received;
}

/** Several cases at a time, so that those that wait cost no time. */
const concurrency = 24;

async function playAll(kind: Kind, cases: readonly Case[]): Promise<Result[]> {
  const rig = await startRig(kind, cases);
  const results: Result[] = [];
  const queue = cases.keys();
  try {
    await Promise.all(Array.from({ length: concurrency }, async () => {
      for (const i of queue) {
        try {
          results[i] = await rig.play(i);
        } catch (error) {
          results[i] = error as Error;
        }
      }
    }));
  } finally {
    await rig.stop();
  }
  return results;
}

interface Rig {
  play(index: number): Promise<Transcript>;
  stop(): Promise<void>;
}

const firstPort = 20000;

async function startRig(kind: Kind, cases: readonly Case[]): Promise<Rig> {
  const host = freshAddress();
  const lines: string[] = [];
  const log = createSocket("udp4");
  log.on("message", (message) => void lines.push(message.toString("latin1").trimEnd()));
  log.bind(0, host);
  await once(log, "listening");
  const origins = await Promise.all(cases.map((c) => startOrigins(host, c)));
  const directory = mkdtempSync(join(tmpdir(), "sluice-oracle-"));
  const file = join(directory, `${kind}.cfg`);
  const sections = cases.map((c, i) => section(kind, host, i, c, origins[i]!.byName));
  writeFileSync(file, preamble(kind, host, log.address().port) + sections.join(""));
  const child = spawn(programs[kind]!, ["-db", "-f", file], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  let complaints = "";
  child.stderr.on("data", (bytes) => complaints += bytes);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    log.close();
    await Promise.all(
      origins.flatMap(({ byName }) => [...byName.values()].map((origin) => origin.stop())),
    );
    rmSync(directory, { recursive: true });
  };
  try {
    await untilReady(host, child, () => complaints);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    play: (i) => play(kind, host, i, cases[i]!, origins[i]!, lines),
    stop,
  };
}

const isDead = (name: string) => name.includes("dead");
const nameOf = (server: string) => server.split(" ")[0]!;
const serversOf = (c: Case) => c.servers ?? ["s"];

/** The servers of a case. */
interface Origins {
  readonly byName: ReadonlyMap<string, Origin>;
  release(): void;
}

async function startOrigins(host: string, c: Case): Promise<Origins> {
  const names = serversOf(c).map(nameOf).filter((name) => !isDead(name));
  const { promise, resolve } = Promise.withResolvers<void>();
  const entries = names.map(async (name) => [name, await startOrigin(host, c, promise)] as const);
  return { byName: new Map(await Promise.all(entries)), release: resolve };
}

function preamble(kind: Kind, host: string, logPort: number): string {
  return `global
  log ${host}:${logPort} len 8192 local0
${kind === "haproxy" ? "  nbthread 1\n" : ""}defaults
  mode http
  log global
  option httplog
  timeout connect 2s
  timeout client 5s
  timeout server 5s
listen ready
  bind ${host}:${firstPort - 1}
`;
}

function section(
  kind: Kind,
  host: string,
  index: number,
  c: Case,
  origins: ReadonlyMap<string, Origin>,
): string {
  const config = kind === "haproxy" && c.haproxy !== undefined ? c.haproxy : c.config ?? [];
  const servers = serversOf(c).map((server) => {
    const name = nameOf(server);
    // Port 1 of our own address: nobody's.
    const port = origins.get(name)?.port ?? 1;
    return `server ${name} ${host}:${port}${server.slice(name.length)}`;
  });
  const lines = [`bind ${host}:${firstPort + index}`, ...config, ...servers];
  return `listen case-${index}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

/** Asks the proxy that has no server: its 503 says that the process has turned around. */
async function knock(host: string): Promise<boolean> {
  const socket = connect(firstPort - 1, host);
  let answer = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => answer += bytes);
  socket.write("GET /knock HTTP/1.0\r\n\r\n");
  await new Promise((resolve) => socket.on("close", resolve));
  return answer.includes(" 503 ");
}

async function untilReady(host: string, child: ChildProcess, complaints: () => string) {
  const deadline = performance.now() + 8000;
  while (!await knock(host)) {
    if (child.exitCode !== null || performance.now() > deadline) {
      throw new Error(`${child.spawnfile} does not start: ${complaints()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function play(
  kind: Kind,
  host: string,
  index: number,
  c: Case,
  { byName, release }: Origins,
  lines: readonly string[],
): Promise<Transcript> {
  const clients: Client[] = [];
  const tag = `case-${index}`;
  const own = () => lines.filter((line) => new RegExp(`\\b${tag}[ /]`).test(line));
  const traffic = () => own().filter((line) => line.includes(`] ${tag} `) && !isProbeLog(line));
  const self: Play = {
    kind,
    async connect(from) {
      const client = await openClient(host, firstPort + index, from);
      clients.push(client);
      return client;
    },
    async barrier() {
      for (let turn = 0; turn < 3; turn++) await knock(host);
    },
    release,
    reached: (server, count) =>
      until(
        () => byName.get(server)!.sight.requests.length >= count,
        () => `${c.name}: ${count} requests for ${server}`,
      ),
    logged: (text) =>
      until(() => own().some((line) => line.includes(text)), () => `a log line with ${text}`),
  };
  await (c.play ?? ((self) => sendInTurn(self, c.requests ?? [])))(self);
  const connections: Connection[] = [];
  for (const client of clients) connections.push(await client.finish(c.probe ?? true));
  const answers = connections.flatMap(({ responses }) => responses)
    .filter(({ line }) => !/^HTTP\/1.1 10[023]/.test(line)).length;
  const count = c.logs ?? answers;
  await until(
    () => traffic().length >= count,
    () => `${count} lines of the log, there are ${JSON.stringify(traffic())}`,
  );
  const servers = [...byName].map(([name, { sight }]) => {
    const counted = c.countConnections ? { connections: sight.connections } : {};
    return [name, { ...sight, connections: 0, ...counted }] as const;
  });
  return { connections, servers: Object.fromEntries(servers), log: traffic(), host };
}

async function sendInTurn(self: Play, requests: readonly string[]): Promise<void> {
  let client: Client | null = null;
  for (const request of requests) {
    if (client === null || client.wire.ended !== null) client = await self.connect();
    client.send(request);
    await client.answered();
  }
}
