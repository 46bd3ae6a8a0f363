/** The keyword `bind`, and the address of a section's first line (manual, chapter 5.1). */
import * as v from "valibot";
import type { Arguments } from "../haproxy/arguments.ts";
import { readParameters, table } from "../haproxy/table.ts";
import { ListenAddress, listenAddresses, listenText } from "./addresses.ts";
import { bindAbsent } from "./absent.ts";
import { bindSocketSettings } from "./bind-sockets.ts";
import { foreignBindOptions } from "./foreign.ts";
import {
  entriesOf,
  flag,
  type Keyword,
  keywordsOf,
  nullable,
  printSettings,
  word,
  zeroable,
} from "./keyword.ts";
import { bindWithoutEffect } from "./no-effect.ts";
import { bindTlsSettings } from "./tls-bind.ts";
import { choice, integer, text } from "./values.ts";

const chapter = "5.1";
const v6only = flag("v6only", {
  doc: "The IPv6 any-address takes no IPv4 clients (IPV6_V6ONLY).",
  chapter,
  needs: (value) => value ? "ipv6Only" : null,
});

/** Options of `bind`. */
export const bindSettings = {
  name: nullable("name", text("a name", "<name>", "front"), {
    doc: "A label for people: nothing refers to it.",
    chapter,
  }),
  backlog: zeroable("backlog", integer({ min: 1, zero: true, example: "1024" }), {
    doc: "Connections that the kernel keeps until they are accepted; else the proxy's 'backlog'.",
    chapter,
  }),
  v6only: {
    ...v6only,
    forms: [...v6only.forms, word("v4v6", false, "The IPv6 any-address takes IPv4 clients, too.")],
  },
  transparent: flag("transparent", {
    doc: "Listens on an address that the machine may not have, or not yet (IP_TRANSPARENT).",
    chapter,
    needs: (value) => value ? "transparent" : null,
  }),
  acceptProxy: flag("accept-proxy", {
    doc: "Connections begin with a header of the PROXY protocol, of version 1 or 2.",
    chapter,
  }),
  proto: nullable("proto", choice("a protocol", ["h1", "h2", "none"]), {
    doc: "What clients speak; else HTTP/2 where ALPN says so, or where they begin with it.",
    chapter,
  }),
  ...bindSocketSettings,
  ...bindTlsSettings,
};

/** One listening socket of a proxy (manual: "bind"). */
export const Bind = v.strictObject({ address: ListenAddress, ...entriesOf(bindSettings) });
/** {@linkcode Bind} */
export type Bind = v.InferOutput<typeof Bind>;

/** The words of a `bind` line. */
export function bindWords(bind: Bind): string[] {
  return ["bind", listenText(bind.address), ...printSettings(bindSettings, bind).flat()];
}

/** The options as keywords. */
export const bindOptions = table<Keyword<Record<string, unknown>>>(
  [...keywordsOf(bindSettings, "proxies[].bind[]."), ...bindWithoutEffect, ...bindAbsent],
  foreignBindOptions,
);

/** What a `bind` line without options leaves unset. */
const { address: _, ...unset } = v.parse(Bind, { address: { kind: "fd", fd: 0 } });

/** The listening sockets at the addresses of `word`, which was taken last, without parameters. */
export function bindsAt(args: Arguments, word: string): Bind[] {
  return listenAddresses(args, word).map((address) => {
    const bind: Bind = { address, ...unset };
    args.mark(bind);
    args.mark(bind, "address");
    return bind;
  });
}

/** What `bind` acts on. */
interface Listening {
  readonly proxy: { bind: Bind[] };
  /** Whether it listens where its name says, as long as it has no `bind` of its own. */
  impliedBind: boolean;
}

/** `bind` in a proxy. */
export const proxyBind: Keyword<Listening> = {
  name: "bind",
  usage: "<address>:<port>[-<port>][,...] [param*]",
  example: "192.168.1.1:80,:8080-8089 name front",
  doc: "Adds addresses on which the proxy listens.",
  chapter: "4.2",
  side: "frontend",
  defaults: false,
  property: { name: "proxies[].bind", unset: [] },
  read(section, args) {
    const { proxy } = section;
    const word = args.address("an address to listen on");
    if (/^quic[46]?@/.test(word)) return leaveOutQuic(section, args, word);
    const binds = bindsAt(args, word);
    args.mark(proxy, "bind");
    const common = { ...unset };
    readParameters(bindOptions, common, args, "in 'bind'");
    // With a 'bind' of its own, a section that is named like an address only has that name.
    if (section.impliedBind) proxy.bind = [];
    section.impliedBind = false;
    for (const bind of binds) {
      args.places.inherit(common, bind);
      proxy.bind.push(Object.assign(bind, common));
    }
  },
};

/** Clients that are told of QUIC (by Alt-Svc) try it, and stay with TCP where nobody answers. */
function leaveOutQuic(section: Listening, args: Arguments, word: string): void {
  const why = "sluice has no QUIC, and clients go on over TCP";
  args.report.warning(args.here(), `'bind ${word}' has no effect: ${why}`);
  readParameters(bindOptions, { ...unset }, args, "in 'bind'");
  section.impliedBind = false;
}
