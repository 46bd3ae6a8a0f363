/** Users and groups that a configuration names, and the system does not have. */
import type { Report } from "./diagnostic.ts";
import type { Account, Accounts } from "./keywords/accounts.ts";
import type { Configuration } from "./model.ts";
import type { Locator } from "./places.ts";

/** Reports as an error whatever names a user or a group that there is not. */
export function checkAccounts(
  { global, proxies }: Configuration,
  accounts: Accounts,
  locator: Locator,
  report: Report,
): void {
  const expect = (account: Account | null, what: keyof Accounts, of: object, key: string) => {
    if (typeof account !== "string" || accounts[what](account) !== null) return;
    const hint = `'getent ${what === "user" ? "passwd" : "group"}' shows those of this machine`;
    report.error(locator.place(of, key), `there is no ${what} '${account}'`, hint);
  };
  expect(global.user, "user", global, "user");
  expect(global.group, "group", global, "group");
  const common = global.unixBind === null ? [] : [global.unixBind];
  const sockets = [...common, ...global.statsSocket, ...proxies.flatMap(({ bind }) => bind)];
  for (const socket of sockets) {
    expect(socket.user, "user", socket, "user");
    expect(socket.group, "group", socket, "group");
  }
}
