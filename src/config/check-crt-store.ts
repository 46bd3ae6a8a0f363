/** Certificates of `crt-store` sections: what they are called, and where their files are. */
import { type AcmeOrder, acmeOrder, checkNames } from "./check-acme.ts";
import type { Report } from "./diagnostic.ts";
import type { Configuration } from "./model.ts";
import type { Locator } from "./places.ts";

/** A certificate of a store. */
export interface StoredCertificate {
  /** What it is called: "/etc/certs/a.pem", "@web/a.pem". */
  readonly name: string;
  readonly crt: string;
  readonly key: string | null;
  readonly ocsp: string | null;
  readonly issuer: string | null;
  readonly order: AcmeOrder | null;
}

const below = (base: string | null, file: string) =>
  base === null || file.startsWith("/") ? file : `${base}/${file}`;

/** The certificates of all stores, by what listeners may call them. */
export function storedCertificates(configuration: Configuration): Map<string, StoredCertificate> {
  const { global, crtStores } = configuration;
  const all = new Map<string, StoredCertificate>();
  for (const { name: store, crtBase, keyBase, loads } of crtStores) {
    for (const { crt, key, ocsp, issuer, alias, acme, domains } of loads) {
      const path = below(crtBase ?? global.crtBase, crt);
      const beside = (file: string | null) =>
        file === null ? null : below(crtBase ?? global.crtBase, file);
      const called = alias ?? crt;
      const name = store !== "" || alias !== null ? `@${store}/${called}` : path;
      all.set(name, {
        name,
        crt: path,
        key: key === null ? null : below(keyBase ?? global.keyBase, key),
        ocsp: beside(ocsp),
        issuer: beside(issuer),
        order: acmeOrder(configuration, { acme, domains, acmeStaging: false }),
      });
    }
  }
  return all;
}

/** Checks them. */
export function checkCrtStores(
  configuration: Configuration,
  locator: Locator,
  report: Report,
): void {
  for (const { loads } of configuration.crtStores) {
    for (const load of loads) {
      const place = locator.place(load);
      const { acme, domains, sctl, ocspUpdate } = load;
      if (domains !== null && acme === null) {
        report.error(place, "'domains' needs 'acme', with a section");
      } else if (acme !== null && domains === null) {
        report.error(place, "'acme' needs 'domains'", "acme <section> domains <names>");
      } else if (acme !== null) {
        const order = acmeOrder(configuration, { acme, domains, acmeStaging: false });
        if (order === null) {
          const known = configuration.acme.map(({ name }) => name).join(", ");
          const hint = known === "" ? "there is no 'acme' section" : `there are: ${known}`;
          report.error(place, `there is no section 'acme ${acme}'`, hint);
        } else checkNames(order, place, report);
      }
      const without = (keyword: string, why: string) =>
        report.warning(place, `'${keyword}' has no effect here: ${why}`);
      if (sctl !== null) without("sctl", "authorities put these timestamps into certificates");
      if (ocspUpdate === "on") {
        without("ocsp-update on", "responses are stapled from files ending in '.ocsp'");
      }
    }
  }
}
