/**
 * One name that is followed: when it is asked for, what is asked next after a refusal or silence
 * (manual, chapter 5.3.2: "resolve_retries", "timeout resolve", "timeout retry"), and what has been
 * answered. It has no I/O: what it needs done it asks of its {@linkcode Asker}.
 */
import type { Clock } from "../time/clock.ts";
import { type Answer, Answers, type Holder } from "./answers.ts";
import type { Outcome, QueryType, Refusal } from "./message.ts";

/** How the last resolution of a name ended; null: none has. */
export type Status = "valid" | "timeout" | Refusal | null;

/** Who is told of a name. */
export interface Requester extends Holder {
  /**
   * It was resolved.
   * @param by the name server; null: another requester was told before
   * @param removed answers that have not been named for too long
   */
  resolved(resolution: Resolution, by: string | null, removed: readonly Answer[]): void;
  /** It was not. @returns whether the answers so far stay */
  failed(resolution: Resolution): boolean;
}

/** The times of a section, ms, and its number of tries. */
export interface ResolutionSettings {
  readonly resolveRetries: number;
  readonly timeoutResolve: number;
  readonly timeoutRetry: number;
  readonly holdNx: number;
  readonly holdOther: number;
  readonly holdRefused: number;
  readonly holdTimeout: number;
  readonly holdObsolete: number;
  /** The only family of addresses that will do; null, or not there: either does. */
  readonly only?: 4 | 6 | null;
}

/** How long the last valid answer outlasts each kind of failure (manual: "hold"). */
const holds = {
  nx: "holdNx",
  refused: "holdRefused",
  timeout: "holdTimeout",
  other: "holdOther",
  invalid: "holdOther",
} as const;

/** What a resolution needs of its section. */
export interface Asker {
  readonly clock: Clock;
  readonly settings: ResolutionSettings;
  /** A number for its queries, that no other one has; -1: none is left. */
  begin(resolution: Resolution): number;
  /** Sends a query to all name servers. @returns how many of them got it */
  ask(resolution: Resolution): number;
  /** No more of the responses to the last query are waited for: what there is of one counts. */
  settle(resolution: Resolution): void;
  /** It is over: the number is free. */
  ended(resolution: Resolution): void;
}

/** A preferred type, and the one to fall back on. */
const otherType: Readonly<Record<QueryType, QueryType | null>> = {
  A: "AAAA",
  AAAA: "A",
  SRV: null,
};

/** See above. */
export class Resolution {
  readonly answers = new Answers();
  readonly requesters = new Set<Requester>();
  status: Status = null;
  /** When it was valid last; at first, when it began. */
  lastValid: number;
  /** When it ended last; -Infinity: never. */
  lastEnded = -Infinity;
  /** The number of its queries; -1: none is under way. */
  id = -1;
  /** What is being asked for. */
  queryType: QueryType;
  #tries = 0;
  /** How often it has asked. */
  #asked = 0;
  #queries = 0;
  #responses = 0;
  /** Cancels what comes next: another query, or the next resolution. */
  #cancel: () => void;

  /**
   * @param name in lower case, without a dot at the end
   * @param type what is wanted; the other family of addresses will do
   */
  constructor(readonly asker: Asker, readonly name: string, readonly type: QueryType) {
    this.queryType = type;
    this.lastValid = asker.clock.now();
    this.#cancel = asker.clock.schedule(0, () => this.#run());
  }

  /**
   * How the last resolution failed, if the last valid answer is so long ago that it counts no more;
   * null: it counts.
   */
  get lapsed(): Exclude<Status, "valid" | null> | null {
    const { status, asker } = this;
    if (status === null || status === "valid") return null;
    const hold = asker.settings[holds[status]];
    return asker.clock.now() >= this.lastValid + hold ? status : null;
  }

  /** Ends it. */
  stop(): void {
    this.#cancel();
    if (this.id >= 0) this.asker.ended(this);
    this.id = -1;
  }

  /** Resolves it now, unless that is under way, or so short a time ago that it must wait. */
  trigger(): void {
    const { clock, settings } = this.asker;
    if (this.id >= 0 || clock.now() - this.lastEnded < settings.timeoutResolve) return;
    this.#cancel();
    this.#run();
  }

  get #otherType(): QueryType | null {
    return (this.asker.settings.only ?? null) === null ? otherType[this.type] : null;
  }

  #run(): void {
    const { asker } = this;
    this.id = asker.begin(this);
    if (this.id < 0) return this.#wait();
    this.queryType = this.type;
    this.#tries = asker.settings.resolveRetries - 1;
    this.#ask();
  }

  #ask(): void {
    const { asker } = this;
    this.#responses = 0;
    this.#asked++;
    this.#cancel();
    this.#cancel = asker.clock.schedule(
      Math.max(1, asker.settings.timeoutRetry),
      () => this.#timedOut(),
    );
    this.#queries = asker.ask(this);
  }

  #wait(): void {
    const { clock, settings } = this.asker;
    this.lastEnded = clock.now();
    this.#cancel();
    this.#cancel = clock.schedule(Math.max(1, settings.timeoutResolve), () => this.#run());
  }

  #end(): void {
    this.asker.ended(this);
    this.id = -1;
    this.#wait();
  }

  /** No valid response has come in time. */
  #timedOut(): void {
    const asked = this.#asked;
    this.asker.settle(this);
    if (this.id < 0 || this.#asked !== asked) return;
    if (this.#tries === 0) {
      if (this.#responses === 0) this.status = "timeout";
      return this.#fail();
    }
    const other = this.#otherType;
    if (this.#responses === 0 || this.queryType !== this.type || other === null) {
      this.queryType = this.type;
      this.#tries--;
    } else {
      this.queryType = other;
    }
    this.#ask();
  }

  /** A response has come. @param by the name server's name */
  onOutcome(outcome: Outcome, by: string): void {
    if (this.id < 0) return;
    this.#responses++;
    const { clock, settings } = this.asker;
    const now = clock.now();
    if (outcome.kind === "valid") {
      this.answers.update(outcome.records, outcome.response, now);
      const removed = this.answers.removeObsolete(settings.holdObsolete, now);
      this.status = "valid";
      this.lastValid = now;
      let first: string | null = by;
      for (const requester of [...this.requesters]) {
        // Those that are gone by what another one did are not told.
        if (!this.requesters.has(requester)) continue;
        requester.resolved(this, first, removed);
        first = null;
      }
      if (this.id >= 0) this.#end();
      return;
    }
    this.status = outcome.kind;
    if (this.#responses < this.#queries) return;
    if (this.queryType !== this.type) {
      if (this.#tries === 0) this.#fail();
      return;
    }
    const other = this.#otherType;
    if (other === null) return;
    this.queryType = other;
    this.#ask();
  }

  #fail(): void {
    let keep = false;
    for (const requester of [...this.requesters]) {
      if (this.requesters.has(requester)) keep = requester.failed(this) || keep;
    }
    if (!keep) this.answers.clear();
    if (this.id >= 0) this.#end();
  }
}
