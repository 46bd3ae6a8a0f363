/** One of the two proxies, with the servers and the log of all cases, ready to play them. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection as Raw } from "#src/simulate/connection.ts";
import { freshAddress, launcher } from "../binary.ts";
import { haproxy } from "../haproxy.ts";
import { nodeNetwork } from "../node-network.ts";
import { until } from "../until.ts";
import type { Case, Play } from "./case.ts";
import { type Client, type Connection, isProbeLog, openClient } from "./client.ts";
import { startHole } from "./hole.ts";
import { type Origin, startOrigin } from "./origin.ts";
import type { Transcript } from "./transcript.ts";

/** Which of the two. */
export type Kind = "haproxy" | "sluice";

/** The commands that start them; null: not here. On Deno sluice runs on Deno, too. */
const programs: Readonly<Record<Kind, readonly [string, ...string[]] | null>> = {
  haproxy: haproxy === null ? null : [haproxy],
  sluice: spawnSync(launcher[0], [...launcher.slice(1), "-v"]).status === 0 ? launcher : null,
};

/** Why the tests of this folder cannot run here; null: they can. */
export const missing: string | null = programs.haproxy === null
  ? "haproxy is not installed"
  : programs.sluice === null
  ? "there is no dist/sluice: sh compile.sh"
  : null;

/** Starts one in the foreground; what it complains of comes through a pipe. */
export function startProgram(kind: Kind, file: string) {
  const [program, ...args] = programs[kind]!;
  return spawn(program, [...args, "-db", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
}

/** A proxy that runs. */
export interface Rig {
  play(index: number): Promise<Transcript>;
  stop(): Promise<void>;
}

const firstPort = 20000;
/** Nobody's. */
const deadPort = 1;
const holePort = 2;
/** ms */
const settling = 25;

/** Starts one. */
export async function startRig(kind: Kind, cases: readonly Case[]): Promise<Rig> {
  const host = freshAddress();
  const lines: string[] = [];
  const log = createSocket("udp4");
  log.on("message", (message) => void lines.push(message.toString("latin1").trimEnd()));
  log.bind(0, host);
  await once(log, "listening");
  const origins = await Promise.all(cases.map((c) => startOrigins(host, c)));
  const hole = cases.some((c) => serversOf(c).some(isHole))
    ? await startHole(host, holePort)
    : null;
  const directory = mkdtempSync(join(tmpdir(), "sluice-oracle-"));
  const file = join(directory, `${kind}.cfg`);
  const sections = cases.map((c, i) => section(kind, host, i, c, origins[i]!.byName));
  writeFileSync(file, preamble(host, log.address().port, cases) + sections.join("") + ready(host));
  const child = startProgram(kind, file);
  const exited = once(child, "exit");
  let complaints = "";
  child.stderr.on("data", (bytes) => complaints += bytes);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    await hole?.stop();
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
    play: (i) => play(host, i, cases[i]!, origins[i]!, lines),
    stop,
  };
}

const isDead = (name: string) => name.includes("dead");
const isHole = (name: string) => name.startsWith("hole");
const nameOf = (server: string) => server.split(" ")[0]!;
const serversOf = (c: Case) => c.servers ?? ["s"];

/** The servers of a case. */
interface Origins {
  readonly byName: ReadonlyMap<string, Origin>;
  release(): void;
}

async function startOrigins(host: string, c: Case): Promise<Origins> {
  const names = serversOf(c).map(nameOf).filter((name) => !isDead(name) && !isHole(name));
  const { promise, resolve } = Promise.withResolvers<void>();
  const entries = names.map(async (name) => [name, await startOrigin(host, c, promise)] as const);
  return { byName: new Map(await Promise.all(entries)), release: resolve };
}

function preamble(host: string, logPort: number, cases: readonly Case[]): string {
  const global = [...new Set(cases.flatMap(({ global = [] }) => global))];
  return `global
  nbthread 1
${global.map((line) => `  ${line}\n`).join("")}  log ${host}:${logPort} len 8192 local0
defaults
  mode http
  log global
  option httplog
  timeout connect 2s
  timeout queue 20s
  timeout client 20s
  timeout server 20s
`;
}

/** The last to listen: when it does, all the others do. */
function ready(host: string): string {
  return `listen ready\n  bind ${host}:${firstPort - 1}\n`;
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
    const port = origins.get(name)?.port ?? (isHole(name) ? holePort : deadPort);
    return name === "dispatch"
      ? `dispatch ${host}:${port}`
      : `server ${name} ${host}:${port}${server.slice(name.length)}`;
  });
  const name = `case-${index}`;
  return [
    ...c.before ?? [],
    `${c.apart ? "frontend" : "listen"} ${name}`,
    `  bind ${host}:${firstPort + index}`,
    ...config.map((line) => `  ${line}`),
    ...c.apart ? [`backend ${name}`] : [],
    ...servers.map((line) => `  ${line}`),
    "",
  ].join("\n");
}

/** Asks the proxy that has no server: its 503 says that the process has turned around. */
async function knock(host: string): Promise<boolean> {
  const to = { kind: "ip", host, port: firstPort - 1 } as const;
  const connection = new Raw().connect(nodeNetwork, to).send("GET /knock HTTP/1.0\r\n\r\n");
  await connection.until(() => false);
  connection.close();
  return connection.received.includes(" 503 ");
}

function untilReady(host: string, child: ChildProcess, complaints: () => string) {
  const failure = () => `${child.spawnfile} to start: ${complaints()}`;
  return until(() => {
    if (child.exitCode !== null) throw new Error(`waited in vain for ${failure()}`);
    return knock(host);
  }, failure);
}

async function play(
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
    async connect(from) {
      const client = await openClient(host, firstPort + index, from);
      clients.push(client);
      return client;
    },
    async barrier() {
      for (const client of clients) await client.handedOver();
      await knock(host);
      // What was sent on another processor may come a moment later, on a busy machine.
      await new Promise((resolve) => setTimeout(resolve, settling));
      await knock(host);
    },
    release,
    reached: (server, count) =>
      until(
        () => byName.get(server)!.sight.requests.length >= count,
        () => `${c.name}: ${count} requests for ${server}`,
      ),
    refuse: (server) => byName.get(server)!.refuse(),
    accept: (server) => byName.get(server)!.accept(),
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
    if (client === null || client.wire.endOfStream) client = await self.connect();
    client.send(request);
    await client.answered();
  }
}
