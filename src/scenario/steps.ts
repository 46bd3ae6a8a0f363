/**
 * What a story consists of, once read: the types that {@linkcode parseStory} makes and `play`
 * performs. A new kind of step is a member here, a form in forms.ts, and a case in play.ts, whose
 * scene draw.ts draws.
 */

/** A word or two of a message: what is answered, or expected. */
export type Claim =
  | { readonly kind: "status"; readonly status: number }
  /** The whole request line. */
  | { readonly kind: "line"; readonly text: string }
  /** A field of this name has this value; `*` in it stands for any run of characters. */
  | { readonly kind: "field"; readonly name: string; readonly value: string }
  /** There is no field of this name. */
  | { readonly kind: "absent"; readonly name: string };

/** Which server is meant. `same` and `other` compare with the one that served the client last. */
export type Who =
  | { readonly kind: "named"; readonly server: string }
  | { readonly kind: "any" }
  | { readonly kind: "same" }
  | { readonly kind: "other" }
  | { readonly kind: "none" };

/** Where a line of the story stands, and its words, to be shown with its verdict. */
export interface Said {
  /** Counted from 1, in the scenario file. */
  readonly line: number;
  readonly text: string;
}

/** What the logs of the proxies must tell; `*` in a pattern stands for any run of characters. */
export type LogExpectation =
  & Said
  & (
    | { readonly kind: "log"; readonly pattern: string }
    | { readonly kind: "log-silent" }
  );

/** What must be true of one exchange. */
export type Expectation =
  | LogExpectation
  | Said & { readonly kind: "serves"; readonly who: Who }
  | Said & { readonly kind: "sees"; readonly who: Who; readonly claim: Claim }
  /** The server's side of the connection shows this address as the client's. */
  | Said & { readonly kind: "sees-from"; readonly who: Who; readonly host: string }
  /** A header of the PROXY protocol tells the server so. */
  | Said & { readonly kind: "sees-behalf"; readonly who: Who; readonly host: string }
  | Said & { readonly kind: "gets"; readonly claim: Claim }
  | Said & { readonly kind: "closes" }
  /** No response came, whatever the reason. */
  | Said & { readonly kind: "nothing" }
  /** The connection was refused. */
  | Said & { readonly kind: "refused" };

/** What must be true of many requests together. */
export type BurstExpectation =
  | LogExpectation
  | Said & { readonly kind: "counts"; readonly counts: ReadonlyMap<string, number> }
  | Said & { readonly kind: "spread"; readonly least: number }
  | Said & { readonly kind: "all-get"; readonly status: number }
  /** The clients' mean waiting time, or its 99th percentile, is at most so many ms. */
  | Said & { readonly kind: "mean" | "p99"; readonly most: number }
  /** A server, or every one (null), never had more requests at once. */
  | Said & { readonly kind: "peak"; readonly server: string | null; readonly most: number }
  /** A server had as many requests at once as this, at some moment. */
  | Said & { readonly kind: "reaches"; readonly server: string; readonly least: number };

/** Who speaks or hears on a connection without HTTP. */
export interface Party {
  readonly side: "client" | "server";
  readonly name: string;
}

/** What must be true of a connection without HTTP, after something happened to it. */
export type TalkExpectation =
  | LogExpectation
  /** The connection reached this server; null: none. */
  | Said & { readonly kind: "accepts"; readonly server: string | null }
  | Said & { readonly kind: "hears"; readonly who: Party; readonly words: string }
  | Said & { readonly kind: "hears-end" | "hears-nothing"; readonly who: Party }
  | Said & { readonly kind: "closes" }
  | Said & { readonly kind: "refused" };

/** A field as it goes over the wire: name and value. */
export type Field = readonly [name: string, value: string];

/** A request as the story words it. */
export interface RequestSpec {
  readonly method: string;
  readonly uri: string;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
  /** A line that the connection begins with, before any request: a header of the PROXY protocol. */
  readonly preamble: string | null;
  /** Fields beyond those that every client sends. */
  readonly fields: readonly Field[];
  /** The address that the client connects from; null: the kernel's choice. */
  readonly source: string | null;
  /** The proxy it is sent to, and the port; null: the first. */
  readonly proxy: string | null;
  readonly port: number | null;
}

/** Narration inside an exchange: beside the request, beside the response, or after both. */
export interface Aside {
  readonly place: "request" | "response" | "end";
  readonly text: string;
}

/** A signal that a proxy's process acts on (manual, management guide, chapter 4). */
export type Signal = "TTOU" | "TTIN" | "USR1" | "HUP" | "TERM" | "INT";

/** Which instance is meant: the one that started last, or the one before it. */
export type Which = "newest" | "old";

/** One thing that happens. */
export type Step =
  & Said
  /** Narration below what happens; an exchange has asides in its place. */
  & { readonly notes?: readonly string[] }
  & (
    | { readonly kind: "heading" }
    | { readonly kind: "narration" }
    | {
      readonly kind: "exchange";
      readonly client: string;
      readonly request: RequestSpec;
      /** Sent on the connection that the client's last request came on. */
      readonly sameConnection: boolean;
      /** How the server answers this request, beyond what is usual. */
      readonly answers: readonly Claim[];
      readonly asides: readonly Aside[];
      readonly expectations: readonly Expectation[];
    }
    /** A request is sent, and its response not waited for. */
    | {
      readonly kind: "begin";
      readonly client: string;
      readonly request: RequestSpec;
      readonly expectations: readonly LogExpectation[];
    }
    /** The response to what was begun. */
    | {
      readonly kind: "await";
      readonly client: string;
      readonly asides: readonly Aside[];
      readonly expectations: readonly Expectation[];
    }
    | {
      readonly kind: "burst";
      /** A client that sends them all; null: each from a client never seen before. */
      readonly client: string | null;
      readonly count: number;
      /** All at the same time, not one after the other. */
      readonly atOnce: boolean;
      /** Each client connects from the next higher address. */
      readonly upward: boolean;
      readonly request: RequestSpec;
      readonly expectations: readonly BurstExpectation[];
    }
    | Talk
    | Deed & { readonly expectations: readonly LogExpectation[] }
  );

/** Something happens to a connection without HTTP. */
export type Talk =
  & { readonly expectations: readonly TalkExpectation[] }
  & (
    | {
      readonly kind: "connect";
      readonly client: string;
      /** null: the first that listens, there. */
      readonly proxy: string | null;
      readonly port: number | null;
      readonly source: string | null;
    }
    | { readonly kind: "say"; readonly client: string; readonly words: string }
    /** One direction ends. */
    | { readonly kind: "finish"; readonly who: Party }
    | { readonly kind: "hang-up"; readonly client: string }
  );

/** Something is done to those who play, or waited for; of itself it says nothing. */
export type Deed =
  | { readonly kind: "no-cookies"; readonly client: string }
  /** What a server is to do, or to do again: run, answer, be there at all, answer its checks. */
  | { readonly kind: "power"; readonly server: string; readonly on: boolean }
  | { readonly kind: "response"; readonly server: string; readonly on: boolean }
  | { readonly kind: "presence"; readonly server: string; readonly on: boolean }
  | { readonly kind: "checks"; readonly server: string; readonly on: boolean }
  | {
    readonly kind: "answer";
    /** null: every server. */
    readonly server: string | null;
    readonly uri: string;
    /** null: as usual again. */
    readonly claim: Claim | null;
  }
  | {
    readonly kind: "pace";
    /** null: every server. */
    readonly server: string | null;
    /** How long each request takes it. */
    readonly ms: number;
  }
  | { readonly kind: "listening"; readonly proxy: string; readonly on: boolean }
  /** Nothing passes between two networks, given as address/prefix-length, until it comes back. */
  | { readonly kind: "link"; readonly one: string; readonly other: string; readonly up: boolean }
  | { readonly kind: "signal"; readonly to: Which; readonly signal: Signal }
  | {
    readonly kind: "start";
    /** With the ports of the old one, beside it, in vain, or in vain since its file has an error. */
    readonly how: "takes over" | "starts" | "cannot start" | "broken";
  }
  | { readonly kind: "end"; readonly of: Which; readonly deadline: number }
  | {
    readonly kind: "wait";
    readonly server: string;
    readonly up: boolean;
    /** Milliseconds until it is given up. */
    readonly deadline: number;
  }
  | { readonly kind: "pass"; readonly ms: number };

/** A step of one kind. */
export type StepOf<K extends Step["kind"]> = Extract<Step, { kind: K }>;

/** Who may appear in a story: what the configuration around it declares. */
export interface Cast {
  readonly servers: readonly string[];
  /** Further names of servers: PROXY/NAME of each. */
  readonly aliases: readonly string[];
  readonly proxies: readonly string[];
  /** The ports that clients can connect to. */
  readonly entries: readonly { readonly proxy: string; readonly port: number }[];
  /** The request lines of the health checks. */
  readonly checks: readonly string[];
}
