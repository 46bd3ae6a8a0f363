/** Which of a cookie's options go together (HAProxy's cookie-options.txt). */
import type { Report } from "./diagnostic.ts";
import { describe } from "./fields.ts";
import type { Proxy } from "./model.ts";
import type { Locator } from "./places.ts";

/**
 * Checks the `cookie` of a proxy, and that servers have one only where the proxy has.
 * @param checked those of 'defaults' sections, which proxies share, are checked once
 */
export function checkCookie(
  proxy: Proxy,
  checked: WeakSet<object>,
  locator: Locator,
  report: Report,
): void {
  const { cookie } = proxy;
  if (cookie === null) return checkServersCookies(proxy, locator, report);
  if (checked.has(cookie)) return;
  checked.add(cookie);
  if (cookie.mode === "rewrite" && cookie.indirect) {
    const message = "cookie: 'rewrite' and 'indirect' are incompatible";
    report.error(locator.place(cookie, "indirect"), message);
  }
  if (cookie.preserve && cookie.mode !== "insert" && !cookie.indirect) {
    const message = "cookie: 'preserve' requires 'insert' or 'indirect'";
    report.error(locator.place(cookie, "preserve"), message);
  }
  for (const attribute of cookie.attributes) {
    // deno-lint-ignore no-control-regex
    if (!/[\x00-\x1f\x7f;]/.test(attribute)) continue;
    const message = `cookie: '${attribute}' is not an attribute`;
    const hint = "any characters but ';' and control characters";
    report.error(locator.place(cookie, "attributes"), message, hint);
  }
  for (const domain of cookie.domains) {
    const place = locator.place(cookie, "domains");
    if (!/^[A-Za-z0-9._-]*$/.test(domain) || domain === "") {
      const hint = "letters, digits, '-', '_', '.'";
      report.error(place, `cookie: '${domain}' is not a domain`, hint);
    } else if (!domain.includes(".")) {
      const hint = "browsers may refuse it (RFC 6265, section 5.3)";
      report.warning(place, `cookie: the domain '${domain}' has no dot`, hint);
    }
  }
}

function checkServersCookies(proxy: Proxy, locator: Locator, report: Report): void {
  for (const server of proxy.servers) {
    if (server.cookie === null || proxy.mode === "tcp") continue;
    const message = `server '${server.name}': its cookie is ignored: ` +
      `${describe(proxy)} has no 'cookie'`;
    report.warning(locator.place(server, "cookie"), message);
  }
}
