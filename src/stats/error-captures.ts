/**
 * Why messages were refused: of each frontend the last invalid request, of each backend the last
 * invalid response, with the bytes, and how often each reason occurred. "show errors" shows them
 * (management manual, chapter 9.3). Memory is bounded by the number of proxies; nothing is done for
 * a message that is valid.
 */

/** Which way the message went. */
export type Direction = "request" | "response";

/** A proxy or server by its name and the number that HAProxy shows behind a `#`. */
export interface Named {
  readonly name: string;
  readonly id: number;
}

/** What is known of a refused message. */
export interface RefusedMessage {
  readonly direction: Direction;
  /** When, in ms since 1970. */
  readonly wallMs: number;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly frontend: Named;
  /** null: none was chosen; of a response never. */
  readonly backend: Named | null;
  readonly server: Named | null;
  /** Why, in words of ours: one of a fixed set, without anything of the message. */
  readonly reason: string;
  /** What was in the buffer; it is copied. */
  readonly bytes: Uint8Array;
  /** Which of them was refused; -1: none in particular. */
  readonly offset: number;
}

/** A refused message that is kept. */
export interface CapturedError extends RefusedMessage {
  /** How many had been captured before it. */
  readonly event: number;
  /** Bytes that were in the buffer; `bytes` are the first of them. */
  readonly length: number;
}

/** See above. */
export interface ErrorCaptures {
  /** Counts a refused message, and keeps it in place of the last one of its proxy. Never throws. */
  captureError(message: RefusedMessage): void;
  /** All that were captured so far. */
  readonly total: number;
  /** How often each reason occurred. */
  readonly reasons: ReadonlyMap<string, number>;
  /** What is kept, in the order of the proxies' first errors. */
  readonly kept: Iterable<CapturedError>;
}

/** More of a message is not kept, in bytes: HAProxy's default buffer size. */
export const longestCapture = 16_384;

/** More reasons are counted as {@linkcode otherReason}: someone has put a message's part into one. */
export const mostReasons = 128;
export const otherReason = "other";

/** Makes an empty store. */
export function createErrorCaptures(): ErrorCaptures {
  const reasons = new Map<string, number>();
  const kept = new Map<string, CapturedError>();
  let total = 0;
  return {
    captureError(message) {
      const { direction, frontend, backend, bytes } = message;
      const known = reasons.has(message.reason) || reasons.size < mostReasons - 1;
      const reason = known ? message.reason : otherReason;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      // A response is the backend's fault. A frontend and a backend may have one name.
      const proxy = direction === "request" ? frontend : backend ?? frontend;
      kept.set(`${direction} ${proxy.name}`, {
        ...message,
        bytes: new Uint8Array(bytes.subarray(0, longestCapture)),
        length: bytes.length,
        event: total++,
      });
    },
    get total() {
      return total;
    },
    reasons,
    get kept() {
      return kept.values();
    },
  };
}
