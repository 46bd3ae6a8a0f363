/** Automatic certificates: what keeps them, answers for them, and tells of them. */
import { createPrivateKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { knownDirectories } from "../../config/keywords/acme.ts";
import type { Configuration, Proxy } from "../../config/model.ts";
import type { Endpoint, Network } from "../../net/socket.ts";
import { SocketError } from "../../net/socket.ts";
import type { AcmeControl, CertificateControl } from "../../services/certificates.ts";
import { askRenewal, type ChallengeKind, obtain } from "../../tls/acme/order.ts";
import { ariId } from "../../tls/acme/renewal.ts";
import { pemBlocks } from "../../tls/pem.ts";
import type { TlsChanges } from "../../tls/material.ts";
import type { Clock } from "../../time/clock.ts";
import type { TlsLoading } from "../tls-load.ts";
import { accountAt, externalOf } from "./accounts.ts";
import { challengeMap, createChallenges } from "./challenges.ts";
import { type HttpListener, listenForChallenges } from "./http-listener.ts";
import { Keeper, type Kept } from "./keeper.ts";
import { type Managed, partsFrom } from "./managed.ts";
import { perform } from "./requests.ts";
import { createWaits } from "./waits.ts";
import { prepareState, writeState } from "./state.ts";

/** What it needs. */
export interface AcmeDeps {
  readonly configuration: Configuration;
  readonly loading: TlsLoading;
  readonly store: CertificateControl;
  readonly network: Pick<Network, "listen">;
  readonly clock: Clock;
  readonly random: () => number;
  /** What the process becomes; null: it stays what it is. */
  readonly uid: number | null;
  readonly gid: number | null;
  setEntry(map: string, key: string, value: string | null): void;
  settled(): Promise<void>;
  replaceTls(changes: TlsChanges, unused: () => void): Promise<void>;
  say(level: "notice" | "warning" | "err", line: string): void;
}

/** See above. */
export interface AcmeService {
  readonly control: AcmeControl;
  begin(): void;
  /** Gives port 80 up, for another process; and takes it again. */
  release(): void;
  reclaim(): void;
  stop(): void;
}

/** Whether a proxy listens on port 80 and answers http-01 there. */
function answersHttp({ disabled, mode, bind }: Proxy): boolean {
  return !disabled && mode === "http" &&
    bind.some(({ address, ssl }) => address.kind === "ip" && address.port === 80 && !ssl);
}

/** The configuration, with frontends that answer http-01 before all else, if anything asks for it. */
export function answeringChallenges(
  configuration: Configuration,
  loading: TlsLoading | null,
): Configuration {
  if (loading === null || loading.managed.all.size === 0) return configuration;
  const key = `path,field(-1,/),map(${challengeMap})`;
  const words = [
    ...["return", "status", "200", "content-type", "text/plain", "lf-string", `%[${key}]`],
    ...["if", "{", "path_beg", "/.well-known/acme-challenge/", "}", "{", key, "-m", "found", "}"],
  ];
  const proxies = configuration.proxies.map((proxy) =>
    proxy.disabled || proxy.mode !== "http" || proxy.bind.length === 0
      ? proxy
      : { ...proxy, httpRequest: [{ words }, ...proxy.httpRequest] }
  );
  return { ...configuration, proxies };
}

/** Makes it; null: no certificate is got by itself. */
export function createAcme(deps: AcmeDeps): AcmeService | null {
  const { configuration, loading, clock, say } = deps;
  const { managed } = loading;
  if (managed.all.size === 0) return null;
  const { chroot, acmeScheduler } = configuration.global;
  const wrong = prepareState(managed.folder, deps.uid, deps.gid);
  if (wrong !== null) {
    say(
      "err",
      `acme: ${wrong}; fix: choose another folder by 'acme.state-dir', or let it be written`,
    );
  }
  /** A path, as it is after chroot(2). */
  const within = (path: string) =>
    chroot === null || !path.startsWith(`${chroot}/`) ? path : path.slice(chroot.length);
  const ended = new AbortController();
  // A timer that is left would hold up the end of the process.
  const waits = createWaits(clock);
  const challenges = createChallenges({
    waits,
    files: loading.files,
    clock,
    setEntry: deps.setEntry,
    replaceTls: deps.replaceTls,
    settled: deps.settled,
    say: (line) => say("notice", line),
  });
  const own = listen();
  const overHttp = own !== null || configuration.proxies.some(answersHttp);

  /** Port 80, where no frontend has it. */
  function listen(): HttpListener | null {
    const needed = [...managed.all.values()].some(({ order }) =>
      [null, "http-01"].includes(order.section?.challenge ?? null)
    );
    const { acmeHttpListen } = configuration.global;
    if (!needed || acmeHttpListen === "off") return null;
    if (acmeHttpListen === null && configuration.proxies.some(answersHttp)) return null;
    const at = endpointOf(acmeHttpListen ?? "*:80");
    try {
      return listenForChallenges(at, deps.network, clock, challenges.tokens);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      say(
        "warning",
        `acme: http-01 cannot be answered: ${error.message}; fix: let a frontend in 'mode http' ` +
          "listen on port 80, or set 'acme.http-listen off', and tls-alpn-01 is used",
      );
      return null;
    }
  }

  const directoryOf = ({ order: { section, staging } }: Managed): string => {
    const given = staging ? "staging" : section?.directory ?? "production";
    return knownDirectories[given] ?? given;
  };
  const caOf = ({ order: { section } }: Managed): string | null => {
    const file = section?.caFile ?? null;
    if (file === null) return null;
    return new TextDecoder().decode(loading.files.read(file));
  };
  // Now, with the privileges that there are.
  for (const one of managed.all.values()) {
    try {
      caOf(one);
      externalOf(one.order.section);
    } catch (error) {
      say("err", `acme: ${one.name}: ${(error as Error).message}`);
    }
  }
  const externals = new Map([...managed.all.values()].map((one) => {
    try {
      return [one.name, externalOf(one.order.section)] as const;
    } catch {
      return [one.name, null] as const;
    }
  }));

  /** In the order in which they are tried. @param attempt failures so far */
  function challengesOf({ order: { section, names } }: Managed, attempt: number): ChallengeKind[] {
    const given = section?.challenge ?? null;
    if (given !== null) return [given];
    if (names.some((name) => name.startsWith("*."))) return ["dns-01"];
    const kinds: ChallengeKind[] = overHttp ? ["http-01", "tls-alpn-01"] : ["tls-alpn-01"];
    return attempt % 2 === 1 ? kinds.toReversed() : kinds;
  }

  const surroundings = (one: Managed, account: (url: string) => void) => ({
    ca: caOf(one),
    wait: (ms: number) => waits.wait(ms),
    present: ({ challenge }: { readonly challenge: Parameters<typeof challenges.present>[0] }) =>
      challenges.present(challenge, one.order.section, one.name),
    withdraw: ({ challenge }: { readonly challenge: Parameters<typeof challenges.withdraw>[0] }) =>
      challenges.withdraw(challenge, one.order.section),
    account,
    ending: ended.signal,
  });

  /** The certificate that it replaces, in DER; null: none that an authority has made. */
  function current(one: Managed): Uint8Array | null {
    if (one.standsIn) return null;
    const parts = deps.store.partsOf(one.name);
    return parts === null
      ? null
      : pemBlocks(new TextDecoder().decode(parts.pem), "CERTIFICATE")[0] ?? null;
  }

  async function renew(one: Managed, attempt: number): Promise<void> {
    const { order: { names, section } } = one;
    const directory = directoryOf(one);
    const account = accountAt(within(managed.folder), directory, section);
    const key = await keyFor(one);
    const before = current(one);
    const chain = await perform(
      obtain({
        directory,
        names,
        challenges: challengesOf(one, attempt),
        accountKey: account.key,
        account: account.url,
        contact: (section?.contact ?? []).map((each) =>
          each.includes(":") ? each : `mailto:${each}`
        ),
        external: externals.get(one.name) ?? null,
        profile: section?.profile ?? null,
        key,
        replaces: before === null ? null : ariId(before),
      }),
      surroundings(one, (url) => account.keep(url)),
    );
    const pem = chain.trimEnd() + "\n" + String(key.export({ type: "pkcs8", format: "pem" }));
    let unkept = "";
    try {
      writeState(within(one.stored), pem);
    } catch (error) {
      unkept = (error as Error).message;
    }
    await deps.store.put(one.name, partsFrom(pem));
    one.standsIn = false;
    const validity = validityOf(one);
    const until = validity === null ? "" : ` until ${new Date(validity.notAfter).toISOString()}`;
    say("notice", `acme: ${one.name}: a new certificate for ${names.join(", ")} is served${until}`);
    if (unkept !== "") {
      say(
        "err",
        `acme: ${one.name}: it is lost at a restart: ${unkept}; fix: see 'acme.state-dir'`,
      );
    }
  }

  /** A new key, or the one that goes on. */
  async function keyFor(one: Managed): Promise<KeyObject> {
    const { section } = one.order;
    if (section?.reuseKey === "on" && !one.standsIn) {
      const parts = deps.store.partsOf(one.name);
      if (parts !== null) return createPrivateKey(new TextDecoder().decode(parts.pem));
    }
    const generate = promisify(generateKeyPair);
    // HAProxy's section makes keys of RSA where it says nothing.
    const type = section === null ? "ECDSA" : section.keytype ?? "RSA";
    if (type === "RSA") {
      return (await generate("rsa", { modulusLength: section?.bits ?? 2048 })).privateKey;
    }
    const namedCurve = section?.curves ?? (section === null ? "P-256" : "P-384");
    return (await generate("ec", { namedCurve })).privateKey;
  }

  /** null: it must be got at once. */
  function validityOf(one: Managed) {
    if (one.standsIn) return null;
    const certificate = loading.files.certificates.get(one.name) ?? null;
    if (certificate === null) return null;
    const lacks = one.order.names.some((name) => !certificate.names.includes(name));
    return lacks ? null : certificate;
  }

  const keeper = new Keeper(
    {
      clock,
      random: deps.random,
      automatic: acmeScheduler !== "off",
      say: (level, line) => say(level, line),
    },
    [...managed.all.values()].map((one): Kept => ({
      name: one.name,
      validity: () => validityOf(one),
      renew: (attempt) => renew(one, attempt),
      async askWindow() {
        const der = current(one);
        const id = der === null ? null : ariId(der);
        if (id === null) return null;
        return await perform(askRenewal(directoryOf(one), id), surroundings(one, () => {}));
      },
    })),
  );

  return {
    control: {
      renew: (name) => keeper.renew(name),
      status: () =>
        keeper.status().map((status) => ({
          ...status,
          section: managed.all.get(status.name)?.order.section?.name ?? "-",
        })),
      ready: (name, domain) => challenges.ready(name, domain),
    },
    begin: () => keeper.begin(),
    release: () => own?.release(),
    reclaim: () => own?.reclaim(),
    stop() {
      keeper.stop();
      ended.abort();
      waits.stop();
      own?.close();
    },
  };
}

/** "*:80", "127.0.0.1:8080", "[::]:80". */
function endpointOf(text: string): Endpoint {
  const [, host = "", port = "80"] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
  const bare = host.replace(/^\[|\]$/g, "");
  return { kind: "ip", host: bare === "" || bare === "*" ? "0.0.0.0" : bare, port: Number(port) };
}
