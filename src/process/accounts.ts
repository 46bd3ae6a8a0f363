/** The users and groups of the system (passwd(5), group(5)). */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Bind, Configuration } from "../config/model.ts";
import type { UnixBind } from "../config/keywords/unix-bind.ts";
import type { Account, Accounts } from "../config/keywords/accounts.ts";

/**
 * The number after a name in a table of accounts, whose lines are `name:password:number:...`; null:
 * there is none of this name.
 */
export function numberOf(name: string, table: string): number | null {
  for (const line of table.split("\n")) {
    const [found, , number = ""] = line.split(":");
    if (found === name && /^\d+$/.test(number)) return Number(number);
  }
  return null;
}

/** Other sources than the files, such as LDAP, answer by getent(1). */
function lookUp(name: string, database: "passwd" | "group"): number | null {
  let table = "";
  try {
    table = readFileSync(`/etc/${database}`, "utf8");
  } catch {
    // There may be other sources.
  }
  const known = numberOf(name, table);
  if (known !== null) return known;
  try {
    const { stdout } = spawnSync("getent", [database, name], { encoding: "utf8", timeout: 2000 });
    return numberOf(name, stdout ?? "");
  } catch {
    return null;
  }
}

/** What `unix-bind` says of a listener that says nothing else. */
function withUnixBind(bind: Bind, { prefix, mode, user, group }: UnixBind): Bind {
  if (bind.address.kind !== "unix") return bind;
  const path = (prefix ?? "") + bind.address.path;
  return {
    ...bind,
    address: { ...bind.address, path },
    mode: bind.mode ?? mode,
    user: bind.user ?? user,
    group: bind.group ?? group,
  };
}

/**
 * A configuration whose listeners name no users and groups, but their numbers; what `unix-bind` says
 * is theirs, too.
 */
export function resolveAccounts(given: Configuration, accounts: Accounts): Configuration {
  const { unixBind } = given.global;
  const configuration = unixBind === null ? given : {
    ...given,
    proxies: given.proxies.map((proxy) => ({
      ...proxy,
      bind: proxy.bind.map((bind) => withUnixBind(bind, unixBind)),
    })),
  };
  const named = (account: Account | null) => typeof account === "string";
  const isNamed = ({ user, group }: Bind) => named(user) || named(group);
  if (!configuration.proxies.some(({ bind }) => bind.some(isNamed))) return configuration;
  const numbered = (account: Account | null, lookUp: (name: string) => number | null) =>
    typeof account === "string" ? lookUp(account) : account;
  return {
    ...configuration,
    proxies: configuration.proxies.map((proxy) => ({
      ...proxy,
      bind: proxy.bind.map((bind) => ({
        ...bind,
        user: numbered(bind.user, accounts.user),
        group: numbered(bind.group, accounts.group),
      })),
    })),
  };
}

/** See above. */
export const systemAccounts: Accounts = {
  user: (name) => lookUp(name, "passwd"),
  group: (name) => lookUp(name, "group"),
};
