/** The files of certificates, as HAProxy finds them (manual: "crt", "ssl-load-extra-files"). */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Global } from "../config/model.ts";
import { isIssuedBy, loadCertificate, readCertificates } from "../net/tls/certificate.ts";
import { TlsError } from "../net/tls/context.ts";
import { readOcsp } from "../net/tls/ocsp.ts";
import type { CertificateParts } from "../services/certificates.ts";
import type { ServedCertificate } from "../tls/material.ts";
import { reasonOf } from "./system-error.ts";

/** What is wrong with a file. */
export class CertificateFileError extends Error {
  override readonly name = "CertificateFileError";
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** Certificates that have been loaded, by their files: many a listener has the same ones. */
export interface CertificateFiles {
  /** Those loaded, and those that were put in place of files, by the names of these; null: empty. */
  readonly certificates: ReadonlyMap<string, ServedCertificate | null>;
  /** Of one of {@linkcode certificates}; null: it is empty. */
  partsOf(path: string): CertificateParts | null;
  /** Makes a certificate. @param path for messages @throws {CertificateFileError} */
  make(path: string, parts: CertificateParts): ServedCertificate;
  /** Loads one from files of any names. @throws {CertificateFileError} */
  loadParts(
    name: string,
    files: { readonly [Part in keyof CertificateParts]: string | null } & { readonly pem: string },
  ): void;
  /** Has a certificate stand for a file from now on; of null there is none yet. */
  put(path: string, made: { parts: CertificateParts; certificate: ServedCertificate } | null): void;
  /** Takes it away again. */
  drop(path: string): void;
  /** Has a content stand for a file that is no certificate. */
  putContent(path: string, content: Uint8Array): void;
  dropContent(path: string): void;
  /**
   * The certificates that `crt` names: of one file, of several with keys of several kinds
   * ("x.pem.rsa", "x.pem.ecdsa"), or of all in a folder.
   * @throws {CertificateFileError}
   */
  load(path: string): readonly ServedCertificate[];
  /** The whole content of a file, as it was when it was first read. @throws {CertificateFileError} */
  read(path: string): Uint8Array;
  /** PEM of authorities or lists: of a file, of all in a folder, or `@system-ca`. @throws */
  readAll(path: string): readonly Uint8Array[];
}

/** Endings of files with keys of one kind each. */
const kinds = [".rsa", ".dsa", ".ecdsa"];
/** Files of a folder that are no certificates. */
const beside = /\.(?:key|ocsp|issuer|sctl|dh)$/;
/** Where systems keep the authorities that they trust. */
const systemAuthorities = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** No files yet. */
export function createCertificateFiles(global: Global): CertificateFiles {
  /** By what is named, the files that it stands for. */
  const named = new Map<string, readonly string[]>();
  const certificates = new Map<string, ServedCertificate | null>();
  const parts = new Map<string, CertificateParts>();
  /** By what is named, the contents that it stands for. */
  const contents = new Map<string, readonly Uint8Array[]>();
  let chains: readonly (readonly number[])[] | null = null;
  const extras = global.sslLoadExtraFiles ?? ["all"];
  const loads = (kind: "bundle" | "ocsp" | "issuer" | "key") =>
    extras.includes("all") || extras.includes(kind);

  function read(path: string): Uint8Array {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new CertificateFileError(`cannot read '${path}': ${reasonOf(error)}`);
    }
  }

  /** A file beside a certificate's; null: there is none. */
  function readBeside(path: string, ending: string): Uint8Array | null {
    const stem = global.sslLoadExtraDelExt ? path.replace(/\.[^./]*$/, "") : path;
    const { keyBase } = global;
    const own = stem + ending;
    const moved = ending === ".key" && keyBase !== null
      ? join(keyBase, own.slice(own.lastIndexOf("/") + 1))
      : own;
    const found = [own, moved].find((each) => existsSync(each));
    return found === undefined ? null : read(found);
  }

  function partsIn(path: string): CertificateParts {
    return {
      pem: read(path),
      key: loads("key") ? readBeside(path, ".key") : null,
      issuer: loads("issuer") ? readBeside(path, ".issuer") : null,
      ocsp: loads("ocsp") ? readBeside(path, ".ocsp") : null,
    };
  }

  function make(path: string, { pem, key, issuer, ocsp: response }: CertificateParts) {
    try {
      const issuers = issuer === null ? [] : readCertificates(issuer);
      const certificate = loadCertificate(pem, key, chainFor, !global.sslSkipSelfIssuedCa);
      const ocsp = response === null || response.length === 0
        ? null
        : readOcsp(response, certificate, issuers[0] ?? 0);
      return { ...certificate, file: path, ocsp };
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      const { message } = error;
      const hint = message === "no private key"
        ? `it may be in the same file, or in '${path}.key'`
        : "a file in PEM: the certificate, those that lead to its root, and its key";
      throw new CertificateFileError(`cannot load the certificate '${path}': ${message}`, hint);
    }
  }

  /** The certificate that stands for a file, read if need be; null: it is empty. */
  function loadFile(path: string): ServedCertificate | null {
    const known = certificates.get(path);
    if (known !== undefined) return known;
    const own = partsIn(path);
    const made = make(path, own);
    parts.set(path, own);
    certificates.set(path, made);
    return made;
  }

  /** What leads to the root of a certificate that comes alone (manual: "issuers-chain-path"). */
  function chainFor(x509: number): readonly number[] {
    const { issuersChainPath: folder } = global;
    if (folder === null) return [];
    chains ??= readAll(folder).map((pem) => readCertificates(pem));
    return chains.find(([first = 0]) => isIssuedBy(x509, first)) ?? [];
  }

  /** The files of one name with keys of several kinds. */
  function bundleOf(path: string): string[] {
    return loads("bundle")
      ? kinds.map((kind) => path + kind).filter((each) => existsSync(each))
      : [];
  }

  function filesIn(folder: string): string[] {
    const names = readdirSync(folder).filter((name) => !name.startsWith(".")).sort();
    return names.map((name) => join(folder, name))
      .filter((path) => !beside.test(path) && statSync(path).isFile());
  }

  function find(path: string): readonly string[] {
    if (certificates.has(path)) return [path];
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) return stat.isDirectory() ? filesIn(path) : [path];
    const bundle = bundleOf(path);
    if (bundle.length > 0) return bundle;
    throw new CertificateFileError(`cannot read '${path}': no such file or directory`);
  }

  function once(path: string, read: () => readonly Uint8Array[]): readonly Uint8Array[] {
    let known = contents.get(path);
    if (known === undefined) contents.set(path, known = read());
    return known;
  }

  function readAll(path: string): readonly Uint8Array[] {
    if (path === "@system-ca") {
      const file = systemAuthorities.find((each) => existsSync(each));
      if (file !== undefined) return [read(file)];
      const hint = "install the package 'ca-certificates', or name a file";
      throw new CertificateFileError("this system has no list of authorities", hint);
    }
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [read(path)];
    const names = readdirSync(path).filter((name) => /\.(?:pem|crt|cer|crl)$/.test(name)).sort();
    return names.map((name) => read(join(path, name)));
  }

  return {
    read: (path) => once(path, () => [read(path)])[0]!,
    readAll: (path) => once(path, () => readAll(path)),
    certificates,
    make,
    loadParts(name, { pem, key, issuer, ocsp }) {
      const beside = partsIn(pem);
      const own = {
        pem: beside.pem,
        key: key === null ? beside.key : read(key),
        issuer: issuer === null ? beside.issuer : read(issuer),
        ocsp: ocsp === null ? beside.ocsp : read(ocsp),
      };
      const made = make(name, own);
      parts.set(name, own);
      certificates.set(name, made);
    },
    partsOf: (path) => parts.get(path) ?? null,
    put(path, made) {
      certificates.set(path, made?.certificate ?? null);
      if (made === null) parts.delete(path);
      else parts.set(path, made.parts);
    },
    drop(path) {
      certificates.delete(path);
      parts.delete(path);
      named.delete(path);
    },
    putContent: (path, content) => void contents.set(path, [content]),
    dropContent: (path) => void contents.delete(path),
    load(path) {
      let files = named.get(path);
      if (files === undefined) named.set(path, files = find(path));
      return files.map(loadFile).filter((certificate) => certificate !== null);
    },
  };
}
