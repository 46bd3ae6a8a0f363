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
 * Completes the sections, and adds the default one, unless it is given, or there is no such file.
 * @param wantsDefault it is needed: then it is an error that there is no such file
 * @param read gives the file's text; null: there is none
 */
export function resolversOf(
  sections: readonly Resolvers[],
  wantsDefault: boolean,
  read: () => string | null = readResolvConf,
): CompletedResolvers {
  const errors: string[] = [];
  const warnings: string[] = [];
  const complete = (section: Resolvers, isWanted: boolean): Resolvers[] => {
    if (!section.parseResolvConf) return [section];
    const what = `resolvers '${section.name}'`;
    const text = read();
    if (text === null) {
      if (isWanted) errors.push(`${what}: ${path} cannot be read`);
      return [];
    }
    const warn = (line: string) => isWanted && warnings.push(`${what}: ${line}`);
    const nameservers = [...section.nameservers];
    for (const [index, line] of text.split("\n").entries()) {
      const [keyword, host] = line.split(/[ \t\r]+/);
      if (keyword !== "nameserver") continue;
      const place = `${path}, line ${index + 1}`;
      if (host === undefined || host === "") warn(`${place}: no address`);
      else if (!isIp(host)) warn(`${place}: '${host}' is not an IP address: it is left out`);
      else if (nameservers.some(({ name }) => name === host)) {
        warn(`${place}: '${host}' is there already: it is left out`);
      } else {
        nameservers.push({
          name: host,
          address: { transport: "udp", host, port: 53, source: null },
        });
      }
    }
    return [{ ...section, nameservers }];
  };
  const isThere = sections.some(({ name }) => name === defaultResolvers);
  const implied = isThere
    ? []
    : complete(v.parse(Resolvers, { name: defaultResolvers, parseResolvConf: true }), wantsDefault);
  const own = sections.flatMap((section) => complete(section, true));
  return { sections: [...own, ...implied], errors, warnings };
}

function readResolvConf(): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
