/** TLS on lines of listeners (manual, chapter 5.1). */
import * as v from "valibot";
import { acmeBindSettings, acmeStagingSetting } from "./acme.ts";
import { define, flag, nullable, setting, word } from "./keyword.ts";
import { ignoredErrors } from "./tls-errors.ts";
import { addingTo, agreementSettings, versionSettings } from "./tls-values.ts";
import { choice, text } from "./values.ts";

const chapter = "5.1";

const { caFile, crlFile, npn, alpn, allow0rtt, ...agreement } = agreementSettings(chapter);

/** What a line of a 'crt-list' may say, too (manual: "crt-list"). */
export const certificateSettings = {
  ...agreement,
  ...versionSettings(chapter),
  alpn,
  npn,
  allow0rtt,
  ecdhe: nullable("ecdhe", text("a curve", "<curve>", "P-256"), {
    doc: "The curve for the key exchange; see 'curves'.",
    chapter,
  }),
  verify: setting("verify", choice("a verify method", ["none", "optional", "required"]), "none", {
    doc: "Whether clients are asked for certificates, and must have one.",
    chapter,
  }),
  caFile,
  caVerifyFile: nullable("ca-verify-file", text("a file", "<file>", "ca.pem"), {
    doc: "PEM of further authorities that are trusted, of which clients are not told.",
    chapter,
  }),
  crlFile,
  caIgnoreErr: nullable("ca-ignore-err", ignoredErrors, {
    doc: "Errors of certificates above a client's that do not end the handshake.",
    chapter,
  }),
  crtIgnoreErr: nullable("crt-ignore-err", ignoredErrors, {
    doc: "Errors of clients' certificates that do not end the handshake.",
    chapter,
  }),
  noCaNames: flag("no-ca-names", {
    doc: "Clients are not told which authorities are trusted.",
    chapter,
  }),
  ...acmeBindSettings,
  ocspUpdate: nullable("ocsp-update", choice("on or off", ["off", "on"]), {
    doc: "Fetches OCSP responses; sluice staples those in files.",
    chapter,
  }),
};

/** Options of `bind` for TLS. */
export const bindTlsSettings = {
  ssl: flag("ssl", { doc: "Clients speak TLS.", chapter }),
  crt: addingTo("crt", "a file or a folder", "/etc/sluice/certs/site.pem", {
    doc: "PEM of a certificate, its chain and its key; or a folder of such files.",
    chapter,
  }),
  defaultCrt: addingTo("default-crt", "a file", "/etc/sluice/certs/site.pem", {
    doc: "PEM of a certificate for clients that ask for no name, or for one that is not there.",
    chapter,
  }),
  crtList: addingTo("crt-list", "a file", "/etc/sluice/certs.list", {
    doc: "A list of certificates, one a line, with options and names.",
    chapter,
  }),
  ...certificateSettings,
  ...acmeStagingSetting,
  strictSni: define({
    doc: "A client that asks for a name for which there is no certificate is refused.",
    chapter,
    schema: v.optional(v.nullable(v.boolean()), null),
    forms: [
      word<boolean | null>("strict-sni", true),
      word<boolean | null>("no-strict-sni", false, "Takes 'strict-sni' back."),
    ],
    print: (on: boolean | null) => on === null ? [] : [[on ? "strict-sni" : "no-strict-sni"]],
  }),
  preferClientCiphers: flag("prefer-client-ciphers", {
    doc: "The client's order of ciphers counts, not that of the configuration.",
    chapter,
  }),
  tlsTicketKeys: nullable("tls-ticket-keys", text("a file", "<file>", "tickets.keys"), {
    doc: "Keys for tickets, one a line in base64, so that sessions go on after a restart.",
    chapter,
  }),
  ktls: nullable("ktls", choice("on or off", ["off", "on"]), {
    doc: "Has the kernel encrypt; sluice lets OpenSSL do it.",
    chapter,
  }),
};
