/** What operators see of certificates and do to them, while the process runs. */

/** What a certificate is made of, as it stands in its files. */
export interface CertificateParts {
  /** PEM: the certificate, those that lead to its root, perhaps its key. */
  readonly pem: Uint8Array;
  /** PEM with the key, where the other has none. */
  readonly key: Uint8Array | null;
  /** PEM of the one that has signed it, for its OCSP responses. */
  readonly issuer: Uint8Array | null;
  /** DER. */
  readonly ocsp: Uint8Array | null;
}

/** What is wrong with what an operator wants. */
export class CertificateMistake extends Error {
  override readonly name = "CertificateMistake";
}

/** Files whose content can be replaced: those of authorities, those with revoked certificates. */
export interface ReplaceableFiles {
  /** In the order of their names. */
  readonly names: readonly string[];
  /** PEM; null: there is no such file. */
  content(name: string): Uint8Array | null;
  used(name: string): boolean;
  /** How many contexts are made of it. */
  uses(name: string): number;
  /** Puts a content in place, for all threads. @throws {CertificateMistake} */
  put(name: string, content: Uint8Array): Promise<void>;
  /** Makes an empty one, or takes it away. */
  create(name: string): void;
  remove(name: string): void;
}

/** A name under which a certificate is served. */
export interface ServedName {
  readonly frontend: string;
  /** Where the listener is configured: "FILE:LINE". */
  readonly bind: string;
  /** "*.example.org". */
  readonly name: string;
  /** "!www.example.org". */
  readonly without: readonly string[];
  /** "rsa", "ecdsa", "dsa". */
  readonly kind: string;
  readonly file: string;
  /** ms since 1970. */
  readonly notAfter: number;
  readonly notBefore: number;
}

/** How it is with a certificate that is got by itself. */
export interface AcmeStatus {
  readonly name: string;
  readonly section: string;
  readonly state: "Running" | "Scheduled" | "Stopped";
  /** ms since 1970; null: there is none yet. */
  readonly notAfter: number | null;
  /** When it is looked after next; null: never. */
  readonly scheduled: number | null;
  /** Why the last attempt has failed; "": it has not. */
  readonly failure: string;
}

/** Certificates that are got by themselves. */
export interface AcmeControl {
  /** Asks for one now. @returns why not; null: it does */
  renew(name: string): string | null;
  status(): AcmeStatus[];
  /** The record for dns-01 is there. @returns false: nothing waits for it */
  ready(name: string, domain: string): boolean;
}

/** See above. */
export interface CertificateControl {
  /** null: no certificate is got by itself. */
  acme: AcmeControl | null;
  /** The names of certificates, in their order. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** null: it is empty. */
  partsOf(name: string): CertificateParts | null;
  /** How often it is served: for as many lines. */
  uses(name: string): number;
  /** Puts a certificate in place, for all threads. @throws {CertificateMistake} */
  put(name: string, parts: CertificateParts): Promise<void>;
  /** Makes an empty one, or takes it away. */
  create(name: string): void;
  remove(name: string): void;
  /** Takes an OCSP response for the certificate that it is of. @throws {CertificateMistake} */
  putOcsp(response: Uint8Array): Promise<void>;
  /** What an OCSP response says, in words. */
  describeOcsp(response: Uint8Array): string;
  readonly authorities: ReplaceableFiles;
  readonly revoked: ReplaceableFiles;
  /** Lists of certificates that listeners name, and their lines. */
  readonly lists: readonly string[];
  list(name: string): string;
  /** The first certificates of listeners that have no other: they cannot be taken away. */
  defaultOf(list: string): { readonly file: string; readonly binds: readonly string[] } | null;
  /** Puts a text in a list's place, for all threads. @throws {CertificateMistake} */
  putList(name: string, text: string): Promise<void>;
  served(): ServedName[];
}
