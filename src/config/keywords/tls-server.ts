/** TLS on lines of servers (manual, chapter 5.2). */
import * as v from "valibot";
import { define, flag, nullable, word } from "./keyword.ts";
import { agreementSettings, commaList, versionSettings } from "./tls-values.ts";
import { choice, text } from "./values.ts";

const chapter = "5.2";

/** Options of `server` for TLS. */
export const serverTlsSettings = {
  ssl: flag("ssl", { doc: "TLS is spoken to the server.", chapter, off: "no-ssl" }),
  verify: nullable("verify", choice("a verify method", ["none", "required"]), {
    doc: "Whether the server's certificate must be good; else what 'ssl-server-verify' says.",
    chapter,
  }),
  ...agreementSettings(chapter),
  ...versionSettings(chapter),
  crt: nullable("crt", text("a file", "<file>", "client.pem"), {
    doc: "PEM of the certificate that the server is shown, and its key.",
    chapter,
  }),
  sni: nullable("sni", text("an expression", "<expression>", "str(www.example.org)"), {
    doc: "The name that the server is asked for.",
    chapter,
  }),
  verifyhost: nullable("verifyhost", text("a name", "<name>", "www.example.org"), {
    doc: "The name that the server's certificate must have; else that of 'sni'.",
    chapter,
  }, [word<string | null>("no-verifyhost", null, "Takes 'verifyhost' back.")]),
  sslReuse: define({
    doc: "Sessions with the server go on in later connections.",
    chapter,
    schema: v.optional(v.boolean(), true),
    forms: [
      word("no-ssl-reuse", false, "Each connection begins a session of its own."),
      word("ssl-reuse", true, "Takes 'no-ssl-reuse' back."),
    ],
    print: (on: boolean) => on ? [] : [["no-ssl-reuse"]],
  }),
  checkSsl: define({
    doc: "Checks speak TLS; by default where traffic does, unless they go elsewhere.",
    chapter,
    schema: v.optional(v.nullable(v.boolean()), null),
    forms: [
      word<boolean | null>("check-ssl", true),
      word<boolean | null>("no-check-ssl", null, "Takes 'check-ssl' back."),
    ],
    print: (on: boolean | null) => on === true ? [["check-ssl"]] : [],
  }),
  checkSni: nullable("check-sni", text("a name", "<name>", "www.example.org"), {
    doc: "The name that the server is asked for by checks.",
    chapter,
  }),
  checkAlpn: nullable("check-alpn", commaList("protocols", "http/1.1"), {
    doc: "Protocols that checks offer by ALPN.",
    chapter,
  }),
};
