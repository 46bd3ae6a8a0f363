/** Steps that take links and machines down: see simulate/links.ts. */
import { network } from "../net/ip/cidr.ts";
import { type Endpoint, showEndpoint } from "../net/socket.ts";
import type { Links } from "../simulate/links.ts";
import { knownServer, type Phrase, phrase, problem, type Said } from "./language.ts";
import { Action } from "./server-actions.ts";
import type { Context, Step } from "./step.ts";

/** An action for which the network must be able to lose links. */
export class LinkAction extends Action {
  constructor(said: Said, act: (links: Links, context: Context) => string | null) {
    super(said, (context) => {
      if (context.links === null) throw new Error("the layer of links is missing");
      return act(context.links, context);
    });
  }
}

/** A machine is there, or is not: nothing comes from its addresses. */
function presence(shape: string, on: boolean): Phrase<Step> {
  return phrase(
    shape,
    ({ server = "" }, said, names) =>
      knownServer(server, names) ?? new LinkAction(said, (links, { topology }) => {
        const name = `presence of ${server}`;
        if (on) links.restore(name);
        else {
          const addresses = new Set(
            topology.serversOf(server).flatMap(({ endpoints, checked }) =>
              [...endpoints, ...checked === null ? [] : [checked]].map(showEndpoint)
            ),
          );
          links.cut(name, (_, to: Endpoint) => addresses.has(showEndpoint(to)));
        }
        return null;
      }),
  );
}

/** Nothing passes between two networks, until the link comes back. */
function link(verb: string, up: boolean): Phrase<Step> {
  const shape = `the link between NETWORK and NETWORK ${verb} (ADDRESS or ADDRESS/LENGTH)`;
  return phrase(shape, ({ network: one = "", network2: other = "" }, said) => {
    for (const each of [one, other]) {
      try {
        network(each);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const fix = "write it as 127.0.1.0/24, or an address";
        return problem(each, `'${each}' is no network`, fix);
      }
    }
    return new LinkAction(said, (links) => {
      const name = `link ${[one, other].sort().join(" ")}`;
      if (up) return links.restore(name) ? null : "this link is not down";
      const [here, there] = [network(one), network(other)];
      links.cut(
        name,
        (source, to) =>
          to.kind === "ip" && (here(source) && there(to.host) || there(source) && here(to.host)),
      );
      return null;
    });
  });
}

/** Sentences that stand for themselves. */
export const linkSentences: readonly Phrase<Step>[] = [
  presence("SERVER vanishes", false),
  presence("SERVER returns", true),
  link("goes down", false),
  link("comes back", true),
];
