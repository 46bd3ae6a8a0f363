/** What a stick table can store, and be. */
import { type DataName, dataTypes } from "../stick-table/data-types.ts";
import { capacityOf } from "../stick-table/layout.ts";
import type { Report } from "./diagnostic.ts";
import { describe } from "./fields.ts";
import type { Configuration, Proxy, StickTable } from "./model.ts";
import type { Locator } from "./places.ts";

/** Checks the tables of all proxies, and of 'peers' sections. */
export function checkStickTables(
  { proxies, peers }: Pick<Configuration, "proxies" | "peers">,
  locator: Locator,
  report: Report,
): void {
  const owners = new Map<string, Proxy>();
  const tables = new Map<string, StickTable>();
  for (const section of peers) {
    for (const table of section.tables) {
      tables.set(`${section.name}/${table.name}`, table);
      checkTable(`peers '${section.name}': table '${table.name}'`, table, locator, report);
    }
  }
  for (const proxy of proxies) {
    const { stickTable: table } = proxy;
    if (table === null) continue;
    const other = owners.get(proxy.name);
    if (other !== undefined) {
      const { file, line } = locator.place(other.stickTable!);
      const message = `${describe(proxy)}: its stick table has the name of another one`;
      report.error(locator.place(table), message, `the other one: ${file}:${line}`);
    }
    owners.set(proxy.name, proxy);
    tables.set(proxy.name, table);
    checkTable(tableOf(proxy), table, locator, report);
  }
  for (const proxy of owners.values()) {
    const { stickTable: table } = proxy;
    if (table === null) continue;
    const what = tableOf(proxy);
    if (table.peers !== null && !peers.some(({ name }) => name === table.peers)) {
      const hint = report.suggestion(table.peers, peers.map(({ name }) => name));
      const message = `${what}: there is no section 'peers ${table.peers}'`;
      report.error(locator.place(table, "peers"), message, hint);
    }
    if (table.writeTo !== null) {
      checkTarget(what, table.writeTo, table, tables, locator, report);
    }
  }
}

const tableOf = (proxy: Proxy) => `${describe(proxy)}: stick table`;

function checkTable(what: string, table: StickTable, locator: Locator, report: Report): void {
  checkStored(what, table, locator, report);
  const capacity = capacityOf(table);
  if (capacity >= table.size) return;
  const message = `${what}: it has room for ${capacity} entries, not ${table.size}`;
  report.warning(locator.place(table, "size"), message, "a table takes 4 GiB at most");
}

function checkTarget(
  what: string,
  name: string,
  table: StickTable,
  tables: ReadonlyMap<string, StickTable>,
  locator: Locator,
  report: Report,
): void {
  const place = locator.place(table, "writeTo");
  const target = tables.get(name);
  if (target === undefined) {
    const hint = report.suggestion(name, tables.keys()) ?? "no section of this name has one";
    report.error(place, `${what}: 'write-to': there is no table '${name}'`, hint);
  } else if (target === table) {
    report.error(place, `${what}: 'write-to' names the table itself`);
  } else if (target.type !== table.type || target.len !== table.len) {
    const message = `${what}: 'write-to': the keys of '${name}' are others`;
    report.error(place, message, "both need the same type, and the same length");
  }
}

function checkStored(what: string, table: StickTable, locator: Locator, report: Report): void {
  const place = locator.place(table, "store");
  const stored = new Set<DataName>();
  for (const { type, elements, period } of table.store) {
    const { kind, array, element } = dataTypes[type];
    if (stored.has(type)) report.error(place, `${what}: it stores '${type}' twice`);
    stored.add(type);
    if (elements > 1 && array === undefined) {
      report.error(place, `${what}: '${type}' is not an array`, "elements: 1");
    }
    if ((kind === "rate") !== period > 0) {
      const hint = kind === "rate" ? "as in: 10s" : "period: 0";
      const message = kind === "rate" ? "has no period" : "has a period, and is no rate";
      report.error(place, `${what}: '${type}' ${message}`, hint);
    }
    if (element !== undefined && table.store.some(({ type }) => type === element.of)) {
      const message = `${what}: it cannot store both '${element.of}' and '${type}'`;
      report.error(place, message, `'${type}' is number ${element.index} of '${element.of}'`);
    }
  }
}
