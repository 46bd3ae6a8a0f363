/** What authorities say is wrong (RFC 8555, 6.7; RFC 9457), in words, and what to do about it. */

/** See above. */
export interface Problem {
  /** Without the prefix of ACME: "rateLimited". */
  readonly type: string;
  readonly detail: string;
  /** About single names. */
  readonly subproblems: readonly {
    readonly type: string;
    readonly detail: string;
    readonly name: string;
  }[];
}

/** What went wrong while a certificate was asked for. */
export class AcmeError extends Error {
  override readonly name = "AcmeError";
  /**
   * @param fix what to do about it
   * @param retryAfter when to try again at the earliest, ms from now; null: nothing was said
   */
  constructor(
    message: string,
    readonly fix: string,
    readonly type: string = "",
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** What to do, by the type of a problem. */
const fixes: Readonly<Record<string, string>> = {
  accountDoesNotExist: "the account is made anew at the next attempt",
  alreadyRevoked: "nothing: the certificate has been revoked before",
  badCSR: "look at the names: each must be one of DNS; and at 'keytype', 'bits' and 'curves'",
  badNonce: "nothing: it is tried again",
  badPublicKey: "choose another 'keytype', 'bits' or 'curves'",
  badSignatureAlgorithm: "let sluice make the account's key: an EC key on P-256",
  caa: "add a CAA record that allows this authority, or remove the one that forbids it",
  compound: "see the single names",
  connection:
    "let the authority reach this machine: open port 80 (http-01) or 443 (tls-alpn-01) in " +
    "the firewall, and have the name's A and AAAA records point here",
  dns: "look at the name's records: 'dig NAME' must give this machine's addresses",
  dnssec: "look at the signatures of the zone: 'delv NAME' shows what is wrong",
  externalAccountRequired: "this authority wants an account of a customer: give 'eab-key-id' and " +
    "'eab-mac-key'",
  incorrectResponse:
    "another server answers for this name: have its A and AAAA records point here, " +
    "and no cache or proxy before this one answer /.well-known/acme-challenge/",
  invalidContact: "give an address of mail by 'contact'",
  invalidProfile: "choose a 'profile' that the authority offers",
  malformed: "this looks like a fault of sluice's: please report it",
  orderNotReady: "nothing: it is tried again",
  rateLimited: "wait: too many certificates were asked for; try out with 'acme-staging'",
  rejectedIdentifier: "ask for names that this authority gives certificates for",
  serverInternal: "nothing: the authority has trouble; it is tried again",
  tls: "have the authority reach this very listener by TLS on port 443, with nothing before it",
  unauthorized: "have the name's A and AAAA records point to this machine, and nothing else answer",
  unsupportedContact: "give 'contact' as an address of mail",
  unsupportedIdentifier: "ask for names of DNS",
  userActionRequired: "read what the authority wants at the address in its words",
};

/** What to do about a problem. */
export function fixFor(type: string): string {
  return fixes[type] ?? "see what the authority says; it is tried again";
}

const text = (value: unknown) => typeof value === "string" ? value : "";
const withoutPrefix = (type: string) => type.replace(/^urn:ietf:params:acme:error:/, "");

/** Reads a problem; what is none becomes an empty one. */
export function readProblem(value: unknown): Problem {
  const { type, detail, subproblems } = (value ?? {}) as Record<string, unknown>;
  const list = Array.isArray(subproblems) ? subproblems as Record<string, unknown>[] : [];
  return {
    type: withoutPrefix(text(type)),
    detail: text(detail),
    subproblems: list.map((one) => ({
      type: withoutPrefix(text(one?.["type"])),
      detail: text(one?.["detail"]),
      name: text((one?.["identifier"] as Record<string, unknown> | undefined)?.["value"]),
    })),
  };
}

/** A problem on one line: "rateLimited: too many ...; www.example.org: caa: ...". */
export function problemText({ type, detail, subproblems }: Problem): string {
  const own = [type, detail].filter((part) => part !== "").join(": ") || "no reason was given";
  const parts = subproblems.map((one) =>
    [one.name, one.type, one.detail].filter((part) => part !== "").join(": ")
  );
  return [own, ...parts].join("; ");
}
