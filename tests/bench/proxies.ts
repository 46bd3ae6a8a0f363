/**
 * The contestants: sluice and haproxy with the same configuration text.
 */
import { isRunning, type RunningProxy, spawn, stop } from "./processes.ts";

/** A kind of proxy to start. */
export interface Contestant {
  readonly name: string;
  /** The command line up to the configuration file. */
  readonly command: readonly string[];
  /** Lines of {@linkcode OPTIONAL} that it does not know. They are left out for it. */
  readonly lacks: ReadonlySet<string>;
}

/** What a proxy is to do. */
export interface Service {
  /** The ports of its servers. */
  readonly origins: readonly number[];
  readonly mode?: "http" | "tcp";
  /** 1 unless given. */
  readonly threads?: number;
  /** Lines for the `global` and the `listen` section. */
  readonly global?: readonly string[];
  readonly listen?: readonly string[];
  /** Backends with the same servers. */
  readonly backends?: readonly string[];
  /** Words behind each server's address. */
  readonly server?: string;
}

/** A proxy at work. */
export interface Proxy extends RunningProxy {
  readonly name: string;
  readonly port: number;
  /** From exec to the first answer that came through, in ms. */
  readonly startTime: number;
}

export const SPLICE = "option splice-auto";
const threadsLine = (count: number) => `nbthread ${count}`;

/** Lines which an older sluice refuses; it is measured all the same, for before and after. */
const OPTIONAL: readonly Service[] = [
  { origins: [1], threads: 1 },
  { origins: [1], threads: 2 },
  { origins: [1], listen: [SPLICE] },
];

/** Whether a contestant runs more threads than one when it is told to. */
export function hasThreads({ lacks }: Contestant): boolean {
  return !lacks.has(threadsLine(2));
}

/**
 * Gets to know both programs.
 * @param sluiceArgs more flags for sluice
 * @throws {Error} which one is missing
 */
export function introduce(sluiceArgs: readonly string[], folder: string) {
  const program = Deno.env.get("SLUICE_BINARY") ?? "dist/sluice";
  return {
    sluice: contestant("sluice", [program, ...sluiceArgs, "-db"], "run `deno task build`", folder),
    haproxy: contestant("haproxy", ["haproxy", "-db"], "install Debian's haproxy", folder),
  };
}

function contestant(
  name: string,
  [program = "", ...args]: readonly string[],
  fix: string,
  folder: string,
): Contestant {
  const file = `${folder}/${name}.cfg`;
  /** What the program says against a configuration; "" if it takes it. */
  const complaint = (service: Service) => {
    Deno.writeTextFileSync(file, configuration(service, 1, new Set()));
    const command = new Deno.Command(program, { args: [...args, "-c", "-f", file] });
    const { success, stdout, stderr } = command.outputSync();
    if (success) return "";
    const said = [stdout, stderr].map((out) => new TextDecoder().decode(out)).join("").trim();
    return said || "It ends at once.";
  };
  try {
    const plainest = complaint({ origins: [1] });
    if (plainest !== "") throw new Error(plainest);
    const lacks = OPTIONAL.filter((service) => complaint(service) !== "")
      .map(({ threads, listen }) => listen?.[0] ?? threadsLine(threads ?? 1));
    return { name, command: [program, ...args, "-f"], lacks: new Set(lacks) };
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`${program} cannot be started: ${fix}. ${why}`);
  }
}

/** Where the next search for a free port begins: below the range of ephemeral ports. */
let nextPort = 21_000;

function freePort(): number {
  for (;; nextPort++) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port: nextPort }).close();
      return nextPort++;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

function configuration(
  { origins, mode = "http", threads, global = [], listen = [], backends = [], server = "" }:
    Service,
  port: number,
  lacks: ReadonlySet<string>,
): string {
  const lines = (words: readonly string[]) =>
    words.filter((line) => !lacks.has(line)).map((line) => `    ${line}\n`).join("");
  const servers = origins.map((origin, i) => `server s${i + 1} 127.0.0.1:${origin} ${server}`);
  return `\
global
    maxconn 6000
${lines([...(threads === undefined ? [] : [threadsLine(threads)]), ...global])}
defaults
    mode ${mode}
    timeout connect 30s
    timeout client 30s
    timeout server 30s

listen bench
    bind 127.0.0.1:${port}
    balance roundrobin
${lines([...listen, ...servers])}
${backends.map((name) => `backend ${name}\n${lines(servers)}`).join("\n")}`;
}

/**
 * Starts a proxy before its origins and waits until it answers.
 * @param folder where its configuration file goes
 */
export async function startProxy(
  { name, command, lacks }: Contestant,
  service: Service,
  cpus: string,
  folder: string,
): Promise<Proxy> {
  const port = freePort();
  const file = `${folder}/${name}-${port}.cfg`;
  Deno.writeTextFileSync(file, configuration({ threads: 1, ...service }, port, lacks));
  const began = performance.now();
  const running = spawn([...command, file], cpus, {
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const complaint = new Response(running.child.stderr).text();
  if (!await answers(port, () => isRunning(running) && performance.now() < began + 5_000)) {
    await stop(running);
    throw new Error(
      `${name} ended, or did not answer within 5 s of its start:\n${await complaint}`,
    );
  }
  return { ...running, name, port, startTime: performance.now() - began };
}

/** Asks until there is an answer, while there is hope. @returns whether one has come */
async function answers(port: number, hope: () => boolean): Promise<boolean> {
  const request = new TextEncoder().encode("GET /128 HTTP/1.1\r\nHost: bench\r\n\r\n");
  const answer = new Uint8Array(1024);
  while (hope()) {
    try {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(request);
      const length = await connection.read(answer) ?? 0;
      return new TextDecoder().decode(answer.subarray(0, length)).startsWith("HTTP/1.1 200 ");
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  return false;
}
