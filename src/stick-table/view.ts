/**
 * Stick tables as an operator sees them (management manual, "show table", "set table", "clear
 * table"): keys and data as text, filters.
 */
import { textOf } from "../bytes/bytes.ts";
import { formatIp, parseIp } from "../net/ip/address.ts";
import { type DataName, dataNames, dataTypes } from "./data-types.ts";
import type { Field } from "./layout.ts";
import type { ServerKeys } from "./server-keys.ts";
import type { Table } from "./table.ts";

/** An entry. */
export interface EntryView {
  readonly entry: number;
  readonly key: string;
  /** How many track it. */
  readonly use: number;
  /** Milliseconds until it expires; 0: it does not. */
  readonly exp: number;
  readonly data: readonly EntryData[];
}

/** What an entry stores. */
export interface EntryData {
  /** As in "gpc0", "http_req_rate". */
  readonly name: string;
  /** Of a rate, ms; else 0. */
  readonly period: number;
  readonly value: number | string;
}

/** The line that stands before the entries of a table: "# table: t, type: ip, size:10, used:1". */
export function tableLine({ name, config, count }: Table): string {
  return `# table: ${name}, type: ${config.type}, size:${config.size}, used:${count}`;
}

/** The line of an entry. */
export function entryLine({ entry, key, use, exp, data }: EntryView): string {
  const values = data.map(({ name, period, value }) =>
    ` ${name}${period > 0 ? `(${period})` : ""}=${value}`
  );
  const id = `0x${entry.toString(16).padStart(6, "0")}`;
  return `${id}: key=${key} use=${use} exp=${exp}${values.join("")}`;
}

/** So many entries at most are shown in the order of their keys, as HAProxy shows all. */
const mostSorted = 65_536;

/**
 * The entries of a table, as they are when each one's turn comes; the lock is taken for one at a
 * time. They come in the order of their keys, unless there are very many.
 * @param filters only those to which all of these apply
 */
export function* viewEntries(
  table: Table,
  keys: ServerKeys,
  filters: readonly Filter[] = [],
): Iterable<EntryView> {
  for (const key of table.count <= mostSorted ? sortedKeys(table) : keysOf(table)) {
    table.setKey(key, 0, key.length);
    table.lock();
    const now = table.time.now();
    const entry = table.find(now);
    const view = entry !== 0 && applies(table, entry, filters, now)
      ? viewEntry(table, entry, keys)
      : null;
    table.unlock();
    if (view !== null) yield view;
  }
}

function sortedKeys(table: Table): Uint8Array[] {
  return [...keysOf(table)].sort(compareBytes);
}

/** The keys of a table, by the numbers of their entries. */
function* keysOf(table: Table): Iterable<Uint8Array> {
  for (let entry = 0;;) {
    table.lock();
    entry = table.next(entry);
    const key = entry === 0 ? null : table.keyOf(entry);
    table.unlock();
    if (key === null) return;
    yield key;
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** The entry of the key that was set; null: there is none. */
export function viewKey(table: Table, keys: ServerKeys): EntryView | null {
  table.lock();
  const entry = table.find(table.time.now());
  const view = entry === 0 ? null : viewEntry(table, entry, keys);
  table.unlock();
  return view;
}

/** A copy of an entry. To be called with the lock taken. */
function viewEntry(table: Table, entry: number, keys: ServerKeys): EntryView {
  const now = table.time.now();
  return {
    entry,
    key: keyText(table, entry),
    use: table.holders(entry),
    exp: table.timeLeft(entry, now),
    data: table.layout.fields.flatMap((field) =>
      Array.from({ length: field.elements }, (_, index): EntryData => {
        const value = table.get(entry, field, now, index);
        const { array } = dataTypes[field.name];
        return {
          name: array === undefined ? field.name : field.name.replace(/^gp./, `$&${index}`),
          period: field.period,
          value: field.kind === "key" ? keys.text(value) ?? "-" : value,
        };
      })
    ),
  };
}

function keyText(table: Table, entry: number): string {
  const bytes = table.keyOf(entry);
  switch (table.config.type) {
    case "ip":
    case "ipv6":
      return formatIp(bytes);
    case "integer":
      return String(new DataView(bytes.buffer).getUint32(0, true));
    case "binary":
      return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("");
    case "string":
      return escapeText(textOf(bytes, 0, bytes.length));
  }
}

const escapes: Readonly<Record<string, string>> = {
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\x1b": "\\e",
  "\\": "\\\\",
  " ": "\\ ",
  "=": "\\=",
};

function escapeText(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x20=\\\x7f-\xff]/g,
    (c) => escapes[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * Sets the key that the table looks for. @returns false: the text is no key of it; tables of type
 * binary have none
 */
export function setKeyText(table: Table, text: string): boolean {
  switch (table.config.type) {
    case "integer": {
      if (!/^[+-]?\d{1,10}$/.test(text)) return false;
      table.setIntegerKey(Number(text));
      return true;
    }
    case "string": {
      const bytes = new TextEncoder().encode(text);
      table.setKey(bytes, 0, bytes.length);
      return true;
    }
    case "binary":
      return false;
    default: {
      const bytes = parseIp(text);
      const length = table.config.type === "ip" ? 4 : 16;
      if (bytes === null || bytes.length > length) return false;
      const whole = bytes.length === length
        ? bytes
        : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes);
      table.setKey(whole, 0, length);
      return true;
    }
  }
}

/** What an operator calls a value: "gpc0", "conn_rate"; of an array, "gpc" is the first element. */
export type NamedField = Field | "unknown" | "not stored";

/** Where a table has a value. */
export function namedField(table: Table, name: string): NamedField {
  const known = dataNames.find((each) => each === name);
  if (known !== undefined) return table.field(dataTypes[known].number) ?? "not stored";
  const [, kind, index, rate = ""] = /^(gpc|gpt)(\d{1,2})(_rate)?$/.exec(name) ?? [];
  if (kind === undefined || kind === "gpt" && rate !== "") return "unknown";
  const array = `${kind}${rate}` as Extract<DataName, "gpc" | "gpt" | "gpc_rate">;
  return table.element(array, Number(index)) ?? "not stored";
}

const operators = {
  eq: (a: number, b: number) => a === b,
  ne: (a: number, b: number) => a !== b,
  le: (a: number, b: number) => a <= b,
  ge: (a: number, b: number) => a >= b,
  lt: (a: number, b: number) => a < b,
  gt: (a: number, b: number) => a > b,
};
/** How a filter compares. */
export type Operator = keyof typeof operators;
/** Their names. */
export const operatorNames = Object.keys(operators) as Operator[];

/** A condition on an entry: "data.gpc0 gt 5". */
export interface Filter {
  readonly field: Field;
  readonly operator: Operator;
  readonly value: number;
}

function applies(table: Table, entry: number, filters: readonly Filter[], now: number): boolean {
  return filters.every(({ field, operator, value }) =>
    operators[operator](table.get(entry, field, now), value)
  );
}

/**
 * Sets values of the entry of the key that was set, which is made if there is none. @returns false:
 * there is no room for it
 */
export function setData(
  table: Table,
  keys: ServerKeys,
  values: readonly { readonly field: Field; readonly value: number | string }[],
): boolean {
  const now = table.time.now();
  // Not with the table's lock taken: they have one of their own.
  const numbers = values.map(({ value }) => typeof value === "string" ? keys.number(value) : value);
  table.lock();
  const entry = table.obtain(now);
  if (entry !== 0) {
    for (const [i, { field }] of values.entries()) table.set(entry, field, numbers[i]!, now);
    table.touch(entry, now);
  }
  table.unlock();
  return entry !== 0;
}

/**
 * Removes the entry of the key that was set. @returns false: it is in use, and stays; true also where
 * there is none
 */
export function clearKey(table: Table): boolean {
  table.lock();
  const entry = table.find(table.time.now());
  const removed = entry === 0 || table.remove(entry);
  table.unlock();
  return removed;
}

/** Removes all entries to which the filters apply, but those in use. */
export function clearEntries(table: Table, filters: readonly Filter[] = []): void {
  for (let entry = 0;;) {
    table.lock();
    entry = table.next(entry);
    if (entry !== 0 && applies(table, entry, filters, table.time.now())) table.remove(entry);
    table.unlock();
    if (entry === 0) return;
  }
}
