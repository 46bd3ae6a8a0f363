/** The soak in short; `deno task soak` is the long one. */
import process from "node:process";
import { programTest } from "../binary.ts";
import { here, onlyHere } from "../threads/scene.ts";
import { runtimeName, test } from "../testing.ts";
import { type SoakOptions, soakProgram } from "./program.ts";
import { soakThreads } from "./threads.ts";

const own = process.pid % 250;

const short = (n: number): SoakOptions => ({
  place: { host: `127.45.${10 + n}.${own}`, port: 8000, originHost: `127.45.${20 + n}.${own}` },
  seconds: 5,
  seed: 7,
  say: () => {},
});

// Deno has the sockets only.
for (const engine of runtimeName === "bun" ? ["epoll", "sockets"] as const : ["sockets"] as const) {
  programTest(
    `soak in short, engine ${engine}: clients, dying origins and reloads leave nothing`,
    () => soakProgram(engine, short(engine === "epoll" ? 1 : 2)),
  );
}

test(`soak in short: threads that fail leave nothing${onlyHere}`, () => soakThreads(short(3)), {
  skip: !here,
});
