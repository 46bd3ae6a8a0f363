/** What the rules of a configuration refer to, from its model and from outside. */
import type { Configuration, Proxy } from "../config/model.ts";
import { plainText } from "../text/utf8.ts";
import type { PatternStore } from "../expr/patterns/store.ts";
import type { References, Userlist } from "../expr/references.ts";
import type { ErrorPages } from "./action.ts";

/** What the model does not know. */
export interface Outside {
  readonly patterns: PatternStore;
  readonly table: References["table"];
  readonly env: (name: string) => string | undefined;
  readonly pid: number;
  readonly hostname: string;
  readonly scripts: References["scripts"];
}

/**
 * The references of expressions in a proxy.
 * @param proxy null: of expressions that stand in none
 * @param warn see {@linkcode References.warn}
 */
export function referencesOf(
  { caches, global, proxies, resolvers, userlists }: Configuration,
  proxy: Proxy | null,
  { patterns, table, env, pid, hostname, scripts }: Outside,
): Omit<References, "warn"> {
  const hasSide = ({ kind }: Proxy, side: "frontend" | "backend") =>
    kind === "listen" || kind === side;
  return {
    proxy: proxy?.name ?? "",
    patterns,
    table,
    env,
    pid,
    hostname,
    scripts,
    node: global.node ?? hostname,
    threads: global.nbthread ?? 1,
    userlist: (name) => userlistOf(userlists, name),
    hasProxy: (name, side) => proxies.some((each) => each.name === name && hasSide(each, side)),
    hasCache: (name) => caches.some((each) => each.name === name),
    hasResolvers: (name) => resolvers.some((each) => each.name === name),
    hasServer: (backend, server) =>
      proxies.some((each) =>
        each.name === backend && hasSide(each, "backend") &&
        each.servers.some(({ name }) => name === server)
      ),
  };
}

/** A list of users, each with the groups that either says it is in. */
function userlistOf(lists: Configuration["userlists"], name: string): Userlist | null {
  const list = lists.find((each) => each.name === name);
  if (list === undefined) return null;
  const users = list.users.map((user) => ({
    ...user,
    groups: [
      ...user.groups,
      ...list.groups.filter(({ users }) => users.includes(user.name)).map(({ name }) => name),
    ],
  }));
  return { name, users };
}

/** Error files of rules. */
export function errorPagesOf(
  { httpErrors }: Pick<Configuration, "httpErrors">,
  file: (path: string) => Uint8Array,
): ErrorPages {
  return {
    file: (path) => file(plainText(path)),
    section(name, status) {
      const section = httpErrors.find((each) => each.name === name);
      const found = section?.errorfiles.findLast((each) => each.status === status);
      return found === undefined ? null : file(found.file);
    },
  };
}
