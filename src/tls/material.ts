/**
 * What the main thread has loaded for TLS, for all threads: plain data, and addresses of OpenSSL's
 * objects, which all threads use and none of them frees.
 */
import type { Certificate } from "../net/tls/certificate.ts";
import type { ContextOptions } from "../net/tls/context.ts";

/** A certificate as it is served. */
export interface ServedCertificate extends Certificate {
  /** From where it was loaded. */
  readonly file: string;
  /** A response to staple, and until when, ms since 1970; null: none. */
  readonly ocsp: { readonly response: Uint8Array; readonly until: number } | null;
}

/** Errors that are ignored: all, or some (X509_V_ERR_*). */
export type Ignored = "all" | readonly number[] | null;

/** A context of which each thread makes its own. */
export interface ContextPlan {
  readonly options: ContextOptions;
  /** An SSL_CTX whose sessions all threads share. */
  readonly sessions: number;
  /** Those for tickets of other keys, by the names of these. */
  readonly sessionsOfKeys: ReadonlyMap<string, number>;
  /** The protocols that are offered, in the order of preference. */
  readonly protocols: readonly string[];
  readonly ignoredAuthority: Ignored;
  readonly ignoredCertificate: Ignored;
  /** Authorities and lists of revoked certificates that it is made of. */
  readonly files: readonly string[];
}

/** A certificate, how it is served, and to whom. */
export interface BindEntry {
  /** Its place among the certificates, and that of its context. */
  readonly certificate: number;
  readonly context: number;
  /** Names, with a star or without, "!" before those that are not meant. */
  readonly names: readonly string[];
  /** They are those of a line, not those of the certificate. */
  readonly filtered: boolean;
  /** The list of certificates that has it; null: none. */
  readonly list: string | null;
}

/** What a listener needs. */
export interface BindMaterial {
  readonly contexts: readonly ContextPlan[];
  readonly certificates: readonly ServedCertificate[];
  readonly entries: readonly BindEntry[];
  /** Entries that serve where no name fits; empty: then nobody is served. */
  readonly fallback: readonly number[];
  /** A ClientHello is kept for those who ask for it. */
  readonly keepHello: boolean;
  /** Content of a record at the start of a connection; 0: no bound. */
  readonly firstRecords: number;
}

/** What connections to a server need, those of checks apart. */
export interface ServerMaterial {
  /** null: it speaks no TLS. */
  readonly traffic: ClientMaterial | null;
  readonly checks: ClientMaterial | null;
}

/** What connections to a server need. */
export interface ClientMaterial {
  readonly options: ContextOptions;
  /** The certificate that the server is shown; null: none. */
  readonly certificate: ServedCertificate | null;
  /** The name that its certificate must have; null: the one that it is asked for. */
  readonly verifyHost: string | null;
  /** Sessions go on in later connections. */
  readonly reuse: boolean;
}

/** All of a configuration. */
export interface TlsMaterial {
  /** By {@linkcode bindKey}. */
  readonly binds: ReadonlyMap<string, BindMaterial>;
  /** By {@linkcode serverKey}. */
  readonly servers: Map<string, ServerMaterial>;
}

/** What has changed while it runs: what each thread puts in place of what it has. */
export interface TlsChanges {
  readonly binds: readonly (readonly [key: string, material: BindMaterial])[];
  readonly servers: readonly (readonly [key: string, material: ServerMaterial])[];
  /** Certificates that answer tls-alpn-01 (RFC 8737), by the names that are asked for. */
  readonly challenges?: ReadonlyMap<string, ServedCertificate>;
}

interface Named {
  readonly kind: string;
  readonly name: string;
}

/** The listener number `index`, from 0, of a proxy. */
export function bindKey({ kind, name }: Named, index: number): string {
  return `${kind} ${name} ${index}`;
}

/** A server of a proxy. */
export function serverKey({ kind, name }: Named, server: { readonly name: string }): string {
  return `${kind} ${name} ${server.name}`;
}
