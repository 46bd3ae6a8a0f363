/** The section `ring`: a buffer of log lines, and the servers that get them over TCP (manual, 3.9). */
import * as v from "valibot";
import { readParameters } from "../haproxy/table.ts";
import { attempt } from "../haproxy/arguments.ts";
import { hostText, serverAddress } from "./addresses.ts";
import { define, type Keyword, nullable, setting } from "./keyword.ts";
import { logFormats } from "./log-formats.ts";
import { words } from "./process.ts";
import { namedSchema, namedSection } from "./section.ts";
import { serverOptions, unsetServer } from "./server.ts";
import { choice, integer, legalName, portNumber, size, text, time } from "./values.ts";

const chapter = "3.9";

/** How one line is told from the next: by a newline, or by its length before it (RFC 6587). */
const framings = ["legacy", "octet-count"] as const;

/** A server that gets the lines. */
const RingServer = v.strictObject({
  name: v.pipe(v.string(), v.regex(legalName)),
  host: v.string(),
  port: portNumber,
  framing: v.optional(v.picklist(framings), "legacy"),
});
type RingServer = v.InferOutput<typeof RingServer>;

const ringSettings = {
  description: nullable("description", words, { doc: "A label for people.", chapter }),
  format: setting("format", choice("a log format", logFormats), "local", {
    doc: "The form of lines, where 'log' names none.",
    chapter,
  }),
  maxlen: setting("maxlen", integer({ min: 80, max: 65535, example: "2048" }), 1024, {
    doc: "Longest line, in bytes.",
    chapter,
  }),
  size: nullable("size", { ...size, example: "64k" }, {
    doc: "How many bytes of lines wait for the servers; here up to a mebibyte always may.",
    chapter,
  }),
  backingFile: nullable("backing-file", text("a file", "<file>", "/dev/shm/ring"), {
    doc: "Has no effect: the lines that wait are in memory.",
    chapter,
  }),
  timeoutConnect: nullable("timeout connect", time({ example: "5s" }), {
    doc: "Time in which a connection must be made; it is tried again as lines come.",
    chapter,
  }),
  timeoutServer: nullable("timeout server", time({ example: "5s" }), {
    doc: "Time in which a server must take lines; what cannot be kept is counted as dropped.",
    chapter,
  }),
  servers: define({
    doc: "The servers that get all lines.",
    chapter,
    schema: v.optional(v.array(RingServer), []),
    forms: [],
    print: (servers: readonly RingServer[]) =>
      servers.map(({ name, host, port, framing }) => [
        "server",
        name,
        `${hostText(host)}:${port}`,
        ...(framing === "legacy" ? [] : ["log-proto", framing]),
      ]),
  }),
};

/** {@linkcode ringSettings} */
export const Ring = namedSchema(ringSettings);
/** {@linkcode Ring} */
export type Ring = v.InferOutput<typeof Ring>;

const server: Keyword<Ring> = {
  name: "server",
  usage: "<name> <address>:<port> [log-proto legacy|octet-count] [param*]",
  example: "syslog1 192.168.0.1:514 log-proto octet-count",
  doc: "Adds a server that gets the lines over TCP.",
  chapter,
  property: { name: "rings[].servers", unset: [] },
  read(section, args) {
    const name = args.word("a name and an address").text;
    if (!legalName.test(name)) {
      throw args.mistake(`'${name}' is not a server's name`, "letters, digits, '-', '_', '.', ':'");
    }
    const place = args.here();
    const address = serverAddress(args);
    if (address.kind !== "ip" || address.port === null) {
      throw args.mistake("a server of a ring needs an address and a port", "10.0.0.1:514");
    }
    const { host, port } = address;
    const added: RingServer = { name, host, port, framing: "legacy" };
    const options = unsetServer();
    while (args.peek() !== undefined) {
      if (args.peek()?.text !== "log-proto") {
        // One after the other, as 'log-proto' is another keyword elsewhere.
        attempt(args.report, () => readParameters(serverOptions, options, args, "for a server", 1));
        continue;
      }
      args.next();
      added.framing = choice("a framing", framings).read(args);
    }
    if (options["ssl"] === true) {
      throw args.mistake("sluice sends no logs over TLS", "a server without 'ssl'");
    }
    args.places.mark(added, undefined, place);
    section.servers.push(added);
  },
};

/** The section. */
export const ringSection = namedSection({
  keyword: "ring",
  doc: "A buffer of log lines, and the servers that get them over TCP.",
  chapter,
  path: "rings",
  schema: Ring,
  settings: ringSettings,
  more: [server],
});
