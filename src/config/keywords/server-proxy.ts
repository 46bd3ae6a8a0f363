/** What headers of the PROXY protocol say besides addresses (manual: "proxy-v2-options"). */
import * as v from "valibot";
import { didYouMean } from "../../text/nearest.ts";
import { define, type Keyword } from "./keyword.ts";

const chapter = "5.2";

/** What may be said. */
const options = [
  "ssl",
  "cert-cn",
  "ssl-cipher",
  "cert-sig",
  "cert-key",
  "authority",
  "crc32c",
] as const;
type Option = (typeof options)[number];

/** The setting. */
export const proxyV2Options = define({
  doc: "What headers of version 2 of the PROXY protocol say of the client's TLS.",
  chapter,
  schema: v.optional(v.array(v.picklist(options)), []),
  forms: [{
    name: "proxy-v2-options",
    usage: "<option>[,<option>]*",
    example: "ssl,cert-cn",
    read(args, before: Option[], mark) {
      const found = [...before];
      for (const word of args.word("options").text.split(",")) {
        const option = options.find((each) => each === word);
        if (option === undefined) {
          const hint = didYouMean(word, options) ?? `one of: ${options.join(", ")}`;
          throw args.mistake(`'${word}' is not an option of a header`, hint);
        }
        if (!found.includes(option)) found.push(option);
      }
      mark();
      return found;
    },
  }],
  print: (some: readonly Option[]) =>
    some.length === 0 ? [] : [["proxy-v2-options", some.join(",")]],
});

interface Target {
  sendProxy: "v1" | "v2" | null;
  proxyV2Options: Option[];
}

/** A word that sets the version and adds options, and the one that takes both back. */
function pair(name: string, added: readonly Option[], doc: string): Keyword<Target>[] {
  const about = { usage: "", example: "", chapter };
  const property = { name: "proxies[].servers[].proxyV2Options", unset: [] };
  return [
    {
      ...about,
      name,
      doc,
      property,
      read(server, args) {
        server.sendProxy = "v2";
        server.proxyV2Options = [...new Set([...server.proxyV2Options, ...added])];
        args.mark(server, "sendProxy");
        args.mark(server, "proxyV2Options");
      },
    },
    {
      ...about,
      name: `no-${name}`,
      doc: `Takes '${name}' back.`,
      property,
      read(server, args) {
        server.sendProxy = null;
        server.proxyV2Options = server.proxyV2Options.filter((each) => !added.includes(each));
        args.mark(server, "sendProxy");
        args.mark(server, "proxyV2Options");
      },
    },
  ];
}

/** Words for common options. */
export const proxyV2Keywords: readonly Keyword<Target>[] = [
  ...pair(
    "send-proxy-v2-ssl",
    ["ssl"],
    "Begins connections with a PROXY header, version 2, that tells of the client's TLS.",
  ),
  ...pair(
    "send-proxy-v2-ssl-cn",
    ["ssl", "cert-cn"],
    "Begins connections with a PROXY header, version 2, that tells of the client's certificate.",
  ),
];
