import type { Clock } from "./clock.ts";

/** Ticks of 16 ms: time-outs are late by at most one, never early. */
const tick = 16;
const slots = 1024;
/** Earlier than every tick, so that nothing arms the clock again. */
const stopped = 0;

/**
 * A time-out that can be moved for the price of a field: see {@linkcode TimerWheel}. What times out
 * extends it, so that a connection is one object with its time-out.
 */
export abstract class Timer {
  /** When it is due, on the clock's scale; Infinity: not armed. */
  deadline = Infinity;
  /** The tick whose slot it is linked in; 0: in none. */
  due = 0;
  slotNext: Timer | null = null;
  slotPrevious: Timer | null = null;
  /** Called when the deadline has passed; the timer is no longer armed then. */
  abstract fire(): void;
  /** {@linkcode fire} has thrown: gives up what it is the time-out of, whatever state that is in. */
  abandon(): void {}
}

/**
 * All time-outs of a proxy on one timer of the clock (a hashed wheel). A deadline that moves later,
 * as those of busy connections always do, costs two field writes: the timer stays in its slot and
 * is moved on when that comes round.
 */
export class TimerWheel {
  /** First timer of each slot; a timer later than one turn passes by until its tick comes. */
  readonly #heads: (Timer | null)[] = new Array(slots).fill(null);
  readonly #clock: Clock;
  readonly #onFault: ((error: unknown, timer: Timer) => void) | null;
  #linked = 0;
  /** The last tick that was worked off. */
  #done: number;
  /** The tick that the clock's timer is set for; Infinity: none; {@linkcode stopped}: for good. */
  #armed = Infinity;
  #cancel: () => void = () => {};

  /**
   * @param onFault called with what a timer has thrown, and the others go on; by default it is
   * thrown on
   */
  constructor(clock: Clock, onFault: ((error: unknown, timer: Timer) => void) | null = null) {
    this.#clock = clock;
    this.#onFault = onFault;
    this.#done = Math.floor(clock.now() / tick);
  }

  /** (Re)arms `timer` to fire `delay` ms from now; null disarms it. */
  set(timer: Timer, delay: number | null): void {
    if (delay === null) {
      timer.deadline = Infinity;
      return;
    }
    timer.deadline = this.#clock.now() + delay;
    const due = Math.ceil(timer.deadline / tick);
    if (timer.due !== 0) {
      if (timer.due <= due) return;
      this.#unlink(timer);
    }
    this.#link(timer, due);
  }

  /** Disarms `timer`. It costs nothing until its slot comes round. */
  clear(timer: Timer): void {
    timer.deadline = Infinity;
  }

  /** Disarms `timer` and unlinks it, so that what embeds it can be collected at once. */
  remove(timer: Timer): void {
    timer.deadline = Infinity;
    if (timer.due !== 0) this.#unlink(timer);
  }

  /** Cancels the clock's timer: no timer fires any more. */
  stop(): void {
    this.#cancel();
    this.#armed = stopped;
  }

  /** Timers that the wheel holds, armed or not yet unlinked. */
  get size(): number {
    return this.#linked;
  }

  #link(timer: Timer, due: number): void {
    timer.due = Math.max(due, this.#done + 1);
    const slot = timer.due % slots;
    const head = this.#heads[slot] ?? null;
    timer.slotNext = head;
    if (head !== null) head.slotPrevious = timer;
    this.#heads[slot] = timer;
    this.#linked++;
    if (timer.due < this.#armed) this.#arm(timer.due);
  }

  #unlink(timer: Timer): void {
    if (timer.slotPrevious !== null) timer.slotPrevious.slotNext = timer.slotNext;
    else this.#heads[timer.due % slots] = timer.slotNext;
    if (timer.slotNext !== null) timer.slotNext.slotPrevious = timer.slotPrevious;
    timer.slotNext = timer.slotPrevious = null;
    timer.due = 0;
    this.#linked--;
  }

  #arm(at: number): void {
    this.#cancel();
    this.#armed = at;
    this.#cancel = this.#clock.schedule(at * tick - this.#clock.now(), this.#turn);
  }

  readonly #turn = (): void => {
    this.#armed = Infinity;
    const now = this.#clock.now();
    const until = Math.floor(now / tick);
    // After a long sleep one round visits every slot; no tick need be visited twice.
    const from = Math.max(this.#done + 1, until - slots + 1);
    // Before the calls: what they arm must not land in a slot that has been worked off.
    this.#done = Math.max(this.#done, until);
    for (let t = from; t <= until; t++) this.#work(t % slots, until);
    if (this.#linked > 0 && this.#armed !== stopped) this.#arm(this.#nextTick());
  };

  #work(slot: number, until: number): void {
    let timer = this.#heads[slot] ?? null;
    if (timer === null) return; // Most slots: nothing is made for them.
    const fired: Timer[] = [];
    while (timer !== null) {
      const next: Timer | null = timer.slotNext;
      if (timer.due <= until) {
        this.#unlink(timer);
        fired.push(timer);
      }
      timer = next;
    }
    // The slot's last is the one that was armed first.
    for (let i = fired.length - 1; i >= 0; i--) {
      const timer = fired[i]!;
      if (this.#armed === stopped) return;
      if (timer.deadline === Infinity || timer.due !== 0) continue;
      const due = Math.ceil(timer.deadline / tick);
      if (due > until) {
        this.#link(timer, due);
      } else {
        timer.deadline = Infinity;
        this.#fire(timer);
      }
    }
  }

  #fire(timer: Timer): void {
    if (this.#onFault === null) return timer.fire();
    try {
      timer.fire();
    } catch (error) {
      this.#onFault(error, timer);
    }
  }

  /** The next tick with a timer that falls due in this turn of the wheel, else the turn's end. */
  #nextTick(): number {
    for (let t = this.#done + 1; t < this.#done + slots; t++) {
      for (let timer = this.#heads[t % slots] ?? null; timer !== null; timer = timer.slotNext) {
        if (timer.due === t) return t;
      }
    }
    return this.#done + slots;
  }
}
