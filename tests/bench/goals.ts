/**
 * What is to be reached beside Debian's haproxy 2.6, one thread each. A missed goal fails nothing:
 * the benchmark measures, it does not test.
 */

/** A bound for a figure: for its ratio to haproxy's, or for sluice's own value. */
export interface Goal {
  readonly of: "ratio" | "value";
  /** Whether the figure has to stay below the limit or to reach it. */
  readonly at: "most" | "least";
  readonly limit: number;
}

const ratio = (limit: number): Goal => ({ of: "ratio", at: "most", limit });
const value = (limit: number): Goal => ({ of: "value", at: "most", limit });
/** Equal programs have scaled equally; more is welcome. */
const scaling: Goal = { of: "ratio", at: "least", limit: 1 };

/** The goals by the names of the table's rows. */
export const goals: Readonly<Record<string, Goal>> = {
  keepalive: ratio(0.80),
  httplog: ratio(0.80),
  close: ratio(0.90),
  "16KiB": ratio(0.80),
  "1MiB": ratio(0.45),
  bulk: ratio(0.35),
  h2c: ratio(0.75),
  "h2c 64KiB": ratio(0.75),
  "20 ACLs": ratio(0.80),
  "5 edits": ratio(0.80),
  "stick table": ratio(0.80),
  map: ratio(0.80),
  idle: ratio(0.80),
  start: value(150),
  "RSS at rest": value(40),
  "2 threads, scaling": scaling,
  "3 threads, scaling": scaling,
  queue: value(1.05),
};
