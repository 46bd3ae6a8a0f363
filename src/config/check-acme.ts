/** Checks of certificates that are to be got by themselves. */
import type { Report } from "./diagnostic.ts";
import { domainsOf } from "./keywords/acme.ts";
import type { Acme, Bind, Configuration } from "./model.ts";
import type { Locator } from "./places.ts";

/** Who is asked for a certificate, and for which names. */
export interface AcmeOrder {
  readonly names: readonly string[];
  /** null: as sluice does it where nothing is said. */
  readonly section: Acme | null;
  readonly staging: boolean;
}

/** The section that counts where 'acme' has names. */
const defaultSection = "default";

/** What `acme` of a line means; null: it has none, or its section is not there. */
export function acmeOrder(
  { acme: sections }: Pick<Configuration, "acme">,
  { acme, domains, acmeStaging }: Pick<Bind, "acme" | "domains" | "acmeStaging">,
): AcmeOrder | null {
  if (acme === null) return null;
  const named = domains === null ? defaultSection : acme;
  const section = sections.find(({ name }) => name === named) ?? null;
  if (domains !== null && section === null) return null;
  return { names: domainsOf(domains ?? acme), section, staging: acmeStaging };
}

const legal = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,}$/;

/** Checks what the lines of listeners say of it. */
export function checkAcme(
  configuration: Configuration,
  locator: Locator,
  report: Report,
): void {
  let used = false;
  const checked = new Set<string>();
  for (const proxy of configuration.proxies) {
    if (proxy.disabled) continue;
    for (const bind of proxy.bind) {
      const { line } = locator.place(bind, "ssl");
      const key = `${line} ${bind.acme} ${bind.domains}`;
      if (checked.has(key)) continue;
      checked.add(key);
      used = checkBind(configuration, bind, locator, report) || used;
    }
  }
  const { chroot, acmeStateDir } = configuration.global;
  if (used && chroot !== null && !`${acmeStateDir ?? ""}/`.startsWith(`${chroot}/`)) {
    const message = "with 'chroot', certificates cannot be kept outside of it";
    report.error(
      locator.place(configuration.global, "chroot"),
      message,
      `put the folder below it: 'acme.state-dir ${chroot.replace(/\/$/, "")}/sluice'`,
    );
  }
}

/** @returns whether it has certificates to be got */
function checkBind(
  configuration: Configuration,
  bind: Bind,
  locator: Locator,
  report: Report,
): boolean {
  const place = locator.place(bind, "acme");
  if (bind.acme === null) {
    if (bind.domains !== null) {
      const message = "'domains' has no effect without 'acme' and a section";
      report.warning(locator.place(bind, "domains"), message, "acme <section> domains <names>");
    }
    return false;
  }
  if (!bind.ssl) {
    report.warning(place, "'acme' has no effect without 'ssl'", "bind *:443 ssl acme example.org");
  }
  const order = acmeOrder(configuration, bind);
  if (order === null) {
    const known = configuration.acme.map(({ name }) => name).join(", ");
    const hint = known === "" ? "there is no 'acme' section" : `there are: ${known}`;
    report.error(place, `there is no section 'acme ${bind.acme}'`, hint);
    return false;
  }
  checkNames(order, place, report);
  return true;
}

/** Checks the names of a certificate. */
export function checkNames(
  { names, section }: AcmeOrder,
  place: Parameters<Report["error"]>[0],
  report: Report,
): void {
  if (names.length === 0) report.error(place, "'acme' has no name", "acme www.example.org");
  for (const name of names) {
    if (!legal.test(name)) {
      const hint = "names of DNS with commas between, as in example.org,www.example.org";
      report.error(place, `'${name}' is not a name that a certificate can be asked for`, hint);
    } else if (name.startsWith("*.") && !section?.challenge?.startsWith("dns-")) {
      const hint = "in a section 'acme default': challenge dns-01, and dns-hook <command>";
      report.error(place, `'${name}' needs the challenge dns-01`, hint);
    }
  }
}
