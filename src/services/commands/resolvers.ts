/** Commands about how names are resolved (management manual, chapter 9.3: "show resolvers"). */
import type { NameserverCounts } from "../../dns/nameserver.ts";
import type { ResolverFacts } from "../control.ts";
import { type Command, refuse } from "./command.ts";

/** The counters as they are shown, in their order. */
const labels: Readonly<Record<keyof NameserverCounts, string>> = {
  sent: "sent",
  sendError: "snd_error",
  valid: "valid",
  update: "update",
  cname: "cname",
  cnameError: "cname_error",
  anyError: "any_err",
  nx: "nx",
  timeout: "timeout",
  refused: "refused",
  other: "other",
  invalid: "invalid",
  tooBig: "too_big",
  truncated: "truncated",
  outdated: "outdated",
};

function show({ name, nameservers }: ResolverFacts): string {
  const servers = nameservers.map(({ name, counts }) =>
    [
      ` nameserver ${name}:\n`,
      ...Object.entries(labels).map(([key, label]) =>
        `  ${`${label}:`.padEnd(13)}${counts[key as keyof NameserverCounts]}\n`
      ),
    ].join("")
  );
  return `Resolvers section ${name}\n${servers.join("")}`;
}

/** The same as CSV, a line for each name server. */
export function resolversCsv(sections: readonly ResolverFacts[]): string {
  const names = Object.keys(labels) as (keyof NameserverCounts)[];
  const header = ["# id", "pid", ...names.map((name) => csvNames[name] ?? labels[name])];
  const lines = sections.flatMap(({ name, nameservers }) =>
    nameservers.map((server) => [server.name, name, ...names.map((each) => server.counts[each])])
  );
  return [header, ...lines].map((cells) => `${cells.join(",")},\n`).join("");
}

/** Where they have other names there. */
const csvNames: Partial<Record<keyof NameserverCounts, string>> = { sendError: "send_error" };

/** See above. */
export const resolverCommands: readonly Command[] = [
  {
    name: "show resolvers",
    usage: "[id]",
    help: "queries to name servers, and what became of them",
    run({ control, args: [wanted] }) {
      const found = control.resolvers.filter(({ name }) => wanted === undefined || name === wanted);
      if (wanted !== undefined && found.length === 0) {
        throw refuse("Can't find that resolvers section");
      }
      return found.map(show).join("");
    },
  },
];
