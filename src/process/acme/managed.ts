/** Certificates that are got by themselves: which there are, and what is served until they come. */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AcmeOrder } from "../../config/check-acme.ts";
import type { CertificateParts } from "../../services/certificates.ts";
import { standIn } from "../../tls/acme/certificates.ts";
import type { ServedCertificate } from "../../tls/material.ts";
import { CertificateFileError, type CertificateFiles } from "../certificate-files.ts";
import { readState } from "./state.ts";

/** A certificate that is got by itself. */
export interface Managed {
  /** What it is called among the certificates. */
  readonly name: string;
  readonly order: AcmeOrder;
  /** Where it is kept. */
  readonly stored: string;
  /** The file of it that there may be; null: none. */
  readonly path: string | null;
  /** What is served stands in for one that has not come yet. */
  standsIn: boolean;
}

/** See above. */
export interface ManagedCertificates {
  readonly folder: string;
  readonly all: ReadonlyMap<string, Managed>;
  /**
   * The certificate of an order: the one that is kept, or one that stands in for it.
   * @param path the file that a line names; null: none
   * @param name what it is called, if not by that
   */
  certificateFor(
    order: AcmeOrder,
    path: string | null,
    name?: string | null,
  ): readonly ServedCertificate[];
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Parts of a certificate whose key and chain are one text. */
export function partsFrom(pem: string): CertificateParts {
  return { pem: bytes(pem), key: null, issuer: null, ocsp: null };
}

/** @param folder where they are kept */
export function createManaged(files: CertificateFiles, folder: string): ManagedCertificates {
  const all = new Map<string, Managed>();
  const sameOrder = (a: AcmeOrder, b: AcmeOrder) =>
    a.names.join() === b.names.join() && a.section === b.section && a.staging === b.staging;

  /** The file in which it is kept, whose name people understand. */
  function storedFor({ names, section, staging }: AcmeOrder): string {
    const words = [
      (names[0] ?? "certificate").replace("*", "_"),
      ...section === null || section.name === "default" ? [] : [section.name],
      ...staging ? ["staging"] : [],
    ];
    const taken = new Set([...all.values()].map(({ stored }) => stored));
    for (let count = 1;; count++) {
      const name = [...words, ...count === 1 ? [] : [String(count)]].join(".");
      const path = join(folder, "certs", `${name}.pem`);
      if (!taken.has(path)) return path;
    }
  }

  function read(
    managed: Managed,
  ): { parts: CertificateParts; certificate: ServedCertificate } | null {
    const candidates = [
      readState(managed.stored),
      managed.path !== null && existsSync(managed.path) ? readFileSync(managed.path, "utf8") : null,
    ];
    let best: { parts: CertificateParts; certificate: ServedCertificate } | null = null;
    for (const pem of candidates) {
      if (pem === null) continue;
      const parts = partsFrom(pem);
      try {
        const certificate = files.make(managed.name, parts);
        if (certificate.notAfter > (best?.certificate.notAfter ?? 0)) best = { parts, certificate };
      } catch (error) {
        // What is no certificate is got anew.
        if (!(error instanceof CertificateFileError)) throw error;
      }
    }
    return best;
  }

  function own(managed: Managed): { parts: CertificateParts; certificate: ServedCertificate } {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = String(privateKey.export({ type: "pkcs8", format: "pem" }));
    const parts = partsFrom(standIn(managed.order.names, privateKey, Date.now()) + key);
    return { parts, certificate: files.make(managed.name, parts) };
  }

  return {
    folder,
    all,
    certificateFor(order, path, called = path) {
      let managed = called === null
        ? [...all.values()].find((one) => one.name === one.stored && sameOrder(one.order, order))
        : all.get(called);
      if (managed === undefined) {
        const stored = storedFor(order);
        managed = { name: called ?? stored, order, stored, path, standsIn: false };
        all.set(managed.name, managed);
      }
      const { name } = managed;
      if (!files.certificates.has(name)) {
        const found = read(managed);
        managed.standsIn = found === null;
        files.put(name, found ?? own(managed));
      }
      return files.load(name);
    },
  };
}
