/** The keyword `cookie` of a proxy (manual, chapter 4.2, "cookie"). */
import { defaultCookie } from "../fields.ts";
import type { Cookie, Proxy } from "../model.ts";
import { time } from "./arguments.ts";
import { flag, type Keyword, readParameters, table } from "./keyword.ts";

/** A cookie being read. */
interface Draft {
  readonly cookie: Cookie;
  /** The mode that a word has asked for. */
  asked?: Cookie["mode"];
}

function mode(name: "rewrite" | "insert" | "prefix"): Keyword<Draft> {
  return {
    name,
    usage: "",
    read(draft, args) {
      if (draft.asked !== undefined && draft.asked !== name) {
        const hint = "one of: rewrite, insert, prefix";
        throw args.mistake(`'${name}' cannot be together with '${draft.asked}'`, hint);
      }
      draft.asked = name;
      draft.cookie.mode = name;
      args.mark(draft.cookie, "mode");
    },
  };
}

/** A life time: in seconds, as cookies count; 0 is no limit. */
function seconds(name: "maxidle" | "maxlife"): Keyword<Cookie> {
  return {
    name,
    usage: "<seconds>",
    read(cookie, args) {
      const value = Math.ceil(time(args, "s") / 1000);
      cookie[name] = value === 0 ? null : value;
      args.mark(cookie, name);
    },
  };
}

const options: readonly Keyword<Cookie>[] = [
  flag("indirect", "indirect"),
  flag("nocache", "nocache"),
  flag("postonly", "postonly"),
  flag("preserve", "preserve"),
  flag("httponly", "httponly"),
  flag("secure", "secure"),
  seconds("maxidle"),
  seconds("maxlife"),
  {
    name: "domain",
    usage: "<domain>",
    read(cookie, args) {
      cookie.domains.push(args.word("a domain").text);
      args.mark(cookie, "domains");
    },
  },
];

const parameters = table<Keyword<Draft>>([
  mode("rewrite"),
  mode("insert"),
  mode("prefix"),
  ...options.map(({ name, usage, read }): Keyword<Draft> => ({
    name,
    usage,
    read: (draft, args) => read(draft.cookie, args),
  })),
], ["attr", "dynamic"]);

/** `cookie` in a proxy. */
export const proxyCookie: Keyword<Proxy> = {
  name: "cookie",
  usage: "<name> [rewrite|insert|prefix] [indirect] [nocache] [postonly] [preserve] [httponly] " +
    "[secure] [domain <domain>]* [maxidle <seconds>] [maxlife <seconds>]",
  read(proxy, args) {
    const cookie = defaultCookie(args.word("a name").text);
    args.mark(cookie);
    args.mark(cookie, "name");
    args.mark(proxy, "cookie");
    readParameters(parameters, { cookie }, args, "in 'cookie'");
    proxy.cookie = cookie;
  },
};
