/**
 * The origin and the load generator as processes of their own, on Bun, and how to talk to them.
 */
import type { Order, Outcome } from "./client.ts";
import { type Placement, spawn } from "./processes.ts";

/** A running origin and load generator. */
export interface Helpers {
  /** The origin's port. */
  readonly origin: number;
  /**
   * Has an order carried out.
   * @throws {Error} when any response was wrong or missing: the benchmark has then failed
   */
  order(order: Omit<Order, "seconds">): Promise<Outcome>;
}

/** An order may take so many seconds. */
const PATIENCE = 30;

/** Starts both; they end with this process, since their input ends then. */
export async function startHelpers({ origin, client }: Placement): Promise<Helpers> {
  const server = startScript("origin.ts", origin);
  const generator = startScript("client.ts", client);
  const port = Number(await server.nextLine());
  return {
    origin: port,
    async order(order) {
      await generator.say(JSON.stringify({ ...order, seconds: PATIENCE } satisfies Order));
      const outcome = JSON.parse(await generator.nextLine()) as Outcome;
      if (outcome.errors > 0) {
        throw new Error(`${outcome.errors} errors under load, the first: ${outcome.firstError}`);
      }
      return outcome;
    },
  };
}

function startScript(name: string, cpus: string) {
  const root = new URL("../../", import.meta.url).pathname;
  const command = [`${root}node_modules/.bin/bun`, `${root}tests/bench/${name}`];
  const { child } = spawn(command, cpus, { stdin: "piped", stdout: "piped", stderr: "inherit" });
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  return {
    say: (line: string) => input.write(new TextEncoder().encode(`${line}\n`)),
    async nextLine(): Promise<string> {
      while (!rest.includes("\n")) {
        const { value, done } = await output.read();
        if (done) throw new Error(`${name} has ended`);
        rest += value;
      }
      const [line = "", ...lines] = rest.split("\n");
      rest = lines.join("\n");
      return line;
    },
  };
}
