/** The files of certificates, as HAProxy finds them (manual: "crt", "ssl-load-extra-files"). */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Global } from "../config/model.ts";
import { isIssuedBy, loadCertificate, readCertificates } from "../net/tls/certificate.ts";
import { TlsError } from "../net/tls/context.ts";
import { readOcsp } from "../net/tls/ocsp.ts";
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
  /**
   * The certificates that `crt` names: of one file, of several with keys of several kinds
   * ("x.pem.rsa", "x.pem.ecdsa"), or of all in a folder.
   * @throws {CertificateFileError}
   */
  load(path: string): readonly ServedCertificate[];
  /** The whole content of a file. @throws {CertificateFileError} */
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
  const loaded = new Map<string, readonly ServedCertificate[]>();
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

  function loadFile(path: string): ServedCertificate {
    const pem = read(path);
    const key = loads("key") ? readBeside(path, ".key") : null;
    try {
      const issuerPem = loads("issuer") ? readBeside(path, ".issuer") : null;
      const issuers = issuerPem === null ? [] : readCertificates(issuerPem);
      const certificate = loadCertificate(pem, key, chainFor, !global.sslSkipSelfIssuedCa);
      const response = loads("ocsp") ? readBeside(path, ".ocsp") : null;
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

  /** What leads to the root of a certificate that comes alone (manual: "issuers-chain-path"). */
  function chainFor(x509: number): readonly number[] {
    const { issuersChainPath: folder } = global;
    if (folder === null) return [];
    chains ??= readAll(folder).map((pem) => readCertificates(pem));
    return chains.find(([first = 0]) => isIssuedBy(x509, first)) ?? [];
  }

  /** The files of one name with keys of several kinds. */
  function parts(path: string): string[] {
    return loads("bundle")
      ? kinds.map((kind) => path + kind).filter((each) => existsSync(each))
      : [];
  }

  function loadFolder(folder: string): ServedCertificate[] {
    const names = readdirSync(folder).filter((name) => !name.startsWith(".")).sort();
    return names.flatMap((name) => {
      const path = join(folder, name);
      if (beside.test(name) || !statSync(path).isFile()) return [];
      return [loadFile(path)];
    });
  }

  function find(path: string): readonly ServedCertificate[] {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) return stat.isDirectory() ? loadFolder(path) : [loadFile(path)];
    const bundle = parts(path);
    if (bundle.length > 0) return bundle.map(loadFile);
    throw new CertificateFileError(`cannot read '${path}': no such file or directory`);
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
    read,
    readAll,
    load(path) {
      let found = loaded.get(path);
      if (found === undefined) loaded.set(path, found = find(path));
      return found;
    },
  };
}
