/**
 * The two pipes between the connections of a thread and OpenSSL: a pair of BIOs, of which one end is
 * OpenSSL's and the other ours. All connections share it, for each call takes out what it has put in:
 * between two calls both pipes are empty.
 */
import { type OpenSsl, openssl } from "./openssl.ts";

/** What one call may read of cipher text. */
export const mostInput = 65_536;
/** What one call may make of it: {@linkcode mostOutput} of content, or a flight of handshake. */
const outputSize = 196_608;
/** Content that is encrypted at once, at most. */
export const mostOutput = 65_536;

/** See above. */
export class TlsPipe {
  /** OpenSSL's end; each connection has a reference to it. */
  readonly bio: number;
  readonly #peer: number;
  readonly #library: OpenSsl;
  /** All of the output's room: what is to be sent is at its beginning. */
  readonly output: Uint8Array;
  readonly #at = new BigUint64Array(new ArrayBuffer(8));

  constructor(library: OpenSsl) {
    this.#library = library;
    const { crypto, view } = library;
    const ours = new BigUint64Array(new ArrayBuffer(8));
    const theirs = new BigUint64Array(new ArrayBuffer(8));
    crypto.BIO_new_bio_pair(theirs, outputSize, ours, mostInput);
    this.bio = Number(theirs[0]);
    this.#peer = Number(ours[0]);
    // Its buffer is there from the first byte on.
    crypto.BIO_write(this.bio, this.#at, 1);
    crypto.BIO_nread0(this.#peer, this.#at);
    this.output = view(Number(this.#at[0]), outputSize);
    this.emptied();
  }

  /** Puts bytes[from, to) in, {@linkcode mostInput} at most. */
  put(bytes: Uint8Array, from: number, to: number): void {
    this.#library.crypto.BIO_write(this.#peer, this.#library.part(bytes, from), to - from);
  }
  /** What OpenSSL has not read of it. */
  get unread(): number {
    return this.#library.crypto.BIO_ctrl_pending(this.bio);
  }
  /** Takes out what OpenSSL has not read. */
  takeUnread(): Uint8Array {
    const { unread } = this;
    const bytes = new Uint8Array(new ArrayBuffer(unread));
    if (unread > 0) this.#library.crypto.BIO_read(this.bio, bytes, unread);
    return bytes;
  }
  /** How much is to be sent. */
  get made(): number {
    return this.#library.crypto.BIO_ctrl_pending(this.#peer);
  }
  /** All that was to be sent has been taken. */
  emptied(): void {
    const { made } = this;
    if (made > 0) this.#library.crypto.BIO_nread(this.#peer, this.#at, made);
  }
  /** Takes out what is left in both. */
  clear(): void {
    this.emptied();
    const { crypto } = this.#library;
    while (this.unread > 0) crypto.BIO_nread(this.bio, this.#at, this.unread);
  }
}

let pipe: TlsPipe | null = null;

/** This thread's, made by the first that asks. @throws {Error} without OpenSSL */
export function tlsPipe(): TlsPipe {
  return pipe ??= new TlsPipe(openssl());
}
