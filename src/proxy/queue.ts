/** What can wait in a {@linkcode Queue}: the links are its own, so that waiting allocates nothing. */
export interface Queued<T extends Queued<T>> {
  queue: Queue<T> | null;
  queueNext: T | null;
  queuePrevious: T | null;
}

/** First come, first served; joining and leaving take O(1) from any place. */
export class Queue<T extends Queued<T>> {
  #first: T | null = null;
  #last: T | null = null;
  #length = 0;
  /** Who has been served from here so far: it tells the place of those who wait. */
  served = 0;

  get length(): number {
    return this.#length;
  }
  get first(): T | null {
    return this.#first;
  }

  /** Joins at the end. */
  push(item: T): void {
    item.queue = this;
    item.queuePrevious = this.#last;
    item.queueNext = null;
    if (this.#last === null) this.#first = item;
    else this.#last.queueNext = item;
    this.#last = item;
    this.#length++;
  }

  /** Leaves, from wherever in the queue it is. */
  remove(item: T): void {
    if (item.queue !== this) return;
    if (item.queuePrevious === null) this.#first = item.queueNext;
    else item.queuePrevious.queueNext = item.queueNext;
    if (item.queueNext === null) this.#last = item.queuePrevious;
    else item.queueNext.queuePrevious = item.queuePrevious;
    item.queue = item.queueNext = item.queuePrevious = null;
    this.#length--;
  }
}
