/** The seam to where log lines go; open-transport.ts implements it. */
import type { LogTarget } from "../config/model.ts";

/** A way out for lines. Nothing in it blocks but {@linkcode Transport.wait}; nothing throws. */
export interface Transport {
  /**
   * Hands the lines `from` to `to` (exclusive) to the kernel. Line i is
   * bytes[ends[i - 1], ends[i]), the first one starts at 0. The bytes are valid only during the call.
   * @returns how many were taken, 0 if there is no room now; -1 if the first of them cannot be
   * delivered, for the reason in `failure`
   */
  send(bytes: Uint8Array, ends: readonly number[], from: number, to: number): number;
  /** Why send() last returned -1, for a person to read. */
  readonly failure: string;
  /** Blocks until there is room or `ms` have passed: for the end of the process only. */
  wait(ms: number): void;
  close(): void;
}

/** Opens a way out. A name is resolved behind its back: until then there is no room. */
export type OpenTransport = (target: LogTarget["target"]) => Transport;
