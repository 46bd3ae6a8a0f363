/** Where in the memory of an entry its key and its data are. All in words of 32 bits. */
import type { StickTable } from "../config/model.ts";
import { type DataName, dataTypes, type Kind } from "./data-types.ts";
import { rateWords } from "./rate.ts";

/** What each entry begins with. */
export const header = {
  /** The next entry of the same bucket, or the next free one; 0: none. */
  NEXT: 0,
  HASH: 1,
  /** The neighbours in the order of use; 0: none. */
  OLDER: 2,
  NEWER: 3,
  /** When it is over, if the table's entries expire: a tick. */
  EXPIRES: 4,
  /** How many sessions track it, and 1 more; 0: the entry is free. */
  HELD: 5,
  /** Bytes of its key. */
  LENGTH: 6,
} as const;
/** Words of the header. */
const headerWords = 7;

/** Where an entry has values of a type. */
export interface Field {
  readonly name: DataName;
  readonly kind: Kind;
  /** The first word, in the entry. */
  readonly at: number;
  /** Words of each element. */
  readonly words: number;
  /** How many there are; 1 where it is no array. */
  readonly elements: number;
  /** For rates, ms; else 0. */
  readonly period: number;
}

/** See above. */
export interface Layout {
  readonly keyAt: number;
  /** Longest key, bytes; shorter ones are padded where the type is binary. */
  readonly keySize: number;
  readonly keyWords: number;
  /** All that a table stores, as they are shown: by the types' numbers. */
  readonly fields: readonly Field[];
  /** The words of an entry. */
  readonly entryWords: number;
}

/** Bytes of a key at most, by the type of the table. */
const keySizes = { ip: 4, ipv6: 16, integer: 4, string: null, binary: null } as const;

/** Words of an element, by its kind. */
const wordsOf: Readonly<Record<Kind, number>> = { integer: 1, long: 2, rate: rateWords, key: 1 };

/** Lays the entries of a table out. */
export function layOut(config: Pick<StickTable, "type" | "len" | "store">): Layout {
  const keySize = keySizes[config.type] ?? config.len;
  const keyWords = Math.ceil(keySize / 4);
  const keyAt = headerWords;
  let at = keyAt + keyWords;
  const stored = config.store.toSorted((a, b) =>
    dataTypes[a.type].number - dataTypes[b.type].number
  );
  const fields = stored.map(({ type, elements, period }): Field => {
    const { kind } = dataTypes[type];
    const field = { name: type, kind, at, words: wordsOf[kind], elements, period };
    at += field.words * elements;
    return field;
  });
  return { keyAt, keySize, keyWords, fields, entryWords: at };
}

/**
 * Where a table has a value; null: it does not store it. What the arrays of general purpose hold is
 * found by its own name too, as `gpc0` in `gpc`.
 */
export function fieldOf({ fields }: Layout, name: DataName): Field | null {
  const own = fields.find((field) => field.name === name);
  if (own !== undefined) return own;
  const { element } = dataTypes[name];
  if (element === undefined) return null;
  return elementOf(fields.find((field) => field.name === element.of), element.index);
}

/** An element of an array; null: the table has no such array, or not so many elements. */
export function elementField(
  layout: Layout,
  name: "gpc" | "gpc_rate" | "gpt",
  index: number,
): Field | null {
  return elementOf(layout.fields.find((field) => field.name === name), index);
}

function elementOf(array: Field | undefined, index: number): Field | null {
  if (array === undefined || index >= array.elements) return null;
  return { ...array, at: array.at + index * array.words, elements: 1 };
}

/** Bytes that the entries of a table may take: what one block of shared memory can be. */
const mostBytes = 2 ** 32 - 2 ** 16;

/** How many entries a table has room for: `size`, unless they would take more than 4 GiB. */
export function capacityOf(config: Pick<StickTable, "type" | "len" | "store" | "size">): number {
  const { entryWords } = layOut(config);
  return Math.min(config.size, Math.floor(mostBytes / (4 * entryWords)) - 1);
}
