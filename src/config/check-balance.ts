/** Checks how a proxy balances (manual: "balance"). */
import { algorithmOf } from "../balance/algorithms.ts";
import { balanceOf, isFault } from "../balance/balance-text.ts";
import type { Report } from "./diagnostic.ts";
import { describe } from "./fields.ts";
import type { Proxy } from "./model.ts";
import type { Locator } from "./places.ts";

/** Checks the algorithm of a proxy, and what of it has no effect. */
export function checkBalance(proxy: Proxy, locator: Locator, report: Report): void {
  const { balance, hashBalanceFactor: factor, mode } = proxy;
  const place = locator.place(proxy, "balance");
  const parsed = balanceOf(balance);
  if (isFault(parsed)) return report.error(place, parsed.message, parsed.hint);
  if (mode === "tcp" && algorithmOf(parsed.name).needsHttp) {
    const message = `${describe(proxy)}: 'balance ${parsed.name}' needs 'mode http': ` +
      "'roundrobin' is used";
    report.warning(place, message);
  }
  if (factor > 0 && factor <= 100) {
    const hint = "0, or a percentage of more than 100";
    report.error(locator.place(proxy, "hashBalanceFactor"), `${factor} is not a factor`, hint);
  }
}
