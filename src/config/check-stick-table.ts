/** What a stick table can store, and be. */
import { type DataName, dataTypes } from "../stick-table/data-types.ts";
import { capacityOf } from "../stick-table/layout.ts";
import type { Report } from "./diagnostic.ts";
import { describe } from "./fields.ts";
import type { Proxy, StickTable } from "./model.ts";
import type { Locator } from "./places.ts";

/** Checks the tables of all proxies. */
export function checkStickTables(
  proxies: readonly Proxy[],
  locator: Locator,
  report: Report,
): void {
  const owners = new Map<string, Proxy>();
  for (const proxy of proxies) {
    if (proxy.stickTable === null) continue;
    const other = owners.get(proxy.name);
    if (other !== undefined) {
      const { file, line } = locator.place(other.stickTable!);
      const message = `${describe(proxy)}: its stick table has the name of another one`;
      report.error(locator.place(proxy.stickTable), message, `the other one: ${file}:${line}`);
    }
    owners.set(proxy.name, proxy);
    const table = proxy.stickTable;
    const what = `${describe(proxy)}: stick table`;
    checkStored(what, table, locator, report);
    const capacity = capacityOf(table);
    if (capacity < table.size) {
      const message = `${what}: it has room for ${capacity} entries, not ${table.size}`;
      report.warning(locator.place(table, "size"), message, "a table takes 4 GiB at most");
    }
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
