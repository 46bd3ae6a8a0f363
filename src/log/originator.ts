/** Where the lines of a configuration come from, as they say it. */
import type { Global } from "../config/model.ts";
import type { Originator } from "./frame.ts";

/** @param hostname the machine's name */
export function originatorOf(global: Global, pid: number, hostname: string): Originator {
  const { logTag, logSendHostname } = global;
  // Without a name of its own the keyword stands for the machine's.
  const sender = logSendHostname === null ? null : logSendHostname || hostname;
  return { tag: logTag, pid, hostname, sender };
}
