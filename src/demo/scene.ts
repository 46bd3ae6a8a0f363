/** What a play has to show: what happened, and what of it was as the story said. */
import type { Outcome } from "./client.ts";
import type { Sight } from "./origin.ts";
import type { Aside, Said } from "./steps.ts";

/** One expectation, judged. */
export interface Verdict extends Said {
  readonly held: boolean;
  /** What was there instead; null where nothing needs saying. */
  readonly saw: string | null;
}

/** A request, what the servers saw of it, and its response. */
export interface Exchange {
  readonly client: string;
  readonly sameConnection: boolean;
  readonly outcome: Outcome;
  /** In the order of their coming; more than one where the proxy tried again. */
  readonly sights: readonly Sight[];
  /** The server of the client's last exchange; null before the first. */
  readonly previous: string | null;
}

/** Many requests, in sum. */
export interface Burst {
  /** The request line. */
  readonly line: string;
  readonly count: number;
  /** Requests for each server, in the configuration's order. */
  readonly counts: ReadonlyMap<string, number>;
  /** The servers in the order in which the requests came to them. */
  readonly order: readonly string[];
  /** How often each status came back; 0 where no response came. */
  readonly statuses: ReadonlyMap<number, number>;
}

/** One thing to show. */
export type Scene =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "narration"; readonly text: string }
  | {
    readonly kind: "exchange";
    readonly exchange: Exchange;
    readonly asides: readonly Aside[];
    readonly verdicts: readonly Verdict[];
    /** Names of fields which the story speaks of, in lower case: they are shown in any case. */
    readonly spoken: ReadonlySet<string>;
  }
  | { readonly kind: "burst"; readonly burst: Burst; readonly verdicts: readonly Verdict[] }
  /** Something was done: a server stopped, an answer changed. */
  | { readonly kind: "deed"; readonly text: string; readonly verdict: Verdict | null }
  /** A wait begins. */
  | { readonly kind: "waiting"; readonly text: string }
  /** It ended, after so many ms. */
  | { readonly kind: "waited"; readonly ms: number; readonly verdict: Verdict | null };
