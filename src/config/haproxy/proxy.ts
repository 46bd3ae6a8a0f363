/** All keywords of the sections `defaults`, `listen`, `frontend`, `backend` (manual, chapter 4). */
import { parseNetwork } from "../../net/ip/address.ts";
import { type Proxy, reuseModes } from "../model.ts";
import { choice, time } from "./arguments.ts";
import { proxyBind } from "./bind.ts";
import { proxyCookie } from "./cookie.ts";
import { source, sourceUsage } from "./endpoints.ts";
import {
  count,
  type Keyword,
  names,
  ofProxy,
  type ProxyKeyword,
  setting,
  table,
} from "./keyword.ts";
import { proxyLog } from "./log.ts";
import { foreignOptions, options } from "./options.ts";
import { proxyDefaultServer, proxyDispatch, proxyServer } from "./server.ts";
import { foreignTimeouts, timeouts } from "./timeouts.ts";

const mode: Keyword<Proxy> = setting("mode", "http|tcp", "mode", (args) => {
  if (args.peek()?.text === "health") {
    args.next();
    const hint = "a server that answers needs a proxy in mode http; 'monitor-net' serves monitors";
    throw args.mistake("'mode health' does not exist any more", hint);
  }
  return choice(args, "a mode", ["http", "tcp"], ["cli", "log", "spop"]);
});

const balance: Keyword<Proxy> = setting(
  "balance",
  "roundrobin|static-rr|leastconn|source",
  "balance",
  (args) => {
    const algorithms = ["roundrobin", "static-rr", "leastconn", "source"] as const;
    const others = ["first", "hash", "uri", "url_param", "random", "rdp-cookie", "hdr"];
    const word = args.peek()?.text ?? "";
    const other = others.find((name) => word === name || word.startsWith(`${name}(`));
    return choice(args, "a balancing algorithm", algorithms, other === undefined ? [] : [word]);
  },
);

const hashType: Keyword<Proxy> = setting(
  "hash-type",
  "map-based|consistent",
  "hashType",
  (args) => {
    const type = choice(args, "a type of hash", ["map-based", "consistent"]);
    const extra = args.peek()?.text ?? "";
    if (["sdbm", "djb2", "wt6", "crc32", "avalanche", "none"].includes(extra)) {
      args.next();
      throw args.mistake(`sluice does not support the hash '${extra}'`);
    }
    return type;
  },
);

const monitorNet: Keyword<Proxy> = setting("monitor-net", "<network>", "monitorNet", (args) => {
  const { text } = args.word("a network");
  const network = parseNetwork(text);
  if (network !== null) return network;
  throw args.mistake(
    `'${text}' is not a network`,
    "an IP address, address/length, or address/mask",
  );
});

const monitorUri: Keyword<Proxy> = setting(
  "monitor-uri",
  "<uri>",
  "monitorUri",
  (args) => args.word("a URI").text,
);

const enabled = (name: string, disabled: boolean): Keyword<Proxy> =>
  setting(name, "", "disabled", () => disabled);

const description: Keyword<Proxy> = setting("description", "<text>", "description", (args) => {
  const words = [args.word("a text").text];
  for (let next = args.next(); next !== undefined; next = args.next()) words.push(next.text);
  return words.join(" ");
});

/** The guide's `redispatch`. */
const redispatch: Keyword<Proxy> = setting("redispatch", "", "redispatch", () => true);

const defaultBackend: Keyword<Proxy> = setting(
  "default_backend",
  "<name>",
  "defaultBackend",
  (args) => args.word("a backend's name").text,
);

const useBackend: Keyword<Proxy> = {
  name: "use_backend",
  usage: "<name>",
  read(proxy, args) {
    const rule = { backend: args.word("a backend's name").text };
    args.mark(rule);
    args.mark(proxy, "useBackend");
    const condition = args.peek()?.text;
    if (condition === "if" || condition === "unless") {
      args.next();
      const hint = "without a condition it takes every request";
      throw args.mistake("conditions of 'use_backend' come with the next version", hint);
    }
    proxy.useBackend.push(rule);
  },
};

const httpReuse: Keyword<Proxy> = setting(
  "http-reuse",
  reuseModes.join("|"),
  "httpReuse",
  (args) => choice(args, "a way to reuse connections", reuseModes),
);

const httpSendNameHeader: Keyword<Proxy> = setting(
  "http-send-name-header",
  "<name>",
  "httpSendNameHeader",
  (args) => args.word("the name of a field").text,
);

/** All of them. Which section may have which: manual, chapter 4.1, and that of HAProxy 1.5. */
export const proxyKeywords = table<ProxyKeyword>(
  [
    ofProxy("both", mode),
    ofProxy("both", enabled("disabled", true)),
    ofProxy("both", enabled("enabled", false)),
    ofProxy("both", description, false),
    ofProxy("both", proxyLog),
    ofProxy("both", setting("grace", "<time>", "grace", (args) => time(args))),
    proxyBind,
    ofProxy("frontend", count("maxconn", "<number>", "maxconn", { zeroIsUnset: true })),
    ofProxy("frontend", count("backlog", "<number>", "backlog", { zeroIsUnset: true })),
    ofProxy("frontend", useBackend, false),
    ofProxy("frontend", defaultBackend),
    ofProxy("frontend", monitorNet),
    ofProxy("frontend", monitorUri),
    ofProxy("backend", balance),
    ofProxy("backend", hashType),
    ofProxy("backend", proxyCookie),
    ofProxy("backend", httpReuse),
    ofProxy("backend", httpSendNameHeader),
    ofProxy("backend", redispatch),
    ofProxy("backend", count("retries", "<number>", "retries")),
    ofProxy("backend", count("fullconn", "<number>", "fullconn", { zeroIsUnset: true })),
    ofProxy("backend", setting("source", sourceUsage, "source", source)),
    ofProxy("backend", proxyDispatch, false),
    proxyServer,
    proxyDefaultServer,
    ...options,
    ...timeouts,
  ],
  [
    ...names(`
  acl appsession bind-process block capture clitcpka-cnt clitcpka-idle clitcpka-intvl compression
  declare email-alert error-log-format errorfile errorfiles errorloc errorloc302 errorloc303
  external-check filter force-persist http-after-response http-check http-error http-request
  http-response id ignore-persist load-server-state-from-file
  log-format log-format-sd log-tag max-keep-alive-queue monitor persist rate-limit
  redirect reqadd reqallow reqdel reqdeny reqidel reqirep reqpass reqrep reqtarpit retry-on rspadd
  rspdel rspdeny rspidel rspirep rsprep server-state-file-name server-template srvtcpka-cnt
  srvtcpka-idle srvtcpka-intvl stats stick stick-table tcp-check tcp-request tcp-response
  transparent unique-id-format unique-id-header use-fcgi-app use-server
  `),
    ...foreignOptions,
    ...foreignTimeouts,
  ],
);
