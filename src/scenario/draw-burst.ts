/** Draws many requests at once, in sum. */
import { fold, type Look, wrap } from "./picture.ts";
import type { Burst } from "./scene.ts";

/** Many requests: a bar for each server, and how it went. */
export function drawBurst(burst: Burst, look: Look): string[] {
  const { line, proxy, count, counts, order, statuses, atOnce } = burst;
  const { paint, width } = look;
  const longest = Math.max(0, ...[...counts.keys()].map((server) => server.length));
  const room = width - longest - 12;
  const most = Math.max(1, ...counts.values());
  const scale = Math.min(1, room / most);
  const where = proxy === null ? "" : ` to ${proxy}`;
  const lines = [paint.bold(`${count} requests${where}: ${line}`)];
  for (const [server, n] of counts) {
    const bar = "#".repeat(Math.round(n * scale));
    lines.push(`  ${server.padEnd(longest)}  ${bar === "" ? n : `${paint.green(bar)} ${n}`}`);
  }
  const letters = shortNames([...counts.keys()]);
  if (letters !== null && order.length <= 1000) {
    const sequence = order.map((server) => letters.get(server) ?? "?").join("");
    lines.push(
      ...fold(sequence, width - 17).map((part, i) =>
        `  ${i === 0 ? "in this order" : "             "}  ${part}`
      ),
    );
  }
  if (atOnce) lines.push(...wrap(howItWent(burst), width - 4).map((part) => `  ${part}`));
  const silent = statuses.get(0) ?? 0;
  if (silent > 0) lines.push(paint.red(`  ${silent} without a response`));
  return lines;
}

/** How long clients that came at the same time waited, and how many servers had at once. */
function howItWent({ mean, p99, peaks }: Burst): string {
  const most = [...peaks].map(([server, peak]) => `${server} ${peak}`).join(", ");
  return `waiting time: mean ${time(mean)}, 99th percentile ${time(p99)}; ` +
    `most requests at once: ${most}`;
}

/** Milliseconds for people, to about two digits: 8 ms, 0.42 s. */
function time(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** A letter for each server, where what distinguishes their names is one letter: webA, webB. */
function shortNames(servers: readonly string[]): ReadonlyMap<string, string> | null {
  let prefix = servers[0] ?? "";
  for (const server of servers) {
    while (!server.startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  const names = servers.map((server) => [server, server.slice(prefix.length)] as const);
  return names.length > 1 && names.every(([, letter]) => letter.length === 1)
    ? new Map(names)
    : null;
}
