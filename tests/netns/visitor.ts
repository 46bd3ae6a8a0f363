/**
 * A visitor's browser, a process in a box: reads an {@linkcode Errand} a line from its standard
 * input, and writes a {@linkcode Report} a line, each when it is known.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { open } from "../scenarios/wire.ts";

/** A request to make, on a connection of its own. */
export interface Errand {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly text: string;
  /** How long the visitor waits for the response, ms. */
  readonly timeout: number;
}

/** A response. */
export interface Page {
  readonly line: string;
  readonly fields: readonly string[];
  readonly content: string;
}

/** What came of an errand. */
export interface Report {
  readonly id: number;
  /** The response; or why there is none. */
  readonly outcome: Page | string;
}

async function go({ id, host, port, text, timeout }: Errand): Promise<Report> {
  const client = open({ host, port });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    client.close();
  }, timeout);
  try {
    const { line, fields, content } = await client.request(text);
    return { id, outcome: { line, fields, content } };
  } catch (error) {
    return { id, outcome: late ? `no answer in ${timeout} ms` : (error as Error).message };
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  void go(JSON.parse(line) as Errand).then((report) =>
    process.stdout.write(`${JSON.stringify(report)}\n`)
  );
}
