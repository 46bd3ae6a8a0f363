/** Cookie persistence (manual, chapter 4.2, "cookie"). */
import * as v from "valibot";
import { time as readTime } from "../haproxy/arguments.ts";
import { readParameters, table } from "../haproxy/table.ts";
import { rdpPersistCookie } from "../../persist/rdp-cookie.ts";
import { ignoreRest } from "./arguments-rest.ts";
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
  zeroable,
} from "./keyword.ts";
import { integer, positive, text } from "./values.ts";

const chapter = "4.2";

type Mode = "passive" | "rewrite" | "insert" | "prefix";

function mode(name: Exclude<Mode, "passive">, doc: string): Form<Mode> {
  return {
    name,
    usage: "",
    example: "",
    doc,
    read(args, before, mark) {
      if (before !== "passive" && before !== name) {
        const hint = "one of: rewrite, insert, prefix";
        throw args.mistake(`'${name}' cannot be together with '${before}'`, hint);
      }
      mark();
      return name;
    },
  };
}

/** A life time: in seconds, as cookies count; 0 is no limit. */
function seconds(name: string, doc: string) {
  return zeroable(name, {
    schema: positive,
    usage: "<seconds>",
    example: "3600",
    read: (args) => Math.ceil(readTime(args, "s") / 1000),
    print: (value) => [String(value)],
  }, { doc, chapter });
}

/** Options of `cookie`. */
const cookieSettings = {
  mode: define({
    doc: "Whether and how sluice sets the cookie.",
    chapter,
    schema: v.optional(v.picklist(["passive", "rewrite", "insert", "prefix"]), "passive"),
    forms: [
      mode("rewrite", "The server sets the cookie, and sluice its value."),
      mode("insert", "Sets the cookie in responses."),
      mode("prefix", "Puts the server before the value of the application's own cookie."),
    ],
    print: (value: Mode) => value === "passive" ? [] : [[value]],
  }),
  indirect: flag("indirect", {
    doc: "Servers do not see the cookie, and clients that have it do not get it again.",
    chapter,
  }),
  nocache: flag("nocache", { doc: "Responses that set it are not cached by others.", chapter }),
  postonly: flag("postonly", { doc: "Only responses to POST requests set it.", chapter }),
  preserve: flag("preserve", { doc: "A cookie that the server sets stays as it is.", chapter }),
  httponly: flag("httponly", { doc: "Scripts do not see it (RFC 6265, HttpOnly).", chapter }),
  secure: flag("secure", { doc: "It goes over TLS only (RFC 6265, Secure).", chapter }),
  domains: define({
    doc: "The domains for which it is set.",
    chapter,
    schema: v.optional(v.array(v.string()), []),
    forms: [{
      name: "domain",
      usage: "<domain>",
      example: ".example.com",
      read(args, before, mark) {
        before.push(args.word("a domain").text);
        mark();
        return before;
      },
    }],
    print: (domains: readonly string[]) => domains.map((domain) => ["domain", domain]),
  }),
  maxidle: seconds("maxidle", "Seconds that it may go unused; else no limit."),
  maxlife: seconds("maxlife", "Seconds that it may live; else no limit."),
  dynamic: flag("dynamic", {
    doc: "Servers without a cookie have one that follows from their address and a secret.",
    chapter,
  }),
  attributes: define({
    doc: "Further attributes with which it is set, as SameSite=Strict.",
    chapter,
    schema: v.optional(v.array(v.string()), []),
    forms: [{
      name: "attr",
      usage: "<value>",
      example: "SameSite=Strict",
      read(args, before, mark) {
        before.push(args.word("an attribute").text);
        mark();
        return before;
      },
    }],
    print: (attributes: readonly string[]) => attributes.map((attribute) => ["attr", attribute]),
  }),
};

/** Cookie persistence (manual: "cookie"). */
export const Cookie = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  ...entriesOf(cookieSettings),
});
/** {@linkcode Cookie} */
export type Cookie = v.InferOutput<typeof Cookie>;

/** The options as keywords. */
export const cookieOptions = table(keywordsOf(cookieSettings, "proxies[].cookie."));

const usage = "<name> " + [...cookieOptions.keywords.values()].map(usageOf).join(" ");

function usageOf({ name, usage }: Keyword<never>): string {
  return `[${`${name} ${usage}`.trim()}]`;
}

/** The cookie of a proxy. */
export const cookieSetting = {
  cookie: define({
    doc: "Leads a client's requests to one server by a cookie.",
    chapter,
    side: "backend",
    http: true,
    schema: v.optional(v.nullable(Cookie), null),
    forms: [{
      name: "cookie",
      usage,
      example: "SERVERID insert indirect nocache",
      read(args, _before, mark) {
        const name = args.word("a name").text;
        const cookie = { ...v.parse(Cookie, { name: "unnamed" }), name };
        args.mark(cookie);
        args.mark(cookie, "name");
        mark();
        readParameters(cookieOptions, cookie, args, "in 'cookie'");
        return cookie;
      },
    }],
    print: (cookie: Cookie | null) =>
      cookie === null
        ? []
        : [["cookie", cookie.name, ...printSettings(cookieSettings, cookie).flat()]],
  }),
  dynamicCookieKey: nullable("dynamic-cookie-key", {
    ...text("a secret", "<secret>", "lengthyAndRandom"),
    read(args) {
      const secret = args.word("a secret").text;
      ignoreRest(args);
      return secret;
    },
  }, {
    doc: "The secret from which the cookies of 'cookie ... dynamic' follow.",
    chapter,
    side: "backend",
    http: true,
  }),
  persistRdpCookie: define({
    doc: "Leads a client to the server that its cookie of the Remote Desktop Protocol names.",
    chapter,
    side: "backend",
    schema: v.optional(v.nullable(v.string()), null),
    forms: [{
      name: "persist",
      usage: "rdp-cookie[(<name>)]",
      example: "rdp-cookie",
      read(args, _before, mark) {
        const other = "rdp-cookie, or rdp-cookie(name); 'option persist' is another keyword";
        const text = args.next()?.text ?? "";
        if (text === "") throw args.mistake("'persist' expects a way to persist", other);
        const [, parenthesis, name = ""] = /^rdp-cookie(\(([^()]+)\))?$/.exec(text) ?? [];
        if (text !== "rdp-cookie" && parenthesis === undefined) {
          throw args.mistake(`'${text}' is no way to persist`, other);
        }
        mark();
        ignoreRest(args);
        return name === "" ? rdpPersistCookie : name;
      },
    }],
    print: (name: string | null) =>
      name === null
        ? []
        : [["persist", name === rdpPersistCookie ? "rdp-cookie" : `rdp-cookie(${name})`]],
  }),
  preferLastServer: flag("option prefer-last-server", {
    doc: "Requests of a client stay with its last server, as long as its connection is its own.",
    chapter,
    side: "backend",
    no: true,
  }),
  maxKeepAliveQueue: setting(
    "max-keep-alive-queue",
    integer({ min: -1, usage: "<number>", example: "10" }),
    -1,
    {
      doc: "With 'option prefer-last-server': how many may wait for that server; -1: any number.",
      chapter,
      side: "backend",
    },
  ),
};
