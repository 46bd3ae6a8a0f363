/** The client in HTTP/2: nghttp2's h2load, one process a round. */
import { spawn } from "./processes.ts";

/** Whether this machine has it (Debian: nghttp2-client). */
export function hasH2load(): boolean {
  try {
    return new Deno.Command("h2load", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** What it is to ask for. */
interface Http2Order {
  readonly port: number;
  /** Content of each response, in bytes. */
  readonly size: number;
  readonly connections: number;
  /** Streams on each of them at once. */
  readonly streams: number;
  readonly requests: number;
}

/**
 * Asks, in clear and with prior knowledge.
 * @param cpus where it runs
 * @returns how long it took
 * @throws {Error} a response was wrong, or missing
 */
export async function order(
  { port, size, connections, streams, requests }: Http2Order,
  cpus: string,
): Promise<{ readonly seconds: number }> {
  const [n, c, m] = [requests, connections, streams].map(String);
  const url = `http://127.0.0.1:${port}/${size}`;
  const began = performance.now();
  const command = ["h2load", "-n", n!, "-c", c!, "-m", m!, "-w", "20", "-W", "20", url];
  const { child } = spawn(command, cpus, { stdin: "null", stdout: "piped", stderr: "null" });
  const said = await new Response(child.stdout).text();
  const seconds = (performance.now() - began) / 1000;
  const { success } = await child.status;
  const good = Number(/status codes: (\d+) 2xx/.exec(said)?.[1] ?? 0);
  if (!success || good !== requests) throw new Error(`h2load: ${good} of ${requests} responses`);
  return { seconds };
}
