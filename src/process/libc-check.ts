/** Why the C library cannot be called: both runtimes compile code for that. */
import { readFileSync } from "node:fs";
import { libc } from "../net/linux/calls.ts";

/**
 * What hinders the process from calling the C library, and what to do about it; null: nothing does.
 */
export function whyNoLibrary(): string | null {
  try {
    libc();
    return null;
  } catch (error) {
    let limits = "";
    try {
      limits = readFileSync("/proc/self/limits", "latin1");
    } catch {
      // There is no /proc.
    }
    return explainNoLibrary((error as Error).message, limits);
  }
}

/**
 * @param reason what the runtime says: of memory, that it "requires the JIT"
 * @param limits what /proc/self/limits holds (proc(5))
 */
export function explainNoLibrary(reason: string, limits: string): string {
  if (!/JIT|memory/i.test(reason)) return reason;
  const bytes = /^Max address space\s+(\d+)/m.exec(limits)?.[1];
  if (bytes === undefined) {
    return "the C library cannot be called, because no memory may be written and then executed\n" +
      "  fix: allow it: MemoryDenyWriteExecute=no in a systemd unit, execmem in an SELinux policy";
  }
  const megabytes = Math.floor(Number(bytes) / 2 ** 20);
  return `the C library cannot be called, because the address space is limited to ${megabytes} MB\n` +
    "  fix: raise the limit: 'ulimit -v unlimited', LimitAS=infinity in a systemd unit";
}
