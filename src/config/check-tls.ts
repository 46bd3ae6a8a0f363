/** Checks of what the configuration says of TLS; what is in its files is another matter. */
import { sniSource } from "../tls/sni.ts";
import { versionNames } from "../tls/versions.ts";
import type { Report } from "./diagnostic.ts";
import { describe } from "./fields.ts";
import type { Bind, Global, Proxy, Server } from "./model.ts";
import type { Locator } from "./places.ts";
import { bindPolicy, rulesWithTls, serverPolicy, type TlsPolicy } from "./tls-policy.ts";

/**
 * Checks the listeners and servers of a proxy.
 * @param complete false if parts could not be read: what is missing may be in them
 */
export function checkTls(
  proxy: Proxy,
  global: Global,
  complete: boolean,
  locator: Locator,
  report: Report,
): void {
  if (!complete) return;
  const checked = new Set<string>();
  for (const bind of proxy.bind) {
    if (!bind.ssl) continue;
    // The addresses of one line have the same options.
    const { line } = locator.place(bind, "ssl");
    const key = `${line} ${JSON.stringify({ ...bind, address: null })}`;
    if (!checked.has(key)) checkBind(proxy, bind, global, locator, report);
    checked.add(key);
  }
  for (const server of proxy.servers) {
    if (server.ssl || server.checkSsl === true || server.check && rulesWithTls(proxy)) {
      checkServer(proxy, server, global, locator, report);
    }
  }
}

function checkBind(
  proxy: Proxy,
  bind: Bind,
  global: Global,
  locator: Locator,
  report: Report,
): void {
  const policy = bindPolicy(global, bind);
  const what = `${describe(proxy)}: a listener with 'ssl'`;
  const { crt, crtList, defaultCrt, acme } = bind;
  if (crt.length + crtList.length + defaultCrt.length === 0 && acme === null) {
    const place = locator.place(bind, "ssl");
    if (policy.strictSni) {
      report.warning(place, `${what} has no certificate: it refuses all clients`, "use 'crt'");
    } else {
      report.error(
        place,
        `${what} has no certificate`,
        "use 'crt', with a file or a folder; or 'acme', with names",
      );
    }
  }
  checkVersions(policy, bind, what, global.sslDefaultBindOptions, locator, report);
  if (bind.verify !== "none" && bind.caFile === null && bind.caVerifyFile === null) {
    const message = `${what} verifies clients, and trusts nobody`;
    report.error(locator.place(bind, "verify"), message, "name the authorities by 'ca-file'");
  }
  const without = (key: keyof Bind, keyword: string, why: string) =>
    report.warning(locator.place(bind, key), `'${keyword}' has no effect here: ${why}`);
  if (bind.npn !== null) without("npn", "npn", "browsers speak ALPN, for which there is 'alpn'");
  if (bind.allow0rtt) {
    without("allow0rtt", "allow-0rtt", "clients send their requests after the handshake");
  }
  if (bind.ktls === "on") without("ktls", "ktls on", "OpenSSL encrypts in this process");
  if (bind.ocspUpdate === "on") {
    without("ocspUpdate", "ocsp-update on", "responses are stapled from files ending in '.ocsp'");
  }
}

function checkServer(
  proxy: Proxy,
  server: Server,
  global: Global,
  locator: Locator,
  report: Report,
): void {
  const policy = serverPolicy(global, server);
  const what = `${describe(proxy)}: server '${server.name}'`;
  checkVersions(policy, server, what, global.sslDefaultServerOptions, locator, report);
  if (policy.verify && server.caFile === null) {
    const message = `${what} must have a good certificate, and no authority is trusted`;
    const hint =
      "name the authorities by 'ca-file' ('@system-ca': those of the system); 'verify none' " +
      "does without, as for a network where nobody else can answer";
    report.error(locator.place(server, server.ssl ? "ssl" : "checkSsl"), message, hint);
  }
  if (server.sni !== null && sniSource(server.sni) === null) {
    const message = `${what}: sluice does not work out '${server.sni}' as a name`;
    const hint = "str(<name>), req.hdr(<field>) or ssl_fc_sni, and 'lower', 'field(1,:)' behind it";
    report.error(locator.place(server, "sni"), message, hint);
  }
  const without = (key: keyof Server, keyword: string, why: string) =>
    report.warning(locator.place(server, key), `'${keyword}' has no effect here: ${why}`);
  if (server.npn !== null) without("npn", "npn", "servers speak ALPN, for which there is 'alpn'");
  if (server.allow0rtt) {
    without("allow0rtt", "allow-0rtt", "requests are sent after the handshake");
  }
}

function checkVersions(
  { versions }: TlsPolicy,
  of: Bind | Server,
  what: string,
  defaults: readonly string[],
  locator: Locator,
  report: Report,
): void {
  const place = locator.place(of, "ssl");
  if (versions === null) {
    report.error(place, `${what} allows no version of TLS`, "use 'ssl-min-ver' and 'ssl-max-ver'");
    return;
  }
  if (versions.without.length > 0) {
    const hole = versions.without.join(", ");
    report.warning(place, `${what} allows no ${hole}, but older versions`, "use 'ssl-min-ver'");
  }
  const { sslMinVer, sslMaxVer, sslForce } = of;
  const alone = sslMaxVer !== null && sslMinVer === null && sslForce === null &&
    !defaults.some((word) => word === "ssl-min-ver" || word.startsWith("force-"));
  if (alone && versionNames.indexOf(sslMaxVer) < versionNames.indexOf("TLSv1.2")) {
    const message = `${what} has 'ssl-max-ver' below TLSv1.2, and no 'ssl-min-ver'`;
    report.warning(place, message, `only ${sslMaxVer} is allowed; say so by 'ssl-min-ver', too`);
  }
}
