/**
 * What fetches and converters read from an entry of a stick table, and do to it: one entry of a table
 * each, from which all their forms derive (sc_, sc0_, src_, table_).
 */
import { type DataName, dataTypes } from "../stick-table/data-types.ts";
import type { ArrayName } from "../stick-table/facts.ts";
import type { Field } from "../stick-table/layout.ts";
import type { Table } from "../stick-table/table.ts";

/** What is done with an entry, with the table's lock taken. */
export interface TableValue {
  /** What stands behind "sc_" and its kin. */
  readonly name: string;
  readonly converter: string;
  readonly doc: string;
  /** It changes the entry, which is made where there is none. */
  readonly changes?: true;
  /** Its first argument is the number of an element. */
  readonly indexed?: true;
  /**
   * The value of an entry.
   * @param index of the element, for those that are indexed
   * @returns NaN: the table does not store it
   */
  read(table: Table, entry: number, now: number, index: number): number;
}

/** Reads a type of data. */
function reader(name: DataName): TableValue["read"] {
  const { number } = dataTypes[name];
  return (table, entry, now) => {
    const field = table.field(number);
    return field === null ? NaN : table.get(entry, field, now);
  };
}

function plain(name: DataName, own: string = name, converter = own): TableValue {
  const { doc } = dataTypes[name];
  return { name: own, converter: `table_${converter}`, doc, read: reader(name) };
}

/** A rate of bytes: the table counts blocks of them. */
function bytesRate(name: DataName): TableValue {
  const blocks = reader(name);
  return {
    ...plain(name),
    read: (table, entry, now) => blocks(table, entry, now, 0) * table.config.bratesFactor,
  };
}

/** Kibibytes of a count of bytes. */
function kibibytes(name: DataName, own: string): TableValue {
  const bytes = reader(name);
  return {
    ...plain(name, own),
    doc: `${dataTypes[name].doc}, in KiB`,
    read: (table, entry, now) => Math.floor(bytes(table, entry, now, 0) / 1024),
  };
}

function element(array: ArrayName, name: string, converter: string, doc: string): TableValue {
  return {
    name,
    converter: `table_${converter}`,
    doc,
    indexed: true,
    read(table, entry, now, index) {
      const field = table.element(array, index);
      return field === null ? NaN : table.get(entry, field, now);
    },
  };
}

/** Where a table has a general purpose counter, or how often it is increased. */
type CounterAt = (table: Table, index: number) => Field | null;
const arrayCounter: CounterAt = (table, index) => table.element("gpc", index);
const arrayRate: CounterAt = (table, index) => table.element("gpc_rate", index);
const named = (name: DataName): CounterAt => {
  const { number } = dataTypes[name];
  return (table) => table.field(number);
};

/** Counts one more. @returns the counter, or else the events of the period so far */
function increasing(counterAt: CounterAt, rateAt: CounterAt): TableValue["read"] {
  return (table, entry, now, index) => {
    const rate = rateAt(table, index);
    const counter = counterAt(table, index);
    if (rate === null && counter === null) return 0;
    let value = 0;
    if (rate !== null) {
      table.add(entry, rate, 1, now);
      value = table.eventsOf(entry, rate);
    }
    if (counter !== null) value = table.add(entry, counter, 1, now);
    table.touch(entry, now);
    return value;
  };
}

/** Sets a counter to 0. @returns what it was */
function clearing(counterAt: CounterAt): TableValue["read"] {
  return (table, entry, now, index) => {
    const counter = counterAt(table, index);
    if (counter === null) return 0;
    const value = table.get(entry, counter, now);
    table.set(entry, counter, 0, now);
    table.touch(entry, now);
    return value;
  };
}

function changing(name: string, doc: string, read: TableValue["read"]): TableValue {
  return { name, converter: `table_${name}`, doc, changes: true, read };
}

/** All of them, but those that ask for no value. */
export const tableValues: readonly TableValue[] = [
  bytesRate("bytes_in_rate"),
  bytesRate("bytes_out_rate"),
  {
    ...changing("clr_gpc", "a general purpose counter, which is set to 0", clearing(arrayCounter)),
    indexed: true,
  },
  changing(
    "clr_gpc0",
    "the first general purpose counter, which is set to 0",
    clearing(named("gpc0")),
  ),
  changing(
    "clr_gpc1",
    "the second general purpose counter, which is set to 0",
    clearing(named("gpc1")),
  ),
  plain("conn_cnt"),
  plain("conn_cur"),
  plain("conn_rate"),
  element("gpc", "get_gpc", "gpc", "a general purpose counter"),
  plain("gpc0", "get_gpc0", "gpc0"),
  plain("gpc1", "get_gpc1", "gpc1"),
  element("gpt", "get_gpt", "gpt", "a general purpose tag"),
  plain("gpt0", "get_gpt0", "gpt0"),
  plain("glitch_cnt"),
  plain("glitch_rate"),
  element("gpc_rate", "gpc_rate", "gpc_rate", "how often a general purpose counter is increased"),
  plain("gpc0_rate"),
  plain("gpc1_rate"),
  plain("http_err_cnt"),
  plain("http_err_rate"),
  plain("http_fail_cnt"),
  plain("http_fail_rate"),
  plain("http_req_cnt"),
  plain("http_req_rate"),
  {
    ...changing(
      "inc_gpc",
      "a general purpose counter, which is increased",
      increasing(arrayCounter, arrayRate),
    ),
    indexed: true,
  },
  changing(
    "inc_gpc0",
    "the first general purpose counter, which is increased",
    increasing(named("gpc0"), named("gpc0_rate")),
  ),
  changing(
    "inc_gpc1",
    "the second general purpose counter, which is increased",
    increasing(named("gpc1"), named("gpc1_rate")),
  ),
  kibibytes("bytes_in_cnt", "kbytes_in"),
  kibibytes("bytes_out_cnt", "kbytes_out"),
  plain("sess_cnt"),
  plain("sess_rate"),
];
