/** How tests wait on the virtual clock, and how exact time-outs have to be. */
import { assert } from "@std/assert";
import type { Client, Scene } from "./harness.ts";
import { status } from "#src/simulate/message.ts";

/** How late a time-out may be, ms: the wheel's tick, and the millisecond in which it is seen. */
export const tolerance = 17;

/** Moves time on until `happened`. @returns how long that took, ms */
export function timeUntil(w: Scene, happened: () => boolean): number {
  const start = w.now();
  w.run();
  while (!happened()) {
    if (w.now() - start > 200_000) throw new Error("it never happens");
    w.advance(1);
  }
  return w.now() - start;
}

/** Asserts that it happens `ms` from now: no sooner, and no later than the tolerance allows. */
export function assertAfter(w: Scene, ms: number, happened: () => boolean): void {
  const took = timeUntil(w, happened);
  assert(took >= ms && took <= ms + tolerance, `after ${took} ms, not ${ms}`);
}

/** Whether the client has got so many responses. */
export const answered = (client: Client, count = 1) => () => client.responses.whole.length >= count;

/** The status of the client's last response. */
export const last = (client: Client) => status(client.responses.whole.at(-1)!);

/** Time-outs that can be told apart. */
export const slow = { connect: 4000, client: 30_000, server: 20_000, httpRequest: 5000 };
