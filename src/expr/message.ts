/** A message, as far as it is there, for the fetches that look into it. */
import type { Head } from "../http/head.ts";
import { noBytes } from "./sample.ts";

/**
 * One direction of a stream as rules see it: an HTTP head, edits of earlier rules included, and
 * what has come of the content; in TCP mode, what has come.
 */
export class MessageView {
  /** The index of the head; null: there is none, or not yet. Its offsets are into `bytes`. */
  head: Head | null = null;
  bytes: Uint8Array = noBytes;
  /** What has come behind the head, content[from, to), as it was framed; in TCP mode all of it. */
  content: Uint8Array = noBytes;
  from = 0;
  to = 0;
  /** Nothing more will come: it is complete, or as much as may be held is. */
  done = true;

  clear(): void {
    this.head = null;
    this.bytes = this.content = noBytes;
    this.from = this.to = 0;
    this.done = true;
  }
}
