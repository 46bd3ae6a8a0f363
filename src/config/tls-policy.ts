/** What TLS a listener or a server speaks, the process's defaults put in. */
import {
  allowedVersions,
  type Version,
  versionNames,
  type Versions,
  type VersionWords,
} from "../tls/versions.ts";
import type { Bind, Global, Proxy, Server } from "./model.ts";

/** What is agreed upon in a handshake; null: as OpenSSL has it. */
export interface Agreement {
  readonly ciphers: string | null;
  readonly ciphersuites: string | null;
  readonly groups: string | null;
  readonly sigalgs: string | null;
  readonly clientSigalgs: string | null;
}

/** See above. */
export interface TlsPolicy extends Agreement {
  /** null: none is allowed. */
  readonly versions: Versions | null;
  readonly tickets: boolean;
}

/** What a line of a listener, or of a list of certificates, says of TLS. */
export type BindTls = Omit<Bind, "address" | "name">;

/** Of a listener. */
export interface BindPolicy extends TlsPolicy {
  readonly strictSni: boolean;
  readonly clientOrder: boolean;
}

/**
 * Suites for TLS 1.2 with forward secrecy and authenticated encryption, what browsers have; those of
 * OpenSSL's default have none, and would cost a good grade.
 */
const secureCiphers = [
  ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ...["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ...["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
  ...["DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-CHACHA20-POLY1305"],
].join(":");

/** AES with 128 bits first: it costs a twelfth less. */
const secureSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

const TLS12: Version = "TLSv1.2";
const newest = { min: TLS12, max: "TLSv1.3" } as const;

/** Of a listener (manual: "ssl-default-bind-ciphers" and its kin). */
export function bindPolicy(global: Global, bind: BindTls): BindPolicy {
  const given = optionsOf(global.sslDefaultBindOptions);
  const versions = allowedVersions(merged(bind, given.versions), newest);
  // Clients of old versions know none of these.
  const old = versions !== null && versionNames.indexOf(versions.min) < versionNames.indexOf(TLS12);
  return {
    versions,
    ciphers: bind.ciphers ?? global.sslDefaultBindCiphers ?? (old ? null : secureCiphers),
    ciphersuites: bind.ciphersuites ?? global.sslDefaultBindCiphersuites ?? secureSuites,
    groups: bind.curves ?? bind.ecdhe ?? global.sslDefaultBindCurves,
    sigalgs: bind.sigalgs ?? global.sslDefaultBindSigalgs,
    clientSigalgs: bind.clientSigalgs ?? global.sslDefaultBindClientSigalgs,
    tickets: bind.tlsTickets ?? given.tickets ?? true,
    strictSni: bind.strictSni ?? given.strictSni ?? false,
    clientOrder: bind.preferClientCiphers || given.clientOrder,
  };
}

/** Of a server. */
export function serverPolicy(global: Global, server: Server): TlsPolicy & { verify: boolean } {
  const given = optionsOf(global.sslDefaultServerOptions);
  return {
    versions: allowedVersions(merged(server, given.versions), newest),
    ciphers: server.ciphers ?? global.sslDefaultServerCiphers,
    ciphersuites: server.ciphersuites ?? global.sslDefaultServerCiphersuites ?? secureSuites,
    groups: server.curves ?? global.sslDefaultServerCurves,
    sigalgs: server.sigalgs ?? global.sslDefaultServerSigalgs,
    clientSigalgs: server.clientSigalgs ?? global.sslDefaultServerClientSigalgs,
    tickets: server.tlsTickets ?? given.tickets ?? true,
    verify: (server.verify ?? global.sslServerVerify) === "required",
  };
}

/** Whether the checks of a server speak TLS (manual: "check-ssl", "port", "addr"). */
export function checksWithTls({ ssl, checkSsl, port, addr }: Server): boolean {
  return checkSsl ?? (ssl && port === null && addr === null);
}

/** Whether rules of a proxy's checks speak TLS (manual: "tcp-check connect"). */
export function rulesWithTls({ tcpCheck, httpCheck }: Proxy): boolean {
  const rules: readonly { readonly rule: string; readonly ssl?: boolean }[] = [
    ...tcpCheck,
    ...httpCheck,
  ];
  return rules.some(({ rule, ssl }) => rule === "connect" && ssl === true);
}

/** What a line says, and where it says nothing, the defaults. */
function merged(line: VersionWords, defaults: VersionWords): VersionWords {
  return {
    sslMinVer: line.sslMinVer ?? defaults.sslMinVer,
    sslMaxVer: line.sslMaxVer ?? defaults.sslMaxVer,
    sslForce: line.sslForce ?? defaults.sslForce,
    sslWithout: [...line.sslWithout, ...defaults.sslWithout],
  };
}

interface Given {
  readonly versions: VersionWords;
  readonly tickets: boolean | null;
  readonly strictSni: boolean | null;
  readonly clientOrder: boolean;
}

const nameOf = (word: string) =>
  versionNames.find((name) => word === name.toLowerCase().replace(".", ""))!;

/** What the words of `ssl-default-*-options` mean. */
function optionsOf(words: readonly string[]): Given {
  const versions = {
    sslMinVer: null as Version | null,
    sslMaxVer: null as Version | null,
    sslForce: null as Version | null,
    sslWithout: [] as Version[],
  };
  const last = (on: string, off: string) => {
    const word = words.findLast((each) => each === on || each === off);
    return word === undefined ? null : word === on;
  };
  for (const [i, word] of words.entries()) {
    const next = words[i + 1] as Version;
    if (word === "ssl-min-ver") versions.sslMinVer = next;
    else if (word === "ssl-max-ver") versions.sslMaxVer = next;
    else if (word.startsWith("force-")) versions.sslForce = nameOf(word.slice(6));
    else if (/^no-(ssl|tls)v/.test(word)) versions.sslWithout.push(nameOf(word.slice(3)));
  }
  return {
    versions,
    tickets: last("tls-tickets", "no-tls-tickets"),
    strictSni: last("strict-sni", "no-strict-sni"),
    clientOrder: words.includes("prefer-client-ciphers"),
  };
}
