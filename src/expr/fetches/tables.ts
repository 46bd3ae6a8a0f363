/** Fetches of stick tables (manual, chapters 7.3.2 and 7.3.3: sc_*, src_*, table_*). */
import { mostCounters } from "../../stick-table/counters.ts";
import { dataTypes } from "../../stick-table/data-types.ts";
import type { Table } from "../../stick-table/table.ts";
import { type Arguments, may, need } from "../arguments.ts";
import type { Context } from "../context.ts";
import type { Fetch, FetchValue } from "../fetch.ts";
import { NEEDS_CLIENT, NEEDS_NOTHING } from "../needs.ts";
import type { References } from "../references.ts";
import { ANY, BIN, BOOL, IPV4, IPV6, type Sample, SINT, STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";
import { setAddressKey } from "../table-key.ts";
import { type TableValue, tableValues } from "../table-values.ts";
import { openTable } from "../tables.ts";

const chapter = "7.3.3";
const CONN_CNT = dataTypes.conn_cnt.number;

/**
 * What a fetch is about: a table, whose lock is taken, and an entry, or 0. Of one fetch at a time, as
 * nothing else runs before the lock is released.
 */
const found: { table: Table; entry: number } = { table: null!, entry: 0 };

/** Finds an entry. @returns false: nothing is tracked, or there is no address; no lock is taken */
type Find = (context: Context) => boolean;

/** The entry that a counter tracks, or that of the same key in another table. */
function findTracked(index: number, other: Table | null): Find {
  return ({ counters }) => {
    const counter = counters?.at(index) ?? null;
    if (counter === null) return false;
    const { table, entry } = counter;
    if (other === null || other === table) {
      table.lock();
      found.table = table;
      found.entry = entry;
      return true;
    }
    other.setKeyOf(table, entry);
    other.lock();
    found.table = other;
    found.entry = other.find(other.time.now());
    return true;
  };
}

/** The entry of the client's address. @param makes it is made if there is none */
function findSource(table: Table, makes: boolean): Find {
  return ({ addresses }) => {
    if (!setAddressKey(table, addresses.remoteAddress)) return false;
    table.lock();
    found.table = table;
    found.entry = makes ? table.obtain(table.time.now()) : table.find(table.time.now());
    return true;
  };
}

function integer(find: Find, { read }: TableValue, index: number): FetchValue {
  return (context, sample) => {
    if (!find(context)) return false;
    const { table, entry } = found;
    const value = entry === 0 ? 0 : read(table, entry, table.time.now(), index);
    table.unlock();
    return !Number.isNaN(value) && sample.setInt(value);
  };
}

/** The number of a counter: an argument. @throws {ExpressionMistake} */
function counterNumber(args: Arguments, i: number): number {
  const index = args.integer(i);
  if (index >= 0 && index < mostCounters) return index;
  throw args.mistake(i, `there is no counter ${index}`, `from 0 to ${mostCounters - 1}`);
}

/** The table that an argument names; null: none is given. @throws {ExpressionMistake} */
function otherTable(args: Arguments, i: number, references: References): Table | null {
  return args.has(i) ? openTable(args, i, references) : null;
}

/** Arguments of those that are indexed. */
const indexForms = ({ indexed }: TableValue) => indexed ? [need("idx", "integer")] : [];

/** The forms of a fetch: of any counter, of one of the first three, of the client's address. */
function formsOf(value: TableValue): Fetch[] {
  const before = indexForms(value).length;
  const doc = `Of what is tracked: ${value.doc}.`;
  const indexOf = (args: Arguments) => before === 0 ? 0 : args.integer(0);
  const tracked: Fetch = {
    name: `sc_${value.name}`,
    args: [...indexForms(value), need("ctr", "integer"), may("table", "table")],
    type: SINT,
    needs: NEEDS_NOTHING,
    doc,
    chapter,
    create: (args, references) => {
      const other = otherTable(args, before + 1, references);
      return integer(findTracked(counterNumber(args, before), other), value, indexOf(args));
    },
  };
  const numbered = [0, 1, 2].map((number): Fetch => ({
    ...tracked,
    name: `sc${number}_${value.name}`,
    args: [...indexForms(value), may("table", "table")],
    create: (args, references) =>
      integer(findTracked(number, otherTable(args, before, references)), value, indexOf(args)),
  }));
  const source: Fetch = {
    ...tracked,
    name: `src_${value.name}`,
    args: [...indexForms(value), may("table", "table")],
    needs: NEEDS_CLIENT,
    doc: `Of the client's address: ${value.doc}.`,
    create: (args, references) => {
      const table = openTable(args, before, references);
      return integer(findSource(table, value.changes ?? false), value, indexOf(args));
    },
  };
  return [tracked, ...numbered, source];
}

/** Forms of a fetch that only counters have. */
function counterForms(
  name: string,
  { make, ...fetch }: Pick<Fetch, "type" | "doc"> & { readonly make: (find: Find) => FetchValue },
): Fetch[] {
  const form = (name: string, number: number | null): Fetch => ({
    name,
    args: [...number === null ? [need("ctr", "integer")] : [], may("table", "table")],
    needs: NEEDS_NOTHING,
    chapter,
    ...fetch,
    create(args, references) {
      const other = otherTable(args, number === null ? 1 : 0, references);
      return make(findTracked(number ?? counterNumber(args, 0), other));
    },
  });
  return [
    form(`sc_${name}`, null),
    ...[0, 1, 2].map((number) => form(`sc${number}_${name}`, number)),
  ];
}

const isTracked = (find: Find): FetchValue => (context, sample) => {
  if (!find(context)) return sample.setBool(false);
  const { table, entry } = found;
  table.unlock();
  return sample.setBool(entry !== 0);
};

const trackers = (find: Find): FetchValue => (context, sample) => {
  if (!find(context)) return false;
  const { table, entry } = found;
  const count = entry === 0 ? 0 : table.holders(entry);
  table.unlock();
  return sample.setInt(count);
};

const keyTypes = { ip: IPV4, ipv6: IPV6, integer: SINT, string: STR, binary: BIN } as const;

const key = (find: Find): FetchValue => (context, sample) => {
  if (!find(context)) return false;
  const { table, entry } = found;
  const target = takeScratch();
  const length = entry === 0 ? -1 : table.copyKey(entry, target);
  table.unlock();
  if (length < 0) return false;
  return setKey(sample, table, target, length);
};

function setKey(sample: Sample, { config }: Table, bytes: Uint8Array, length: number): true {
  const type = keyTypes[config.type];
  if (type !== SINT) return sample.setBytes(type, bytes, 0, length);
  return sample.setInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
}

/** {@linkcode Fetch}es of this family. */
export const tableFetches: readonly Fetch[] = [
  ...tableValues.flatMap(formsOf),
  ...counterForms("tracked", {
    type: BOOL,
    doc: "Whether the counter tracks an entry.",
    make: isTracked,
  }),
  ...counterForms("trackers", {
    type: SINT,
    doc: "How many connections and requests track the same entry now.",
    make: trackers,
  }),
  ...counterForms("key", { type: ANY, doc: "The key of the entry that is tracked.", make: key }),
  {
    name: "src_updt_conn_cnt",
    args: [may("table", "table")],
    type: SINT,
    needs: NEEDS_CLIENT,
    doc: "Counts a connection of the client's address, and returns how many there were so far.",
    chapter,
    create(args, references) {
      const find = findSource(openTable(args, 0, references), true);
      return (context, sample) => {
        if (!find(context)) return false;
        const { table, entry } = found;
        const field = table.field(CONN_CNT);
        const stored = entry !== 0 && field !== null;
        const value = stored ? table.add(entry, field, 1, 0) : 0;
        if (stored) table.touch(entry, table.time.now());
        table.unlock();
        return stored && sample.setInt(value);
      };
    },
  },
  {
    name: "table_avl",
    args: [may("table", "table")],
    type: SINT,
    needs: NEEDS_NOTHING,
    doc: "How many entries a stick table still has room for.",
    chapter: "7.3.2",
    create(args, references) {
      const table = openTable(args, 0, references);
      return (_context, sample) => sample.setInt(table.capacity - table.count);
    },
  },
  {
    name: "table_cnt",
    args: [may("table", "table")],
    type: SINT,
    needs: NEEDS_NOTHING,
    doc: "How many entries a stick table has.",
    chapter: "7.3.2",
    create(args, references) {
      const table = openTable(args, 0, references);
      return (_context, sample) => sample.setInt(table.count);
    },
  },
];
