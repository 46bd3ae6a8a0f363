/** Fetches of TLS, of either side and of certificates (manual, chapter 7.3.4, "ssl_"). */
import { createHash } from "node:crypto";
import { bytesOf } from "../../bytes/bytes.ts";
import type { TlsFacts } from "../../net/tls/facts.ts";
import { readClientHello } from "../../tls/client-hello.ts";
import { nameEntry, nameLine, nameRfc2253, readX509, type X509 } from "../../tls/x509.ts";
import type { ArgumentForm } from "../arguments.ts";
import { setText } from "../cast.ts";
import type { Context } from "../context.ts";
import type { Fetch, FetchValue } from "../fetch.ts";
import { NEEDS_CLIENT, NEEDS_SERVER } from "../needs.ts";
import { BIN, BOOL, type Sample, type SampleType, SINT, STR } from "../sample.ts";

const chapter = "7.3.4";

/** Whose TLS. */
type Side = (context: Context) => TlsFacts | null;
const client: Side = ({ socket }) => socket?.tls ?? null;
const server: Side = ({ serverConnection }) => serverConnection?.socket?.tls ?? null;

function fetchOf(
  name: string,
  type: SampleType,
  needs: number,
  doc: string,
  value: FetchValue,
): Fetch {
  return { name, type, needs, doc, chapter, create: () => value };
}

/** Makes it bytes; @returns false: there are none */
function setBinary(sample: Sample, bytes: Uint8Array | null): boolean {
  return bytes !== null && sample.setBytes(BIN, bytes, 0, bytes.length);
}

/** What both sides have. */
function sideFetches(prefix: string, side: Side, needs: number, whose: string): Fetch[] {
  const string = (name: string, doc: string, read: (tls: TlsFacts) => string) =>
    fetchOf(prefix + name, STR, needs, `${doc} of ${whose}.`, (context, sample) => {
      const tls = side(context);
      return tls !== null && read(tls) !== "" && setText(sample, read(tls));
    });
  const integer = (name: string, doc: string, read: (tls: TlsFacts) => number) =>
    fetchOf(prefix + name, SINT, needs, `${doc} of ${whose}.`, (context, sample) => {
      const tls = side(context);
      return tls !== null && sample.setInt(read(tls));
    });
  const binary = (name: string, doc: string, read: (tls: TlsFacts) => Uint8Array | null) =>
    fetchOf(prefix + name, BIN, needs, `${doc} of ${whose}.`, (context, sample) => {
      const tls = side(context);
      return tls !== null && setBinary(sample, read(tls));
    });
  const boolean = (name: string, doc: string, read: (tls: TlsFacts | null) => boolean) =>
    fetchOf(
      prefix + name,
      BOOL,
      needs,
      doc,
      (context, sample) => sample.setBool(read(side(context))),
    );
  return [
    boolean("", `Whether ${whose} speaks TLS.`, (tls) => tls !== null),
    integer("_alg_keysize", "Bits of the cipher's key", ({ cipherBits }) => cipherBits.total),
    string("_alpn", "The protocol chosen by ALPN", ({ alpn }) => alpn),
    string("_cipher", "The cipher", ({ cipher }) => cipher),
    binary("_client_random", "The client's random bytes", (tls) => tls.clientRandom()),
    integer("_err", "The last error of OpenSSL's, 0 while it stands,", () => 0),
    string("_err_str", "The last error, in words,", ({ failure }) => failure),
    boolean(
      "_is_resumed",
      `Whether the session of ${whose} goes on from an earlier connection.`,
      (tls) => tls?.resumed ?? false,
    ),
    string("_npn", "The protocol chosen by NPN, which nobody speaks,", () => ""),
    string("_protocol", "The version of TLS", ({ version }) => version),
    binary("_server_random", "The server's random bytes", (tls) => tls.serverRandom()),
    binary("_session_id", "The session's id", (tls) => tls.sessionId()),
    binary("_session_key", "The session's master key", (tls) => tls.sessionKey()),
    binary("_unique_id", "The id of the handshake (RFC 5929)", (tls) => tls.uniqueId()),
    integer(
      "_use_keysize",
      "Bits of the cipher's key that count",
      ({ cipherBits }) => cipherBits.used,
    ),
  ];
}

/** What only clients' connections have. */
const clientFetches: readonly Fetch[] = [
  fetchOf(
    "ssl_fc_has_crt",
    BOOL,
    NEEDS_CLIENT,
    "Whether the client has sent a certificate over this connection.",
    (context, sample) => sample.setBool(client(context)?.clientCertificateSent ?? false),
  ),
  fetchOf(
    "ssl_fc_has_early",
    BOOL,
    NEEDS_CLIENT,
    "Whether what was sent came before the handshake was done: it never does.",
    (_context, sample) => sample.setBool(false),
  ),
  fetchOf(
    "ssl_fc_has_sni",
    BOOL,
    NEEDS_CLIENT,
    "Whether the client has asked for a name.",
    (context, sample) => sample.setBool((client(context)?.sni ?? null) !== null),
  ),
  {
    ...fetchOf(
      "ssl_fc_sni",
      STR,
      NEEDS_CLIENT,
      "The name that the client has asked for.",
      (context, sample) => {
        const sni = client(context)?.sni ?? null;
        return sni !== null && setText(sample, sni);
      },
    ),
    derives: true,
  },
  fetchOf(
    "ssl_c_used",
    BOOL,
    NEEDS_CLIENT,
    "Whether the client has sent a certificate, now or when its session began.",
    (context, sample) => {
      const tls = client(context);
      return tls !== null && sample.setBool(tls.clientCertificateUsed);
    },
  ),
  ...([
    ["ssl_c_err", "The error of the client's certificate", (tls) => tls.certificateError],
    ["ssl_c_ca_err", "The error above the client's certificate", (tls) => tls.authorityError],
    ["ssl_c_ca_err_depth", "Where that error was", (tls) => tls.authorityErrorDepth],
    ["ssl_c_verify", "What came of the verification, 0 if it is good", (tls) => tls.verifyResult],
  ] as const satisfies readonly (readonly [string, string, (tls: TlsFacts) => number])[]).map((
    [name, doc, read],
  ) =>
    fetchOf(name, SINT, NEEDS_CLIENT, `${doc}.`, (context, sample) => {
      const tls = client(context);
      return tls !== null && sample.setInt(read(tls));
    })
  ),
];

/** Certificates that have been read, by the arrays that they were read from. */
const read = new WeakMap<Uint8Array, X509 | null>();

function x509(der: Uint8Array | null): X509 | null {
  if (der === null) return null;
  let known = read.get(der);
  if (known === undefined) read.set(der, known = readX509(der));
  return known;
}

/** The last certificate that was asked for: many a fetch asks for the same one. */
const last: { tls: TlsFacts | null; own: boolean; der: Uint8Array | null } = {
  tls: null,
  own: false,
  der: null,
};

function derOf(tls: TlsFacts | null, own: boolean): Uint8Array | null {
  if (tls === null) return null;
  if (last.tls !== tls || last.own !== own) {
    last.tls = tls;
    last.own = own;
    last.der = own ? tls.own() : tls.peer()?.certificate ?? null;
  }
  return last.der;
}

const nameForms: readonly ArgumentForm[] = [
  { name: "entry", kind: "string", optional: true },
  { name: "occurrence", kind: "integer", optional: true },
  { name: "format", kind: "string", optional: true },
];

/** What a certificate says. */
function certificateFetches(
  prefix: string,
  side: Side,
  own: boolean,
  needs: number,
  whose: string,
): Fetch[] {
  const certificate = (context: Context) => derOf(side(context), own);
  const string = (name: string, doc: string, pick: (one: X509) => string) =>
    fetchOf(prefix + name, STR, needs, `${doc} of ${whose}.`, (context, sample) => {
      const one = x509(certificate(context));
      return one !== null && setText(sample, pick(one));
    });
  const names = (name: string, doc: string, pick: (one: X509) => X509["subject"]): Fetch => ({
    name: prefix + name,
    args: nameForms,
    type: STR,
    needs,
    doc: `${doc} of ${whose}, or one of its entries.`,
    chapter,
    create(args) {
      const entry = args.text(0);
      const occurrence = args.integer(1) || 1;
      const format = args.choice(2, ["rfc2253", ""], "");
      return (context, sample) => {
        const one = x509(certificate(context));
        if (one === null) return false;
        const entries = pick(one);
        const text = entry !== ""
          ? nameEntry(entries, entry, occurrence)
          : format === "rfc2253"
          ? nameRfc2253(entries)
          : nameLine(entries);
        return text !== null && setText(sample, text);
      };
    },
  });
  return [
    fetchOf(
      `${prefix}_der`,
      BIN,
      needs,
      `The DER of ${whose}.`,
      (context, sample) => setBinary(sample, certificate(context)),
    ),
    names("_i_dn", "The issuer's name", ({ issuer }) => issuer),
    string("_key_alg", "The algorithm of the key", ({ keyAlgorithm }) => keyAlgorithm),
    string("_notafter", "The last date", ({ notAfter }) => notAfter),
    string("_notbefore", "The first date", ({ notBefore }) => notBefore),
    names("_s_dn", "The subject's name", ({ subject }) => subject),
    fetchOf(`${prefix}_serial`, BIN, needs, `The number of ${whose}.`, (context, sample) => {
      const one = x509(certificate(context));
      return one !== null && setBinary(sample, one.serial);
    }),
    fetchOf(`${prefix}_sha1`, BIN, needs, `The fingerprint of ${whose}.`, (context, sample) => {
      const der = certificate(context);
      return der !== null && setBinary(sample, createHash("sha1").update(der).digest());
    }),
    string("_sig_alg", "The algorithm of the signature", (one) => one.signatureAlgorithm),
    fetchOf(`${prefix}_version`, SINT, needs, `The version of ${whose}.`, (context, sample) => {
      const one = x509(certificate(context));
      return one !== null && sample.setInt(one.version);
    }),
  ];
}

/** The peer's certificate and those that came with it. */
function chainFetch(name: string, side: Side, needs: number, whose: string): Fetch {
  return fetchOf(name, BIN, needs, `The DER of ${whose} and its chain.`, (context, sample) => {
    const all = side(context)?.peer() ?? null;
    if (all === null) return false;
    const parts = [all.certificate, ...all.chain];
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return setBinary(sample, whole);
  });
}

const filter: readonly ArgumentForm[] = [{ name: "filter", kind: "integer", optional: true }];

/** Values that clients make up, to see whether servers bear them (RFC 8701). */
const isGrease = (value: number) => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 255);

type Hello = Extract<ReturnType<typeof readClientHello>, { kind: "hello" }>["hello"];

function helloOf(context: Context): Hello | null {
  const bytes = client(context)?.hello ?? null;
  if (bytes === null) return null;
  const first = readClientHello(bytes);
  return first.kind === "hello" ? first.hello : null;
}

/** A list of the ClientHello, of two bytes each. */
function listFetch(name: string, doc: string, pick: (hello: Hello) => readonly number[]): Fetch {
  return {
    name,
    args: filter,
    type: BIN,
    needs: NEEDS_CLIENT,
    doc,
    chapter,
    create(args) {
      const without = args.integer(0) === 1;
      return (context, sample) => {
        const hello = helloOf(context);
        if (hello === null) return false;
        const values = pick(hello).filter((value) => !without || !isGrease(value));
        return setBinary(sample, Uint8Array.from(values.flatMap((value) => [value >> 8, value])));
      };
    },
  };
}

const ciphersDoc = "The client's list of ciphers (needs 'tune.ssl.capture-buffer-size').";

const helloFetches: readonly Fetch[] = [
  listFetch("ssl_fc_cipherlist_bin", ciphersDoc, ({ ciphers }) => ciphers),
  {
    ...listFetch("ssl_fc_cipherlist_hex", ciphersDoc, ({ ciphers }) => ciphers),
    type: STR,
    create(args) {
      const without = args.integer(0) === 1;
      return (context, sample) => {
        const hello = helloOf(context);
        if (hello === null) return false;
        const values = hello.ciphers.filter((value) => !without || !isGrease(value));
        const text = values.map((value) => value.toString(16).padStart(4, "0")).join("");
        return sample.setString(bytesOf(text.toUpperCase()));
      };
    },
  },
  listFetch(
    "ssl_fc_extlist_bin",
    "The client's extensions (needs 'tune.ssl.capture-buffer-size').",
    ({ extensions }) => extensions,
  ),
  listFetch(
    "ssl_fc_eclist_bin",
    "The client's curves (needs 'tune.ssl.capture-buffer-size').",
    ({ groups }) => groups,
  ),
  fetchOf(
    "ssl_fc_ecformats_bin",
    BIN,
    NEEDS_CLIENT,
    "The client's formats of points (needs 'tune.ssl.capture-buffer-size').",
    (context, sample) => {
      const hello = helloOf(context);
      return hello !== null && setBinary(sample, Uint8Array.from(hello.pointFormats));
    },
  ),
  fetchOf(
    "ssl_fc_protocol_hello_id",
    SINT,
    NEEDS_CLIENT,
    "The version in the ClientHello (needs 'tune.ssl.capture-buffer-size').",
    (context, sample) => {
      const hello = helloOf(context);
      return hello !== null && sample.setInt(hello.legacyVersion);
    },
  ),
];

/** {@linkcode Fetch}es of this family. */
export const tlsFetches: readonly Fetch[] = [
  ...sideFetches("ssl_fc", client, NEEDS_CLIENT, "the client's connection"),
  ...sideFetches("ssl_bc", server, NEEDS_SERVER, "the server's connection"),
  ...clientFetches,
  ...helloFetches,
  ...certificateFetches("ssl_c", client, false, NEEDS_CLIENT, "the client's certificate"),
  ...certificateFetches("ssl_f", client, true, NEEDS_CLIENT, "the listener's certificate"),
  ...certificateFetches("ssl_s", server, false, NEEDS_SERVER, "the server's certificate"),
  chainFetch("ssl_c_chain_der", client, NEEDS_CLIENT, "the client's certificate"),
  chainFetch("ssl_s_chain_der", server, NEEDS_SERVER, "the server's certificate"),
];
