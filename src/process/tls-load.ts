/** Loads what a configuration says of TLS: certificates, authorities, contexts. */
import { acmeOrder } from "../config/check-acme.ts";
import { type StoredCertificate, storedCertificates } from "../config/check-crt-store.ts";
import { certificateLines } from "../config/crt-list.ts";
import { createReport, type Report } from "../config/diagnostic.ts";
import { describe } from "../config/fields.ts";
import type { Bind, Configuration, Global, Proxy, Server } from "../config/model.ts";
import { createPlaces, type Locator } from "../config/places.ts";
import type { TlsFiles } from "../config/tls-files.ts";
import {
  type Agreement,
  bindPolicy,
  checksWithTls,
  rulesWithTls,
  serverPolicy,
  type TlsPolicy,
} from "../config/tls-policy.ts";
import { createStore, namesOf } from "../net/tls/certificate.ts";
import {
  type ContextOptions,
  createContext,
  freeContext,
  setTicketKey,
  TlsError,
  versionNumbers,
} from "../net/tls/context.ts";
import { readParameters } from "../net/tls/certificate.ts";
import { createHash } from "node:crypto";
import { keyName, readTicketKeys, type TicketKeys } from "../tls/ticket-keys.ts";
import { whyNoOpenSsl } from "../net/tls/openssl.ts";
import { encodeProtocols, offeredProtocols } from "../tls/alpn.ts";
import {
  type BindEntry,
  bindKey,
  type BindMaterial,
  type ClientMaterial,
  type ContextPlan,
  type ServedCertificate,
  serverKey,
  type ServerMaterial,
  type TlsChanges,
  type TlsMaterial,
} from "../tls/material.ts";
import {
  CertificateFileError,
  type CertificateFiles,
  createCertificateFiles,
} from "./certificate-files.ts";

import { createManaged, type ManagedCertificates } from "./acme/managed.ts";
import { stateFolder } from "./acme/state.ts";

/** Sessions that are kept by their ids, by default, and how long all of them last, s. */
const defaultCacheSize = 20_000;

/** Loads. */
export interface TlsLoader extends TlsFiles {
  /** What the last configuration needs; null: none speaks TLS. */
  readonly loading: TlsLoading | null;
}

/** Nothing loaded yet. */
export function createTlsLoader(): TlsLoader {
  let loading: TlsLoading | null = null;
  return {
    get loading() {
      return loading;
    },
    load(configuration, locator, report) {
      loading = null;
      const uses = usesOf(configuration);
      if (uses === null) return;
      const lack = whyNoOpenSsl();
      if (lack !== null) {
        const hint =
          "install OpenSSL 3 (Debian and Ubuntu: libssl3; Alpine and Fedora: openssl-libs)";
        report.error(locator.place(uses.of, "ssl"), `TLS cannot be had: ${lack}`, hint);
        return;
      }
      loading = new TlsLoading(configuration, locator, report);
    },
  };
}

/** The first that speaks TLS. */
function usesOf({ proxies }: Configuration): { of: object } | null {
  for (const proxy of proxies) {
    const { disabled, bind, servers } = proxy;
    if (disabled) continue;
    const of = bind.find(({ ssl, crt }) => ssl || crt.length > 0) ??
      servers.find((server) =>
        server.ssl || server.check && (checksWithTls(server) || rulesWithTls(proxy))
      );
    if (of !== undefined) return { of };
  }
  return null;
}

/** Loads what a server needs that is added to a proxy. @returns why it cannot be; null: it needs nothing */
export function loadServerTls(
  configuration: Configuration,
  proxy: Proxy,
  server: Server,
): ServerMaterial | string | null {
  const whole = { ...configuration, proxies: [{ ...proxy, bind: [], servers: [server] }] };
  if (usesOf(whole) === null) return null;
  const lack = whyNoOpenSsl();
  if (lack !== null) return `TLS cannot be had: ${lack}`;
  const report = createReport();
  const nowhere = { file: "", line: 0, column: 0, length: 0 };
  const made = new TlsLoading(configuration, createPlaces(nowhere), report, []).one(proxy, server);
  const error = report.diagnostics.find(({ severity }) => severity === "error");
  return error === undefined ? made : error.message;
}

/** What one configuration needs, loaded; and loaded again in parts, when what it is made of changes. */
export class TlsLoading {
  /** It stays the same object, for threads that begin later. */
  readonly material: TlsMaterial;
  readonly files: CertificateFiles;
  /** Those that are got by themselves. */
  readonly managed: ManagedCertificates;
  /** Lists of certificates that are named, and PEM of authorities and of revoked certificates. */
  readonly lists = new Set<string>();
  readonly authorityFiles = new Set<string>();
  readonly revocationFiles = new Set<string>();
  readonly #global: Global;
  /** What listeners and servers of the same options share. */
  readonly #stores = new Map<string, number>();
  readonly #names = new Map<string, number>();
  readonly #stored: ReadonlyMap<string, StoredCertificate>;
  readonly #listeners = new Map<string, { readonly proxy: Proxy; readonly bind: Bind }>();
  readonly #binds = new Map<string, BindMaterial | null>();
  /** By the options and the addresses that they are made of. */
  #plans = new Map<string, ContextPlan>();
  #plansBefore = new Map<string, ContextPlan>();
  #dh = 0;

  constructor(
    readonly configuration: Configuration,
    readonly locator: Locator,
    public report: Report,
    /** Those of which to load all. */
    readonly proxies: readonly Proxy[] = configuration.proxies,
  ) {
    this.#global = configuration.global;
    this.files = createCertificateFiles(configuration.global);
    this.managed = createManaged(this.files, stateFolder(configuration.global));
    this.#stored = storedCertificates(configuration);
    this.#loadParameters();
    this.material = this.#all();
  }

  /** What one server needs; null: nothing. */
  one(proxy: Proxy, server: Server): ServerMaterial | null {
    return this.#server(proxy, server);
  }

  /**
   * Loads what has changed since, into {@linkcode TlsLoading.material}; certificates and contexts that
   * have not, are the same ones.
   * @returns what has changed, and what is needed no more; or what is wrong: then all is as before
   */
  again(): { readonly changes: TlsChanges; readonly unused: () => void } | string {
    let wrong: string | null = null;
    this.report = {
      ...this.report,
      warning: () => {},
      notice: () => {},
      error: (_place, message) => void (wrong ??= message),
    };
    this.#binds.clear();
    this.#plansBefore = this.#plans;
    this.#plans = new Map();
    const { binds, servers } = this.#all();
    if (wrong !== null) {
      this.#plans = this.#plansBefore;
      return wrong;
    }
    const left = new Set(this.#plans.values());
    const contexts = [...this.#plansBefore.values()].filter((plan) => !left.has(plan))
      .flatMap(({ sessions, sessionsOfKeys }) => [sessions, ...sessionsOfKeys.values()]);
    this.#plansBefore = new Map();
    return {
      changes: {
        binds: replaceIn(this.material.binds, binds),
        servers: replaceIn(this.material.servers, servers),
      },
      unused: () => contexts.forEach(freeContext),
    };
  }

  /** The frontend of a listener, and where that is configured, by its {@linkcode bindKey}. */
  frontendOf(key: string): string {
    return this.#listeners.get(key)?.proxy.name ?? "";
  }
  placeOf(key: string): string {
    const found = this.#listeners.get(key);
    if (found === undefined) return "";
    const { file, line } = this.locator.place(found.bind, "ssl");
    return `${file}:${line}`;
  }

  /** Has what was made of authorities and lists of revoked ones be made anew, at the next time. */
  forgetStores(): void {
    this.#stores.clear();
    this.#names.clear();
  }

  #all(): TlsMaterial {
    const binds = new Map<string, BindMaterial>();
    const servers = new Map<string, ServerMaterial>();
    for (const proxy of this.proxies) {
      if (proxy.disabled) continue;
      for (const [index, bind] of proxy.bind.entries()) {
        const made = this.#bind(proxy, bind);
        if (made === null) continue;
        binds.set(bindKey(proxy, index), made);
        this.#listeners.set(bindKey(proxy, index), { proxy, bind });
      }
      for (const server of proxy.servers) {
        const made = this.#server(proxy, server);
        if (made !== null) servers.set(serverKey(proxy, server), made);
      }
    }
    return { binds, servers };
  }

  /** Runs `act`; what is wrong with files or options is reported. @returns null if something is */
  #attempt<T>(of: object, key: string, keyword: string, act: () => T): T | null {
    try {
      return act();
    } catch (error) {
      const place = this.locator.place(of, key);
      if (error instanceof CertificateFileError) {
        this.report.error(place, `'${keyword}': ${error.message}`, error.hint);
      } else if (error instanceof TlsError) {
        this.report.error(place, `'${keyword}': ${error.message}`);
      } else throw error;
      return null;
    }
  }

  #loadParameters(): void {
    const { sslDhParamFile } = this.#global;
    if (sslDhParamFile === null) return;
    this.#attempt(this.#global, "sslDhParamFile", "ssl-dh-param-file", () => {
      this.#dh = readParameters(this.files.read(sslDhParamFile));
      if (this.#dh === 0) {
        throw new CertificateFileError(`'${sslDhParamFile}' has no parameters for Diffie-Hellman`);
      }
    });
  }

  /** The path of a file that a line names. */
  #path(base: string | null, file: string): string {
    return base === null || file.startsWith("/") || file.startsWith("@") ? file : `${base}/${file}`;
  }
  #crtPath(file: string): string {
    return this.#path(this.#global.crtBase, file);
  }
  /** The certificates that a line names: of a store, or of files. @throws {CertificateFileError} */
  #certificates(file: string): readonly ServedCertificate[] {
    const path = this.#crtPath(file);
    const stored = this.#stored.get(path);
    if (stored === undefined) {
      if (!file.startsWith("@")) return this.files.load(path);
      const hint = "certificates of a 'crt-store' are called '@store/file' or '@store/alias'";
      throw new CertificateFileError(`there is no certificate '${file}' in a 'crt-store'`, hint);
    }
    const { name, crt, order } = stored;
    if (order !== null) return this.managed.certificateFor(order, crt, name);
    if (!this.files.certificates.has(name)) {
      const { key, ocsp, issuer } = stored;
      this.files.loadParts(name, { pem: crt, key, ocsp, issuer });
    }
    return this.files.load(name);
  }
  #caPath(file: string): string {
    return this.#path(this.#global.caBase, file);
  }

  // Listeners.

  #bind(proxy: Proxy, bind: Bind): BindMaterial | null {
    const { crt, crtList, defaultCrt } = bind;
    // Without 'ssl' HAProxy loads them, too.
    if (!bind.ssl && crt.length + crtList.length + defaultCrt.length === 0) return null;
    const http = proxy.mode === "http";
    const { line } = this.locator.place(bind, "ssl");
    const key = `${line} ${http} ${proxy.name} ${JSON.stringify({ ...bind, address: null })}`;
    let made = this.#binds.get(key);
    if (made === undefined) this.#binds.set(key, made = this.#newBind(proxy, bind, http));
    return bind.ssl ? made : null;
  }

  #newBind(proxy: Proxy, bind: Bind, http: boolean): BindMaterial | null {
    const contexts: ContextPlan[] = [];
    const certificates: ServedCertificate[] = [];
    const entries: BindEntry[] = [];
    const fallback: number[] = [];
    const plans = new Map<string, number>();
    let failed = false;

    /** The place of the context for these options, made if need be. */
    const contextOf = (own: Bind): number | null => {
      const key = JSON.stringify({ ...own, address: null });
      const known = plans.get(key);
      if (known !== undefined) return known;
      const plan = this.#attempt(bind, "ssl", "ssl", () => this.#plan(proxy, own, http));
      if (plan === null) return null;
      plans.set(key, contexts.push(plan) - 1);
      return contexts.length - 1;
    };
    const add: Add = (found, own, names, list = null) => {
      const context = contextOf(own);
      if (context === null) return failed = true;
      for (const certificate of found) {
        this.#warnOfDates(certificate, bind);
        let place = certificates.indexOf(certificate);
        if (place < 0) place = certificates.push(certificate) - 1;
        entries.push({
          certificate: place,
          context,
          names: names.length > 0 ? names : certificate.names,
          filtered: names.length > 0,
          list,
        });
      }
      return false;
    };
    const load = (file: string, property: string, keyword: string) => {
      const found = this.#attempt(
        bind,
        property,
        keyword,
        () => this.#certificates(file),
      );
      failed ||= found === null;
      return found ?? [];
    };

    for (const file of bind.defaultCrt) add(load(file, "defaultCrt", "default-crt"), bind, []);
    const defaults = entries.length;
    const order = bind.ssl ? acmeOrder(this.configuration, bind) : null;
    for (const file of bind.crt) {
      const found = order !== null && bind.domains !== null
        ? this.managed.certificateFor(order, this.#crtPath(file))
        : load(file, "crt", "crt");
      add(found, bind, []);
    }
    if (order !== null && (bind.domains === null || bind.crt.length === 0)) {
      add(this.managed.certificateFor(order, null), bind, []);
    }
    for (const file of bind.crtList) failed = this.#list(file, bind, add) || failed;
    if (failed) return null;
    const { strictSni } = bindPolicy(this.#global, bind);
    // The first certificate, of whatever keys it has.
    const first = entries[0] === undefined ? "" : stem(certificates[entries[0].certificate]!.file);
    for (const [index, { certificate }] of entries.entries()) {
      if (strictSni && defaults === 0) break;
      const isDefault = defaults > 0
        ? index < defaults
        : index === 0 || stem(certificates[certificate]!.file) === first;
      if (isDefault) fallback.push(index);
    }
    return {
      contexts,
      certificates,
      entries,
      fallback,
      keepHello: this.#global.tuneSslCaptureBufferSize > 0,
      firstRecords: this.#global.tuneSslMaxrecord,
    };
  }

  /** A list of certificates. @returns whether something is wrong with it */
  #list(
    file: string,
    bind: Bind,
    add: Add,
  ): boolean {
    const text = this.#attempt(
      bind,
      "crtList",
      "crt-list",
      () => new TextDecoder().decode(this.files.read(file)),
    );
    if (text === null) return true;
    this.lists.add(file);
    let failed = false;
    for (const line of certificateLines(file, text, bind, this.report)) {
      try {
        const order = line.bind.acme === bind.acme && line.bind.domains === bind.domains
          ? null
          : acmeOrder(this.configuration, line.bind);
        const path = this.#crtPath(line.file);
        const found = order === null
          ? this.#certificates(line.file)
          : this.managed.certificateFor(order, path);
        failed = add(found, line.bind, line.names, file) || failed;
      } catch (error) {
        if (!(error instanceof CertificateFileError)) throw error;
        const place = { file, line: line.line, column: 1, length: line.file.length };
        this.report.error(place, error.message, error.hint);
        failed = true;
      }
    }
    return failed;
  }

  #warnOfDates({ file, notAfter, notBefore }: ServedCertificate, bind: Bind): void {
    const now = Date.now();
    const place = this.locator.place(bind, "crt");
    const day = (time: number) => new Date(time).toISOString().slice(0, 10);
    if (notAfter < now) {
      this.report.warning(place, `the certificate '${file}' has expired on ${day(notAfter)}`);
    } else if (notBefore > now) {
      this.report.warning(place, `the certificate '${file}' is not good before ${day(notBefore)}`);
    }
  }

  #plan(proxy: Proxy, bind: Bind, http: boolean): ContextPlan {
    const policy = bindPolicy(this.#global, bind);
    const { caFile, caVerifyFile, crlFile, verify } = bind;
    const trusted = [caFile, caVerifyFile].filter((file) => file !== null);
    const { tuneSslCachesize, tuneSslHardMaxrecord } = this.#global;
    const store = trusted.length + (crlFile === null ? 0 : 1) === 0
      ? 0
      : this.#store(trusted, crlFile);
    const authorities = verify === "none" || caFile === null || bind.noCaNames
      ? 0
      : this.#authorities(caFile);
    const key = `${proxy.kind} ${proxy.name} ${http} ${store} ${authorities} ` +
      JSON.stringify({ ...bind, address: null });
    const known = this.#plans.get(key) ?? this.#plansBefore.get(key);
    if (known !== undefined) {
      this.#plans.set(key, known);
      return known;
    }
    const options: ContextOptions = {
      ...this.#common(policy),
      role: "server",
      clientOrder: policy.clientOrder,
      verify,
      store,
      authorities,
      // A session under one demand of certificates is none under another.
      sessionContext: digest(
        [
          proxy.kind,
          proxy.name,
          verify,
          caFile,
          caVerifyFile,
          crlFile,
          bind.caIgnoreErr,
          bind.crtIgnoreErr,
        ],
      ),
      cacheSize: tuneSslCachesize ?? defaultCacheSize,
      maxRecord: tuneSslHardMaxrecord,
      dh: this.#dh,
      protocols: null,
    };
    // Made now, and not by the threads alone, for what is wrong with the options.
    const sessions = createContext(options, false);
    const sessionsOfKeys = new Map<string, number>();
    if (bind.tlsTicketKeys !== null) {
      const { current, others } = this.#ticketKeys(bind.tlsTicketKeys);
      setTicketKey(sessions, current);
      for (const key of others) {
        const older = createContext(options, false);
        setTicketKey(older, key);
        sessionsOfKeys.set(keyName(key), older);
      }
    }
    const plan: ContextPlan = {
      options,
      sessions,
      sessionsOfKeys,
      protocols: offeredProtocols(bind.alpn, http),
      ignoredAuthority: bind.caIgnoreErr,
      ignoredCertificate: bind.crtIgnoreErr,
      files: [...trusted, ...crlFile === null ? [] : [crlFile]].map((file) => this.#caPath(file)),
    };
    this.#plans.set(key, plan);
    return plan;
  }

  #ticketKeys(file: string): TicketKeys {
    const text = new TextDecoder().decode(this.files.read(file));
    const stretch = (secret: Uint8Array) => createHash("sha512").update(secret).digest();
    const keys = readTicketKeys(text, stretch);
    if (typeof keys !== "string") return keys;
    const hint = "as 'openssl rand -base64 80' writes them, each on a line of its own";
    throw new CertificateFileError(`tls-ticket-keys '${file}': ${keys}`, hint);
  }

  #common(
    policy: TlsPolicy,
  ):
    & Agreement
    & Pick<ContextOptions, "versions" | "tickets" | "lifetime" | "securityLevel"> {
    const { ciphers, ciphersuites, groups, sigalgs, clientSigalgs, tickets } = policy;
    const versions = policy.versions ?? { min: "TLSv1.2", max: "TLSv1.3", without: [] };
    return {
      ciphers,
      ciphersuites,
      groups,
      sigalgs,
      clientSigalgs,
      tickets,
      versions: {
        min: versionNumbers[versions.min],
        max: versionNumbers[versions.max],
        without: versions.without.map((version) => versionNumbers[version]),
      },
      lifetime: Math.ceil(this.#global.tuneSslLifetime / 1000),
      securityLevel: this.#global.sslSecurityLevel,
    };
  }

  #store(authorities: readonly string[], crlFile: string | null): number {
    const key = JSON.stringify([authorities, crlFile]);
    let store = this.#stores.get(key);
    if (store === undefined) {
      store = createStore({
        authorities: authorities.flatMap((file) => this.#pem(file, "ca-file")),
        revoked: crlFile === null ? [] : this.#pem(crlFile, "crl-file"),
        names: [...authorities, ...crlFile === null ? [] : [crlFile]].join(", "),
      });
      this.#stores.set(key, store);
    }
    return store;
  }
  #pem(file: string, what: string): readonly Uint8Array[] {
    const path = this.#caPath(file);
    (what === "ca-file" ? this.authorityFiles : this.revocationFiles).add(path);
    try {
      return this.files.readAll(path);
    } catch (error) {
      if (!(error instanceof CertificateFileError)) throw error;
      throw new CertificateFileError(`${what}: ${error.message}`, error.hint);
    }
  }
  #authorities(file: string): number {
    let names = this.#names.get(file);
    if (names === undefined) {
      names = namesOf(this.#pem(file, "ca-file"));
      this.#names.set(file, names);
    }
    return names;
  }

  // Servers.

  #server(proxy: Proxy, server: Server): ServerMaterial | null {
    const checks = server.check && (checksWithTls(server) || rulesWithTls(proxy));
    if (!server.ssl && !checks) return null;
    const made = (alpn: readonly string[] | null) =>
      this.#attempt(
        server,
        "ssl",
        `${describe(proxy)}: server '${server.name}'`,
        () => this.#client(server, alpn),
      );
    return {
      traffic: server.ssl ? made(server.alpn) : null,
      checks: checks ? made(server.checkAlpn) : null,
    };
  }

  #client(server: Server, alpn: readonly string[] | null): ClientMaterial {
    const policy = serverPolicy(this.#global, server);
    const { caFile, crlFile, crt, verifyhost, sslReuse } = server;
    const offered = alpn === null ? [] : offeredProtocols(alpn, true);
    const options: ContextOptions = {
      ...this.#common(policy),
      role: "client",
      clientOrder: false,
      verify: policy.verify ? "required" : "none",
      store: caFile === null ? 0 : this.#store([caFile], crlFile),
      authorities: 0,
      sessionContext: "",
      cacheSize: 0,
      maxRecord: 0,
      dh: 0,
      protocols: offered.length === 0 ? null : encodeProtocols(offered),
    };
    // For what is wrong with the options.
    freeContext(createContext(options, false));
    const certificate = crt === null ? null : this.#certificates(crt)[0] ?? null;
    return { options, certificate, verifyHost: verifyhost, reuse: sslReuse };
  }
}

/** Adds certificates, as a line has them. @returns whether something is wrong */
type Add = (
  found: readonly ServedCertificate[],
  own: Bind,
  names: readonly string[],
  list?: string | null,
) => boolean;

/** Puts what differs in place of what was. @returns it */
function replaceIn<T extends object>(
  before: ReadonlyMap<string, T>,
  now: ReadonlyMap<string, T>,
): [string, T][] {
  const changed = [...now].filter(([key, one]) => !isAlike(before.get(key), one));
  for (const [key, one] of changed) (before as Map<string, T>).set(key, one);
  return changed;
}

/** Whether two are made of the same objects: the addresses of these tell. */
function isAlike(a: object | undefined, b: object): boolean {
  const text = (of: unknown) =>
    JSON.stringify(of, (_key, value) => value instanceof Map ? [...value] : value);
  return a !== undefined && text(a) === text(b);
}

/** A file's name without the ending that tells the kind of its key. */
function stem(file: string): string {
  return file.replace(/\.(?:rsa|dsa|ecdsa)$/, "");
}

/** A short text that differs where the values do. */
function digest(values: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 32);
}
