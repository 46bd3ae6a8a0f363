/** The keyword `bind`, and the address of a section's first line (manual, chapter 5.1). */
import type { Bind } from "../model.ts";
import type { Arguments } from "./arguments.ts";
import { listenAddresses } from "./endpoints.ts";
import {
  count,
  type Keyword,
  names,
  type ProxyKeyword,
  readParameters,
  setting,
  table,
} from "./keyword.ts";

type Parameters = Omit<Bind, "address">;

const unset = (): Parameters => ({
  name: null,
  backlog: null,
  v6only: false,
  transparent: false,
  acceptProxy: false,
});

const parameters = table<Keyword<Parameters>>(
  [
    setting("name", "<name>", "name", (args) => args.word("a name").text),
    count("backlog", "<number>", "backlog", { zeroIsUnset: true }),
    setting("v6only", "", "v6only", () => true),
    setting("v4v6", "", "v6only", () => false),
    setting("transparent", "", "transparent", () => true),
    setting("accept-proxy", "", "acceptProxy", () => true),
  ],
  names(`
  accept-netscaler-cip allow-0rtt alpn ca-file ca-ignore-err ca-sign-file ca-sign-pass
  ca-verify-file ciphers ciphersuites crl-file crt crt-ignore-err crt-list curves defer-accept ecdhe
  expose-fd force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 generate-certificates
  gid group id interface level maxconn mode mss namespace nice no-ca-names no-sslv3 no-tls-tickets
  no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 npn prefer-client-ciphers process proto quic-cc-algo
  quic-force-retry severity-output shards ssl ssl-max-ver ssl-min-ver strict-sni tcp-ut tfo thread
  tls-ticket-keys uid user verify
  `),
);

/** Whether `word` is a parameter of `bind`. */
export function isBindParameter(word: string): boolean {
  return parameters.keywords.has(word);
}

/** The listening sockets at the addresses of `word`, which was taken last, without parameters. */
export function bindsAt(args: Arguments, word: string): Bind[] {
  return listenAddresses(args, word).map((address) => {
    const bind: Bind = { address, ...unset() };
    args.mark(bind);
    args.mark(bind, "address");
    return bind;
  });
}

/** `bind` in a proxy. */
export const proxyBind: ProxyKeyword = {
  name: "bind",
  usage: "<address>:<port>[-<port>][,...] [param*]",
  side: "frontend",
  defaults: false,
  read(section, args) {
    const { proxy } = section;
    const binds = bindsAt(args, args.word("an address to listen on").text);
    args.mark(proxy, "bind");
    const common = unset();
    readParameters(parameters, common, args, "in 'bind'");
    // With a 'bind' of its own, a section that is named like an address only has that name.
    if (section.impliedBind) proxy.bind = [];
    section.impliedBind = false;
    for (const bind of binds) {
      args.places.inherit(common, bind);
      proxy.bind.push(Object.assign(bind, common));
    }
  },
};
