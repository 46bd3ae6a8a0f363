// deno-lint-ignore-file no-console -- what it prints is what it is for
/**
 * `deno task soak [--minutes N] [--seed S]`: clients of all kinds for some minutes, origins that die,
 * reloads, threads that fail; in the end all must be accounted for. Needs dist/sluice.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { here } from "../threads/scene.ts";
import { type SoakOptions, soakProgram } from "./program.ts";
import { soakThreads } from "./threads.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const seconds = 60 * Number(values.minutes);
const seed = Number(values.seed);
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  console.error("usage: deno task soak [--minutes N] [--seed WHOLE-NUMBER]");
  process.exit(2);
}
console.log(`seed ${seed}`);

const part = (n: number): SoakOptions => ({
  place: { host: `127.45.3.${n}`, port: 8000, originHost: `127.45.4.${n}` },
  seconds: seconds / 3,
  seed,
  say: (line) => console.log(line),
});
try {
  await soakProgram("epoll", part(1));
  await soakProgram("sockets", part(2));
  if (here) await soakThreads(part(3));
  console.log("all is accounted for");
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
