/** The stick table of a section (manual, chapter 4.2, "stick-table"). */
import * as v from "valibot";
import { dataNames, dataTypes, mostElements } from "../../stick-table/data-types.ts";
import {
  type Arguments,
  choice as readChoice,
  integer as readInteger,
} from "../haproxy/arguments.ts";
import type { Place } from "../diagnostic.ts";
import { readParameters, table } from "../haproxy/table.ts";
import { formatTime, longestTime, parseTime } from "../../text/time.ts";
import { didYouMean } from "../../text/nearest.ts";
import {
  define,
  entriesOf,
  flag,
  type Keyword,
  keywordsOf,
  nullable,
  printSettings,
  setting,
  type Settings,
  type Value,
} from "./keyword.ts";
import { choice, integer, legalName, milliseconds, positive, text, time } from "./values.ts";

const chapter = "4.2";

const keyTypes = ["ip", "ipv6", "integer", "string", "binary"] as const;
type KeyType = (typeof keyTypes)[number];
/** Those whose keys have a length of their own choice. */
const hasLength = (type: KeyType) => type === "string" || type === "binary";
/** Longest key where none is given, bytes. */
const usualLength = 32;
/** Longest key that can be asked for: that of what a buffer holds. */
const mostLength = 2 ** 20;

/** What a table stores with each key. */
export const StoredData = v.strictObject({
  type: v.picklist(dataNames),
  /** Of arrays, how many; else 1. */
  elements: v.optional(v.pipe(positive, v.maxValue(mostElements)), 1),
  /** Of rates, ms; else 0. */
  period: v.optional(milliseconds, 0),
});
/** {@linkcode StoredData} */
export type StoredData = v.InferOutput<typeof StoredData>;

const units: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A number of entries, with a unit of 2^10 (k), 2^20 (m) or 2^30 (g). */
const size: Value<v.GenericSchema<number>> = {
  schema: v.pipe(positive, v.maxValue(2 ** 32 - 1)),
  usage: "<size>",
  example: "100k",
  read(args) {
    const { text } = args.word("a number of entries");
    const [, digits = "", unit = ""] = /^(\d{1,10})([kmg]?)$/i.exec(text) ?? [];
    const value = digits === "" ? NaN : Number(digits) * (units[unit.toLowerCase()] ?? 1);
    if (value >= 1 && value < 2 ** 32) return value;
    const hint = "a whole number from 1 to 4294967295, or one of k, m or g, as in 100k";
    throw args.mistake(`'${text}' is not a number of entries`, hint);
  },
  print(value) {
    const unit = ["g", "m", "k"].find((each) => value % units[each]! === 0);
    return [unit === undefined ? String(value) : `${value / units[unit]!}${unit}`];
  },
};

/** The arguments of what `store` lists: "(10s)", "(2,10s)". */
function readStored(args: Arguments, text: string): StoredData {
  const [, name = "", , list] = /^([^(]*)(\((.*)\))?$/.exec(text) ?? [];
  const type = dataNames.find((each) => each === name);
  if (type === undefined) {
    const hint = didYouMean(name, dataNames) ?? `one of: ${dataNames.join(", ")}`;
    throw args.mistake(`'${text}' is nothing that a stick table stores`, hint);
  }
  const { kind, array } = dataTypes[type];
  const wanted = [
    ...array === undefined ? [] : ["<number>"],
    ...kind === "rate" ? ["<period>"] : [],
  ];
  const given = list === undefined ? [] : list.split(",").map((each) => each.trim());
  if (given.length !== wanted.length) {
    const form = wanted.length === 0 ? type : `${type}(${wanted.join(",")})`;
    throw args.mistake(`'${text}' has not the arguments of '${type}'`, `as in: ${form}`);
  }
  const stored: StoredData = { type, elements: 1, period: 0 };
  if (array !== undefined) {
    const number = given.shift()!;
    stored.elements = /^\d+$/.test(number) ? Number(number) : NaN;
    if (!(stored.elements >= 1 && stored.elements <= mostElements)) {
      throw args.mistake(`'${text}': an array has from 1 to ${mostElements} elements`);
    }
  }
  if (kind === "rate") {
    const period = parseTime(given[0]!);
    if (period === null) {
      throw args.mistake(`'${text}': '${given[0]}' is not a time`, "as in: 10s");
    }
    if (period === 0 || period > longestTime) {
      throw args.mistake(`'${text}': a period is from 1 to ${longestTime} ms`);
    }
    stored.period = period;
  }
  return stored;
}

function storedText({ type, elements, period }: StoredData): string {
  const { kind, array } = dataTypes[type];
  const list = [
    ...array === undefined ? [] : [String(elements)],
    ...kind === "rate" ? [formatTime(period)] : [],
  ];
  return list.length === 0 ? type : `${type}(${list.join(",")})`;
}

/** Splits at the commas that are not in parentheses. */
const listed = /(?:[^,(]|\([^)]*\)?)+/g;

const sizeDoc = "Entries that the table has at most.";

/** The settings of a table but its type, in the order in which they are printed. */
const restSettings = {
  size: setting("size", size, 0, { doc: sizeDoc, chapter }),
  expire: nullable("expire", time({ positive: true, example: "30m" }), {
    doc: "How long an entry lives that is not used; else until there is no room for it.",
    chapter,
  }),
  nopurge: flag("nopurge", {
    doc: "Where there is no room, new entries are refused; else the oldest ones leave.",
    chapter,
  }),
  srvkey: setting("srvkey", choice("a way to know a server", ["name", "addr"]), "name", {
    doc: "How an entry knows a server: by its name, or by its address and port.",
    chapter,
  }),
  peers: nullable("peers", text("the name of a section", "<section>", "mates"), {
    doc: "The 'peers' section of the processes that it is shared with.",
    chapter,
  }),
  recvOnly: flag("recv-only", {
    doc: "It is only read here: what is local to peers is learnt, too.",
    chapter,
  }),
  writeTo: nullable("write-to", text("the name of a table", "<table>", "mates/other"), {
    doc: "What peers teach is written to this table as well.",
    chapter,
  }),
  bratesFactor: setting("brates-factor", integer({ min: 1, example: "1024" }), 1, {
    doc: "Rates of bytes count blocks of so many bytes.",
    chapter,
  }),
  store: define({
    doc: "What is stored with each key.",
    chapter,
    schema: v.optional(v.array(StoredData), []),
    forms: [{
      name: "store",
      usage: "<data>[,...]",
      example: "gpc0,http_req_rate(10s)",
      read(args, before, mark) {
        const { text } = args.word("what to store");
        mark();
        const stored = [...before];
        for (const each of text.match(listed) ?? []) {
          const one = readStored(args, each);
          if (stored.some(({ type }) => type === one.type)) {
            args.report.warning(args.here(), `'${one.type}' is stored already`, "it is ignored");
          } else {
            stored.push(one);
          }
        }
        return stored;
      },
    }],
    print(stored: readonly StoredData[]) {
      return stored.length === 0 ? [] : [["store", stored.map(storedText).join(",")]];
    },
  }),
} satisfies Settings;

/** A stick table (manual: "stick-table"). */
export const StickTable = v.strictObject({
  type: v.picklist(keyTypes),
  /** Of strings and binaries: longest key, bytes. */
  len: v.optional(v.pipe(positive, v.maxValue(mostLength)), usualLength),
  ...entriesOf(restSettings),
  size: v.pipe(size.schema, v.description(sizeDoc)),
});
/** {@linkcode StickTable} */
export type StickTable = v.InferOutput<typeof StickTable>;

/** A table that has a name of its own (manual, chapter 3.5, "table"). */
export const NamedTable = v.strictObject({
  name: v.pipe(v.string(), v.regex(legalName)),
  ...StickTable.entries,
});
/** {@linkcode NamedTable} */
export type NamedTable = v.InferOutput<typeof NamedTable>;

/** A table that is being read: it may have no type yet, and a size of 0. */
type Draft = Omit<StickTable, "type"> & { type: KeyType | null };

const typeKeyword: Keyword<Draft> = {
  name: "type",
  usage: keyTypes.map((type) => hasLength(type) ? `${type} [len <length>]` : type).join("|"),
  example: "string len 64",
  doc: "What the keys are, and how long the longest one can be: others are cut.",
  chapter,
  read(draft, args) {
    const type = readChoice(args, "a type of keys", keyTypes);
    draft.type = type;
    draft.len = usualLength;
    args.mark(draft, "type");
    if (args.peek()?.text !== "len" || !hasLength(type)) return;
    args.next();
    draft.len = readInteger(args, 1, mostLength);
    args.mark(draft, "len");
  },
};

/** The parameters of a table, as keywords. */
export const stickTableOptions = table<Keyword<Draft>>(
  [typeKeyword, ...keywordsOf(restSettings, "proxies[].stickTable.")],
  { alone: [], withValue: [] },
);

/** What follows the keyword, or the name, of a table. */
export const stickTableUsage =
  "type <type> size <size> [expire <time>] [nopurge] [srvkey name|addr] " +
  "[peers <section>] [recv-only] [write-to <table>] [brates-factor <factor>] [store <data>[,...]]...";

const unset = v.parse(StickTable, { type: "ip", size: 1 });

/** The words of a table, after its keyword. */
export function stickTableWords(config: StickTable): string[] {
  const len = config.len === usualLength ? [] : ["len", String(config.len)];
  return ["type", config.type, ...len, ...printSettings(restSettings, config).flat()];
}

/**
 * Reads a table, after its keyword. @param begin where it begins, for what is missing
 * @returns null: something is missing, or wrong, and was reported
 */
export function readStickTable(args: Arguments, begin: Place): StickTable | null {
  const draft: Draft = { ...unset, type: null, size: 0 };
  args.mark(draft);
  const before = args.report.diagnostics.length;
  readParameters(stickTableOptions, draft, args, "in 'stick-table'");
  const { type, size } = draft;
  // Else what is wrong with them has been reported.
  const silent = args.report.diagnostics.slice(before)
    .some(({ severity }) => severity === "error");
  if (type === null && !silent) {
    const hint = `'type' and one of: ${keyTypes.join(", ")}`;
    args.report.error(begin, "this stick table has no type", hint);
  }
  if (size === 0 && !silent) {
    args.report.error(begin, "this stick table has no size", "as in: size 100k");
  }
  return type === null || size === 0 ? null : Object.assign(draft, { type });
}

/** The setting of a proxy. */
export const stickTableSetting = {
  stickTable: define({
    doc: "Keeps data about clients, or whatever the keys are, in the memory of all threads.",
    chapter,
    defaults: false,
    schema: v.optional(v.nullable(StickTable), null),
    forms: [{
      name: "stick-table",
      usage: stickTableUsage,
      example: "type ip size 100k expire 30m store http_req_rate(10s)",
      read(args, given, mark): StickTable | null {
        const begin = args.here();
        if (given !== null) throw args.mistake("there is a 'stick-table' in this section already");
        mark();
        return readStickTable(args, begin);
      },
    }],
    print: (config: StickTable | null) =>
      config === null ? [] : [["stick-table", ...stickTableWords(config)]],
  }),
};
