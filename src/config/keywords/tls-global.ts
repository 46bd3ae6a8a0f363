/** TLS in the `global` section (manual, chapters 3.1 and 3.2). */
import * as v from "valibot";
import { versionNames } from "../../tls/versions.ts";
import { formatTime } from "../../text/time.ts";
import { type Arguments, choice as readChoice, time as readTime } from "../haproxy/arguments.ts";
import { define, flag, formOf, nullable, setting, type Value, zeroable } from "./keyword.ts";
import { choice, integer, milliseconds, natural, text } from "./values.ts";

/** Words of `ssl-default-bind-options` and `ssl-default-server-options` that stand alone. */
const versions = versionNames.map((name) => name.toLowerCase().replace(".", ""));
const common = [
  ...versions.flatMap((version) => [`no-${version}`, `force-${version}`]),
  "no-tls-tickets",
  "tls-tickets",
];
const forBinds = [...common, "prefer-client-ciphers", "strict-sni", "no-strict-sni"];

function defaultOptions(name: string, alone: readonly string[], doc: string) {
  return define({
    doc,
    chapter: "3.1",
    schema: v.optional(v.array(v.string()), []),
    forms: [{
      name,
      usage: "<option> ...",
      example: "ssl-min-ver TLSv1.2 no-tls-tickets",
      read(args: Arguments, before: string[], mark: () => void) {
        const words = [...before];
        do {
          const word = readChoice(args, "an option", [...alone, "ssl-min-ver", "ssl-max-ver"]);
          words.push(word);
          if (word.startsWith("ssl-")) {
            words.push(readChoice(args, "a version of TLS", versionNames));
          }
        } while (args.peek() !== undefined);
        mark();
        return words;
      },
    }],
    print: (words: readonly string[]) => words.length === 0 ? [] : [[name, ...words]],
  });
}

const bytes = "<bytes>";
const captured = integer({ usage: bytes, example: "96" });
const file = (name: string, example: string, doc: string, once?: true) =>
  nullable(name, text("a file or a folder", "<path>", example), {
    doc,
    chapter: "3.1",
    ...once === undefined ? {} : { once },
  });
const list = (name: string, example: string, doc: string) =>
  nullable(name, text("a list", "<list>", example), { doc, chapter: "3.1" });

/** What may be loaded beside a certificate. */
const extraFiles = ["none", "all", "bundle", "sctl", "ocsp", "issuer", "key"] as const;

/** Settings of TLS for the process. */
export const globalTlsSettings = {
  caBase: file("ca-base", "/etc/ssl/certs", "Where 'ca-file' and 'crl-file' are.", true),
  crtBase: file("crt-base", "/etc/ssl/private", "Where certificates are.", true),
  keyBase: file("key-base", "/etc/ssl/private", "Where keys of certificates are.", true),
  sslDefaultBindCiphers: list(
    "ssl-default-bind-ciphers",
    "ECDHE+AESGCM",
    "The 'ciphers' of listeners that say nothing of them.",
  ),
  sslDefaultBindCiphersuites: list(
    "ssl-default-bind-ciphersuites",
    "TLS_AES_128_GCM_SHA256",
    "The 'ciphersuites' of listeners that say nothing of them.",
  ),
  sslDefaultBindCurves: list(
    "ssl-default-bind-curves",
    "X25519:P-256",
    "The 'curves' of listeners that say nothing of them.",
  ),
  sslDefaultBindSigalgs: list(
    "ssl-default-bind-sigalgs",
    "ECDSA+SHA256:RSA+SHA256",
    "The 'sigalgs' of listeners that say nothing of them.",
  ),
  sslDefaultBindClientSigalgs: list(
    "ssl-default-bind-client-sigalgs",
    "ECDSA+SHA256:RSA+SHA256",
    "The 'client-sigalgs' of listeners that say nothing of them.",
  ),
  sslDefaultBindOptions: defaultOptions(
    "ssl-default-bind-options",
    forBinds,
    "Options of all listeners with TLS.",
  ),
  sslDefaultServerCiphers: list(
    "ssl-default-server-ciphers",
    "ECDHE+AESGCM",
    "The 'ciphers' of servers that say nothing of them.",
  ),
  sslDefaultServerCiphersuites: list(
    "ssl-default-server-ciphersuites",
    "TLS_AES_128_GCM_SHA256",
    "The 'ciphersuites' of servers that say nothing of them.",
  ),
  sslDefaultServerCurves: list(
    "ssl-default-server-curves",
    "X25519:P-256",
    "The 'curves' of servers that say nothing of them.",
  ),
  sslDefaultServerSigalgs: list(
    "ssl-default-server-sigalgs",
    "ECDSA+SHA256:RSA+SHA256",
    "The 'sigalgs' of servers that say nothing of them.",
  ),
  sslDefaultServerClientSigalgs: list(
    "ssl-default-server-client-sigalgs",
    "ECDSA+SHA256:RSA+SHA256",
    "The 'client-sigalgs' of servers that say nothing of them.",
  ),
  sslDefaultServerOptions: defaultOptions(
    "ssl-default-server-options",
    common,
    "Options of all servers with TLS.",
  ),
  sslServerVerify: setting(
    "ssl-server-verify",
    choice("a verify method", ["required", "none"]),
    "required",
    {
      doc: "Whether certificates of servers must be good, where a server's line says nothing.",
      chapter: "3.1",
    },
  ),
  sslDhParamFile: file(
    "ssl-dh-param-file",
    "dh.pem",
    "Parameters for DHE; else those of RFC 7919.",
  ),
  sslLoadExtraFiles: define({
    doc: "Which files beside a certificate's are loaded with it; by default all.",
    chapter: "3.1",
    schema: v.optional(v.nullable(v.array(v.picklist(extraFiles))), null),
    forms: [{
      name: "ssl-load-extra-files",
      usage: `${extraFiles.join("|")} ...`,
      example: "bundle key",
      read(args, before: (typeof extraFiles)[number][] | null, mark) {
        const kinds: (typeof extraFiles)[number][] = (before ?? []).filter((kind) =>
          kind !== "none" && kind !== "all"
        );
        const earlier = kinds.length;
        do kinds.push(readChoice(args, "a kind of files", extraFiles)); while (
          args.peek() !== undefined
        );
        const given = kinds.slice(earlier);
        const alone = given.find((kind) => kind === "none" || kind === "all");
        if (alone !== undefined && given.length === 1) {
          // It takes back what lines before it have said.
          mark();
          return [alone];
        }
        if (alone !== undefined) {
          throw args.mistake(`'${alone}' can only stand alone`, `usage: ${args.usage}`);
        }
        mark();
        return kinds;
      },
    }],
    print: (kinds: readonly string[] | null) =>
      kinds === null ? [] : [["ssl-load-extra-files", ...kinds]],
  }),
  sslLoadExtraDelExt: flag("ssl-load-extra-del-ext", {
    doc: "Files beside a certificate's have its name without the extension.",
    chapter: "3.1",
  }),
  sslSkipSelfIssuedCa: flag("ssl-skip-self-issued-ca", {
    doc: "Roots are left out of the chains that clients get.",
    chapter: "3.1",
  }),
  issuersChainPath: file(
    "issuers-chain-path",
    "/etc/ssl/chains",
    "A folder of PEM files with chains, for certificates that come without theirs.",
  ),
  sslSecurityLevel: nullable("ssl-security-level", integer({ max: 5, usage: "<0..5>" }), {
    doc: "OpenSSL's security level, of all contexts.",
    chapter: "3.1",
  }),
  maxsslrate: zeroable("maxsslrate", integer({ min: 1, zero: true, example: "500" }), {
    doc: "Connections with TLS that clients begin in a second at most.",
    chapter: "3.2",
  }),
  sslModeAsync: flag("ssl-mode-async", {
    doc: "Uses hardware asynchronously; without any it has no effect.",
    chapter: "3.1",
  }),
  tuneSslCachesize: nullable("tune.ssl.cachesize", integer({ example: "50000" }), {
    doc: "Sessions that are kept by their ids, 20000; 0: none.",
    chapter: "3.2",
  }),
  tuneSslLifetime: setting("tune.ssl.lifetime", timeInSeconds(), 300_000, {
    doc: "How long a session may go on.",
    chapter: "3.2",
  }),
  tuneSslForcePrivateCache: flag("tune.ssl.force-private-cache", {
    doc: "Sessions are not shared by processes; sluice has one process.",
    chapter: "3.2",
  }),
  tuneSslMaxrecord: setting("tune.ssl.maxrecord", integer({ usage: bytes, example: "1419" }), 0, {
    doc: "Content of a record at the start of a connection; 0: no bound.",
    chapter: "3.2",
  }),
  tuneSslHardMaxrecord: setting(
    "tune.ssl.hard-maxrecord",
    integer({ usage: bytes, example: "4096" }),
    0,
    { doc: "Content of a record at most; 0: no bound.", chapter: "3.2" },
  ),
  tuneSslDefaultDhParam: nullable(
    "tune.ssl.default-dh-param",
    integer({ min: 1024, usage: "<bits>", example: "2048" }),
    {
      doc: "Bits of DHE at most; sluice takes those of RFC 7919 that fit the certificate.",
      chapter: "3.2",
    },
  ),
  tuneSslSslCtxCacheSize: nullable("tune.ssl.ssl-ctx-cache-size", integer({ example: "1000" }), {
    doc: "Certificates that are generated and kept; sluice generates none.",
    chapter: "3.2",
  }),
  tuneSslCaptureBufferSize: define({
    doc: "How much of a ClientHello's lists is kept for fetches; 0: nothing.",
    chapter: "3.2",
    schema: v.optional(natural, 0),
    forms: [
      formOf("tune.ssl.capture-buffer-size", captured),
      formOf("tune.ssl.capture-cipherlist-size", captured),
    ],
    print: (size: number) => size === 0 ? [] : [["tune.ssl.capture-buffer-size", String(size)]],
  }),
};

/** A time; a number without a unit is seconds. */
function timeInSeconds(): Value<v.GenericSchema<number>> {
  return {
    schema: milliseconds,
    usage: "<time>",
    example: "10m",
    read: (args) => readTime(args, "s"),
    print: (value) => [formatTime(value)],
  };
}
