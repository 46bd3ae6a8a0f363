/**
 * Plays each case through the real haproxy and through the sluice binary, one process of each for
 * all cases of a table, and compares what clients, servers and the log saw.
 */
import { fail } from "@std/assert";
import { runtimeName, test } from "../testing.ts";
import type { Case } from "./case.ts";
import { differences } from "./differences.ts";
import { type Kind, missing, startRig } from "./rig.ts";
import { asTold, changes, type Normal, normalise, type Transcript } from "./transcript.ts";

export type { Case } from "./case.ts";

/** Declares a test that needs both programs. */
export function oracle(name: string, body: () => Promise<void>): void {
  const title = missing === null ? `oracle: ${name}` : `oracle: SKIPPED, ${missing}: ${name}`;
  test(title, body, { skip: missing !== null });
}

/**
 * Declares a test: each case goes alike through haproxy and through sluice.
 * @param all the cases; a function makes them at the moment when they are played
 */
export function oracleCases(
  name: string,
  all: readonly Case[] | (() => Promise<readonly Case[]>),
): void {
  const here = ({ resets }: Case) => resets !== true || runtimeName !== "deno";
  const title = typeof all === "function"
    ? `${name}: cases`
    : `${name}: ${all.filter(here).length} cases`;
  oracle(`${title} are alike in haproxy and in sluice`, async () => {
    const cases = (typeof all === "function" ? await all() : all).filter(here);
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
  if (c.unordered) [expected, found].forEach(putInOrder);
  for (const connection of [...expected.connections, ...found.connections]) {
    connection.end = asTold(connection.end);
  }
  if (c.code !== undefined && !ours.log.some((line) => line.includes(` ${c.code}`))) {
    errors.push(`${c.name}: sluice does not log ${c.code}`);
  }
  if (!bytesAreLogged(ours)) errors.push(`${c.name}: sluice logs bytes that nobody got`);
  const different = changes(expected, found);
  if (different.length > 0) {
    errors.push(`${c.name}: (- haproxy, + sluice)\n${different.join("\n")}`);
  }
  return errors;
}

/** Leaves out which request it was: of several that wait any may be the first. */
function putInOrder({ servers, log }: Normal): void {
  for (const { requests } of Object.values(servers)) {
    requests.sort((a, b) => a.line < b.line ? -1 : a.line > b.line ? 1 : 0);
  }
  log.forEach((line, i) => log[i] = line.replace(/"GET \/\d /, '"GET /N '));
  log.sort();
}

/** Whether the log tells how many bytes the client got, where one line is about one client. */
function bytesAreLogged({ connections, log }: Transcript): boolean {
  if (connections.length !== 1 || log.length !== 1 || log[0]!.includes("<BADREQ>")) return true;
  // Of a response that was cut off it tells how many were sent.
  if (connections[0]!.rest !== "" || connections[0]!.received === 0) return true;
  const logged = / -?\d+ (\d+) - - \S{4} /.exec(log[0]!) ?? /\/\d+ (\d+) \S{2} /.exec(log[0]!);
  return Number(logged?.[1]) === connections[0]!.received;
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
