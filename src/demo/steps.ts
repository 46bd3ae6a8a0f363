/**
 * What a story consists of, once read: the types that {@linkcode parseStory} makes and `play`
 * performs. A new kind of step is a member here, a form in forms.ts, a case in play.ts and in
 * draw.ts.
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

/** What must be true of one exchange. */
export type Expectation =
  & Said
  & (
    | { readonly kind: "serves"; readonly who: Who }
    | { readonly kind: "sees"; readonly who: Who; readonly claim: Claim }
    | { readonly kind: "gets"; readonly claim: Claim }
    | { readonly kind: "closes" }
  );

/** What must be true of many requests together. */
export type BurstExpectation =
  & Said
  & (
    | { readonly kind: "counts"; readonly counts: ReadonlyMap<string, number> }
    | { readonly kind: "spread"; readonly least: number }
    | { readonly kind: "all-get"; readonly status: number }
  );

/** A field as it goes over the wire: name and value. */
export type Field = readonly [name: string, value: string];

/** A request as the story words it. */
export interface RequestSpec {
  readonly method: string;
  readonly uri: string;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
  /** Fields beyond those that every client sends. */
  readonly fields: readonly Field[];
  /** The address that the client connects from; null: the kernel's choice. */
  readonly source: string | null;
  /** The proxy it is sent to; null: the first. */
  readonly proxy: string | null;
}

/** Narration inside an exchange: beside the request, beside the response, or after both. */
export interface Aside {
  readonly place: "request" | "response" | "end";
  readonly text: string;
}

/** One thing that happens. */
export type Step =
  & Said
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
    | { readonly kind: "power"; readonly server: string; readonly on: boolean }
    | {
      readonly kind: "answer";
      /** null: every server. */
      readonly server: string | null;
      readonly uri: string;
      /** null: as usual again. */
      readonly claim: Claim | null;
    }
    | { readonly kind: "no-cookies"; readonly client: string }
    | {
      readonly kind: "wait";
      readonly server: string;
      readonly up: boolean;
      /** Milliseconds until it is given up. */
      readonly deadline: number;
    }
    | { readonly kind: "pass"; readonly ms: number }
  );

/** A step of one kind. */
export type StepOf<K extends Step["kind"]> = Extract<Step, { kind: K }>;

/** Who may appear in a story: what the configuration around it declares. */
export interface Cast {
  readonly servers: readonly string[];
  readonly proxies: readonly string[];
  /** The request lines of the health checks. */
  readonly checks: readonly string[];
}
