/** Certificates, keys and lists of revoked ones, from PEM (RFC 7468), with OpenSSL's words if wrong. */
import { X509Certificate } from "node:crypto";
import { TlsError } from "./context.ts";
import { derOf } from "./inspect.ts";
import { openssl, takeError, zeroTerminated } from "./openssl.ts";

/** A certificate with its key, loaded; the numbers are addresses. */
export interface Certificate {
  readonly x509: number;
  readonly key: number;
  /** STACK_OF(X509) of those that lead to its root. */
  readonly chain: number;
  /** What kind of key: which clients can take it. */
  readonly kind: KeyKind;
  /** The names that it is for, in lower case: those of its subjectAltName, and its common name. */
  readonly names: readonly string[];
  /** Until when it is good, ms since 1970. */
  readonly notAfter: number;
  readonly notBefore: number;
  /** EVP_PKEY with parameters for DHE, that came with it; 0: none. */
  readonly dh: number;
}

/** See {@linkcode Certificate.kind}. */
export type KeyKind = "rsa" | "ecdsa" | "dsa";

/** A BIO to read a text from; it has a copy. */
function bioOf(pem: Uint8Array): number {
  const { crypto } = openssl();
  const bio = crypto.BIO_new(crypto.BIO_s_mem());
  if (pem.length > 0) crypto.BIO_write(bio, pem, pem.length);
  return bio;
}

/** What PEM holds in the objects of OpenSSL, of one kind. */
function readAll(pem: Uint8Array, readOne: (bio: number) => number): number[] {
  const { crypto } = openssl();
  const bio = bioOf(pem);
  const found: number[] = [];
  for (let one = readOne(bio); one !== 0; one = readOne(bio)) found.push(one);
  crypto.BIO_free(bio);
  return found;
}

/**
 * The certificates in a text, in their order.
 * @throws {TlsError} if there is none, or one is wrong
 */
export function readCertificates(pem: Uint8Array): number[] {
  const { crypto } = openssl();
  const found = readAll(pem, (bio) => crypto.PEM_read_bio_X509(bio, null, 0, 0));
  // At the end there is always an error: no further one begins.
  const words = takeError();
  if (found.length > 0 && words === noMore) return found;
  for (const each of found) crypto.X509_free(each);
  throw new TlsError(words);
}

/** What OpenSSL says where no further object begins. */
const noMore = "no start line";

/** The private key in a text; 0: there is none. @throws {TlsError} if it is wrong */
export function readKey(pem: Uint8Array): number {
  const { crypto } = openssl();
  const bio = bioOf(pem);
  // An encrypted one would have OpenSSL ask the terminal: it is given a wrong word.
  const key = crypto.PEM_read_bio_PrivateKey(bio, null, 0, noPassword);
  crypto.BIO_free(bio);
  const words = takeError();
  if (key === 0 && words !== noMore && words !== "unsupported") throw new TlsError(words);
  return key;
}

const noPassword = zeroTerminated("");

/** The parameters for DHE in a text; 0: there are none. */
export function readParameters(pem: Uint8Array): number {
  const { crypto } = openssl();
  const bio = bioOf(pem);
  const parameters = crypto.PEM_read_bio_Parameters(bio, null);
  crypto.BIO_free(bio);
  takeError();
  if (parameters === 0 || crypto.EVP_PKEY_get_base_id(parameters) === EVP_PKEY_DH) {
    return parameters;
  }
  // Those of a key on a curve stand before it.
  crypto.EVP_PKEY_free(parameters);
  return 0;
}

const EVP_PKEY_RSA = 6;
const EVP_PKEY_DH = 28;
const EVP_PKEY_DSA = 116;
const EVP_PKEY_RSA_PSS = 912;

function kindOf(key: number): KeyKind {
  const id = openssl().crypto.EVP_PKEY_get_base_id(key);
  if (id === EVP_PKEY_RSA || id === EVP_PKEY_RSA_PSS) return "rsa";
  return id === EVP_PKEY_DSA ? "dsa" : "ecdsa";
}

/**
 * A certificate, its chain and its key.
 * @param pem with the certificate first, and perhaps the key
 * @param keyPem what may have the key instead; null: nothing
 * @param chainFor what leads to its root, where the text has the certificate alone
 * @param selfIssued whether a root may be part of the chain
 * @throws {TlsError}
 */
export function loadCertificate(
  pem: Uint8Array,
  keyPem: Uint8Array | null,
  chainFor: (x509: number) => readonly number[] = () => [],
  selfIssued = true,
): Certificate {
  const { crypto } = openssl();
  const [x509 = 0, ...chain] = readCertificates(pem);
  const key = readKey(pem) || (keyPem === null ? 0 : readKey(keyPem));
  if (key === 0) throw new TlsError("no private key");
  if (crypto.X509_check_private_key(x509, key) !== 1) throw new TlsError(takeError());
  const stack = crypto.OPENSSL_sk_new_null();
  // The others are shared, and not freed with this one.
  const lent = chain.length > 0 ? [] : chainFor(x509);
  for (const each of lent) crypto.X509_up_ref(each);
  for (const each of [...chain, ...lent]) {
    if (selfIssued || !isIssuedBy(each, each)) crypto.OPENSSL_sk_push(stack, each);
    else crypto.X509_free(each);
  }
  const dh = readParameters(pem);
  return { x509, key, chain: stack, dh, kind: kindOf(key), ...namesAndDates(x509) };
}

/**
 * Frees a certificate that no thread uses for new connections any more; those that have it hold it
 * themselves.
 */
export function freeCertificate({ x509, key, chain, dh }: Certificate): void {
  const { crypto } = openssl();
  crypto.X509_free(x509);
  crypto.EVP_PKEY_free(key);
  if (dh !== 0) crypto.EVP_PKEY_free(dh);
  for (let i = 0; i < crypto.OPENSSL_sk_num(chain); i++) {
    crypto.X509_free(crypto.OPENSSL_sk_value(chain, i));
  }
  crypto.OPENSSL_sk_free(chain);
}

/** Whether a certificate has another's subject for its issuer. */
export function isIssuedBy(certificate: number, issuer: number): boolean {
  const { crypto } = openssl();
  const name = crypto.X509_get_issuer_name(certificate);
  return crypto.X509_NAME_cmp(name, crypto.X509_get_subject_name(issuer)) === 0;
}

/** What a client asks for and how long it will get it. */
function namesAndDates(x509: number): Pick<Certificate, "names" | "notAfter" | "notBefore"> {
  const parsed = new X509Certificate(derOf(x509));
  const names = new Set<string>();
  for (const [, name] of (parsed.subjectAltName ?? "").matchAll(/(?:^|, )DNS:([^,\s"]+)/g)) {
    names.add(name!.toLowerCase());
  }
  for (const [, name] of (parsed.subject ?? "").matchAll(/^CN=(.+)$/gm)) {
    names.add(name!.toLowerCase());
  }
  const time = (text: string) => Date.parse(text);
  return { names: [...names], notBefore: time(parsed.validFrom), notAfter: time(parsed.validTo) };
}

/** How certificates are checked against a store. */
export interface StoreOptions {
  /** PEM of those who may sign. */
  readonly authorities: readonly Uint8Array[];
  /** PEM of lists of revoked ones; with any, each certificate must be on none. */
  readonly revoked: readonly Uint8Array[];
  /** The files, for messages. */
  readonly names: string;
}

const X509_V_FLAG_CRL_CHECK = 4;
const X509_V_FLAG_CRL_CHECK_ALL = 8;

/** Makes an X509_STORE. @returns its address @throws {TlsError} */
export function createStore({ authorities, revoked, names }: StoreOptions): number {
  const { crypto } = openssl();
  const store = crypto.X509_STORE_new();
  try {
    for (const pem of authorities) {
      for (const each of readCertificates(pem)) {
        crypto.X509_STORE_add_cert(store, each);
        crypto.X509_free(each);
      }
    }
    for (const pem of revoked) {
      const lists = readAll(pem, (bio) => crypto.PEM_read_bio_X509_CRL(bio, null, 0, 0));
      const words = takeError();
      if (lists.length === 0 || words !== noMore) throw new TlsError(words);
      for (const each of lists) {
        crypto.X509_STORE_add_crl(store, each);
        crypto.X509_CRL_free(each);
      }
    }
    const flags = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    if (revoked.length > 0) crypto.X509_STORE_set_flags(store, flags);
    takeError();
    return store;
  } catch (error) {
    crypto.X509_STORE_free(store);
    throw new TlsError(`${names}: ${(error as Error).message}`);
  }
}

/** The names of authorities, each once: STACK_OF(X509_NAME). @throws {TlsError} */
export function namesOf(authorities: readonly Uint8Array[]): number {
  const { crypto } = openssl();
  const stack = crypto.OPENSSL_sk_new_null();
  const known: number[] = [];
  for (const pem of authorities) {
    for (const each of readCertificates(pem)) {
      const name = crypto.X509_NAME_dup(crypto.X509_get_subject_name(each));
      crypto.X509_free(each);
      if (known.some((other) => crypto.X509_NAME_cmp(other, name) === 0)) continue;
      known.push(name);
      crypto.OPENSSL_sk_push(stack, name);
    }
  }
  return stack;
}
