/** What a thread has to say to others whose boxes are full: nobody waits for a thread that is stuck. */
import type { Mailbox, Message } from "./mailbox.ts";

/** A thread's messages to others. */
export class Outbox {
  readonly #boxes: readonly Mailbox[];
  /**
   * By thread, what did not fit. Of equal ones one is enough: each tells of something that is so, to
   * be looked at, or has a number of its own.
   */
  readonly #waiting = new Map<number, Map<string, Message>>();

  constructor(boxes: readonly Mailbox[]) {
    this.#boxes = boxes;
  }

  /** Whether all has gone. */
  get empty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Posts a message, at once or with a later {@linkcode flush}; each thread gets them in order. */
  post(thread: number, kind: number, a: number, b: number, c: number): void {
    const waiting = this.#waiting.get(thread);
    if (waiting === undefined && this.#boxes[thread]!.post(kind, a, b, c)) return;
    const message: Message = [kind, a, b, c];
    const messages = waiting ?? new Map<string, Message>();
    messages.set(message.join(), message);
    this.#waiting.set(thread, messages);
  }

  /** Tries again. */
  flush(): void {
    for (const [thread, messages] of this.#waiting) {
      for (const [key, message] of messages) {
        if (!this.#boxes[thread]!.post(...message)) break;
        messages.delete(key);
      }
      if (messages.size === 0) this.#waiting.delete(thread);
    }
  }

  /** Takes out what waits for a thread. @returns it */
  withdraw(thread: number): Message[] {
    const messages = this.#waiting.get(thread);
    this.#waiting.delete(thread);
    return [...messages?.values() ?? []];
  }
}
