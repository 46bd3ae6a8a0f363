/** `show stat` in its forms: CSV, typed, JSON (management manual, chapters 9.1 and 9.3). */
import { type Column, columns, moduleColumns, type Moment, type Scope } from "./columns.ts";
import { cellOf, type StatRow } from "./rows.ts";
import { csvHeader, CsvWriter } from "./stat-csv.ts";

/** The CSV. */
export function statCsv(rows: readonly StatRow[], moment: Moment): string {
  const writer = new CsvWriter();
  for (const row of rows) writer.row(row, moment);
  return csvHeader + new TextDecoder().decode(writer.take());
}

const letters: Readonly<Record<Scope, string>> = { frontend: "F", backend: "B", server: "S" };
const all = [...columns, ...moduleColumns];
/** HAProxy's tags of a field differ for some kinds of rows. */
const otherTags: Readonly<Record<string, string>> = {
  "backend act": "MGP:u32",
  "backend bck": "MGP:u32",
  "backend rate": "MGP:u32",
  "backend rate_max": "MGP:u32",
};

function tagOf(column: Column, scope: Scope): string {
  return otherTags[`${scope} ${column.field}`] ?? column.tag;
}

/** Each value in a line, with what it is. @param described what a field means follows */
export function statTyped(rows: readonly StatRow[], moment: Moment, described: boolean): string {
  let text = "";
  for (const row of rows) {
    const { id } = row.object.facts;
    const sid = row.scope === "server" ? row.object.id : 0;
    for (const [position, column] of all.entries()) {
      const value = cellOf(column, row, moment);
      if (value === null) continue;
      const place = `${letters[row.scope]}.${id}.${sid}.${position}.${column.field}.1`;
      const more = described ? `:"${column.help}"` : "";
      text += `${place}:${tagOf(column, row.scope)}:${value}${more}\n`;
    }
  }
  return text;
}

const objectTypes: Readonly<Record<Scope, string>> = {
  frontend: "Frontend",
  backend: "Backend",
  server: "Server",
};
const origins: Readonly<Record<string, string>> = {
  M: "Metric",
  S: "Status",
  K: "Key",
  C: "Config",
  P: "Product",
};
const natures: Readonly<Record<string, string>> = {
  A: "Age",
  C: "Counter",
  D: "Duration",
  G: "Gauge",
  L: "Limit",
  M: "Max",
  N: "Name",
  O: "Output",
  R: "Rate",
  a: "Avg",
  m: "Min",
};
const scopes: Readonly<Record<string, string>> = {
  C: "Cluster",
  P: "Process",
  S: "Service",
  s: "System",
};

/** The tags of a field as JSON has them. */
export function tagsOf(tag: string) {
  return {
    origin: origins[tag[0]!] ?? "?",
    nature: natures[tag[1]!] ?? "?",
    scope: scopes[tag[2]!] ?? "?",
  };
}

/** Rows between two turns of the event loop: about a millisecond of CSV. */
const slice = 200;

/**
 * The same in pieces, so that who asks for much holds nobody up.
 * @param described in the typed form, what a field means follows
 * @param turn resolves when others have had their turn
 */
export async function* statPieces(
  rows: readonly StatRow[],
  moment: Moment,
  form: "csv" | "typed" | "json",
  described: boolean,
  turn: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const writer = new CsvWriter();
  if (form === "csv") yield encoder.encode(csvHeader);
  if (form === "json") yield encoder.encode("[");
  for (let from = 0; from < rows.length; from += slice) {
    if (from > 0) await turn();
    const some = rows.slice(from, from + slice);
    if (form === "csv") {
      for (const row of some) writer.row(row, moment);
      yield writer.take();
    } else if (form === "typed") yield encoder.encode(statTyped(some, moment, described));
    else yield encoder.encode((from > 0 ? "," : "") + statJson(some, moment).slice(1, -1));
  }
  if (form === "json") yield encoder.encode("]\n");
}

/** All values as JSON. */
export function statJson(rows: readonly StatRow[], moment: Moment): string {
  const objects = rows.map((row) => {
    const proxyId = row.object.facts.id;
    const id = row.scope === "server" ? row.object.id : 0;
    return all.flatMap((column, pos) => {
      const value = cellOf(column, row, moment);
      if (value === null) return [];
      const tag = tagOf(column, row.scope);
      return [{
        objType: objectTypes[row.scope],
        proxyId,
        id,
        field: { pos, name: column.field },
        processNum: 1,
        tags: tagsOf(tag),
        value: { type: tag.slice(4), value },
      }];
    });
  });
  return JSON.stringify(objects);
}
