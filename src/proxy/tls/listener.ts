/** What a thread needs to speak TLS with the clients of a listener. */
import { allowStapling, createContext } from "../../net/tls/context.ts";
import type { Choose, ServerChoice } from "../../net/tls/server.ts";
import { chooseProtocol } from "../../tls/alpn.ts";
import { type ClientHello, readClientHello } from "../../tls/client-hello.ts";
import { keyKinds } from "../../tls/key-kinds.ts";
import type { BindMaterial, ContextPlan, Ignored, ServedCertificate } from "../../tls/material.ts";
import { ticketName } from "../../tls/ticket-keys.ts";
import { NameTable, type Served } from "../../tls/names.ts";

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

/**
 * Chooses what serves each client of a listener.
 * @param wall ms since 1970
 */
export function createChooser(material: BindMaterial, wall: () => number): Choose {
  const contexts = material.contexts.map((plan): Context => ({
    plan,
    own: createContext(plan.options, true),
    protocols: (offered) => chooseProtocol(plan.protocols, offered),
    ignores: ignoring(plan.ignoredCertificate, plan.ignoredAuthority),
  }));
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
  return (bytes) => {
    const first = readClientHello(bytes);
    if (first.kind === "part") return null;
    if (first.kind === "other") return notTls(bytes);
    if (first.kind === "malformed") return "a malformed ClientHello";
    const { hello } = first;
    const sni = hello.serverName;
    const entry = names.find(sni, keyKinds(hello));
    if (entry === null) return `no certificate for ${sni === null ? "no name" : `'${sni}'`}`;
    const { context, certificate } = entry;
    const { ocsp } = certificate;
    return {
      context: context.own,
      sessions: sessionsFor(context.plan, hello),
      verify: context.plan.options.verify,
      certificate: {
        ...certificate,
        ocsp: ocsp !== null && ocsp.until > wall() ? ocsp.response : null,
      },
      protocols: context.protocols,
      ignores: context.ignores,
      sni,
      firstRecords: material.firstRecords,
      hello: material.keepHello ? bytes.slice() : null,
    };
  };
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
