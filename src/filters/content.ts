/**
 * The filters of one message's content, in order: what looks at it as it passes (a cache that
 * keeps it), then what changes it (compression). Content comes and goes in the form that its framing
 * has in HTTP/1; between filters it is plain data.
 */
import { ByteBuffer } from "../bytes/byte-buffer.ts";
import {
  beginChunk,
  beginTrailers,
  ChunkData,
  endChunk,
  endChunks,
} from "../http/h1/chunk-data.ts";
import { CHUNKED } from "../http/h1/content.ts";

/** Sees content as it passes, in the form of its framing. */
export interface ContentObserver {
  content(bytes: Uint8Array, from: number, to: number): void;
  /** That was all of it. */
  end(): void;
}

/** Makes other data of it: all that comes out is added to `target`. */
export interface DataTransform {
  write(target: ByteBuffer, bytes: Uint8Array, from: number, to: number): void;
  /** Whatever was written comes out now. */
  flush(target: ByteBuffer): void;
  finish(target: ByteBuffer): void;
}

/** Content is filtered one piece at a time, and sent before the next: one buffer serves all. */
const out = new ByteBuffer(32768);

/** See above. It serves one content after the other. */
export class ContentFilters {
  #chunked = false;
  #done = true;
  readonly #chunks = new ChunkData();
  observer: ContentObserver | null = null;
  transform: DataTransform | null = null;
  /** Data that came, and what was made of it, last. */
  taken = 0;
  made = 0;
  /** The transform has no more to make: what may still come are trailers. */
  finished = false;
  /** What passes on of what came last: bytes[from, to), of the call's own or of all calls'. */
  bytes: Uint8Array = out.bytes;
  from = 0;
  to = 0;

  /** Begins with a content of such a framing, one of http/h1/content.ts. */
  begin(framing: number, observer: ContentObserver | null, transform: DataTransform | null): void {
    this.#chunked = framing === CHUNKED;
    this.#done = this.finished = false;
    this.#chunks.begin();
    this.observer = observer;
    this.transform = transform;
  }

  /** All of the content has passed. */
  get done(): boolean {
    return this.#done;
  }

  /** It is over, or given up. */
  end(): void {
    this.observer = this.transform = null;
    this.bytes = out.bytes;
  }

  /** Lets bytes[from, to) of the content through. @param done they are the last of it */
  pass(bytes: Uint8Array, from: number, to: number, done: boolean): void {
    this.taken = this.made = 0;
    if (from < to) this.observer?.content(bytes, from, to);
    if (this.transform !== null) {
      this.#change(this.transform, bytes, from, to, done);
    } else {
      this.bytes = bytes;
      this.from = from;
      this.to = to;
    }
    if (done) this.finish();
  }

  /** The content has ended: its last bytes may have come before. */
  finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.observer?.end();
  }

  #change(
    transform: DataTransform,
    bytes: Uint8Array,
    from: number,
    to: number,
    done: boolean,
  ): void {
    out.clear();
    const start = beginChunk(out);
    const before = out.length;
    const wasInTrailers = this.#chunked && this.#chunks.inTrailers;
    let trailers = -1;
    if (!this.#chunked) {
      if (from < to) this.#write(transform, bytes, from, to);
    } else {
      const chunks = this.#chunks;
      for (let at = from; (at = chunks.next(bytes, at, to)) >= 0;) {
        this.#write(transform, bytes, chunks.from, chunks.to);
      }
      if (chunks.inTrailers) trailers = chunks.from;
    }
    const ends = this.#chunked ? trailers >= 0 && !wasInTrailers : done;
    if (ends) {
      transform.finish(out);
      this.finished = true;
    } else if (this.taken > 0) {
      transform.flush(out);
    }
    this.made = out.length - before;
    endChunk(out, start);
    if (trailers >= 0) {
      if (ends) beginTrailers(out);
      out.append(bytes, trailers, to);
    } else if (ends) {
      endChunks(out);
    }
    this.bytes = out.bytes;
    this.from = 0;
    this.to = out.length;
  }

  #write(transform: DataTransform, bytes: Uint8Array, from: number, to: number): void {
    this.taken += to - from;
    transform.write(out, bytes, from, to);
  }
}

/** Passes data as it is, in chunks of its own (manual: "compression algo identity"). */
export const identity: DataTransform = {
  write: (target, bytes, from, to) => target.append(bytes, from, to),
  flush() {},
  finish() {},
};
