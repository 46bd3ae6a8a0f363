/**
 * What a process has used: CPU time and memory, as the kernel counts them (Linux only).
 */

/** clock_gettime(2) by FFI: no file under /proc tells the CPU time of threads that have ended. */
const libc = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const timespec = new BigInt64Array(2);

/**
 * The CPU time of all threads of a process, ended ones included, user and system together.
 * @returns microseconds, from a clock of nanoseconds
 */
export function cpuTime(pid: number): number {
  // The clock of another process: its id inverted, shifted by 3, and 2 for the scheduler's count.
  if (libc.symbols.clock_gettime((~pid << 3) | 2, timespec) !== 0) {
    throw new Error(`process ${pid} is gone`);
  }
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1e6 + Number(nanoseconds) / 1e3;
}

/**
 * CPU time split by mode, from /proc/PID/stat (proc(5), fields 14 and 15), in ticks of 10 ms. The
 * kernel samples the modes some hundred times a second: good for shares over many seconds only.
 */
export function modeTicks(pid: number): { readonly user: number; readonly system: number } {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The command name, in parentheses, may contain spaces: count from behind it (field 3 on).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { user: Number(fields[11]), system: Number(fields[12]) };
}

/** Memory of a process in bytes. */
export interface Memory {
  /** What of its address space is in memory: its own, and what it maps of files. */
  readonly resident: number;
  /** The part of it that is no file's: nobody else can share it, nor can it be read again. */
  readonly anonymous: number;
}

function memory(pid: number): Memory {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const field = (name: string) =>
    1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1]);
  return { resident: field("VmRSS"), anonymous: field("RssAnon") };
}

/**
 * Memory once it has come to rest: garbage collectors and allocators give back late.
 * @param after ms to wait before the first reading
 * @returns it when three readings 300 ms apart agree within 0.5 %, or after 5 s
 */
export async function settledMemory(pid: number, after = 0): Promise<Memory> {
  await new Promise((resolve) => setTimeout(resolve, after));
  let last = memory(pid);
  for (let alike = 0, readings = 0; alike < 2 && readings < 16; readings++) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const now = memory(pid);
    const change = Math.abs(now.resident - last.resident);
    alike = change <= last.resident * 0.005 ? alike + 1 : 0;
    last = now;
  }
  return last;
}
