/** Commands about stick tables (management manual, chapter 9.3, "show table"). */
import type { Table } from "../../stick-table/table.ts";
import {
  clearEntries,
  clearKey,
  entryLine,
  type Filter,
  namedField,
  operatorNames,
  setData,
  setKeyText,
  tableLine,
  viewEntries,
  viewKey,
} from "../../stick-table/view.ts";
import { type Command, type CommandContext, refuse } from "./command.ts";

const filters =
  'Optional argument only supports "data.<store_data_type>" <operator> <value> and key <key>';
const required =
  'Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> key <key>';

/** The table that a command names first. */
function tableOf({ control, args: [name = ""] }: CommandContext): Table {
  const table = control.tables?.get(name) ?? null;
  if (table === null) throw refuse("No such table");
  return table;
}

/** What of a table a command is about. */
interface Choice {
  /** The table looks for that key now. */
  readonly key: boolean;
  readonly filters: readonly Filter[];
}

function choiceOf(table: Table, [first, ...rest]: readonly string[]): Choice {
  if (first === undefined) return { key: false, filters: [] };
  if (first === "key") {
    if (rest[0] === undefined) throw refuse("Key value expected");
    if (!setKeyText(table, rest[0])) throw refuse("Invalid key");
    return { key: true, filters: [] };
  }
  const words = [first, ...rest];
  const found: Filter[] = [];
  for (let i = 0; i < words.length; i += 3) {
    const [what = "", operator, value] = words.slice(i, i + 3);
    const entry = `Filter entry #${i / 3 + 1}: `;
    if (!what.startsWith("data.")) {
      if (i === 0) throw refuse(filters);
      throw refuse(`${entry}${filters}`);
    }
    const field = namedField(table, what.slice(5));
    if (field === "unknown") throw refuse(`${entry}Unknown data type`);
    if (field === "not stored") throw refuse(`${entry}Data type not stored in this table`);
    const known = operatorNames.find((name) => name === operator);
    if (known === undefined) {
      const names = operatorNames.map((name) => `"${name}"`).join(", ");
      throw refuse(`${entry}Require and operator among ${names}`);
    }
    if (value === undefined || !/^-?\d+$/.test(value)) {
      throw refuse(`${entry}Require a valid integer value to compare against`);
    }
    found.push({ field, operator: known, value: Number(value) });
  }
  return { key: false, filters: found };
}

/** See above. */
export const tableCommands: readonly Command[] = [
  {
    name: "show table",
    usage: "<table> [<filter>]*",
    help: "stick tables, or the entries of one",
    run(context) {
      const { control, args } = context;
      const { tables } = control;
      if (args.length === 0) {
        return (tables?.all ?? []).map((table) => `${tableLine(table)}\n`).join("");
      }
      const table = tableOf(context);
      const choice = choiceOf(table, args.slice(1));
      if (choice.key) {
        const entry = viewKey(table, tables!.serverKeys);
        return entry === null ? "" : `${tableLine(table)}\n${entryLine(entry)}\n`;
      }
      const lines = [tableLine(table)];
      for (const entry of viewEntries(table, tables!.serverKeys, choice.filters)) {
        lines.push(entryLine(entry));
      }
      return `${lines.join("\n")}\n`;
    },
  },
  {
    name: "clear table",
    usage: "<table> [<filter>]*",
    help: "removes entries of a stick table",
    level: "admin",
    run(context) {
      if (context.args.length === 0) throw refuse(required);
      const table = tableOf(context);
      const choice = choiceOf(table, context.args.slice(1));
      if (!choice.key) clearEntries(table, choice.filters);
      else if (!clearKey(table)) throw refuse("Entry currently in use, cannot remove");
      return "";
    },
  },
  {
    name: "set table",
    usage: "<table> key <k> [data.* <v>]*",
    help: "makes or changes an entry of a stick table",
    level: "admin",
    run(context) {
      if (context.args.length === 0) {
        throw refuse(
          "Required arguments: <table> key <key> [data.<store_data_type> <value>]*",
        );
      }
      const table = tableOf(context);
      const [, word, key, ...data] = context.args;
      if (word !== "key") {
        if (word === undefined) return "";
        throw refuse(filters);
      }
      if (key === undefined) throw refuse("Key value expected");
      const values = [];
      for (let i = 0; i < data.length; i += 2) {
        const [what = "", value] = data.slice(i, i + 2);
        if (!what.startsWith("data.")) throw refuse('"data.<type>" followed by a value expected');
        const field = namedField(table, what.slice(5));
        if (field === "unknown") throw refuse("Unknown data type");
        if (field === "not stored") throw refuse("Data type not stored in this table");
        if (field.kind === "key") {
          values.push({ field, value: value ?? "" });
          continue;
        }
        if (value === undefined || !/^-?\d+$/.test(value)) {
          throw refuse("Require a valid integer value to store");
        }
        values.push({ field, value: Number(value) });
      }
      if (!setKeyText(table, key)) return "";
      if (!setData(table, context.control.tables!.serverKeys, values)) {
        throw refuse("Unable to allocate a new entry");
      }
      return "";
    },
  },
];
