/** Values and settings of TLS that lines of listeners, lines of servers, and defaults share. */
import * as v from "valibot";
import { type Version, versionNames } from "../../tls/versions.ts";
import { define, type Form, formOf, nullable, type Value, word } from "./keyword.ts";
import { choice, text } from "./values.ts";

/** Words that may be given time and again, each of which adds one. */
export function addingTo(
  name: string,
  expected: string,
  example: string,
  about: { readonly doc: string; readonly chapter: string },
) {
  return define({
    ...about,
    schema: v.optional(v.array(v.string()), []),
    forms: [{
      name,
      usage: `<${expected.replace(/^an? /, "")}>`,
      example,
      read(args, before: string[], mark) {
        const { text } = args.word(expected);
        mark();
        return [...before, text];
      },
    }],
    print: (values: readonly string[]) => values.map((value) => [name, value]),
  });
}

/** A list with commas between. */
export function commaList(expected: string, example: string): Value<v.GenericSchema<string[]>> {
  return {
    schema: v.array(v.string()),
    usage: "<list>",
    example,
    read: (args) => args.word(expected).text.split(",").filter((name) => name !== ""),
    print: (names) => [names.join(",")],
  };
}

const versionSchema = v.picklist(versionNames);
/** How keywords name the versions: "no-tlsv12". */
const lower = (version: Version) => version.toLowerCase().replace(".", "");

/** Which versions are allowed (manual: "ssl-min-ver", "no-sslv3", "force-tlsv12"). */
export function versionSettings(chapter: string) {
  return {
    sslMinVer: nullable("ssl-min-ver", choice("a version of TLS", versionNames), {
      doc: "The least version of TLS; TLSv1.2 by default.",
      chapter,
    }),
    sslMaxVer: nullable("ssl-max-ver", choice("a version of TLS", versionNames), {
      doc: "The greatest version of TLS; TLSv1.3 by default.",
      chapter,
    }),
    sslForce: define({
      doc: "The only version of TLS.",
      chapter,
      schema: v.optional(v.nullable(versionSchema), null),
      forms: versionNames.map((version) =>
        word<Version | null>(`force-${lower(version)}`, version, `Only ${version}.`)
      ),
      print: (version: Version | null) => version === null ? [] : [[`force-${lower(version)}`]],
    }),
    sslWithout: define({
      doc: "Versions of TLS that are not allowed.",
      chapter,
      schema: v.optional(v.array(versionSchema), []),
      forms: versionNames.map((version): Form<Version[]> => ({
        name: `no-${lower(version)}`,
        usage: "",
        example: "",
        doc: `Not ${version}.`,
        read(_args, before, mark) {
          mark();
          return before.includes(version) ? before : [...before, version];
        },
      })),
      print: (versions: readonly Version[]) => versions.map((each) => [`no-${lower(each)}`]),
    }),
    tlsTickets: define({
      doc: "Sessions go on by tickets (RFC 5077); else by their ids alone. By default they do.",
      chapter,
      schema: v.optional(v.nullable(v.boolean()), null),
      forms: [
        word<boolean | null>("no-tls-tickets", false, "Sessions do not go on by tickets."),
        word<boolean | null>("tls-tickets", true, "Takes 'no-tls-tickets' back."),
      ],
      print: (on: boolean | null) => on === null ? [] : [[on ? "tls-tickets" : "no-tls-tickets"]],
    }),
  };
}

const protocols = commaList("protocols", "h2,http/1.1");

/** What is agreed upon in a handshake, in OpenSSL's languages. */
export function agreementSettings(chapter: string) {
  return {
    ciphers: nullable("ciphers", text("ciphers", "<ciphers>", "ECDHE+AESGCM"), {
      doc: "Ciphers up to TLS 1.2, in OpenSSL's language.",
      chapter,
    }),
    ciphersuites: nullable(
      "ciphersuites",
      text("cipher suites", "<suites>", "TLS_AES_128_GCM_SHA256"),
      { doc: "Cipher suites of TLS 1.3.", chapter },
    ),
    curves: nullable("curves", text("curves", "<curves>", "X25519:P-256"), {
      doc: "Groups for the key exchange, in the order of preference.",
      chapter,
    }),
    sigalgs: nullable("sigalgs", text("algorithms", "<algorithms>", "ECDSA+SHA256:RSA+SHA256"), {
      doc: "Signature algorithms.",
      chapter,
    }),
    clientSigalgs: nullable(
      "client-sigalgs",
      text("algorithms", "<algorithms>", "ECDSA+SHA256:RSA+SHA256"),
      { doc: "Signature algorithms for certificates of clients.", chapter },
    ),
    alpn: define({
      doc: "Protocols that are offered by ALPN.",
      chapter,
      schema: v.optional(v.nullable(protocols.schema), null),
      forms: [
        formOf<v.GenericSchema<string[] | null>>("alpn", protocols),
        word<string[] | null>("no-alpn", [], "Offers no protocol by ALPN."),
      ],
      print: (names: readonly string[] | null) =>
        names === null ? [] : [names.length === 0 ? ["no-alpn"] : ["alpn", names.join(",")]],
    }),
    npn: nullable("npn", text("protocols", "<protocols>", "http/1.1"), {
      doc: "Protocols that are offered by NPN, which no client speaks any more: without effect.",
      chapter,
    }),
    allow0rtt: define({
      doc: "Early data may come; sluice takes none, so clients send it after the handshake.",
      chapter,
      schema: v.optional(v.boolean(), false),
      forms: [word("allow-0rtt", true)],
      print: (on: boolean) => on ? [["allow-0rtt"]] : [],
    }),
    caFile: nullable("ca-file", text("a file", "<file>", "ca.pem"), {
      doc: "PEM of the authorities whose certificates are trusted; a file, or a folder of them.",
      chapter,
    }),
    crlFile: nullable("crl-file", text("a file", "<file>", "crl.pem"), {
      doc: "PEM of lists of certificates that are revoked.",
      chapter,
    }),
  };
}
