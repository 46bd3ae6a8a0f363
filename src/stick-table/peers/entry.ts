/** Tables and entries as the peers protocol writes them (HAProxy's peers.txt, "Stick-table update"). */
import { type DataName, dataNames, dataTypes } from "../data-types.ts";
import type { Field } from "../layout.ts";
import { addToRate, restoreRate, saveRate } from "../rate.ts";
import type { ServerKeys } from "../server-keys.ts";
import type { Table } from "../table.ts";
import { keyTypeNumbers, type Reader, Writer } from "./wire.ts";

const inner = new Writer();

/** Names of servers that each side remembers of the other (its dictionary). */
const dictionarySize = 128;

/** The names of servers that were sent: each one has a place, and is sent once as long as it has. */
export class SentKeys {
  readonly #places = new Map<number, number>();
  readonly #keys: number[] = [];
  #next = 0;

  /** The place of a key, from 1. @returns whether it is new there */
  place(key: number): { readonly place: number; readonly fresh: boolean } {
    const known = this.#places.get(key);
    if (known !== undefined) return { place: known, fresh: false };
    const place = this.#next + 1;
    this.#next = place % dictionarySize;
    const old = this.#keys[place];
    if (old !== undefined) this.#places.delete(old);
    this.#keys[place] = key;
    this.#places.set(key, place);
    return { place, fresh: true };
  }
}

/** Longest key, as the protocol counts it: with the zero that ends a string in HAProxy's memory. */
function keyLength({ config, layout }: Table): number {
  return config.type === "string" ? layout.keySize + 1 : layout.keySize;
}

/** Writes what a definition of a table holds. */
export function writeDefinition(writer: Writer, table: Table, name: string, id: number): void {
  writer.integer(id);
  writer.text(name);
  writer.integer(keyTypeNumbers[table.config.type]);
  writer.integer(keyLength(table));
  let types = 0;
  for (const { name } of table.layout.fields) types += 2 ** dataTypes[name].number;
  writer.integer(types);
  writer.integer(table.config.expire ?? 0);
  for (const { name, kind, elements, period } of table.layout.fields) {
    const { number, array } = dataTypes[name];
    if (array === undefined && kind !== "rate") continue;
    writer.integer(number);
    if (array !== undefined) writer.integer(elements);
    if (kind === "rate") writer.integer(period);
  }
}

/** Data of a type in the entries of a peer. */
interface RemoteData {
  readonly name: DataName;
  readonly elements: number;
  /** Of rates, ms. */
  readonly period: number;
  /** Where it goes; null: it is not stored here, or is local to the peer. */
  readonly field: Field | null;
}

/** A table of a peer, as it has defined it. */
export interface RemoteTable {
  readonly id: number;
  readonly name: string;
  readonly data: readonly RemoteData[];
  /** Where its entries go; null: there is no such table here, or its keys are others. */
  readonly table: Table | null;
}

const byNumber: readonly (DataName | undefined)[] = (() => {
  const names: DataName[] = [];
  for (const name of dataNames) names[dataTypes[name].number] = name;
  return names;
})();

/**
 * Reads a definition. @param find the table of a name, as peers call it
 * @returns null: it is none
 */
export function readDefinition(
  reader: Reader,
  find: (name: string) => Table | null,
): RemoteTable | null {
  const id = reader.integer();
  const name = reader.text();
  const type = reader.integer();
  const length = reader.integer();
  const types = reader.integer();
  reader.integer();
  const elements = new Map<number, number>();
  const periods = new Map<number, number>();
  while (!reader.broken && reader.left > 0) {
    const number = reader.integer();
    const name = byNumber[number];
    if (name === undefined) break;
    const { array, kind } = dataTypes[name] as { array?: true; kind: string };
    if (array !== undefined) elements.set(number, reader.integer());
    if (kind === "rate") periods.set(number, reader.integer());
  }
  if (reader.broken) return null;
  const own = find(name);
  const table = own !== null && keyTypeNumbers[own.config.type] === type &&
      keyLength(own) === length
    ? own
    : null;
  const data: RemoteData[] = [];
  for (let number = 0; number < 52; number++) {
    if (Math.floor(types / 2 ** number) % 2 === 0) continue;
    const name = byNumber[number];
    // What is unknown cannot be read over.
    if (name === undefined) return { id, name: "", data: [], table: null };
    const known = table?.layout.fields.find((field) => field.name === name) ?? null;
    // A rate over another period is another thing.
    const period = periods.get(number) ?? 0;
    const field = takes(table, name, known, period);
    data.push({ name, elements: elements.get(number) ?? 1, period, field });
  }
  return { id, name, data, table };
}

/** Where a table takes what a peer has; null: it does not. */
function takes(
  table: Table | null,
  name: DataName,
  field: Field | null,
  period: number,
): Field | null {
  if (table === null || field === null) return null;
  if (dataTypes[name].local === true && !table.config.recvOnly) return null;
  return field.kind === "rate" && field.period !== period ? null : field;
}

/** A peer's table whose data go to another table here. */
export function redirect(remote: RemoteTable, table: Table): RemoteTable {
  const data = remote.data.map((each) => {
    const field = table.layout.fields.find(({ name }) => name === each.name) ?? null;
    return { ...each, field: takes(table, each.name, field, each.period) };
  });
  return { ...remote, table, data };
}

/** Writes an entry's key and data. To be called with the table's lock taken. */
export function writeEntry(
  writer: Writer,
  table: Table,
  entry: number,
  now: number,
  keys: ServerKeys,
  sent: SentKeys,
): void {
  const key = table.keyOf(entry);
  const { type } = table.config;
  if (type === "string") {
    writer.integer(key.length);
    writer.raw(key);
  } else if (type === "integer") writer.word(new DataView(key.buffer).getUint32(0, true));
  else writer.raw(key);
  for (const field of table.layout.fields) {
    for (let index = 0; index < field.elements; index++) {
      writeValue(writer, table, entry, field, index, now, keys, sent);
    }
  }
}

function writeValue(
  writer: Writer,
  table: Table,
  entry: number,
  field: Field,
  index: number,
  now: number,
  keys: ServerKeys,
  sent: SentKeys,
): void {
  if (field.kind === "rate") {
    const { words, at } = table.wordsOf(entry, field, index);
    const { age, current, previous } = saveRate(words, at, now);
    writer.integer(age);
    writer.integer(current);
    writer.integer(previous);
    return;
  }
  const value = table.get(entry, field, now, index);
  if (field.kind !== "key") return writer.integer(value);
  const text = keys.text(value);
  if (text === null) return writer.integer(0);
  const { place, fresh } = sent.place(value);
  const content = textOf(place, fresh ? text : null);
  writer.integer(content.length);
  writer.raw(content.bytes, 0, content.length);
}

/** What follows the length of a name of a server: its place, and the name if it is new there. */
function textOf(place: number, text: string | null): Writer {
  inner.clear();
  inner.integer(place);
  if (text !== null) inner.text(text);
  return inner;
}

/** Reads an entry's key, and sets it in the table. @returns false: it is none */
export function readKey(reader: Reader, table: Table): boolean {
  const { type } = table.config;
  if (type === "integer") {
    table.setIntegerKey(reader.word());
    return !reader.broken;
  }
  const key = reader.raw(type === "string" ? reader.integer() : table.layout.keySize);
  if (reader.broken) return false;
  table.setKey(key, 0, key.length);
  return true;
}

/**
 * Reads an entry's data into it. To be called with the table's lock taken.
 * @param entry 0: they go nowhere
 * @param received names of servers, by their places
 * @param adds they are counted in addition to what the entry has: it was not known before
 * @returns false: they are none
 */
export function readData(
  reader: Reader,
  { data, table }: RemoteTable,
  entry: number,
  now: number,
  keys: ServerKeys,
  received: string[],
  adds = false,
): boolean {
  for (const { name, elements, field } of data) {
    const { kind } = dataTypes[name];
    for (let index = 0; index < elements; index++) {
      const to = field !== null && index < field.elements && entry !== 0 ? field : null;
      if (kind === "rate") {
        const state = {
          age: reader.integer(),
          current: reader.integer(),
          previous: reader.integer(),
        };
        if (reader.broken) return false;
        if (to === null) continue;
        const { words, at } = table!.wordsOf(entry, to, index);
        const before = adds ? saveRate(words, at, now) : noRate;
        restoreRate(words, at, now, state);
        const more = before.current + before.previous;
        if (more > 0) addToRate(words, at, now, to.period, more);
      } else {
        const value = kind === "key" ? readServerKey(reader, keys, received) : reader.integer();
        if (reader.broken || value < 0) return false;
        if (to === null) continue;
        const before = adds ? table!.get(entry, to, now, index) : 0;
        if (before === 0) table!.set(entry, to, value, now, index);
        else if (isCount(name)) table!.add(entry, to, value, now, index);
      }
    }
  }
  return true;
}

const noRate = { age: 0, current: 0, previous: 0 };

/** Whether what two processes have counted adds up: not a tag, nor which server it was. */
function isCount(name: DataName): boolean {
  return !/^(gpt|server)/.test(name);
}

/** @returns its number; -1: it is none */
function readServerKey(reader: Reader, keys: ServerKeys, received: string[]): number {
  const length = reader.integer();
  if (length === 0 || reader.broken) return 0;
  const end = reader.at + length;
  const place = reader.integer();
  if (place < 1 || place > dictionarySize || end > reader.end) return -1;
  if (reader.at < end) received[place] = reader.text();
  const text = received[place];
  return text === undefined ? -1 : keys.number(text);
}
