/** Logs to rings: in the end they are logs to the servers that a ring has, over TCP. */
import type { Configuration, LogTarget } from "../config/model.ts";

/** The targets, each ring replaced by its servers; a ring without any keeps nothing here. */
export function withoutRings(
  targets: readonly LogTarget[],
  rings: Configuration["rings"],
): LogTarget[] {
  return targets.flatMap((log): LogTarget[] => {
    const { target } = log;
    if (target.kind !== "ring") return [log];
    const ring = rings.find(({ name }) => name === target.name);
    if (ring === undefined) return [];
    const format = log.format === "local" ? ring.format : log.format;
    const len = Math.min(log.len, ring.maxlen);
    return ring.servers.map(({ host, port, framing }) => ({
      ...log,
      format,
      len,
      target: { kind: "tcp", host, port, framing },
    }));
  });
}
