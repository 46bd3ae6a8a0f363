/** Checks of the filters of a proxy, as HAProxy makes them. */
import type { Report } from "./diagnostic.ts";
import { describe } from "./fields.ts";
import type { Configuration, Proxy } from "./model.ts";
import type { Locator } from "./places.ts";

/** Caches must be there, and come before compression: what they keep is not compressed. */
export function checkFilters(
  proxy: Proxy,
  { caches }: Configuration,
  locator: Locator,
  report: Report,
): void {
  let compressed = false;
  for (const filter of proxy.filter) {
    if (/^comp/.test(filter.name)) compressed = true;
    if (filter.name !== "cache") continue;
    const [name = ""] = filter.words;
    const what = describe(proxy);
    if (!caches.some((cache) => cache.name === name)) {
      const hint = report.suggestion(name, caches.map((cache) => cache.name)) ??
        `it needs a section: cache ${name}`;
      report.error(locator.place(filter), `${what}: there is no cache '${name}'`, hint);
    } else if (compressed) {
      const hint = `'filter cache ${name}' comes before 'filter compression'`;
      report.error(locator.place(filter), `${what}: compression comes before a cache`, hint);
    }
  }
}
