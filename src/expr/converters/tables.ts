/** Converters that look keys up in stick tables (manual, chapter 7.3.1: in_table, table_*). */
import { dataTypes } from "../../stick-table/data-types.ts";
import type { Table } from "../../stick-table/table.ts";
import { may, need } from "../arguments.ts";
import type { Converter, ConvertValue } from "../converter.ts";
import { ANY, BOOL, type Sample, SINT } from "../sample.ts";
import { setKeySample } from "../table-key.ts";
import { type TableValue, tableValues } from "../table-values.ts";
import { openTable } from "../tables.ts";

const chapter = "7.3.1";
const SERVER_ID = dataTypes.server_id.number;

/** What is made of an entry, with the lock taken; 0: there is none. NaN: there is no value. */
type OfEntry = (table: Table, entry: number, now: number) => number;

/** Looks the sample up. @param makes the entry is made where there is none */
function lookUp(table: Table, of: OfEntry, makes: boolean): ConvertValue {
  return (sample: Sample) => {
    if (!setKeySample(table, sample)) return false;
    const now = table.time.now();
    table.lock();
    const value = of(table, makes ? table.obtain(now) : table.find(now), now);
    table.unlock();
    return !Number.isNaN(value) && sample.setInt(value);
  };
}

/** The converter of a value that fetches have, too. */
function converterOf({ converter, doc, indexed, changes, read }: TableValue): Converter {
  const before = indexed ? 1 : 0;
  return {
    name: converter,
    args: [...indexed ? [need("idx", "integer")] : [], may("table", "table")],
    from: ANY,
    to: SINT,
    doc: `Of the key in a stick table: ${doc}.`,
    chapter,
    create(args, references) {
      const table = openTable(args, before, references);
      const index = indexed ? args.integer(0) : 0;
      const of: OfEntry = (_table, entry, now) => entry === 0 ? 0 : read(table, entry, now, index);
      return lookUp(table, of, changes ?? false);
    },
  };
}

function simple(name: string, doc: string, of: OfEntry): Converter {
  return {
    name,
    args: [may("table", "table")],
    from: ANY,
    to: SINT,
    doc,
    chapter,
    create: (args, references) => lookUp(openTable(args, 0, references), of, false),
  };
}

/** Of those that fail for a key that the table does not have, unless a value for it is given. */
function timed(name: string, doc: string, of: OfEntry): Converter {
  return {
    ...simple(name, doc, of),
    args: [need("table", "table"), may("default", "integer")],
    create(args, references) {
      const absent = args.has(1) ? args.integer(1) : NaN;
      const table = openTable(args, 0, references);
      return lookUp(
        table,
        (_table, entry, now) => entry === 0 ? absent : of(table, entry, now),
        false,
      );
    },
  };
}

/** {@linkcode Converter}s of this family. */
export const tableConverters: readonly Converter[] = [
  {
    ...simple(
      "in_table",
      "Whether a stick table has the key.",
      (_table, entry) => Math.sign(entry),
    ),
    to: BOOL,
    create(args, references) {
      const find = lookUp(
        openTable(args, 0, references),
        (_table, entry) => Math.sign(entry),
        false,
      );
      // A sample that can be no key is not in the table either.
      return (sample, context) => find(sample, context) && sample.setBool(sample.int === 1);
    },
  },
  ...tableValues.map(converterOf),
  simple("table_server_id", "The number of the server that a stick table has for the key.", (
    table,
    entry,
    now,
  ) => {
    const field = table.field(SERVER_ID);
    return entry === 0 ? 0 : field === null ? NaN : table.get(entry, field, now);
  }),
  simple(
    "table_trackers",
    "How many connections and requests track the key in a stick table now.",
    (table, entry) => entry === 0 ? 0 : table.holders(entry),
  ),
  timed(
    "table_expire",
    "How long the entry of the key will live if it is not used, ms.",
    (table, entry, now) => table.timeLeft(entry, now),
  ),
  timed(
    "table_idle",
    "How long the entry of the key has not been used, ms.",
    (table, entry, now) => (table.config.expire ?? 0) - table.timeLeft(entry, now),
  ),
];
