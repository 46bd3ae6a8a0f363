/** The section `peers`: processes that share stick tables (manual, chapter 3.5). */
import * as v from "valibot";
import type { Arguments } from "../haproxy/arguments.ts";
import type { Report } from "../diagnostic.ts";
import type { Locator } from "../places.ts";
import {
  ListenAddress,
  listenAddresses,
  listenText,
  ServerAddress,
  serverAddress,
  serverAddressText,
} from "./addresses.ts";
import { define, flag, type Keyword } from "./keyword.ts";
import { namedSchema, namedSection } from "./section.ts";
import { NamedTable, readStickTable, stickTableUsage, stickTableWords } from "./stick-table.ts";
import { legalName } from "./values.ts";

const chapter = "3.5";

/** A peer; without an address it is this process, which listens where 'bind' says. */
export const Peer = v.strictObject({
  name: v.pipe(v.string(), v.regex(legalName)),
  address: v.nullable(ServerAddress),
});
/** {@linkcode Peer} */
export type Peer = v.InferOutput<typeof Peer>;

const peersSettings = {
  disabled: flag("disabled", {
    doc: "Leaves the section out: nothing is shared.",
    chapter,
    off: "enabled",
  }),
  bind: define({
    doc: "Where this process listens for its peers; else at its own address among them.",
    chapter,
    schema: v.optional(v.nullable(ListenAddress), null),
    forms: [{
      name: "bind",
      usage: "<address>:<port>",
      example: "10.0.0.1:10000",
      read(args, _before, mark): ListenAddress | null {
        const addresses = listenAddresses(args, args.address("an address to listen on"));
        mark();
        if (addresses.length !== 1) throw args.mistake("peers have one address");
        return addresses[0]!;
      },
    }],
    print: (address: ListenAddress | null) =>
      address === null ? [] : [["bind", listenText(address)]],
  }),
  peers: define({
    doc: "The processes, this one among them.",
    chapter,
    schema: v.optional(v.array(Peer), []),
    forms: [],
    print: (peers: readonly Peer[]) =>
      peers.map(({ name, address }) => [
        "server",
        name,
        ...address === null ? [] : [serverAddressText(address)],
      ]),
  }),
  tables: define({
    doc: "Stick tables of the section's own, which proxies call 'section/table'.",
    chapter,
    schema: v.optional(v.array(NamedTable), []),
    forms: [],
    print: (tables: readonly NamedTable[]) =>
      tables.map(({ name, ...table }) => ["table", name, ...stickTableWords(table)]),
  }),
};

/** {@linkcode peersSettings} */
export const Peers = namedSchema(peersSettings);
/** {@linkcode Peers} */
export type Peers = v.InferOutput<typeof Peers>;

function readName(args: Arguments): string {
  const name = args.word("a name").text;
  if (legalName.test(name)) return name;
  throw args.mistake(`'${name}' is not a name`, "letters, digits, '-', '_', '.', ':'");
}

function peer(name: "peer" | "server", usage: string, doc: string): Keyword<Peers> {
  return {
    name,
    usage,
    example: "web2 10.0.0.2:10000",
    doc,
    chapter,
    property: { name: "peers[].peers", unset: [] },
    read(section, args) {
      const peer: Peer = { name: readName(args), address: null };
      args.mark(peer);
      args.mark(section, "peers");
      if (name === "peer" || args.peek() !== undefined) {
        peer.address = serverAddress(args);
        const portless = peer.address.kind === "ip" && peer.address.port === null;
        if (portless) {
          throw args.mistake("the address of a peer has a port", "as in 10.0.0.2:10000");
        }
      }
      section.peers.push(peer);
    },
  };
}

const tableKeyword: Keyword<Peers> = {
  name: "table",
  usage: `<name> ${stickTableUsage}`,
  example: "counts type ip size 100k expire 30m store http_req_rate(10s)",
  doc: "A stick table of the section's own, which proxies call 'section/table'.",
  chapter,
  property: { name: "peers[].tables", unset: [] },
  read(section, args) {
    const begin = args.here();
    const name = readName(args);
    if (section.tables.some((each) => each.name === name)) {
      throw args.mistake(`there is another table '${name}' in this section`);
    }
    const read = readStickTable(args, begin);
    args.mark(section, "tables");
    if (read === null) return;
    const table = { name, ...read };
    args.places.inherit(read, table);
    args.places.mark(table, undefined, begin);
    section.tables.push(table);
  },
};

/** Two peers of one name are an error, as in HAProxy. */
function checkPeers(section: Peers, locator: Locator, report: Report): void {
  const first = new Map<string, Peer>();
  for (const peer of section.peers) {
    const other = first.get(peer.name);
    if (other === undefined) {
      first.set(peer.name, peer);
      continue;
    }
    const { file, line } = locator.place(other);
    const message = `peers '${section.name}' has another peer named '${peer.name}'`;
    report.error(locator.place(peer), message, `the other one: ${file}:${line}`);
  }
}

/** The section. */
export const peersSection = namedSection({
  keyword: "peers",
  doc: "Processes that share stick tables.",
  chapter,
  path: "peers",
  schema: Peers,
  settings: peersSettings,
  more: [
    peer("peer", "<name> <address>:<port>", "A process that tables are shared with, or this one."),
    peer("server", "<name> [<address>:<port>]", "As 'peer'; this one may stand without address."),
    tableKeyword,
  ],
  foreign: ["default-bind", "default-server", "log", "shards"],
  check: checkPeers,
});
