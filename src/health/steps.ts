/** A check in steps, as it is run: see run.ts. Rule sets, and checks of known protocols, become such. */
import type { CheckScope } from "./expressions.ts";
import type { Input } from "./input.ts";
import type { CheckStatus, Verdict } from "./result.ts";

/** What all steps have. */
interface Common {
  /** The number of its rule in the rule set, from 1; 0: it is in none. */
  readonly id: number;
  readonly comment: string | null;
}

/** Opens a connection. What is null is the server's. */
export interface ConnectStep extends Common {
  readonly kind: "connect";
  readonly host: string | null;
  readonly port: number | ((scope: CheckScope) => number | null) | null;
  /** What the rule does not say is as the server's line has it for checks. */
  readonly asServer: boolean;
  readonly sendProxy: boolean;
  /** It speaks TLS, asks for this name, and offers these protocols. */
  readonly ssl: boolean;
  readonly sni: string | null;
  readonly alpn: readonly string[] | null;
  /** The connection is closed by FIN, not by a reset. */
  readonly linger: boolean;
}

/** Sends bytes; null: none, this time. */
export interface SendStep extends Common {
  readonly kind: "send";
  readonly bytes: (scope: CheckScope) => Uint8Array | Verdict | null;
}

/** More must come. */
export const WAIT = 0;
/** It is as expected. */
export const GO = 1;
/** What an expectation finds in what has come: if it is a verdict, the check ends with that. */
export type Finding = typeof WAIT | typeof GO | Verdict;

/** Expects something. */
export interface ExpectStep extends Common {
  readonly kind: "expect";
  /** The step to go back to when more has come: where several must not find what they look for. */
  readonly head: number;
  /** The status where nothing comes. */
  readonly timeout: CheckStatus;
  /** The status of an end of the stream without a byte. */
  readonly empty: CheckStatus;
  /** What it looks for, for the log. */
  readonly what: string;
  readonly find: (input: Input, scope: CheckScope) => Finding;
  /** The verdict, if it is the last step. */
  readonly success: (scope: CheckScope) => Verdict;
}

/** Does something that never waits. */
export interface ActionStep extends Common {
  readonly kind: "action";
  readonly act: (scope: CheckScope) => void;
}

export type Step = ConnectStep | SendStep | ExpectStep | ActionStep;

/** A check of servers. */
export interface Steps {
  readonly steps: readonly Step[];
  /** The log says at which step a check ended early (manual: "option tcp-check"). */
  readonly named: boolean;
  /** The method of the request, if what comes is a response to one: see http/head.ts. */
  readonly method: number | null;
}

/** The connection that a rule set without one begins with. */
export const implicitConnect: ConnectStep = {
  kind: "connect",
  id: 0,
  comment: null,
  host: null,
  port: null,
  asServer: true,
  sendProxy: false,
  ssl: false,
  sni: null,
  alpn: null,
  linger: false,
};

/** Where a check is, in HAProxy's words; "" where steps are not named. */
export function placeOf({ named }: Steps, step: Step | undefined): string {
  if (!named || step === undefined) return "";
  if (step.id === 0) return " at initial connection step of tcp-check";
  const comment = step.comment === null ? "" : ` comment: '${step.comment}'`;
  return ` at step ${step.id} of tcp-check${doing(step)}${comment}`;
}

function doing(step: Step): string {
  switch (step.kind) {
    case "connect":
      return typeof step.port === "number" ? ` (connect port ${step.port})` : " (connect)";
    case "send":
      return " (send)";
    case "expect":
      return ` (expect ${step.what})`;
    case "action":
      return "";
  }
}
