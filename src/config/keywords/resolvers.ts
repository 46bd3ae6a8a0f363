/** The section `resolvers`: name servers, and how names are resolved (manual, chapter 5.3.2). */
import * as v from "valibot";
import type { Arguments } from "../haproxy/arguments.ts";
import type { Report } from "../diagnostic.ts";
import type { Locator } from "../places.ts";
import {
  Nameserver,
  nameserverAddress,
  nameserverAddressText,
  source as readSource,
  sourceValue,
} from "./addresses.ts";
import { define, flag, type Keyword, setting } from "./keyword.ts";
import { namedSchema, namedSection } from "./section.ts";
import { integer, legalName, time } from "./values.ts";

const chapter = "5.3.2";

/** The section that there always is: with the name servers of /etc/resolv.conf, unless it is given. */
export const defaultResolvers = "default";

/** How long an answer of this kind, ms, leaves a server its address after the last valid one. */
function hold(status: string, unset: number, doc: string) {
  return setting(`hold ${status}`, time({ example: "5s" }), unset, { doc, chapter });
}

/** What a `resolvers` section sets. */
export const resolversSettings = {
  nameservers: define({
    doc: "The name servers, all of which are asked at once.",
    chapter,
    schema: v.optional(v.array(Nameserver), []),
    forms: [],
    print: (servers: readonly Nameserver[]) =>
      servers.map(({ name, address }) => {
        const { source } = address;
        const more = source === null ? [] : ["source", ...sourceValue.print(source)];
        return ["nameserver", name, nameserverAddressText(address), ...more];
      }),
  }),
  parseResolvConf: flag("parse-resolv-conf", {
    doc: "Asks the name servers of /etc/resolv.conf, too.",
    chapter,
  }),
  acceptedPayloadSize: setting(
    "accepted_payload_size",
    integer({ min: 12, max: 65535, usage: "<bytes>", example: "8192" }),
    512,
    { doc: "The largest answer over UDP that name servers are told to send.", chapter },
  ),
  resolveRetries: setting("resolve_retries", integer({ usage: "<number>", example: "5" }), 3, {
    doc: "Queries that are sent for a name before it counts as not resolved.",
    chapter,
  }),
  timeoutResolve: setting("timeout resolve", time({ example: "5s" }), 1000, {
    doc: "Time between two resolutions of a name.",
    chapter,
  }),
  timeoutRetry: setting("timeout retry", time({ example: "2s" }), 1000, {
    doc: "Time before a query without a valid answer is sent again.",
    chapter,
  }),
  holdNx: hold("nx", 30_000, "How long servers keep their address when the name ceased to exist."),
  holdOther: hold("other", 30_000, "How long servers keep their address after other errors."),
  holdRefused: hold("refused", 30_000, "How long servers keep their address after refusals."),
  holdTimeout: hold("timeout", 30_000, "How long servers keep their address without any answer."),
  holdValid: hold("valid", 10_000, "How long 'do-resolve' takes the last valid answer again."),
  holdObsolete: hold("obsolete", 0, "How long an address stays that answers have ceased to name."),
};

/** {@linkcode resolversSettings} */
export const Resolvers = namedSchema(resolversSettings);
/** {@linkcode Resolvers} */
export type Resolvers = v.InferOutput<typeof Resolvers>;

const nameserver: Keyword<Resolvers> = {
  name: "nameserver",
  usage: "<name> <address>:<port> [param*]",
  example: "dns1 udp@10.0.0.1:53",
  doc: "Adds a name server, over UDP, or over TCP with the prefix tcp@.",
  chapter,
  property: { name: "resolvers[].nameservers", unset: [] },
  read(section, args: Arguments) {
    const name = args.word("a name and an address").text;
    if (!legalName.test(name)) {
      const hint = "letters, digits, '-', '_', '.', ':'";
      throw args.mistake(`'${name}' is not a name server's name`, hint);
    }
    const place = args.here();
    const address = nameserverAddress(args);
    const server: Nameserver = { name, address };
    args.places.mark(server, undefined, place);
    readParameters(server, args);
    section.nameservers.push(server);
  },
};

/**
 * Of the parameters of servers those that mean something here. HAProxy takes any word after a name
 * server over UDP.
 */
function readParameters({ address }: Nameserver, args: Arguments): void {
  for (let word = args.next(); word !== undefined; word = args.next()) {
    const { text } = word;
    if (address.transport === "udp") {
      const hint = "parameters are for name servers over TCP: tcp@ before the address";
      args.report.warning(args.here(), `'${text}' is ignored`, hint);
    } else if (text === "source") {
      address.source = readSource(args);
    } else if (text === "maxconn") {
      // All queries go over one connection, which is within any limit.
      integer({ min: 1 }).read(args);
    } else {
      throw args.mistake(`sluice does not support '${text}' for name servers`, "source, maxconn");
    }
  }
}

/** Two name servers of one name are an error, as in HAProxy. */
function checkResolvers(section: Resolvers, locator: Locator, report: Report): void {
  const first = new Map<string, Nameserver>();
  for (const server of section.nameservers) {
    const other = first.get(server.name);
    if (other === undefined) {
      first.set(server.name, server);
      continue;
    }
    const { file, line } = locator.place(other);
    const message = `resolvers '${section.name}' has another name server named '${server.name}'`;
    report.error(locator.place(server), message, `the other one: ${file}:${line}`);
  }
}

/** The section. */
export const resolversSection = namedSection({
  keyword: "resolvers",
  doc: "Name servers that follow the names of servers while the proxy runs.",
  chapter,
  path: "resolvers",
  schema: Resolvers,
  settings: resolversSettings,
  more: [nameserver],
  check: checkResolvers,
});
