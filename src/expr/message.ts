/** A message, as far as it is there, for the fetches that look into it. */
import type { Head } from "../http/head.ts";
import { noBytes } from "./sample.ts";

/** A head that is being edited, whose bytes move as it grows. */
interface EditedHead {
  readonly head: Head;
  readonly bytes: Uint8Array;
}

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

  /** The index of the head; null: there is none, or not yet. Its offsets are into `bytes`. */
  get head(): Head | null {
    return this.#head;
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
  }
}
