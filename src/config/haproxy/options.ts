/** The keywords `option ...` (manual, chapter 4.2). */
import { defaultForwardFor, defaultOriginalTo } from "../fields.ts";
import { parseNetwork } from "../../net/ip/address.ts";
import type { Check, ForwardFor, Proxy, Splice } from "../model.ts";
import { type Arguments, integer } from "./arguments.ts";
import {
  flag,
  type Keyword,
  names,
  ofProxy,
  type ProxyKeyword,
  readParameters,
  table,
} from "./keyword.ts";

/** `option httpclose` and its kin: the last one counts; "no" takes back that one only. */
function connection(name: string, mode: Proxy["connection"]): Keyword<Proxy> {
  return {
    name: `option ${name}`,
    usage: "",
    read(proxy, args) {
      proxy.connection = mode;
      args.mark(proxy, "connection");
    },
    undo(proxy) {
      if (proxy.connection === mode) proxy.connection = "keep-alive";
    },
  };
}

/** A kind of check: the last one counts. */
function check(name: string, usage: string, read: (args: Arguments) => Check): Keyword<Proxy> {
  return {
    name: `option ${name}`,
    usage,
    read(proxy, args) {
      proxy.check = read(args);
      args.mark(proxy, "check");
    },
  };
}

/** `option splice-auto` and its kin. What "no" has not forbidden is spliced anyway, where that pays. */
function splice(name: string, directions: readonly (keyof Splice)[]): Keyword<Proxy> {
  const set = (allowed: boolean) => (proxy: Proxy, args: Arguments) => {
    for (const direction of directions) proxy.splice[direction] = allowed;
    args.mark(proxy, "splice");
  };
  return { name: `option ${name}`, usage: "", read: set(true), undo: set(false) };
}

function logFormat(name: "httplog" | "tcplog"): Keyword<Proxy> {
  return {
    name: `option ${name}`,
    usage: "",
    read(proxy, args) {
      if (args.peek()?.text === "clf" && name === "httplog") {
        args.next();
        throw args.mistake("sluice does not support 'option httplog clf'");
      }
      proxy.logFormat = name;
      args.mark(proxy, "logFormat");
    },
  };
}

/** What `forwardfor` and `originalto` have in common. */
type AddressField = Pick<ForwardFor, "except" | "header">;

const addressField: readonly Keyword<AddressField>[] = [
  {
    name: "except",
    usage: "<network>",
    read(field, args) {
      const { text } = args.word("a network");
      const network = parseNetwork(text);
      if (network === null) {
        const hint = "an IP address, address/length, or address/mask";
        throw args.mistake(`'${text}' is not a network`, hint);
      }
      field.except = network;
      args.mark(field, "except");
    },
  },
  {
    name: "header",
    usage: "<name>",
    read(field, args) {
      field.header = args.word("a field name").text;
      args.mark(field, "header");
    },
  },
];

const originaltoParameters = table<Keyword<AddressField>>(addressField);
const forwardforParameters = table<Keyword<ForwardFor>>([
  ...addressField,
  flag("if-none", "ifNone"),
]);

const forwardfor: Keyword<Proxy> = {
  name: "option forwardfor",
  usage: "[except <network>] [header <name>] [if-none]",
  read(proxy, args) {
    const field = defaultForwardFor();
    args.mark(proxy, "forwardfor");
    args.mark(field);
    readParameters(forwardforParameters, field, args, "in 'option forwardfor'");
    proxy.forwardfor = field;
  },
};

const originalto: Keyword<Proxy> = {
  name: "option originalto",
  usage: "[except <network>] [header <name>]",
  read(proxy, args) {
    const field = defaultOriginalTo();
    args.mark(proxy, "originalto");
    args.mark(field);
    readParameters(originaltoParameters, field, args, "in 'option originalto'");
    proxy.originalto = field;
  },
};

/** `option redispatch`; of HAProxy's interval only the default, the last retry. */
const redispatch: Keyword<Proxy> = {
  ...flag<Proxy, "redispatch">("option redispatch", "redispatch", true),
  read(proxy, args) {
    proxy.redispatch = true;
    args.mark(proxy, "redispatch");
    if (args.peek() === undefined) return;
    if (integer(args, -(2 ** 31)) !== -1) {
      const hint = "without a number: on the last retry";
      throw args.mistake("sluice does not support an interval in 'option redispatch'", hint);
    }
  },
};

const httpchk = (args: Arguments): Check => {
  const words = [args.next(), args.next(), args.next()].flatMap((word) => word?.text ?? []);
  const [first = "/", second, version = "HTTP/1.0"] = words;
  const [method, uri] = second === undefined ? ["OPTIONS", first] : [first, second];
  return { kind: "http", method, uri, version };
};

/** All options, with what HAProxy calls them after the word `option`. */
export const options: readonly ProxyKeyword[] = [
  ofProxy("both", connection("httpclose", "close")),
  ofProxy("both", connection("forceclose", "close")),
  ofProxy("both", connection("http-server-close", "server-close")),
  ofProxy("both", connection("http-keep-alive", "keep-alive")),
  ofProxy("both", forwardfor),
  ofProxy("both", originalto),
  ofProxy("both", splice("splice-auto", ["request", "response"])),
  ofProxy("both", splice("splice-request", ["request"])),
  ofProxy("both", splice("splice-response", ["response"])),
  ofProxy("frontend", logFormat("httplog")),
  ofProxy("frontend", logFormat("tcplog")),
  ofProxy("frontend", flag("option dontlognull", "dontlognull", true)),
  ofProxy("backend", check("httpchk", "[[<method>] <uri> [<version>]]", httpchk)),
  ofProxy("backend", check("ssl-hello-chk", "", () => ({ kind: "ssl-hello" }))),
  ofProxy("backend", check("tcp-check", "", () => ({ kind: "tcp" }))),
  ofProxy("backend", flag("option persist", "persist", true)),
  ofProxy("backend", redispatch),
  ofProxy("backend", flag("option abortonclose", "abortonclose", true)),
  ofProxy("backend", flag("option allbackups", "allbackups", true)),
];

/** Options that HAProxy has besides. */
export const foreignOptions = names(
  `
  accept-invalid-http-request accept-invalid-http-response checkcache clitcpka contstats
  disable-h2-upgrade dontlog-normal external-check h1-case-adjust-bogus-client
  h1-case-adjust-bogus-server http-buffer-request http-ignore-probes http-no-delay
  http-pretend-keepalive http-proxy http-restrict-req-hdr-names http-tunnel http-use-htx
  http-use-proxy-header httpslog idle-close-on-response independent-streams ldap-check
  log-health-checks log-separate-errors logasap mysql-check nolinger pgsql-check prefer-last-server
  redis-check smtpchk socket-stats spop-check srvtcpka tcp-smart-accept
  tcp-smart-connect tcpka transparent
`,
  "option ",
);
