/**
 * Keywords of parts that HAProxy has and sluice has not, which a configuration loads without: they
 * are read, and a warning says of each line what does not happen. What would let traffic go another
 * way than it should is not among them: that is an error.
 */
import { foreignSections } from "./foreign.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import type { Keyword, Side } from "./keyword.ts";

/** What follows a keyword: nothing, so many words, or all that there are. */
type Count = 0 | 1 | 2 | "any";
type Row = readonly [name: string, count: Count, why: string, example?: string];

const ocsp = "sluice fetches no OCSP responses: files beside certificates may have them";
const openssl = "TLS is that of the runtime, which loads no engines and no providers";
const counts = "statistics begin at zero";
const extension = "TLS is that of the runtime, which does not have it";

/** Of the section `global`. */
const globalRows: readonly Row[] = [
  ["stats-file", 1, counts, "/var/lib/haproxy/stats"],
  ["shm-stats-file", 1, counts, "/dev/shm/haproxy"],
  ["shm-stats-file-max-objects", 1, counts, "2000"],
  ["maxsslconn", 1, "connections by TLS are bounded as all are, by 'maxconn'", "1000"],
  ["pp2-never-send-local", 0, "checks begin with a header that says LOCAL, as the protocol has it"],
  ["harden.reject-privileged-ports.tcp", 1, "clients may connect from any port", "on"],
  ["setcap", "any", "the process keeps no capabilities once it has become another user", "none"],
  ["ssl-engine", "any", openssl, "rdrand"],
  ["ssl-propquery", 1, openssl, "provider=default"],
  ["ssl-provider", 1, openssl, "default"],
  ["ssl-provider-path", 1, openssl, "/usr/lib/ssl"],
  ["ssl-passphrase-cmd", "any", "keys that are encrypted cannot be loaded", "/usr/bin/pass"],
  ["tune.ssl.keylog", 1, "secrets of TLS are not kept for logs", "on"],
  ["tune.ssl.certificate-compression", 1, extension, "auto"],
  ["tune.ssl.ocsp-update.maxdelay", 1, ocsp, "3600"],
  ["tune.ssl.ocsp-update.mindelay", 1, ocsp, "300"],
  ["ocsp-update.disable", 1, ocsp, "on"],
  ["ocsp-update.httpproxy", 1, ocsp, "10.0.0.1:3128"],
  ["ocsp-update.maxdelay", 1, ocsp, "3600"],
  ["ocsp-update.mindelay", 1, ocsp, "300"],
  ["ocsp-update.mode", 1, ocsp, "on"],
  ["tune.cli.max-payload-size", 1, "a payload is bounded by the size of a buffer", "65536"],
];

/** Of proxies. */
const proxyRows: readonly (readonly [...Required<Row>, side: Side])[] = [
  ["quic-initial", "any", "sluice has no QUIC: nothing comes by it", "accept", "frontend"],
  ["log-steps", "any", "a session is logged once, at its end", "any", "frontend"],
  ["timeout client-hs", 1, "a handshake is bounded by 'timeout client'", "5s", "frontend"],
  ["option http-drop-request-trailers", 0, "trailers pass as they came", "", "backend"],
  ["option http-drop-response-trailers", 0, "trailers pass as they came", "", "frontend"],
  [
    "force-be-switch",
    "any",
    "a backend that is disabled by hand takes what comes to it, anyway",
    "if TRUE",
    "frontend",
  ],
];

const quic = "sluice has no QUIC: nothing comes by it";
const generated = "a client that asks for another name gets the first certificate";

/** Of `bind` lines. */
const bindRows: readonly Row[] = [
  ["generate-certificates", 0, generated],
  ["ca-sign-file", 1, generated, "/etc/ssl/ca.pem"],
  ["ca-sign-pass", 1, generated, "secret"],
  ["quic-force-retry", 0, quic],
  ["quic-cc-algo", 1, quic, "cubic"],
  ["quic-socket", 1, quic, "listener"],
  ["ech", 1, extension, "/etc/ssl/ech"],
  ["guid-prefix", 1, "listeners have no identifiers of their own", "www"],
  ["idle-ping", 1, "idle clients are not asked whether they are there", "10s"],
  ["label", 1, "listeners have no labels", "www"],
  ["maxconn", 1, "the listener is bounded as its frontend is", "1000"],
  ["tcp-ss", 1, "what a client's first packet was like is not kept", "1"],
];

/** Of `server` lines. */
const serverRows: readonly Row[] = [
  ["check-reuse-pool", 0, "a check has a connection of its own"],
  ["no-check-reuse-pool", 0, "a check has a connection of its own"],
  ["check-pool-conn-name", 1, "a check has a connection of its own", "www"],
  ["no-renegotiate", 0, "the runtime's TLS never negotiates anew"],
  ["renegotiate", 0, "the runtime's TLS never negotiates anew"],
  ["ech", 1, extension, "/etc/ssl/ech"],
  ["idle-ping", 1, "idle connections are not asked whether they are alive", "10s"],
  ["ktls", 1, "the runtime's TLS does not leave records to the kernel", "on"],
  ["log-bufsize", 1, "a server takes no logs", "1024"],
  ["log-proto", 1, "a server takes no logs", "octet-count"],
  ["pool-conn-name", "any", "idle connections are told apart by the name asked for", "www"],
  ["quic-cc-algo", 1, quic, "cubic"],
  ["shard", 1, "stick tables are not divided among peers", "1"],
  ["strict-maxconn", 0, "'maxconn' bounds requests, and idle connections beside them are few"],
];

function read(args: Arguments, name: string, count: Count, why: string): void {
  args.report.warning(args.here(), `'${name}' has no effect: ${why}`);
  if (count === "any") { while (args.next() !== undefined); }
  else for (let i = 0; i < count; i++) args.word("a value");
}

function keywordsFrom(rows: readonly Row[], chapter: string): readonly Keyword<unknown>[] {
  return rows.map(([name, count, why, example = ""]) => ({
    name,
    usage: count === 0 ? "" : count === "any" ? "[<word> ...]" : "<value>",
    example,
    doc: `Has no effect: ${why}.`,
    chapter,
    read: (_target, args) => read(args, name, count, why),
  }));
}

/** Those of the section `global`. */
export const globalAbsent = keywordsFrom(globalRows, "3.1");
/** Those of `bind` lines. */
export const bindAbsent = keywordsFrom(bindRows, "5.1");
/** Those of `server` lines. */
export const serverAbsent = keywordsFrom(serverRows, "5.2");
/** Those of sections of proxies. */
export const proxyAbsent: readonly Keyword<unknown>[] = proxyRows.map(
  ([name, count, why, example, side]) => ({
    ...keywordsFrom([[name, count, why, example]], "4.2")[0]!,
    side,
    ...(name.startsWith("option ") ? { undo: () => {} } : {}),
  }),
);

/** Sections whose lines are not read, and why a configuration does without them. */
const sections: Readonly<Record<string, string>> = {
  "dynamic-update": "what is allowed to change while it runs, the runtime API says",
  "log-forward": "sluice passes on no logs of other programs: nothing listens there",
  "log-profile": "all lines of a log have one form",
  program: "sluice starts no programs: an init system does",
  traces: "sluice has no traces",
};

/**
 * Why a section of this kind may be left out.
 * @returns undefined: it may not, or it is known
 */
export function whyLeftOut(section: string): string | undefined {
  return foreignSections.has(section) ? sections[section] : undefined;
}
