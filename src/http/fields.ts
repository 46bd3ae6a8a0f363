/** Fields of a head by their names, and the elements of their values. */
import { BACKSLASH, COMMA, HTAB, isWord, QUOTE, SP } from "../bytes/bytes.ts";
import { fieldStart, type Head, nameEnd, valueEnd, valueStart } from "./head.ts";

/**
 * The next field of a name.
 * @param lower the name in lower case
 * @param from the first field to look at
 * @returns its number; -1: there is none
 */
export function findField(head: Head, bytes: Uint8Array, lower: Uint8Array, from = 0): number {
  for (let i = from; i < head.count; i++) {
    if (isWord(bytes, fieldStart(head, i), nameEnd(head, i), lower)) return i;
  }
  return -1;
}

/** The elements of a list (RFC 9110, section 5.6.1), of all fields of a name, one after the other. */
export class Elements {
  #head!: Head;
  #bytes!: Uint8Array;
  #lower!: Uint8Array;
  #field = -1;
  #at = 0;
  #end = 0;
  /** The element: bytes[from, to). */
  from = 0;
  to = 0;

  begin(head: Head, bytes: Uint8Array, lower: Uint8Array): this {
    this.#head = head;
    this.#bytes = bytes;
    this.#lower = lower;
    this.#field = -1;
    this.#at = this.#end = 0;
    return this;
  }

  /** Goes on to the next element that is not empty. @returns false: there is none */
  next(): boolean {
    const bytes = this.#bytes;
    for (;;) {
      if (this.#at >= this.#end) {
        this.#field = findField(this.#head, bytes, this.#lower, this.#field + 1);
        if (this.#field < 0) {
          this.#field = this.#head.count;
          return false;
        }
        this.#at = valueStart(this.#head, this.#field);
        this.#end = valueEnd(this.#head, this.#field);
      }
      let at = this.#at;
      const end = this.#end;
      while (at < end && isSpace(bytes[at]!)) at++;
      const from = at;
      for (let quoted = false; at < end && (quoted || bytes[at] !== COMMA); at++) {
        if (bytes[at] === QUOTE) quoted = !quoted;
        else if (quoted && bytes[at] === BACKSLASH) at++;
      }
      at = Math.min(at, end);
      this.#at = at + 1;
      while (at > from && isSpace(bytes[at - 1]!)) at--;
      if (at === from) continue;
      this.from = from;
      this.to = at;
      return true;
    }
  }
}

const isSpace = (c: number) => c === SP || c === HTAB;
