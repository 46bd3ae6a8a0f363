/** A message, as far as it is there, for the fetches that look into it. */
import { createHead, type Head, INCOMPLETE } from "../http/head.ts";
import { noBytes } from "./sample.ts";

/** A head that is being edited, whose bytes move as it grows. */
interface EditedHead {
  readonly head: Head;
  readonly bytes: Uint8Array;
}

/** Parses a head in bytes[from, to). @returns where it ends, INCOMPLETE or INVALID of http/head.ts */
export type ParseHead = (head: Head, bytes: Uint8Array, from: number, to: number) => number;

/**
 * One direction of a stream as rules see it: an HTTP head, edits of earlier rules included, and
 * what has come of the content; in TCP mode, what has come.
 */
export class MessageView {
  #head: Head | null = null;
  #bytes: Uint8Array = noBytes;
  #edited: EditedHead | null = null;
  /** What has come behind the head, content[from, to), as it was framed; in TCP mode all of it. */
  content: Uint8Array = noBytes;
  from = 0;
  to = 0;
  /** Nothing more will come: it is complete, or as much as may be held is. */
  done = true;

  /** In TCP mode: the content is what is on the wire. */
  raw = false;
  /** In TCP mode, once its head was asked for: it may become HTTP. */
  partial = false;
  #parse: ParseHead | null = null;
  #parsed: Head | null = null;
  #looked = false;

  /** The index of the head; null: there is none, or not yet. Its offsets are into `bytes`. */
  get head(): Head | null {
    return this.#head ?? (this.raw ? this.#look() : null);
  }

  /** Looks whether what has come is HTTP: once, and only where somebody asks. */
  #look(): Head | null {
    if (this.#looked || this.#parse === null) return null;
    this.#looked = true;
    const head = this.#parsed ??= createHead();
    const end = this.#parse(head, this.content, this.from, this.to);
    this.partial = end === INCOMPLETE && !this.done;
    if (end > 0) this.set(head, this.content);
    return this.#head;
  }

  /** In TCP mode: shows what has come so far. @param parse reads it as HTTP, where it is asked for */
  show(content: Uint8Array, done: boolean, parse: ParseHead): void {
    this.clear();
    this.raw = true;
    this.content = content;
    this.to = content.length;
    this.done = done;
    this.#parse = parse;
  }
  get bytes(): Uint8Array {
    return this.#edited === null ? this.#bytes : this.#edited.bytes;
  }

  /** The head is this one. */
  set(head: Head, bytes: Uint8Array): void {
    this.#head = head;
    this.#bytes = bytes;
    this.#edited = null;
  }

  /** The head is what an editor makes of it. */
  follow(edited: EditedHead): void {
    this.#head = edited.head;
    this.#edited = edited;
  }

  clear(): void {
    this.#head = this.#edited = null;
    this.#bytes = this.content = noBytes;
    this.from = this.to = 0;
    this.done = true;
    this.raw = this.partial = this.#looked = false;
  }
}
