/** Keywords of HTTP: how long connections live, which clients share them, which fields are added. */
import * as v from "valibot";
import { readParameters, table } from "../haproxy/table.ts";
import {
  define,
  entriesOf,
  flag,
  type Form,
  keywordsOf,
  nullable,
  printSettings,
  setting,
  word,
} from "./keyword.ts";
import { choice, integer, network, text } from "./values.ts";

const chapter = "4.2";

/** How long connections live (manual: "option http-keep-alive", "http-server-close", "httpclose"). */
export const connectionModes = ["keep-alive", "server-close", "close"] as const;
type ConnectionMode = (typeof connectionModes)[number];

/** `option httpclose` and its kin: the last one counts; "no" takes back that one only. */
function connection(name: string, mode: ConnectionMode, doc: string): Form<ConnectionMode> {
  return {
    ...word<ConnectionMode>(`option ${name}`, mode, doc),
    undo: (before) => before === mode ? "keep-alive" : before,
  };
}

/** Whose idle connections a request may take (manual: "http-reuse"). */
export const reuseModes = ["never", "safe", "aggressive", "always"] as const;

const header = (name: string, example: string) =>
  setting("header", text("a field name", "<name>", example), name, {
    doc: "The field's name.",
    chapter,
  });

const except = nullable("except", network, {
  doc: "Clients and addresses to leave alone.",
  chapter,
});

/** Parameters of `option forwardfor`. */
const forwardforSettings = {
  except,
  header: header("X-Forwarded-For", "X-Client"),
  ifNone: flag("if-none", { doc: "Not where the request has such a field already.", chapter }),
};
/** A field that carries the client's address (manual: "option forwardfor"). */
export const ForwardFor = v.strictObject(entriesOf(forwardforSettings));
/** {@linkcode ForwardFor} */
export type ForwardFor = v.InferOutput<typeof ForwardFor>;
const forwardforOptions = table(keywordsOf(forwardforSettings, "proxies[].forwardfor."));

/** Parameters of `option originalto`. */
const originaltoSettings = { except, header: header("X-Original-To", "X-To") };
/** A field that carries the address that the client connected to (manual: "option originalto"). */
export const OriginalTo = v.strictObject(entriesOf(originaltoSettings));
/** {@linkcode OriginalTo} */
export type OriginalTo = v.InferOutput<typeof OriginalTo>;
const originaltoOptions = table(keywordsOf(originaltoSettings, "proxies[].originalto."));

/** Tables of the parameters above, for the help. */
export const addressFieldOptions = { forwardfor: forwardforOptions, originalto: originaltoOptions };

/** Settings of HTTP. */
export const httpSettings = {
  httpIgnoreProbes: flag("option http-ignore-probes", {
    doc: "Says and logs nothing of connections on which no request came.",
    chapter,
    side: "frontend",
    no: true,
  }),
  disableH2Upgrade: flag("option disable-h2-upgrade", {
    doc: "In clear, a client that begins with the preface of HTTP/2 is refused.",
    chapter,
    side: "frontend",
    no: true,
  }),
  httpBufferRequest: flag("option http-buffer-request", {
    doc: "Waits for the content of a request, as far as it is kept, before its rules.",
    chapter,
    no: true,
  }),
  checkcache: flag("option checkcache", {
    doc: "Refuses responses that set a cookie and may be kept by caches: 502.",
    chapter,
    side: "backend",
    no: true,
  }),
  httpRestrictReqHdrNames: nullable(
    "option http-restrict-req-hdr-names",
    choice("what to do", ["preserve", "delete", "reject"]),
    {
      doc: "What to do with fields whose names have more than letters, digits and '-'.",
      chapter,
    },
  ),
  idleCloseOnResponse: flag("option idle-close-on-response", {
    doc: "In a soft-stop an idle connection is closed after its next response, not at once.",
    chapter,
    side: "frontend",
    no: true,
  }),
  httpReuse: setting("http-reuse", choice("a way to reuse connections", reuseModes), "safe", {
    doc: "Whether clients share connections to servers: never, once one is safe to, or always.",
    chapter,
    side: "backend",
  }),
  httpSendNameHeader: nullable(
    "http-send-name-header",
    text("the name of a field", "<name>", "X-Server"),
    {
      doc: "Tells each server its name in this field.",
      chapter,
      side: "backend",
      http: true,
    },
  ),
  httpPretendKeepalive: flag("option http-pretend-keepalive", {
    doc: "Does not tell servers that their connection ends with the response.",
    chapter,
    side: "backend",
    no: true,
  }),
  maxSessionSrvConns: setting(
    "max-session-srv-conns",
    integer({ usage: "<number>", example: "3" }),
    5,
    {
      doc: "Idle connections to servers that are kept for one client alone, at most.",
      chapter,
      side: "frontend",
    },
  ),
  connection: define({
    doc: "How long connections live.",
    chapter,
    schema: v.optional(v.picklist(connectionModes), "keep-alive"),
    forms: [
      connection("httpclose", "close", "Closes both connections after each response."),
      connection("forceclose", "close", "Old spelling of 'option httpclose'."),
      connection(
        "http-server-close",
        "server-close",
        "Closes the server's connection after each response, and keeps the client's.",
      ),
      connection("http-keep-alive", "keep-alive", "Keeps both connections after a response."),
    ],
    print(mode: ConnectionMode) {
      if (mode === "keep-alive") return [];
      return [[mode === "close" ? "option httpclose" : "option http-server-close"]];
    },
  }),
  forwardfor: define({
    doc: "Adds a field with the client's address to requests.",
    chapter,
    http: true,
    schema: v.optional(v.nullable(ForwardFor), null),
    forms: [{
      name: "option forwardfor",
      usage: "[except <network>] [header <name>] [if-none]",
      example: "except 127.0.0.0/8",
      read(args, _before, mark) {
        const field = v.parse(ForwardFor, {});
        mark();
        args.mark(field);
        readParameters(forwardforOptions, field, args, "in 'option forwardfor'");
        return field;
      },
    }],
    print: (field: ForwardFor | null) =>
      field === null
        ? []
        : [["option forwardfor", ...printSettings(forwardforSettings, field).flat()]],
  }),
  originalto: define({
    doc: "Adds a field with the address that the client connected to to requests.",
    chapter,
    http: true,
    schema: v.optional(v.nullable(OriginalTo), null),
    forms: [{
      name: "option originalto",
      usage: "[except <network>] [header <name>]",
      example: "except 127.0.0.0/8",
      read(args, _before, mark) {
        const field = v.parse(OriginalTo, {});
        mark();
        args.mark(field);
        readParameters(originaltoOptions, field, args, "in 'option originalto'");
        return field;
      },
    }],
    print: (field: OriginalTo | null) =>
      field === null
        ? []
        : [["option originalto", ...printSettings(originaltoSettings, field).flat()]],
  }),
};
