/**
 * Keeps certificates fresh: it asks for those that are missing at once, renews them early, when their
 * authority wants it or a third of their lifetime is left, and waits longer after each failure.
 */
import { AcmeError } from "../../tls/acme/problem.ts";
import { askInterval, backOff, renewalTime, type Validity } from "../../tls/acme/renewal.ts";
import type { RenewalWindow } from "../../tls/acme/order.ts";
import type { Clock } from "../../time/clock.ts";

/** A certificate to keep fresh. */
export interface Kept {
  readonly name: string;
  /** null: it must be got at once, for another one stands in, or it lacks names. */
  validity(): Validity | null;
  /** Gets it, and has it be served. @param attempt failures in a row so far */
  renew(attempt: number): Promise<void>;
  /** When its authority wants it to be renewed; null: it does not say. */
  askWindow(): Promise<RenewalWindow | null>;
}

/** What it needs. */
export interface KeeperDeps {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** With false certificates are only got when that is asked for. */
  readonly automatic: boolean;
  say(level: "notice" | "err", line: string): void;
}

/** How it is with a certificate. */
export interface KeptStatus {
  readonly name: string;
  readonly state: "Running" | "Scheduled" | "Stopped";
  /** ms since 1970. */
  readonly notAfter: number | null;
  readonly scheduled: number | null;
  readonly failure: string;
}

interface Entry {
  readonly kept: Kept;
  running: boolean;
  failures: number;
  failure: string;
  /** When it is looked after next, ms since 1970; null: never. */
  scheduled: number | null;
  /** When its authority is asked again. */
  askAt: number;
  window: RenewalWindow | null;
  cancel: () => void;
}

/** Longest time that a clock is trusted to wait, ms: the wall clock may be set meanwhile. */
const longestWait = askInterval;

/** See the head of this file. */
export class Keeper {
  readonly #entries = new Map<string, Entry>();
  readonly #deps: KeeperDeps;
  #stopped = false;

  constructor(deps: KeeperDeps, all: Iterable<Kept>) {
    this.#deps = deps;
    for (const kept of all) {
      this.#entries.set(kept.name, {
        kept,
        running: false,
        failures: 0,
        failure: "",
        scheduled: null,
        askAt: 0,
        window: null,
        cancel: () => {},
      });
    }
  }

  /** Looks after all of them from now on. */
  begin(): void {
    if (!this.#deps.automatic) return;
    for (const entry of this.#entries.values()) this.#plan(entry, this.#due(entry));
  }

  stop(): void {
    this.#stopped = true;
    for (const { cancel } of this.#entries.values()) cancel();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Asks for a certificate now. @returns why not; null: it does */
  renew(name: string): string | null {
    const entry = this.#entries.get(name);
    if (entry === undefined) return `'${name}' is no certificate that is got by 'acme'`;
    if (entry.running) return `'${name}' is being asked for`;
    entry.failures = 0;
    void this.#run(entry);
    return null;
  }

  status(): KeptStatus[] {
    return [...this.#entries.values()].map(({ kept, running, scheduled, failure }) => ({
      name: kept.name,
      state: running ? "Running" : scheduled === null ? "Stopped" : "Scheduled",
      notAfter: kept.validity()?.notAfter ?? null,
      scheduled,
      failure,
    }));
  }

  /** When to ask for it, by what is known. */
  #due({ kept, window }: Entry): number {
    const validity = kept.validity();
    const now = this.#deps.clock.wall();
    return validity === null ? now : renewalTime(validity, window, this.#deps.random());
  }

  #plan(entry: Entry, at: number): void {
    entry.cancel();
    if (this.#stopped) return;
    entry.scheduled = at;
    const delay = Math.max(0, at - this.#deps.clock.wall());
    entry.cancel = this.#deps.clock.schedule(Math.min(delay, longestWait), () => {
      void this.#look(entry);
    });
  }

  /** It may be time: the authority is asked first, now and then. */
  async #look(entry: Entry): Promise<void> {
    const { clock, random } = this.#deps;
    const now = clock.wall();
    if (entry.failures === 0 && entry.kept.validity() !== null && now >= entry.askAt) {
      let window: RenewalWindow | null = null;
      try {
        window = await entry.kept.askWindow();
      } catch {
        // It is only advice: without, the lifetime decides.
      }
      if (this.#stopped || entry.running) return;
      const said = window?.askAfter ?? askInterval;
      entry.askAt = clock.wall() + Math.min(Math.max(said, 60_000), 24 * 3_600_000);
      const changed = window?.start !== entry.window?.start || window?.end !== entry.window?.end;
      entry.window = window;
      const validity = entry.kept.validity();
      if (changed && validity !== null) {
        entry.scheduled = renewalTime(validity, window, random());
      }
    }
    if (entry.scheduled !== null && entry.scheduled > clock.wall()) {
      return this.#plan(entry, entry.scheduled);
    }
    await this.#run(entry);
  }

  async #run(entry: Entry): Promise<void> {
    const { clock, random, say } = this.#deps;
    const { kept } = entry;
    entry.cancel();
    entry.running = true;
    try {
      await kept.renew(entry.failures);
      entry.running = false;
      entry.failures = 0;
      entry.failure = "";
      entry.window = null;
      entry.askAt = 0;
      const next = this.#due(entry);
      if (this.#deps.automatic) this.#plan(entry, next);
      else entry.scheduled = null;
    } catch (error) {
      entry.running = false;
      if (this.#stopped) return;
      const { message } = error as Error;
      const fix = error instanceof AcmeError ? error.fix : "see the message";
      const said = error instanceof AcmeError ? error.retryAfter : null;
      entry.failure = message;
      const delay = backOff(++entry.failures, said, random());
      const again = new Date(clock.wall() + delay).toISOString().replace(/\.\d+Z$/, "Z");
      const next = this.#deps.automatic ? `next attempt: ${again}` : "no further attempt by itself";
      say("err", `acme: ${kept.name}: ${message}; fix: ${fix}; ${next}`);
      if (this.#deps.automatic) this.#plan(entry, clock.wall() + delay);
      else entry.scheduled = null;
    }
  }
}
