/**
 * A list of patterns that can be named: a file, a map, the patterns of an ACL. Whoever compares with it,
 * in whatever way, has an index of its entries here; what is changed while the proxy runs is changed in all.
 */
import { bytesOf } from "../../bytes/bytes.ts";
import { parseIp } from "../../net/ip/address.ts";
import { methods } from "./methods.ts";
import { type MatchMethod, type PatternIndex, PatternMistake } from "./pattern.ts";

/** What the values of a map are (manual: "map_<match>_<output>"). */
export type ValueKind = "str" | "int" | "ip";

/** A pattern, and the value that a map gives for it. */
export class PatternEntry {
  #value: string | null;
  #bytes: Uint8Array | null = null;
  #integer: bigint | null = null;
  #address: Uint8Array | null = null;

  constructor(
    readonly id: number,
    readonly key: string,
    value: string | null,
    /** Of the file; -1: added later. */
    readonly line: number,
  ) {
    this.#value = value;
  }

  get value(): string | null {
    return this.#value;
  }

  set value(value: string | null) {
    this.#value = value;
    this.#bytes = this.#address = this.#integer = null;
  }

  /** The value as bytes, as an integer, as an address. */
  get bytes(): Uint8Array {
    return this.#bytes ??= bytesOf(this.#value ?? "");
  }
  get integer(): bigint {
    return this.#integer ??= integerOf(this.#value ?? "") ?? 0n;
  }
  get address(): Uint8Array {
    return this.#address ??= parseIp(this.#value ?? "") ?? new Uint8Array(4);
  }
}

const integerOf = (text: string) =>
  /^[ \t]*[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace("+", "")) : null;

/** What keeps a text from being a value of a kind; null: nothing. */
const wrong: Readonly<Record<ValueKind, (text: string) => string | null>> = {
  str: () => null,
  int: (text) => integerOf(text) === null ? `'${text}' is not an integer` : null,
  ip: (text) => parseIp(text) === null ? `'${text}' is not an IPv4 or IPv6 address` : null,
};

/** One way to look entries up. */
export interface ReferenceIndex {
  readonly method: MatchMethod;
  readonly ignoreCase: boolean;
  readonly index: PatternIndex;
}

/** A change, as plain data: it goes to all threads. */
export type PatternChange =
  /** Adds an entry behind the others, even where there is one of this key. */
  | { readonly change: "add"; readonly key: string; readonly value: string | null }
  /** Gives a value to all entries of a key; there must be one. */
  | { readonly change: "set"; readonly key: string; readonly value: string }
  /** The same, or adds one: "http-request set-map", "add-acl". */
  | { readonly change: "put"; readonly key: string; readonly value: string | null }
  /** Takes out all entries of a key; there must be one. */
  | { readonly change: "delete"; readonly key: string }
  | { readonly change: "clear" }
  /** All of the entries are these: "commit map". */
  | {
    readonly change: "replace";
    readonly entries: readonly { readonly key: string; readonly value: string | null }[];
  };

/** See the head of this file. */
export class PatternReference {
  readonly #entries = new Map<number, PatternEntry>();
  /** By key, once somebody asks for one. */
  #byKey: Map<string, PatternEntry[]> | null = null;
  readonly #indexes: ReferenceIndex[] = [];
  readonly #kinds = new Set<ValueKind>();
  readonly #uses: string[] = [];
  #nextId = 0;

  constructor(
    /** The file's name, or "virt@..."; null: patterns of the configuration itself. */
    readonly name: string | null,
    /** Whether entries have values: a map. */
    readonly pairs: boolean,
    /** "-u" of the ACL; null: none was given. */
    readonly wantedId: number | null = null,
  ) {}

  /** Its number among all lists, once the store has given it: "show map #3". */
  id = -1;

  /** Notes who uses it: "map at file 'a.cfg' line 10". */
  addUse(use: string): void {
    this.#uses.push(use);
  }

  /** As "show map" and "show acl" have it. */
  get description(): string {
    if (this.name === null) return this.#uses.join(", by ");
    return `pattern loaded from file '${this.name}' used by ${this.#uses.join(", by ")}`;
  }

  /** Whether a map, or an ACL, uses it. */
  usedBy(what: "map" | "acl"): boolean {
    return this.#uses.some((use) => use.startsWith(what));
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entries, the oldest first. */
  get entries(): IterableIterator<PatternEntry> {
    return this.#entries.values();
  }

  /** The ways in which it is looked up. */
  get indexes(): readonly ReferenceIndex[] {
    return this.#indexes;
  }

  /** The entry of an index's find(); undefined: there is none (-1). */
  entry(id: number): PatternEntry | undefined {
    return this.#entries.get(id);
  }

  /** The first entry of a key. */
  entryOf(key: string): PatternEntry | undefined {
    return this.#keys().get(key)?.[0];
  }

  /**
   * The index of its entries for a method: one for all who ask for the same.
   * @throws {PatternMistake} if an entry is no pattern of this kind
   */
  index(method: MatchMethod, ignoreCase: boolean): PatternIndex {
    const found = this.#indexes.find((each) =>
      each.method === method && each.ignoreCase === ignoreCase
    );
    if (found !== undefined) return found.index;
    const index = methods.get(method)!.create(ignoreCase);
    for (const entry of this.#entries.values()) {
      this.#located(entry, () => index.add(entry.key, entry.id));
    }
    this.#indexes.push({ method, ignoreCase, index });
    return index;
  }

  /** From now on all values must be of a kind. @throws {PatternMistake} if one is not */
  requireValues(kind: ValueKind): void {
    if (this.#kinds.has(kind)) return;
    for (const entry of this.#entries.values()) {
      this.#located(entry, () => check(entry.value, kind));
    }
    this.#kinds.add(kind);
  }

  /** Adds an entry. @throws {PatternMistake} if it is not what those who use the list need */
  add(key: string, value: string | null, line = -1): PatternEntry {
    for (const kind of this.#kinds) check(value, kind);
    const entry = new PatternEntry(this.#nextId++, key, value, line);
    const done: PatternIndex[] = [];
    try {
      for (const { index } of this.#indexes) {
        index.add(key, entry.id);
        done.push(index);
      }
    } catch (error) {
      for (const index of done) index.remove(key, entry.id);
      throw error;
    }
    this.#entries.set(entry.id, entry);
    if (this.#byKey !== null) remember(this.#byKey, entry);
    return entry;
  }

  /**
   * Makes a change. @returns what keeps it from being made, in HAProxy's words; null: it is made.
   * @throws {PatternMistake} if the new entry or value is not what those who use the list need
   */
  apply(change: PatternChange): string | null {
    switch (change.change) {
      case "add":
        this.add(change.key, change.value);
        return null;
      case "set":
        return this.#set(change.key, change.value) ? null : "entry not found.";
      case "put":
        if (!this.#set(change.key, change.value)) this.add(change.key, change.value);
        return null;
      case "delete":
        return this.#delete(change.key) ? null : "Key not found.";
      case "clear":
        this.#clear();
        return null;
      case "replace":
        // If one of the new entries is wrong, the old ones stay.
        this.#check(change.entries);
        this.#clear();
        for (const { key, value } of change.entries) this.add(key, value);
        return null;
    }
  }

  #check(entries: readonly { readonly key: string; readonly value: string | null }[]): void {
    for (const { method, ignoreCase } of this.#indexes) {
      const trial = methods.get(method)!.create(ignoreCase);
      for (const { key } of entries) trial.add(key, 0);
    }
    for (const kind of this.#kinds) for (const { value } of entries) check(value, kind);
  }

  #set(key: string, value: string | null): boolean {
    const entries = this.#keys().get(key);
    if (entries === undefined) return false;
    for (const kind of this.#kinds) check(value, kind);
    for (const entry of entries) entry.value = value;
    return true;
  }

  #delete(key: string): boolean {
    const entries = this.#keys().get(key);
    for (const entry of entries ?? []) this.#forget(entry);
    this.#keys().delete(key);
    return entries !== undefined;
  }

  #clear(): void {
    for (const entry of this.#entries.values()) this.#forget(entry);
    this.#byKey = null;
  }

  #forget(entry: PatternEntry): void {
    this.#entries.delete(entry.id);
    for (const { index } of this.#indexes) index.remove(entry.key, entry.id);
  }

  #keys(): Map<string, PatternEntry[]> {
    if (this.#byKey !== null) return this.#byKey;
    const map = this.#byKey = new Map<string, PatternEntry[]>();
    for (const entry of this.#entries.values()) remember(map, entry);
    return map;
  }

  /** Says where a wrong entry stands. */
  #located({ line }: PatternEntry, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof PatternMistake) || line < 0) throw error;
      throw new PatternMistake(
        `${error.message} at line ${line} of file '${this.name}'`,
        error.hint,
      );
    }
  }
}

function remember(map: Map<string, PatternEntry[]>, entry: PatternEntry): void {
  const others = map.get(entry.key);
  if (others === undefined) map.set(entry.key, [entry]);
  else others.push(entry);
}

function check(value: string | null, kind: ValueKind): void {
  const mistake = wrong[kind](value ?? "");
  if (mistake !== null) throw new PatternMistake(mistake);
}
