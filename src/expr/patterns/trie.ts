/**
 * A tree of bytes, for what begins, ends or contains a pattern. A branch is only as long as it takes to
 * tell patterns apart: what is left of the last one is compared in one go.
 */
import { Key } from "./entries.ts";

/** See the head of this file. Bytes are compared as `fold` (entries.ts) has them. */
export class Trie {
  /** By node: the key that ends there, and the only one below a node without edges. */
  #ends: (Key | null)[] = [null];
  #tails: (Key | null)[] = [null];
  /** Edges by hash: node * 256 + byte + 1, and the node that it leads to. At most half full. */
  #edges = new Int32Array(64);
  #targets = new Int32Array(64);
  #keys = 0;
  #dead = 0;

  /** What {@linkcode Trie.walk} found; null: nothing yet. */
  best: Key | null = null;

  /** @param longest whether the longest of several patterns counts, and not the first of the list */
  constructor(readonly fold: Uint8Array, readonly longest: boolean) {}

  /** How many different patterns there are at most. */
  get size(): number {
    return this.#keys;
  }

  /**
   * Looks for patterns that stand in `bytes` from `at` on, towards `stop`, `step` (1 or -1) by step. The
   * better of what it finds and {@linkcode Trie.best} is the new best.
   * @param delimiters a table of 256; a pattern counts only where one of these follows, or the stop
   */
  walk(bytes: Uint8Array, at: number, stop: number, step: number, delimiters: Uint8Array | null) {
    const { fold } = this;
    for (let node = 0, i = at;;) {
      const end = this.#ends[node]!;
      if (end !== null) this.#consider(end, bytes, i, stop, delimiters);
      const tail = this.#tails[node]!;
      if (tail !== null) {
        const own = tail.bytes;
        let depth = (i - at) * step;
        if (own.length - depth > (stop - i) * step) return;
        while (depth < own.length && own[depth] === fold[bytes[i]!]) {
          depth++;
          i += step;
        }
        if (depth === own.length) this.#consider(tail, bytes, i, stop, delimiters);
        return;
      }
      if (i === stop) return;
      node = this.#follow(node, fold[bytes[i]!]!);
      if (node < 0) return;
      i += step;
    }
  }

  #consider(
    key: Key,
    bytes: Uint8Array,
    i: number,
    stop: number,
    delimiters: Uint8Array | null,
  ): void {
    if (key.isDead || delimiters !== null && i !== stop && delimiters[bytes[i]!] === 0) return;
    if (this.best === null || this.longest || key.order < this.best.order) this.best = key;
  }

  /** Adds a pattern; `bytes` in the order in which they are walked. */
  add(bytes: Uint8Array, id: number, order: number): void {
    const found = this.#find(bytes);
    if (found !== null) {
      if (found.isDead) this.#dead--;
      found.add(id, order);
      return;
    }
    const key = new Key(bytes.map((c) => this.fold[c]!));
    key.add(id, order);
    this.#insert(key);
  }

  /** @returns whether there was such a pattern */
  remove(bytes: Uint8Array, id: number): boolean {
    const key = this.#find(bytes);
    if (key === null || !key.remove(id)) return false;
    if (key.isDead && ++this.#dead * 2 > this.#keys) this.#rebuild();
    return true;
  }

  #find(bytes: Uint8Array): Key | null {
    const { fold } = this;
    let node = 0;
    for (let depth = 0; node >= 0; depth++) {
      const tail = this.#tails[node]!;
      if (tail !== null) {
        const same = tail.bytes.length === bytes.length &&
          tail.bytes.every((c, i) => c === fold[bytes[i]!]);
        return same ? tail : null;
      }
      if (depth === bytes.length) return this.#ends[node]!;
      node = this.#follow(node, fold[bytes[depth]!]!);
    }
    return null;
  }

  #insert(key: Key): void {
    this.#keys++;
    const { bytes } = key;
    let node = 0;
    for (let depth = 0;; depth++) {
      const tail = this.#tails[node]!;
      if (tail !== null) {
        // It is not alone any more: one step further down.
        this.#tails[node] = null;
        this.#hang(tail, node, depth);
      }
      if (depth === bytes.length) {
        this.#ends[node] = key;
        return;
      }
      const next = this.#follow(node, bytes[depth]!);
      if (next < 0) return this.#hang(key, node, depth);
      node = next;
    }
  }

  /** Makes a node for the byte of `key` at `depth`, with all of its rest. */
  #hang(key: Key, node: number, depth: number): void {
    const child = this.#ends.length;
    const isEnd = depth + 1 === key.bytes.length;
    this.#ends.push(isEnd ? key : null);
    this.#tails.push(isEnd ? null : key);
    if (child * 2 > this.#edges.length) this.#grow();
    this.#link(node * 256 + key.bytes[depth]! + 1, child);
  }

  #follow(node: number, byte: number): number {
    const edges = this.#edges;
    const last = edges.length - 1;
    const edge = node * 256 + byte + 1;
    for (let at = spread(edge) & last;; at = at + 1 & last) {
      if (edges[at] === edge) return this.#targets[at]!;
      if (edges[at] === 0) return -1;
    }
  }

  #link(edge: number, child: number): void {
    const last = this.#edges.length - 1;
    let at = spread(edge) & last;
    while (this.#edges[at] !== 0) at = at + 1 & last;
    this.#edges[at] = edge;
    this.#targets[at] = child;
  }

  #grow(): void {
    const edges = this.#edges;
    const targets = this.#targets;
    this.#edges = new Int32Array(edges.length * 2);
    this.#targets = new Int32Array(edges.length * 2);
    edges.forEach((edge, i) => edge !== 0 && this.#link(edge, targets[i]!));
  }

  /** Leaves out the keys that nobody has any more. */
  #rebuild(): void {
    const live = [...this.#ends, ...this.#tails].filter((key) => key !== null && !key.isDead);
    this.#ends = [null];
    this.#tails = [null];
    this.#edges = new Int32Array(64);
    this.#targets = new Int32Array(64);
    this.#keys = this.#dead = 0;
    for (const key of live) this.#insert(key!);
  }
}

function spread(edge: number): number {
  const mixed = Math.imul(edge, 0x9e3779b1);
  return mixed ^ mixed >>> 15;
}
