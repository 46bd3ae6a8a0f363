/**
 * The origin, the load generator and the log daemon as processes of their own, on Bun, and how to
 * talk to them.
 */
import type { Order, Outcome } from "./client.ts";
import { type Placement, spawn, stop } from "./processes.ts";

/** A process that ends with this one, if not before. */
interface Helper {
  readonly pid: number;
  stop(): Promise<void>;
}

/** A server behind the proxies. */
export interface Origin extends Helper {
  readonly port: number;
}

/** A load generator. */
export interface Client extends Helper {
  /**
   * Has an order carried out.
   * @throws {Error} when any response was wrong or missing: the benchmark has then failed
   */
  order(order: Omit<Order, "seconds">): Promise<Outcome>;
}

/** A log daemon. */
export interface Sink extends Helper {
  readonly port: number;
  /** The datagrams that have come. */
  count(): Promise<number>;
}

/** One of each kind that nearly all measures need. */
export interface Helpers {
  readonly origin: Origin;
  readonly client: Client;
}

/** An order may take so many seconds. */
const PATIENCE = 30;

/** Starts an origin and a client. */
export async function startHelpers({ origin, client }: Placement): Promise<Helpers> {
  return { origin: await startOrigin(origin), client: startClient(client) };
}

/** @param service how long each response takes, in ms */
export async function startOrigin(cpus: string, service = 0): Promise<Origin> {
  const script = startScript("origin.ts", cpus, `${service}`);
  return { ...script.helper, port: Number(await script.nextLine()) };
}

export async function startSink(cpus: string): Promise<Sink> {
  const script = startScript("sink.ts", cpus);
  return {
    ...script.helper,
    port: Number(await script.nextLine()),
    count: async () => Number(await script.ask("")),
  };
}

export function startClient(cpus: string): Client {
  const script = startScript("client.ts", cpus);
  return {
    ...script.helper,
    async order(order) {
      const words = JSON.stringify({ ...order, seconds: PATIENCE } satisfies Order);
      const outcome = JSON.parse(await script.ask(words)) as Outcome;
      if (outcome.errors > 0) {
        throw new Error(`${outcome.errors} errors under load, the first: ${outcome.firstError}`);
      }
      return outcome;
    },
  };
}

/** Starts a script of this folder, which ends when its input does: with this process at the latest. */
function startScript(name: string, cpus: string, ...args: readonly string[]) {
  const root = new URL("../../", import.meta.url).pathname;
  const command = [`${root}node_modules/.bin/bun`, `${root}tests/bench/${name}`, ...args];
  const running = spawn(command, cpus, { stdin: "piped", stdout: "piped", stderr: "inherit" });
  const input = running.child.stdin.getWriter();
  const output = running.child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  async function nextLine(): Promise<string> {
    while (!rest.includes("\n")) {
      const { value, done } = await output.read();
      if (done) throw new Error(`${name} has ended`);
      rest += value;
    }
    const [line = "", ...lines] = rest.split("\n");
    rest = lines.join("\n");
    return line;
  }
  return {
    nextLine,
    async ask(line: string): Promise<string> {
      await input.write(new TextEncoder().encode(`${line}\n`));
      return await nextLine();
    },
    helper: { pid: running.pid, stop: () => stop(running) } satisfies Helper,
  };
}
