/** What a thread needs to speak TLS with the clients of a listener. */
import { allowStapling, createContext, freeContext } from "../../net/tls/context.ts";
import type { Choose, ServerChoice } from "../../net/tls/server.ts";
import { asksForChallenge, challengeProtocol, chooseProtocol } from "../../tls/alpn.ts";
import { type ClientHello, readClientHello } from "../../tls/client-hello.ts";
import { keyKinds } from "../../tls/key-kinds.ts";
import type { BindMaterial, ContextPlan, Ignored, ServedCertificate } from "../../tls/material.ts";
import { ticketName } from "../../tls/ticket-keys.ts";
import { NameTable, type Served } from "../../tls/names.ts";
import type { TlsLive } from "./live.ts";

/** A certificate and how it is served, in this thread. */
interface Entry extends Served {
  readonly certificate: ServedCertificate;
  readonly context: Context;
}

interface Context {
  readonly plan: ContextPlan;
  /** This thread's own. */
  readonly own: number;
  readonly protocols: ServerChoice["protocols"];
  readonly ignores: ServerChoice["ignores"];
}

/** What serves the clients of a listener; it can be replaced. */
export class ListenerTls {
  #material!: BindMaterial;
  #names!: NameTable<Entry>;
  #contexts: Context[] = [];
  readonly #wall: () => number;
  readonly #live: TlsLive;
  /** Chooses what serves a client. */
  readonly choose: Choose = (bytes) => this.#choose(bytes);

  /**
   * @param live whence challenges are taken that a certificate of their own answers
   * @param wall ms since 1970
   */
  constructor(material: BindMaterial, live: TlsLive, wall: () => number) {
    this.#wall = wall;
    this.#live = live;
    this.replace(material);
  }

  /** Takes what is new; connections that stand keep what they have. @throws {TlsError} */
  replace(material: BindMaterial): void {
    const before = this.#contexts;
    const contexts = material.contexts.map((plan): Context => {
      const { sessions } = plan;
      const same = before.find((context) => context.plan.sessions === sessions);
      return same ?? {
        plan,
        own: createContext(plan.options, true),
        protocols: (offered) => chooseProtocol(plan.protocols, offered),
        ignores: ignoring(plan.ignoredCertificate, plan.ignoredAuthority),
      };
    });
    const entries = material.entries.map(({ certificate, context }): Entry => ({
      kind: material.certificates[certificate]!.kind,
      certificate: material.certificates[certificate]!,
      context: contexts[context]!,
    }));
    for (const { context, certificate } of entries) {
      if (certificate.ocsp !== null) allowStapling(context.own);
    }
    const names = new NameTable<Entry>(material.fallback.map((index) => entries[index]!));
    for (const [index, entry] of entries.entries()) {
      for (const name of material.entries[index]!.names) names.add(name, entry);
    }
    this.#material = material;
    this.#names = names;
    this.#contexts = contexts;
    // OpenSSL keeps a context as long as connections have it.
    for (const context of before) if (!contexts.includes(context)) freeContext(context.own);
  }

  #choose(bytes: Uint8Array): ReturnType<Choose> {
    const first = readClientHello(bytes);
    if (first.kind === "part") return null;
    if (first.kind === "other") return notTls(bytes);
    if (first.kind === "malformed") return "a malformed ClientHello";
    const { hello } = first;
    const { challenges } = this.#live;
    if (challenges !== null) {
      const answer = this.#answer(hello, challenges);
      if (answer !== null) return answer;
    }
    const sni = hello.serverName;
    const entry = this.#names.find(sni, keyKinds(hello));
    if (entry === null) return `no certificate for ${sni === null ? "no name" : `'${sni}'`}`;
    const { context, certificate } = entry;
    const { ocsp } = certificate;
    const { firstRecords, keepHello } = this.#material;
    return {
      context: context.own,
      sessions: sessionsFor(context.plan, hello),
      verify: context.plan.options.verify,
      certificate: {
        ...certificate,
        ocsp: ocsp !== null && ocsp.until > this.#wall() ? ocsp.response : null,
      },
      protocols: context.protocols,
      ignores: context.ignores,
      sni,
      firstRecords,
      hello: keepHello ? bytes.slice() : null,
    };
  }

  /** What answers an authority that looks whether a name is ours (RFC 8737, 3); null: it is none. */
  #answer(
    { serverName, protocols }: ClientHello,
    challenges: ReadonlyMap<string, ServedCertificate>,
  ): ServerChoice | null {
    if (serverName === null || !asksForChallenge(protocols)) return null;
    const certificate = challenges.get(serverName);
    const [context] = this.#contexts;
    if (certificate === undefined || context === undefined) return null;
    return {
      context: context.own,
      sessions: context.plan.sessions,
      verify: "none",
      certificate: { ...certificate, ocsp: null },
      protocols: () => challengeProtocol,
      ignores: () => true,
      sni: serverName,
      firstRecords: 0,
      hello: null,
    };
  }
}

/** The context of the sessions that a client's ticket, if it has one, belongs to. */
function sessionsFor({ sessions, sessionsOfKeys }: ContextPlan, hello: ClientHello): number {
  if (sessionsOfKeys.size === 0) return sessions;
  const name = ticketName(hello);
  return (name === null ? undefined : sessionsOfKeys.get(name)) ?? sessions;
}

/** Says of what begins no TLS what it is, for the log. */
function notTls(bytes: Uint8Array): string {
  const letter = (bytes[0] ?? 0) >= 0x41 && (bytes[0] ?? 0) <= 0x5a;
  return letter ? "a request in clear on a port with TLS" : "no TLS";
}

function ignoring(certificate: Ignored, authority: Ignored): ServerChoice["ignores"] {
  return (error, depth) => {
    const ignored = depth === 0 ? certificate : authority;
    return ignored === "all" || ignored !== null && ignored.includes(error);
  };
}
