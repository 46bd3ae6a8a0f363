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
