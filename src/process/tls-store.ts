/** Certificates, authorities and lists that are replaced while the process runs. */
import { freeCertificate } from "../net/tls/certificate.ts";
import { TlsError } from "../net/tls/context.ts";
import { ocspText, readOcsp } from "../net/tls/ocsp.ts";
import {
  type CertificateControl,
  CertificateMistake,
  type CertificateParts,
  type ReplaceableFiles,
  type ServedName,
} from "../services/certificates.ts";
import type { BindMaterial, ServedCertificate, TlsChanges } from "../tls/material.ts";
import { CertificateFileError } from "./certificate-files.ts";
import type { TlsLoading } from "./tls-load.ts";

/** Has all threads take what is new; see Instance.replaceTls. */
export type ReplaceTls = (changes: TlsChanges, unused: () => void) => Promise<void>;

/** See above. @param replace passes on what has changed */
export function createTlsStore(loading: TlsLoading, replace: ReplaceTls): CertificateControl {
  const { files, material } = loading;

  /** The materials, each once: the addresses of a line have the same one. */
  const materials = () => new Set(material.binds.values());
  /** Each use of a certificate: by listeners' lines, and by servers. */
  function* uses(): Generator<ServedCertificate> {
    for (const { entries, certificates } of materials()) {
      for (const { certificate } of entries) yield certificates[certificate]!;
    }
    for (const { traffic, checks } of material.servers.values()) {
      const own = (traffic ?? checks)?.certificate ?? null;
      if (own !== null) yield own;
    }
  }
  const usesOf = (name: string) => uses().filter(({ file }) => file === name).toArray().length;

  /** Loads what has changed, and passes it on. @throws {CertificateMistake} what is wrong with it */
  async function again(before: ServedCertificate | null = null): Promise<void> {
    const result = loading.again();
    if (typeof result === "string") throw new CertificateMistake(result);
    await replace(result.changes, () => {
      result.unused();
      if (before !== null) freeCertificate(before);
    });
  }

  async function put(name: string, parts: CertificateParts): Promise<void> {
    const before = files.certificates.get(name) ?? null;
    const partsBefore = files.partsOf(name);
    let certificate: ServedCertificate;
    try {
      certificate = files.make(name, parts);
    } catch (error) {
      if (error instanceof CertificateFileError) throw new CertificateMistake(error.message);
      throw error;
    }
    files.put(name, { parts, certificate });
    try {
      await again(before);
    } catch (error) {
      files.put(
        name,
        before === null || partsBefore === null
          ? null
          : { parts: partsBefore, certificate: before },
      );
      throw error;
    }
  }

  function replaceable(named: Set<string>, inUse: () => ReadonlySet<string>): ReplaceableFiles {
    const made = new Map<string, Uint8Array>();
    const content = (name: string): Uint8Array | null => {
      const own = made.get(name);
      if (own !== undefined) return own;
      if (!named.has(name)) return null;
      const parts = files.readAll(name);
      return new TextEncoder().encode(
        parts.map((part) => new TextDecoder().decode(part)).join("\n"),
      );
    };
    return {
      get names() {
        return [...new Set([...named, ...made.keys()])].sort();
      },
      content,
      used: (name) => inUse().has(name),
      uses: (name) => inUse().has(name) ? Math.max(1, contextsOf(name)) : 0,
      async put(name, bytes) {
        const before = content(name);
        made.set(name, bytes);
        files.putContent(name, bytes);
        loading.forgetStores();
        try {
          await again();
        } catch (error) {
          if (before !== null) {
            made.set(name, before);
            files.putContent(name, before);
          }
          loading.forgetStores();
          throw error;
        }
      },
      create: (name) => void made.set(name, new Uint8Array()),
      remove(name) {
        made.delete(name);
        named.delete(name);
        files.dropContent(name);
      },
    };
  }
  /** Certificates that are served by lines which name a file of authorities, say. */
  function contextsOf(name: string): number {
    let count = 0;
    for (const { entries, contexts } of materials()) {
      count += entries.filter(({ context }) => contexts[context]!.files.includes(name)).length;
    }
    return count;
  }

  return {
    acme: null,
    get names() {
      return [...files.certificates.keys()].sort();
    },
    has: (name) => files.certificates.has(name),
    partsOf: (name) => files.partsOf(name),
    uses: usesOf,
    put,
    create: (name) => files.put(name, null),
    remove: (name) => files.drop(name),
    async putOcsp(response) {
      let reason = "";
      for (const [name, certificate] of files.certificates) {
        const parts = files.partsOf(name);
        if (certificate === null || parts === null) continue;
        try {
          readOcsp(response, certificate, 0);
        } catch (error) {
          if (!(error instanceof TlsError)) throw error;
          reason = error.message;
          continue;
        }
        return await put(name, { ...parts, ocsp: response });
      }
      throw new CertificateMistake(reason);
    },
    describeOcsp: ocspText,
    authorities: replaceable(loading.authorityFiles, () => loading.authorityFiles),
    revoked: replaceable(loading.revocationFiles, () => loading.revocationFiles),
    get lists() {
      return [...loading.lists].sort();
    },
    list: (name) => new TextDecoder().decode(files.read(name)),
    defaultOf(list) {
      for (const one of materials()) {
        const [first] = one.entries;
        if (first?.list === list && one.fallback.includes(0)) {
          const binds = material.binds.entries()
            .filter(([, other]) => other === one).map(([key]) => loading.placeOf(key)).toArray();
          return { file: one.certificates[first.certificate]!.file, binds: [...new Set(binds)] };
        }
      }
      return null;
    },
    async putList(name, text) {
      const before = files.read(name);
      files.putContent(name, new TextEncoder().encode(text));
      try {
        await again();
      } catch (error) {
        files.putContent(name, before);
        throw error;
      }
    },
    served: () =>
      [...material.binds].flatMap(([key, one]) =>
        servedNames(one, loading.frontendOf(key), loading.placeOf(key))
      ),
  };
}

function servedNames(
  { entries, certificates }: BindMaterial,
  frontend: string,
  bind: string,
): ServedName[] {
  return entries.flatMap(({ certificate, names }) => {
    const { kind, file, notAfter, notBefore } = certificates[certificate]!;
    const without = names.filter((name) => name.startsWith("!"));
    return names.filter((name) => !name.startsWith("!")).map((name) => ({
      frontend,
      bind,
      name,
      without: name.startsWith("*") ? without : [],
      kind,
      file,
      notAfter,
      notBefore,
    }));
  });
}
