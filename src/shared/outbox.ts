/**
 * Messages to threads whose mailboxes are full: no thread waits for one that is
 * stuck.
 */
import type { Mailbox, Message } from "./mailbox.ts";

/** A thread's messages to others. */
export class Outbox {
  readonly #mailboxes: readonly Mailbox[];
  /**
   * By thread, what did not fit. Of equal messages one is enough: each says that something has
   * changed, or has a number of its own.
   */
  readonly #waiting = new Map<number, Map<string, Message>>();

  constructor(mailboxes: readonly Mailbox[]) {
    this.#mailboxes = mailboxes;
  }

  /** Whether all messages have been delivered. */
  get empty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Posts a message, at once or with a later {@linkcode flush}; each thread gets them in order. */
  post(thread: number, kind: number, a: number, b: number, c: number): void {
    const waiting = this.#waiting.get(thread);
    if (waiting === undefined && this.#mailboxes[thread]!.post(kind, a, b, c)) return;
    const message: Message = [kind, a, b, c];
    const messages = waiting ?? new Map<string, Message>();
    messages.set(message.join(), message);
    this.#waiting.set(thread, messages);
  }

  /** Tries again to deliver. */
  flush(): void {
    for (const [thread, messages] of this.#waiting) {
      for (const [key, message] of messages) {
        if (!this.#mailboxes[thread]!.post(...message)) break;
        messages.delete(key);
      }
      if (messages.size === 0) this.#waiting.delete(thread);
    }
  }

  /** Takes out, and returns, what waits for a thread. */
  withdraw(thread: number): Message[] {
    const messages = this.#waiting.get(thread);
    this.#waiting.delete(thread);
    return [...messages?.values() ?? []];
  }
}
