/** Checks of how the names of a proxy's servers become addresses. */
import type { Report } from "./diagnostic.ts";
import { describe } from "./fields.ts";
import { defaultResolvers } from "./keywords/resolvers.ts";
import { initialMethods, isService, mostNetworks } from "./keywords/server-names.ts";
import type { Configuration, Proxy, Server } from "./model.ts";
import { isIp, parseNetwork } from "../net/ip/address.ts";
import type { Locator } from "./places.ts";

/** Checks the servers of a proxy that is enabled. */
export function checkNames(
  proxy: Proxy,
  { resolvers }: Configuration,
  locator: Locator,
  report: Report,
): void {
  const known = new Set([defaultResolvers, ...resolvers.map(({ name }) => name)]);
  for (const server of proxy.servers) {
    const what = `${describe(proxy)}, server '${server.name}'`;
    const { resolvers: wanted, address, initAddr } = server;
    if (wanted !== null && !known.has(wanted)) {
      const hint = report.suggestion(wanted, known) ?? `add a section 'resolvers ${wanted}'`;
      const message = `${what}: there is no section 'resolvers ${wanted}'`;
      report.error(locator.place(server, "resolvers"), message, hint);
    }
    const withoutAddress = initAddr?.some((each) => each === "none" || isIp(each)) ?? false;
    if (address.kind === "ip" && isService(address.host) && wanted === null && !withoutAddress) {
      const message = `${what}: no way to resolve '${address.host}': it is the name of a service`;
      const hint = "add 'resolvers' and the name of a 'resolvers' section";
      report.error(locator.place(server, "address"), message, hint);
    }
    checkValues(server, what, locator, report);
  }
}

/** What the schema admits and makes no sense; met in JSON. */
function checkValues(server: Server, what: string, locator: Locator, report: Report): void {
  const { initAddr, resolveNet } = server;
  const bad = (key: string, message: string, hint?: string) =>
    report.error(locator.place(server, key), `${what}: ${message}`, hint);
  const addresses = (initAddr ?? []).filter((each) => !initialMethods.some((one) => one === each));
  for (const each of addresses) {
    if (!isIp(each)) bad("initAddr", `'${each}' is not a way to an address`);
  }
  if (addresses.length > 1) bad("initAddr", "there are several addresses", "at most one");
  if (initAddr?.length === 0) bad("initAddr", "'init-addr' is empty", "null: the default");
  if (resolveNet === null) return;
  for (const each of resolveNet) {
    if (parseNetwork(each) !== each) bad("resolveNet", `'${each}' is not a network`);
  }
  if (resolveNet.length === 0 || resolveNet.length > mostNetworks) {
    bad("resolveNet", `${resolveNet.length} networks`, `from 1 to ${mostNetworks}; null: none`);
  }
}
