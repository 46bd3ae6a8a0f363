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
  /** The proxy that the story names; null: none. */
  readonly proxy: string | null;
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
  /** As in {@linkcode Exchange}. */
  readonly proxy: string | null;
  readonly count: number;
  /** They were sent at the same time. */
  readonly atOnce: boolean;
  /** Requests for each server that might get some, in the configuration's order. */
  readonly counts: ReadonlyMap<string, number>;
  /** The most requests that each had at once. */
  readonly peaks: ReadonlyMap<string, number>;
  /** The servers in the order in which the requests came to them. */
  readonly order: readonly string[];
  /** How often each status came back; 0 where no response came. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How long the clients waited for their responses, ms: the mean, and the 99th percentile. */
  readonly mean: number;
  readonly p99: number;
}

/** One thing on its way, on one side of the proxy; it goes on ("out") towards the server. */
export interface Flow {
  readonly side: "client" | "server";
  readonly way: "out" | "back";
  readonly text: string;
}

/** What happened on a connection without HTTP. */
export interface Conversation {
  readonly client: string;
  /** As in {@linkcode Exchange}. */
  readonly proxy: string | null;
  /** The server that it reached; null: none. */
  readonly server: string | null;
  readonly flows: readonly Flow[];
}

/** What was judged, and the log lines that came, where the story speaks of them. */
export interface Judged {
  readonly verdicts: readonly Verdict[];
  readonly log: readonly string[];
  /** Narration. */
  readonly notes: readonly string[];
}

/** One thing to show. */
export type Scene =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "narration"; readonly text: string }
  | Judged & {
    readonly kind: "exchange";
    readonly exchange: Exchange;
    readonly asides: readonly Aside[];
    /** Names of fields which the story speaks of, in lower case: they are shown in any case. */
    readonly spoken: ReadonlySet<string>;
    /** The story speaks of where the servers see requests come from. */
    readonly sources: boolean;
  }
  | Judged & { readonly kind: "burst"; readonly burst: Burst }
  | Judged & { readonly kind: "conversation"; readonly conversation: Conversation }
  /** Something was done: a server stopped, an answer changed. `own` judges the deed itself. */
  | Judged & { readonly kind: "deed"; readonly text: string; readonly own: Verdict | null }
  /** A wait begins. */
  | { readonly kind: "waiting"; readonly text: string }
  /** It ended, after so many ms. */
  | Judged & { readonly kind: "waited"; readonly ms: number; readonly own: Verdict | null };
