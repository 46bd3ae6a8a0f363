/** What checks of known protocols are made of: bytes that are sent, and answers that are understood. */
import type { Verdict } from "../result.ts";
import { customStep, latin1 } from "../expect.ts";
import { type Finding, implicitConnect, type Step, type Steps } from "../steps.ts";

/** What a protocol's check does once it is connected. */
export type Part =
  | { readonly send: Uint8Array }
  | {
    /** So many bytes must have come before it is looked at, or the end. */
    readonly least: number;
    readonly find: (bytes: Uint8Array, complete: boolean) => Finding;
    /** The verdict, if it is the last part. */
    readonly success?: (bytes: Uint8Array) => Verdict;
    /** What an answer is called that does not come, or ends too early. */
    readonly timeout?: "L6TOUT";
    readonly empty?: "L6RSP" | "L7STS";
  };

/** A check of a protocol. @param linger the connection is closed by FIN: the server logs resets */
export function exchange(parts: readonly Part[], linger: boolean): Steps {
  const connect: Step = linger ? { ...implicitConnect, linger } : implicitConnect;
  const first = linger ? 2 : 1;
  const steps = parts.map((part, i): Step => {
    const id = first + i;
    if ("send" in part) {
      const bytes = part.send;
      return { kind: "send", id, comment: null, bytes: () => bytes };
    }
    const step = customStep(
      id,
      i + 1,
      part.least,
      (bytes, { complete }) => part.find(bytes, complete),
      part.success,
    );
    return { ...step, timeout: part.timeout ?? "L7TOUT", empty: part.empty ?? "L7RSP" };
  });
  return { steps: [connect, ...steps], named: false, method: null };
}

/** Text up to its first end of a line. */
export function lineOf(bytes: Uint8Array): string {
  return latin1(bytes).split(/[\r\n]/)[0]!;
}
