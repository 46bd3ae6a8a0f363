/** Patterns that are strings (manual, chapter 7.1.3). */
import { bytesOf, characterClass } from "../../bytes/bytes.ts";
import type { Sample } from "../sample.ts";
import { ByteTable } from "./byte-table.ts";
import { asWritten, folded, type Key } from "./entries.ts";
import type { PatternIndex } from "./pattern.ts";
import { Trie } from "./trie.ts";

const foldOf = (ignoreCase: boolean) => ignoreCase ? folded : asWritten;

/** "str": the whole sample. */
export class ExactStrings implements PatternIndex {
  readonly #table: ByteTable;
  #added = 0;

  constructor(ignoreCase: boolean) {
    this.#table = new ByteTable(foldOf(ignoreCase));
  }

  add(text: string, id: number): void {
    this.#table.add(bytesOf(text), id, this.#added++);
  }

  remove(text: string, id: number): void {
    this.#table.remove(bytesOf(text), id);
  }

  find({ bytes, from, to }: Sample): number {
    return this.#table.find(bytes, from, to)?.id ?? -1;
  }
}

/** What those have in common that look for a part of the sample. */
abstract class Parts implements PatternIndex {
  protected readonly trie: Trie;
  #added = 0;

  constructor(ignoreCase: boolean, longest = false) {
    this.trie = new Trie(foldOf(ignoreCase), longest);
  }

  add(text: string, id: number): void {
    const bytes = this.keyOf(text);
    if (bytes !== null) this.trie.add(bytes, id, this.#added++);
  }

  remove(text: string, id: number): void {
    const bytes = this.keyOf(text);
    if (bytes !== null) this.trie.remove(bytes, id);
  }

  find(sample: Sample): number {
    const { trie } = this;
    if (trie.size === 0) return -1;
    trie.best = null;
    this.look(sample);
    return (trie.best as Key | null)?.id ?? -1;
  }

  /** A pattern as the tree has it; null: it never matches. */
  protected keyOf(text: string): Uint8Array | null {
    return bytesOf(text);
  }

  /** Walks the tree wherever a pattern may stand. */
  protected abstract look(sample: Sample): void;
}

/** "beg": the longest one; with "-i", where HAProxy has no tree, the first. */
export class Prefixes extends Parts {
  constructor(ignoreCase: boolean) {
    super(ignoreCase, !ignoreCase);
  }

  protected override look({ bytes, from, to }: Sample): void {
    this.trie.walk(bytes, from, to, 1, null);
  }
}

/** "end" */
export class Suffixes extends Parts {
  protected override keyOf(text: string): Uint8Array {
    return bytesOf(text).reverse();
  }

  protected override look({ bytes, from, to }: Sample): void {
    this.trie.walk(bytes, to - 1, from - 1, -1, null);
  }
}

/** "sub": anywhere. It takes a walk from each byte, as long as the longest pattern. */
export class Substrings extends Parts {
  protected override look({ bytes, from, to }: Sample): void {
    const { trie } = this;
    const single = trie.size === 1;
    for (let at = from; at <= to; at++) {
      trie.walk(bytes, at, to, 1, null);
      if (single && trie.best !== null) return;
    }
  }
}

/**
 * "dir" and "dom": one or more whole words. A word begins behind a delimiter and ends before one;
 * delimiters at the ends of a pattern do not count.
 */
export class Words extends Parts {
  readonly #delimiters: Uint8Array;

  /** @param delimiters of words */
  constructor(ignoreCase: boolean, delimiters: string) {
    super(ignoreCase);
    this.#delimiters = characterClass(delimiters);
  }

  protected override keyOf(text: string): Uint8Array | null {
    const bytes = bytesOf(text);
    let from = 0;
    let to = bytes.length;
    while (from < to && this.#delimiters[bytes[from]!] === 1) from++;
    while (from < to && this.#delimiters[bytes[to - 1]!] === 1) to--;
    return from === to ? null : bytes.subarray(from, to);
  }

  protected override look({ bytes, from, to }: Sample): void {
    const delimiters = this.#delimiters;
    let begins = true;
    for (let at = from; at < to; at++) {
      if (delimiters[bytes[at]!] === 1) begins = true;
      else if (begins) {
        this.trie.walk(bytes, at, to, 1, delimiters);
        begins = false;
      }
    }
  }
}
