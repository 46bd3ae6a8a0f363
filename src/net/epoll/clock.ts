/** The clock of an event loop: its timers give the loop the time to sleep. */
import type { Clock } from "../../time/clock.ts";
import type { OnFault } from "../faults.ts";

/** So many events share one reading of the time. */
const eventsAReading = 4;

interface Due {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A {@linkcode Clock} without threads or signals: {@linkcode LoopClock.fire} is called in every turn
 * of the loop. Time is read once for a few events in a row. Made for few timers: arming one moves
 * those that are due later.
 */
export class LoopClock implements Clock {
  /** In the order they are due, of equal ones the first armed first. */
  readonly #due: Due[] = [];
  #now = 0;
  /** How many more events `#now` is good for. */
  #good = 0;
  #inTurn = false;
  /** The first reading of this turn; -1: there was none. */
  #entered = -1;

  /** @param onFault called with what a timer throws; without it, {@linkcode fire} throws that */
  constructor(readonly onFault: OnFault | null = null) {}

  /** The loop comes from a wait, or begins its turn without one. */
  enter(): void {
    this.#inTurn = true;
    this.#good = 0;
    this.#entered = -1;
  }
  /** The loop is about to dispatch an event, which takes its time. */
  tick(): void {
    this.#good--;
  }
  /** The turn ends; until the next one, the time is read anew. */
  leave(): void {
    this.#inTurn = false;
    this.#good = 0;
  }

  now(): number {
    if (this.#good <= 0) {
      this.#now = performance.now();
      this.#good = this.#inTurn ? eventsAReading : 0;
      if (this.#entered < 0) this.#entered = this.#now;
    }
    return this.#now;
  }

  /** Ms since the wait before this turn, some events more or less; Infinity: there is no turn. */
  sinceWait(): number {
    return this.#inTurn ? this.now() - this.#entered : Infinity;
  }

  wall(): number {
    return Date.now();
  }

  schedule(delay: number, callback: () => void): () => void {
    const entry = { at: performance.now() + Math.max(0, delay), callback };
    const due = this.#due;
    let place = due.length;
    while (place > 0 && due[place - 1]!.at > entry.at) place--;
    due.splice(place, 0, entry);
    return () => {
      const place = due.indexOf(entry);
      if (place >= 0) due.splice(place, 1);
    };
  }

  /** Milliseconds until the next timer, whole ones, so that none is early; Infinity without any. */
  untilNext(): number {
    const next = this.#due[0];
    return next === undefined ? Infinity : Math.max(0, Math.ceil(next.at - performance.now()));
  }

  /** Calls what is due. What that arms has its turn later, due or not. */
  fire(): void {
    if (this.#due.length === 0) return;
    const until = performance.now();
    this.#good = 0;
    while (this.#due.length > 0 && this.#due[0]!.at <= until) {
      const { callback } = this.#due.shift()!;
      try {
        callback();
      } catch (error) {
        if (this.onFault === null) throw error;
        this.onFault(error);
      }
    }
  }
}
