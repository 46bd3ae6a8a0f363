/** What answers with a response that was kept. */
import { bytesOf, LF } from "../../bytes/bytes.ts";
import type { Service, ServiceRequest, ServiceResponse } from "../../services/service.ts";
import type { CacheStore, EntryFacts } from "../../filters/cache/store.ts";

/** So much is read from the cache at once. */
const piece = 65536;
const unchangedLine = bytesOf("HTTP/1.1 304 Not Modified\r\n");

/** An entry that is held, for one response. It serves one after the other. */
export class CacheHit implements Service {
  readonly name = "<CACHE>";
  #store!: CacheStore;
  #entry = 0;
  #facts!: EntryFacts;
  #unchanged = false;
  #now = 0;

  /** Begins with an entry, which is held. @param unchanged the client has it already */
  begin(
    store: CacheStore,
    entry: number,
    facts: EntryFacts,
    unchanged: boolean,
    now: number,
  ): void {
    this.#store = store;
    this.#entry = entry;
    this.#facts = facts;
    this.#unchanged = unchanged;
    this.#now = now;
  }

  get held(): boolean {
    return this.#entry !== 0;
  }
  /** Lets go of the entry. */
  release(): void {
    if (this.#entry === 0) return;
    const entry = this.#entry;
    this.#entry = 0;
    this.#store.release(entry);
  }

  serve(request: ServiceRequest, response: ServiceResponse): () => void {
    const store = this.#store;
    const entry = this.#entry;
    const { keyLength, headLength, validated, age: before } = this.#facts;
    const size = store.size(entry);
    const start = keyLength + headLength;
    const age = Math.min(2 ** 31 - 1, Math.max(0, this.#now - validated) + before);
    const ageLine = bytesOf(`Age: ${age}\r\n\r\n`);
    const end = request.bodiless || this.#unchanged ? start : size;
    let at = Math.min(end, start + piece);
    let block = store.blockAt(entry, keyLength);
    // The empty line of the head comes behind Age.
    const head = headLength - 2;
    const bytes = new Uint8Array(head + ageLine.length + at - start);
    block = store.read(block, keyLength, start, bytes, 0);
    bytes.set(ageLine, head);
    block = store.read(block, start, at, bytes, head + ageLine.length);
    let more = response.send(
      this.#unchanged ? withLine(bytes, unchangedLine) : bytes,
    );
    const next = () => {
      while (more && at < end && this.#entry !== 0) {
        const to = Math.min(end, at + piece);
        const part = new Uint8Array(to - at);
        block = store.read(block, at, to, part, 0);
        at = to;
        more = response.send(part);
      }
      if (at < end || this.#entry === 0) return;
      this.release();
      response.end();
    };
    response.onResume = () => {
      more = true;
      next();
    };
    next();
    return () => this.release();
  }
}

/** A head with another status line. */
function withLine(bytes: Uint8Array, line: Uint8Array): Uint8Array {
  const rest = bytes.subarray(bytes.indexOf(LF) + 1);
  const made = new Uint8Array(line.length + rest.length);
  made.set(line);
  made.set(rest, line.length);
  return made;
}
