/** Name servers from /etc/resolv.conf (manual, chapter 5.3.2: "parse-resolv-conf"; resolv.conf(5)). */
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { defaultResolvers, Resolvers } from "../config/keywords/resolvers.ts";
import { isIp } from "../net/ip/address.ts";

const path = "/etc/resolv.conf";

/** The sections with the name servers of the file where they ask for them, and the default one. */
export interface CompletedResolvers {
  readonly sections: readonly Resolvers[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Completes the sections.
 * @param wantsDefault one is needed that is named "default", which HAProxy makes of the file
 * @param read gives the file's text; null: there is none
 */
export function resolversOf(
  sections: readonly Resolvers[],
  wantsDefault: boolean,
  read: () => string | null = readResolvConf,
): CompletedResolvers {
  const errors: string[] = [];
  const warnings: string[] = [];
  const complete = (section: Resolvers): Resolvers => {
    if (!section.parseResolvConf) return section;
    const what = `resolvers '${section.name}'`;
    const text = read();
    if (text === null) {
      errors.push(`${what}: ${path} cannot be read`);
      return section;
    }
    const nameservers = [...section.nameservers];
    for (const [index, line] of text.split("\n").entries()) {
      const [keyword, host] = line.split(/[ \t\r]+/);
      if (keyword !== "nameserver") continue;
      const place = `${path}, line ${index + 1}`;
      if (host === undefined || host === "") warnings.push(`${what}: ${place}: no address`);
      else if (!isIp(host)) {
        warnings.push(`${what}: ${place}: '${host}' is not an IP address: it is left out`);
      } else if (nameservers.some(({ name }) => name === host)) {
        warnings.push(`${what}: ${place}: '${host}' is there already: it is left out`);
      } else {
        nameservers.push({ name: host, address: { transport: "udp", host, port: 53 } });
      }
    }
    return { ...section, nameservers };
  };
  const isThere = sections.some(({ name }) => name === defaultResolvers);
  const implied = wantsDefault && !isThere
    ? [v.parse(Resolvers, { name: defaultResolvers, parseResolvConf: true })]
    : [];
  return { sections: [...sections, ...implied].map(complete), errors, warnings };
}

function readResolvConf(): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
