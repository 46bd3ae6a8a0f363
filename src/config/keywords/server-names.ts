/** Options of servers that say how their names become addresses (manual, chapter 5.2 and 5.3). */
import * as v from "valibot";
import { isIp, parseNetwork } from "../../net/ip/address.ts";
import { didYouMean } from "../../text/nearest.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import { define, type Form, nullable, setting } from "./keyword.ts";
import { choice, text } from "./values.ts";

const chapter = "5.2";

/** Ways to a server's first address (manual: "init-addr"); besides them an IP address is one. */
export const initialMethods = ["last", "libc", "none"] as const;

const methods = v.array(v.pipe(v.string(), v.regex(/^(last|libc|none|[0-9A-Fa-f.:]+)$/)));

/** The words of a list of options, an option a time; "" between two commas, too. */
function listed(args: Arguments, expected: string): string[] {
  return args.word(expected).text.split(",");
}

function readMethods(args: Arguments): string[] {
  const found: string[] = [];
  // An empty one at the end is overlooked, as HAProxy does.
  const words = listed(args, "ways to the first address").filter((each) => each !== "");
  for (const word of words) {
    const isMethod = initialMethods.some((each) => each === word);
    if (!isMethod && !isIp(word)) {
      const hint = didYouMean(word, initialMethods) ?? "last, libc, none, or an IP address";
      throw args.mistake(`'${word}' is not a way to an address`, hint);
    }
    if (!isMethod && found.some(isIp)) {
      throw args.mistake("there is an address already", `'${found.find(isIp)}' comes first`);
    }
    if (!found.includes(word)) found.push(word);
  }
  return found;
}

/** Options of `resolve-opts` that are not the default. */
const resolveOptions = ["allow-dup-ip", "ignore-weight"] as const;
type ResolveOption = (typeof resolveOptions)[number];

/** `resolve-opts`: each option adds to what is set, or takes it back. */
const readResolveOptions: Form<ResolveOption[]>["read"] = (args, before, mark) => {
  const set = new Set<ResolveOption>(before);
  for (const word of listed(args, "options")) {
    if (word === "prevent-dup-ip") {
      set.delete("allow-dup-ip");
      continue;
    }
    const option = resolveOptions.find((each) => each === word);
    if (option === undefined) {
      const all = [...resolveOptions, "prevent-dup-ip"];
      const hint = didYouMean(word, all) ?? `one of: ${all.join(", ")}`;
      throw args.mistake(`'${word}' is not an option of 'resolve-opts'`, hint);
    }
    set.add(option);
  }
  mark();
  return resolveOptions.filter((each) => set.has(each));
};

/** The most networks that `resolve-net` takes. */
export const mostNetworks = 5;

/** See above. */
export const nameSettings = {
  resolvers: nullable("resolvers", text("a name", "<resolvers>", "default"), {
    doc: "Follows the server's name while the proxy runs, by this 'resolvers' section.",
    chapter,
  }),
  initAddr: nullable("init-addr", {
    schema: methods,
    usage: "{last|libc|none|<ip>}[,...]",
    example: "last,libc,none",
    read: readMethods,
    print: (found: readonly string[]) => [found.join(",")],
  }, {
    doc:
      "Where the first address comes from, in this order; without 'none' it is an error if from " +
      "nowhere. By default last,libc, and none with 'resolvers'.",
    chapter,
  }),
  resolvePrefer: setting("resolve-prefer", choice("a family", ["ipv6", "ipv4"]), "ipv6", {
    doc: "The family of addresses that comes first when the name is resolved.",
    chapter,
  }),
  resolveNet: nullable("resolve-net", {
    schema: v.array(v.string()),
    usage: "<network>[,...]",
    example: "10.0.0.0/8",
    read(args) {
      const networks = listed(args, "networks").map((text) => {
        const found = parseNetwork(text);
        // An address alone has dots, or colons: HAProxy reads "10" as none.
        if (found !== null && /[./:]/.test(text)) return found;
        throw args.mistake(`'${text}' is not a network`, "address/length, as in 10.0.0.0/8");
      });
      if (networks.length <= mostNetworks) return networks;
      throw args.mistake(`there are ${networks.length} networks`, `at most ${mostNetworks}`);
    },
    print: (networks: readonly string[]) => [networks.join(",")],
  }, {
    doc: "Networks whose addresses come first when the name is resolved.",
    chapter,
  }),
  resolveOpts: define({
    doc: "Whether servers of one name may share an address, and whether weights of SRV count.",
    chapter,
    schema: v.optional(v.array(v.picklist(resolveOptions)), []),
    forms: [{
      name: "resolve-opts",
      usage: "{allow-dup-ip|prevent-dup-ip|ignore-weight}[,...]",
      example: "allow-dup-ip,ignore-weight",
      read: readResolveOptions,
    }],
    print: (options: readonly ResolveOption[]) =>
      options.length === 0 ? [] : [["resolve-opts", options.join(",")]],
  }),
};

/** Whether a host is a service, whose hosts and ports SRV records say (manual, chapter 5.3.1). */
export function isService(host: string): boolean {
  return host.startsWith("_");
}
