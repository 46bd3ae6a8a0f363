/**
 * The contestants: sluice and haproxy with the same configuration text.
 */
import { isRunning, type Running, spawn, stop } from "./processes.ts";

/** A kind of proxy to start: the command line up to the configuration file. */
export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  /** Lines for `global` which only this one takes. */
  readonly global: readonly string[];
}

/** A proxy at work. */
export interface Proxy extends Running {
  readonly name: string;
  readonly port: number;
  /** From exec to the first answer that came through, in ms. */
  readonly startTime: number;
}

/** sluice runs on one thread by itself; haproxy takes one for each CPU unless told. */
export const sluice: Contestant = {
  name: "sluice",
  command: [Deno.env.get("SLUICE_BINARY") ?? "dist/sluice", "-db", "-f"],
  global: [],
};
export const haproxy: Contestant = {
  name: "haproxy",
  command: ["haproxy", "-db", "-f"],
  global: ["nbthread 1"],
};

/** Says what is missing before anything starts. */
export function checkInstalled(): void {
  for (const { name, command } of [sluice, haproxy]) {
    const program = command[0] ?? name;
    try {
      new Deno.Command(program, { args: ["-v"], stdout: "null", stderr: "null" }).outputSync();
    } catch {
      const mend = name === "sluice" ? "run `deno task build`" : "install Debian's haproxy";
      throw new Error(`${program} cannot be started: ${mend}`);
    }
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

function configuration(global: readonly string[], port: number, origin: number, option: string) {
  return `\
global
    maxconn 6000
${global.map((line) => `    ${line}\n`).join("")}
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s

listen bench
    bind 127.0.0.1:${port}
    balance roundrobin
${option === "" ? "" : `    ${option}\n`}\
    server s1 127.0.0.1:${origin}
`;
}

/**
 * Starts a proxy before the origin and waits until it answers.
 * @param option a line for the `listen` section, or ""
 * @param folder where its configuration file goes
 */
export async function startProxy(
  { name, command, global }: Contestant,
  origin: number,
  option: string,
  cpus: string,
  folder: string,
): Promise<Proxy> {
  const port = freePort();
  const file = `${folder}/${name}-${port}.cfg`;
  Deno.writeTextFileSync(file, configuration(global, port, origin, option));
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
