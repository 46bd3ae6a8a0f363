/** The CPUs that a thread may run on (sched_setaffinity(2)). */
import { C } from "./calls.ts";

/** Bits of a cpu_set_t. */
const mostCpus = 1024;

/** Has the calling thread run on these CPUs only. @returns whether the system can do that */
export function runOn(cpus: readonly number[]): boolean {
  const set = new Uint8Array(new ArrayBuffer(mostCpus / 8));
  for (const cpu of cpus) if (cpu < mostCpus) set[cpu >> 3]! |= 1 << (cpu & 7);
  return C.sched_setaffinity(0, set.length, set) === 0;
}
