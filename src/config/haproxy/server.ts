/** The keywords `server`, `default-server` and `dispatch` (manual, chapter 5.2). */
import { legalName, type Proxy, type Server } from "../model.ts";
import { type Arguments, attempt, integer, time } from "./arguments.ts";
import { ipAndPort, serverAddress, source, sourceUsage } from "./endpoints.ts";
import {
  count,
  type Keyword,
  names,
  type ProxyKeyword,
  readParameters,
  setting,
  table,
} from "./keyword.ts";
import type { Section } from "./section.ts";

/** A word that turns a property of a server on or off. */
function turn(
  name: string,
  key: "backup" | "disabled" | "check" | "checkSendProxy",
  value: boolean,
): Keyword<Server> {
  return setting(name, "", key, () => value);
}

function interval(name: "inter" | "fastinter" | "downinter"): Keyword<Server> {
  return setting(name, "<time>", name, (args) => {
    const value = time(args);
    if (value === 0) throw args.mistake(`'${name}' cannot be 0`);
    return value;
  });
}

/** A header of the PROXY protocol before all else: the last word of these counts. */
function sendProxy(name: string, version: Server["sendProxy"]): Keyword<Server> {
  return setting(name, "", "sendProxy", () => version);
}

const parameters = table<Keyword<Server>>(
  [
    count("weight", "<0..256>", "weight", { max: 256 }),
    setting("cookie", "<value>", "cookie", (args) => args.word("a value").text),
    turn("backup", "backup", true),
    turn("no-backup", "backup", false),
    turn("disabled", "disabled", true),
    turn("enabled", "disabled", false),
    turn("check", "check", true),
    turn("no-check", "check", false),
    interval("inter"),
    interval("fastinter"),
    interval("downinter"),
    count("rise", "<count>", "rise", { min: 1 }),
    count("fall", "<count>", "fall", { min: 1 }),
    setting("port", "<port>", "port", (args) => integer(args, 1, 65535)),
    {
      name: "addr",
      usage: "<ip>[:<port>]",
      read(server, args) {
        const { host, port } = ipAndPort(args);
        server.addr = host;
        args.mark(server, "addr");
        if (port !== null) server.port = port;
      },
    },
    count("maxconn", "<number>", "maxconn"),
    count("minconn", "<number>", "minconn"),
    count("maxqueue", "<number>", "maxqueue"),
    setting("source", sourceUsage, "source", source),
    sendProxy("send-proxy", "v1"),
    sendProxy("send-proxy-v2", "v2"),
    sendProxy("no-send-proxy", null),
    sendProxy("no-send-proxy-v2", null),
    turn("check-send-proxy", "checkSendProxy", true),
    turn("no-check-send-proxy", "checkSendProxy", false),
    setting("track", "[<proxy>/]<server>", "track", (args) => args.word("a server").text),
  ],
  names(`
  agent-addr agent-check agent-inter agent-port agent-send allow-0rtt alpn ca-file check-alpn
  check-proto check-sni check-ssl check-via-socks4 ciphers ciphersuites crl-file crt
  error-limit force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 id init-addr log-proto
  max-reuse namespace no-agent-check no-check-ssl
  no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-ssl no-ssl-reuse no-sslv3 no-tfo
  no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 no-verifyhost non-stick npn observe on-error
  on-marked-down on-marked-up pool-low-conn pool-max-conn pool-purge-delay proto proxy-v2-options
  redir resolve-net resolve-opts resolve-prefer resolvers
  send-proxy-v2-ssl send-proxy-v2-ssl-cn slowstart sni socks4 ssl ssl-max-ver ssl-min-ver ssl-reuse
  stick tcp-ut tfo tls-tickets usesrc verify verifyhost ws
  `),
);

const parametersUsage = "[" + [...parameters.keywords.keys()].join("] [") + "]";

/** `server` in a proxy. */
export const proxyServer: ProxyKeyword = {
  name: "server",
  usage: "<name> <address>[:[<port>]] [param*]",
  side: "backend",
  defaults: false,
  strict: true,
  read(section, args) {
    const name = args.word("a name and an address").text;
    // After a mistake the rest is read nonetheless, for the errors in it.
    const isNamed = attempt(args.report, () => {
      if (legalName.test(name)) return;
      const hint = "letters, digits, '-', '_', '.', ':'";
      throw args.mistake(`'${name}' is not a server's name`, hint);
    });
    const server: Server = { ...structuredClone(section.defaultServer), name };
    args.places.inherit(section.defaultServer, server);
    args.mark(server);
    args.mark(server, "name");
    const isAddressed = attempt(args.report, () => {
      server.address = serverAddress(args);
      args.mark(server, "address");
    });
    readServerParameters(server, args);
    if (isNamed && isAddressed) section.proxy.servers.push(server);
  },
};

/** `default-server`: what later `server` lines begin with. */
export const proxyDefaultServer: ProxyKeyword = {
  name: "default-server",
  usage: "[param*]",
  side: "backend",
  defaults: true,
  strict: true,
  read: (section: Section, args) => readServerParameters(section.defaultServer, args),
};

function readServerParameters(server: Server, args: Arguments): void {
  args.usage += `\nparameters: ${parametersUsage}`;
  readParameters(parameters, server, args, "for a server");
}

/** `dispatch` in a proxy. */
export const proxyDispatch: Keyword<Proxy> = {
  name: "dispatch",
  usage: "<address>:<port>",
  read(proxy, args) {
    const address = serverAddress(args);
    if (address.kind === "ip" && address.port === null) {
      throw args.mistake("'dispatch' expects a port", "as in 192.168.1.1:80");
    }
    proxy.dispatch = address;
    args.mark(proxy, "dispatch");
  },
};
