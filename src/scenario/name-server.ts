/** Steps of the name server that a configuration's `resolvers` ask. */
import { isIp } from "../net/ip/address.ts";
import { type Phrase, phrase, problem } from "./language.ts";
import { Action } from "./server-actions.ts";
import type { Context, Step } from "./step.ts";

const knows = /^#>\s*the name server knows \S+ at (.+)$/;
const listed = (text: string) => text.split(/,? and |, */).map((each) => each.trim());

/** The addresses that a story's name server will know: servers are there from the beginning. */
export function addressesToFind(text: string): string[] {
  const found = text.split("\n").flatMap((line) => listed(knows.exec(line.trimEnd())?.[1] ?? ""));
  return [...new Set(found)].filter((each) => isIp(each));
}

/** Does something to it. */
const toNameServer = (act: (server: NonNullable<Context["nameServer"]>) => void) =>
(
  { nameServer }: Context,
): string | null => {
  if (nameServer === null) return "the configuration has no 'resolvers' with a 'nameserver'";
  act(nameServer);
  return null;
};

/** Sentences that stand for themselves. */
export const nameServerSentences: readonly Phrase<Step>[] = [
  phrase("the name server knows NAME at TEXT (addresses, with commas)", (groups, said) => {
    const { name = "", text = "" } = groups;
    const addresses = listed(text);
    const wrong = addresses.find((each) => !isIp(each));
    if (wrong !== undefined) return problem(wrong, `'${wrong}' is no address`, "write 127.0.0.1");
    return new Action(said, toNameServer((server) => server.know(name, addresses)));
  }),
  phrase(
    "the name server forgets NAME",
    ({ name = "" }, said) => new Action(said, toNameServer((server) => server.know(name, []))),
  ),
  phrase(
    "the name server stops",
    (_, said) => new Action(said, toNameServer((server) => server.stop())),
  ),
  phrase(
    "the name server starts",
    (_, said) => new Action(said, toNameServer((server) => server.start()), true),
  ),
];
