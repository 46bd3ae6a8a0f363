/** The keywords `server`, `default-server` and `dispatch` (manual, chapter 5.2). */
import * as v from "valibot";
import { type Arguments, attempt } from "../haproxy/arguments.ts";
import { readParameters, table } from "../haproxy/table.ts";
import {
  hostText,
  ipAndPort,
  needsOf,
  ServerAddress,
  serverAddress,
  serverAddressText,
  sourceNeeds,
  sourceValue,
} from "./addresses.ts";
import { serverAbsent } from "./absent.ts";
import { foreignServerOptions } from "./foreign.ts";
import { serverCheckSettings } from "./server-checks.ts";
import {
  define,
  entriesOf,
  flag,
  type Form,
  type Keyword,
  keywordsOf,
  nullable,
  printSettings,
  setting,
  word,
} from "./keyword.ts";
import { serverWithoutEffect } from "./no-effect.ts";
import { serverSocketSettings } from "./server-sockets.ts";
import { hashKeys } from "../../balance/ring.ts";
import { choice, integer, legalName, nameSchema, text, time } from "./values.ts";
import { nameSettings } from "./server-names.ts";
import { proxyV2Keywords, proxyV2Options } from "./server-proxy.ts";
import { serverTlsSettings } from "./tls-server.ts";

const chapter = "5.2";
const interval = time({ positive: true, example: "5s" });

const sendProxy: readonly Form<"v1" | "v2" | null>[] = [
  word("send-proxy", "v1", "Begins connections with a header of the PROXY protocol, version 1."),
  word("send-proxy-v2", "v2", "Begins connections with a header of the PROXY protocol, version 2."),
  word("no-send-proxy", null, "Takes 'send-proxy' back."),
  word("no-send-proxy-v2", null, "Takes 'send-proxy-v2' back."),
];

/** Options of servers. */
export const serverSettings = {
  cookie: nullable("cookie", text("a value", "<value>", "A"), {
    doc: "The value of the persistence cookie that leads to this server.",
    chapter,
  }),
  weight: setting("weight", integer({ max: 256, usage: "<0..256>", example: "10" }), 1, {
    doc: "The server's share of the load, beside the others' weights; 0: only persistent clients.",
    chapter,
  }),
  hashKey: setting("hash-key", choice("what a server's places follow from", hashKeys), "id", {
    doc: "What the server's places in a consistent hash follow from.",
    chapter,
  }),
  check: flag("check", { doc: "Checks the server's health.", chapter, off: "no-check" }),
  addr: define({
    doc: "Checks this address instead of the server's.",
    chapter,
    schema: v.optional(v.nullable(v.string()), null),
    forms: [],
    print: (addr: string | null) => addr === null ? [] : [["addr", hostText(addr)]],
  }),
  port: nullable("port", integer({ min: 1, max: 65535, usage: "<port>", example: "8080" }), {
    doc: "Checks this port instead of the server's.",
    chapter,
  }),
  inter: setting("inter", interval, 2000, {
    doc: "Time between two checks of a server that is fully up.",
    chapter,
  }),
  fastinter: nullable("fastinter", interval, {
    doc: "Time between two checks of a server in transition; else 'inter'.",
    chapter,
  }),
  downinter: nullable("downinter", interval, {
    doc: "Time between two checks of a server that is down; else 'inter'.",
    chapter,
  }),
  rise: setting("rise", integer({ min: 1, usage: "<count>", example: "5" }), 2, {
    doc: "Checks that must pass until a server is up.",
    chapter,
  }),
  fall: setting("fall", integer({ min: 1, usage: "<count>", example: "5" }), 3, {
    doc: "Checks that must fail until a server is down.",
    chapter,
  }),
  ...serverCheckSettings,
  maxconn: setting("maxconn", integer(), 0, {
    doc: "Concurrent connections at most, further ones wait; 0: no limit.",
    chapter,
  }),
  minconn: setting("minconn", integer({ example: "10" }), 0, {
    doc: "'maxconn' under low load, rising with the proxy's load; 0: always 'maxconn'.",
    chapter,
  }),
  maxqueue: setting("maxqueue", integer(), 0, {
    doc: "Requests that may wait for this server in particular; 0: no limit.",
    chapter,
  }),
  backup: flag("backup", {
    doc: "Takes part only where no other server is up.",
    chapter,
    off: "no-backup",
  }),
  redir: nullable("redir", text("a prefix", "<prefix>", "http://images.example"), {
    doc: "Sends clients that GET something there, in place of asking the server.",
    chapter,
  }),
  nonStick: flag("non-stick", {
    doc: "Is not noted in stick tables as the one that clients stick to.",
    chapter,
    off: "stick",
  }),
  disabled: flag("disabled", { doc: "Begins in maintenance.", chapter, off: "enabled" }),
  sendProxy: define({
    doc: "Begins connections with a header of the PROXY protocol, of this version.",
    chapter,
    schema: v.optional(v.nullable(v.picklist(["v1", "v2"])), null),
    forms: sendProxy,
    print: (version: "v1" | "v2" | null) =>
      version === null ? [] : [[version === "v2" ? "send-proxy-v2" : "send-proxy"]],
  }),
  proxyV2Options,
  checkSendProxy: flag("check-send-proxy", {
    doc: "Begins checks with a PROXY header in any case; else only where traffic goes, too.",
    chapter,
    off: "no-check-send-proxy",
  }),
  track: nullable("track", text("a server", "[<proxy>/]<server>", "www/web1"), {
    doc: "Takes over the state of another server.",
    chapter,
  }),
  source: nullable("source", sourceValue, {
    doc: "The local address of connections to the server; else the proxy's 'source'.",
    chapter,
    needs: sourceNeeds,
  }),
  ...serverSocketSettings,
  ...nameSettings,
  proto: nullable("proto", choice("a protocol", ["h1", "h2", "none"], ["fcgi"]), {
    doc: "What is spoken to the server; else HTTP/2 where ALPN says so.",
    chapter,
  }),
  ...serverTlsSettings,
};

/** A server of a backend (manual: "server", and chapter 5.2). */
export const Server = v.strictObject({
  name: nameSchema,
  address: ServerAddress,
  ...entriesOf(serverSettings),
});
/** {@linkcode Server} */
export type Server = v.InferOutput<typeof Server>;

const addr: Keyword<Pick<Server, "addr" | "port">> = {
  name: "addr",
  usage: "<address>[:<port>]",
  example: "192.168.1.1",
  doc: serverSettings.addr.doc,
  chapter,
  property: { name: "proxies[].servers[].addr", unset: null },
  read(server, args) {
    const { host, port } = ipAndPort(args);
    if (host !== null) server.addr = host;
    args.mark(server, "addr");
    if (port !== null) server.port = port;
  },
};

/** The options as keywords. */
export const serverOptions = table(
  [
    ...keywordsOf(serverSettings, "proxies[].servers[]."),
    addr as Keyword<Record<string, unknown>>,
    ...proxyV2Keywords as unknown as Keyword<Record<string, unknown>>[],
    ...serverWithoutEffect,
    ...serverAbsent,
  ],
  foreignServerOptions,
);

const parametersUsage = "[" + [...serverOptions.keywords.keys()].join("] [") + "]";

/** A server's options of which none is given. */
export const unsetServer = (): Record<string, unknown> =>
  v.parse(Server, { name: "unnamed", address: { kind: "unix", path: "/" } });

/** The words of a `server` line; defaults are left out. */
function serverWords(server: Server): string[] {
  const options = printSettings(serverSettings, server).flat();
  return ["server", server.name, serverAddressText(server.address), ...options];
}

/** What `server` and `default-server` act on. */
interface Serving {
  readonly proxy: { servers: Server[] };
  /** What `default-server` has set; with an unused name and address. */
  readonly defaultServer: Server;
}

/** `server` in a proxy. */
export const proxyServer: Keyword<Serving> = {
  name: "server",
  usage: "<name> <address>[:[<port>]] [param*]",
  example: "web1 192.168.1.1:80 check weight 10",
  doc: "Adds a server.",
  chapter: "4.2",
  side: "backend",
  defaults: false,
  strict: true,
  property: { name: "proxies[].servers", unset: [] },
  read(section, args) {
    const name = args.word("a name and an address").text;
    // After a mistake the rest is read nonetheless, for the errors in it.
    const isNamed = attempt(args.report, () => checkName(name, args));
    const server = readServer(section, name, args);
    if (isNamed && server !== null) section.proxy.servers.push(server);
  },
};

function checkName(name: string, args: Arguments): void {
  if (legalName.test(name)) return;
  const hint = "letters, digits, '-', '_', '.', ':'";
  throw args.mistake(`'${name}' is not a server's name`, hint);
}

/** Reads what follows a server's name; null: it has no address. */
function readServer(section: Serving, name: string, args: Arguments): Server | null {
  const server: Server = { ...section.defaultServer, name };
  args.places.inherit(section.defaultServer, server);
  args.mark(server);
  args.mark(server, "name");
  const isAddressed = attempt(args.report, () => {
    server.address = serverAddress(args);
    args.mark(server, "address");
  });
  readOptions(server, args);
  return isAddressed ? server : null;
}

/** `server-template`: so many servers that differ in their names alone. */
export const proxyServerTemplate: Keyword<Serving> = {
  name: "server-template",
  usage: "<prefix> <number>|<first>-<last> <address>[:[<port>]] [param*]",
  example: "web 3 www.example:80 check",
  doc: "Adds servers for the addresses of one name, or for one service.",
  chapter: "4.2",
  side: "backend",
  defaults: false,
  strict: true,
  property: { name: "proxies[].servers", unset: [] },
  read(section, args) {
    const prefix = args.word("a prefix, a number and an address").text;
    const isNamed = attempt(args.report, () => checkName(prefix, args));
    const place = args.here();
    let [first, last] = [1, 0];
    attempt(args.report, () => [first, last] = range(args));
    const server = readServer(section, `${prefix}${first}`, args);
    if (!isNamed || server === null) return;
    for (let number = first; number <= last; number++) {
      const one: Server = { ...server, name: `${prefix}${number}` };
      args.places.inherit(server, one);
      args.places.mark(one, undefined, place);
      args.places.mark(one, "name", place);
      section.proxy.servers.push(one);
    }
  },
};

/** Reads the numbers of a template's servers: so many from 1 on, or a range. */
function range(args: Arguments): [first: number, last: number] {
  const { text } = args.word("a number, or a range");
  const [, low = "", high] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  const [first, last] = high === undefined ? [1, Number(low)] : [Number(low), Number(high)];
  if (low === "" || last < 1 || last < first) {
    throw args.mistake(`'${text}' is not a number of servers, nor a range`, "as in 3, or 1-3");
  }
  args.budget.copies -= last - first + 1;
  if (args.budget.copies >= 0) return [first, last];
  throw args.mistake("the configuration has too many servers", "a smaller number");
}

/** `default-server`: what later `server` lines begin with. */
export const proxyDefaultServer: Keyword<Serving> = {
  name: "default-server",
  usage: "[param*]",
  example: "check inter 5s",
  doc: "Sets options of the servers on the lines that follow.",
  chapter: "4.2",
  side: "backend",
  strict: true,
  read: (section, args) => readOptions(section.defaultServer, args),
};

function readOptions(server: Server, args: Arguments): void {
  args.usage += `\nparameters: ${parametersUsage}`;
  readParameters(serverOptions, server, args, "for a server");
}

/** Settings of a proxy that say where its connections go and come from. */
export const sourceSetting = {
  source: nullable("source", sourceValue, {
    doc: "The local address of connections to servers.",
    chapter: "4.2",
    side: "backend",
    needs: sourceNeeds,
  }),
};

/** Settings of a proxy that name its servers, printed last. */
export const targetSettings = {
  dispatch: nullable("dispatch", {
    schema: ServerAddress,
    usage: "<address>:<port>",
    example: "192.168.1.1:80",
    read(args) {
      const address = serverAddress(args);
      if (address.kind === "ip" && address.port === null) {
        throw args.mistake("'dispatch' expects a port", "as in 192.168.1.1:80");
      }
      return address;
    },
    print: (address) => [serverAddressText(address)],
  }, {
    doc: "Where everything goes if there are no servers.",
    chapter: "4.2",
    side: "backend",
    defaults: false,
    needs: (address) => address === null ? null : needsOf(address),
  }),
  transparent: define({
    doc: "Without servers, everything goes where the client wanted to.",
    chapter: "4.2",
    side: "backend",
    schema: v.optional(v.boolean(), false),
    forms: [
      { ...word("option transparent", true), undo: () => false },
      word("transparent", true, "Old spelling of 'option transparent'."),
    ],
    print: (value: boolean) => value ? [["option transparent"]] : [],
  }),
  servers: define({
    doc: "The servers.",
    chapter: "4.2",
    side: "backend",
    defaults: false,
    schema: v.optional(v.array(Server), []),
    forms: [],
    print: (servers: readonly Server[]) => servers.map(serverWords),
  }),
};
