/** Stick tables as arguments of fetches and converters. */
import type { Table } from "../stick-table/table.ts";
import type { Arguments } from "./arguments.ts";
import type { References } from "./references.ts";

/**
 * The table that an argument names, or that of the proxy that the expression stands in.
 * @throws {ExpressionMistake}
 */
export function openTable(args: Arguments, i: number, references: References): Table {
  const name = args.has(i) ? args.text(i) : references.proxy;
  const table = references.table(name);
  if (table !== null) return table;
  if (args.has(i)) throw args.mistake(i, `there is no stick table '${name}'`);
  const hint = "a 'stick-table' line in this section, or the name of another table as argument";
  throw args.mistake(i, `'${name}' has no stick table`, hint);
}
