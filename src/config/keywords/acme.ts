/** Automatic certificates: the section `acme` (manual of HAProxy 3.x, chapter 12.8), and global settings. */
import * as v from "valibot";
import { define, flag, nullable, setting } from "./keyword.ts";
import { namedSchema, namedSection } from "./section.ts";
import { choice, integer, text, time } from "./values.ts";

const chapter = "12.8";

/** Directories that have a name of their own. */
export const knownDirectories: Readonly<Record<string, string>> = {
  production: "https://acme-v02.api.letsencrypt.org/directory",
  staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
};

const challenges = ["http-01", "tls-alpn-01", "dns-01", "dns-persist-01"] as const;

/** HAProxy takes "HTTP-01", too. */
const challenge = {
  ...choice("a challenge", challenges),
  read(args: Parameters<ReturnType<typeof choice>["read"]>[0]) {
    const { text } = args.word("a challenge");
    const found = challenges.find((each) => each === text.toLowerCase());
    if (found === undefined) {
      throw args.mistake(`'${text}' is not a challenge`, challenges.join(", "));
    }
    return found;
  },
};

const keyTypes = ["RSA", "ECDSA"] as const;
const onOff = (name: string, doc: string) =>
  nullable(name, choice("on or off", ["on", "off"]), { doc, chapter });

const acmeSettings = {
  directory: nullable("directory", text("an address", "<url>", knownDirectories["staging"]!), {
    doc:
      "Where the authority's directory is: an address, 'production' or 'staging' of Let's Encrypt.",
    chapter,
  }),
  contact: define({
    doc: "Where the authority writes to: an address of mail.",
    chapter,
    schema: v.optional(v.array(v.string()), []),
    forms: [{
      name: "contact",
      usage: "<address>",
      example: "ops@example.org",
      read(args, before: string[], mark) {
        const { text } = args.word("an address");
        mark();
        return [...before, text];
      },
    }],
    print: (contacts: readonly string[]) => contacts.map((each) => ["contact", each]),
  }),
  challenge: nullable("challenge", challenge, {
    doc: "How the authority sees that a name is ours; without, http-01 and tls-alpn-01 in turn.",
    chapter,
  }),
  accountKey: nullable("account-key", text("a file", "<file>", "account.key"), {
    doc: "PEM of the account's key, which is made if there is none; else one in the state folder.",
    chapter,
  }),
  keytype: nullable("keytype", choice("a type of keys", keyTypes), {
    doc: "The type of certificates' keys.",
    chapter,
  }),
  bits: setting("bits", integer({ min: 2048, max: 8192, example: "4096" }), 2048, {
    doc: "The length of keys of RSA.",
    chapter,
  }),
  curves: nullable("curves", choice("a curve", ["P-256", "P-384", "P-521"]), {
    doc: "The curve of keys of ECDSA.",
    chapter,
  }),
  reuseKey: onOff("reuse-key", "Whether a certificate's key goes on when it is renewed."),
  profile: nullable("profile", text("a profile", "<profile>", "shortlived"), {
    doc: "Which of the authority's profiles to ask for.",
    chapter,
  }),
  map: nullable("map", text("a map", "<map>", "virt@acme"), {
    doc: "A map that gets tokens and thumbprints of http-01, for rules that answer it.",
    chapter,
  }),
  eabKeyId: nullable("eab-key-id", text("a file", "<file>", "eab.key-id"), {
    doc: "A file with the name of the account to which a new one is bound (EAB).",
    chapter,
  }),
  eabMacKey: nullable("eab-mac-key", text("a file", "<file>", "eab.mac-key"), {
    doc: "A file with the secret of that account, in base64 for addresses.",
    chapter,
  }),
  eabMacAlg: nullable("eab-mac-alg", choice("an algorithm", ["HS256", "HS384", "HS512"]), {
    doc: "How that secret is used; HS256 by default.",
    chapter,
  }),
  dnsHook: nullable("dns-hook", text("a command", "<command>", "/etc/sluice/dns-hook"), {
    doc: "Run as '<command> add|remove <record> <value>' for dns-01 (sluice's own).",
    chapter,
  }),
  dnsDelay: setting("dns-delay", time({ example: "30s" }), 0, {
    doc: "How long to wait after a record of dns-01 was made.",
    chapter,
  }),
  dnsTimeout: setting("dns-timeout", time({ positive: true, example: "5m" }), 600_000, {
    doc: "How long to wait for 'acme challenge_ready' of dns-01.",
    chapter,
  }),
  acmeVars: nullable("acme-vars", text("variables", "<vars>", "ApiToken=x"), {
    doc: "What the hook of dns-01 gets as $ACME_VARS.",
    chapter,
  }),
  providerName: nullable("provider-name", text("a name", "<name>", "godaddy"), {
    doc: "What the hook of dns-01 gets as $ACME_PROVIDER.",
    chapter,
  }),
  caFile: nullable("ca-file", text("a file", "<file>", "ca.pem"), {
    doc: "PEM of authorities that sign the directory's own certificate (sluice's own).",
    chapter,
  }),
};

/** {@linkcode acmeSettings} */
export const Acme = namedSchema(acmeSettings);
/** {@linkcode Acme} */
export type Acme = v.InferOutput<typeof Acme>;

/** The section. */
export const acmeSection = namedSection({
  keyword: "acme",
  doc: "How certificates are asked for, of whom.",
  chapter,
  path: "acme",
  schema: Acme,
  settings: acmeSettings,
  foreign: ["challenge-ready"],
  check(section, locator, report) {
    const { challenge, dnsHook, eabKeyId, eabMacKey } = section;
    if (dnsHook !== null && challenge !== "dns-01") {
      const message = `acme '${section.name}': 'dns-hook' is for 'challenge dns-01'`;
      report.warning(locator.place(section, "dnsHook"), message);
    }
    if ((eabKeyId === null) !== (eabMacKey === null)) {
      const message = `acme '${section.name}': 'eab-key-id' and 'eab-mac-key' go together: ` +
        "one without the other has no effect";
      report.warning(locator.place(section, eabKeyId === null ? "eabMacKey" : "eabKeyId"), message);
    }
  },
});

/** Settings of the process. */
export const acmeGlobalSettings = {
  acmeScheduler: nullable("acme.scheduler", choice("auto or off", ["auto", "off"]), {
    doc: "With 'off', certificates are asked for only by 'acme renew'.",
    chapter,
  }),
  acmeStateDir: nullable("acme.state-dir", text("a folder", "<folder>", "/var/lib/sluice"), {
    doc: "Where accounts and certificates are kept (sluice's own); $STATE_DIRECTORY by default, " +
      "else /var/lib/sluice.",
    chapter,
  }),
  acmeHttpListen: nullable("acme.http-listen", text("an address", "<address>:<port>", "*:80"), {
    doc:
      "Where http-01 is answered if no frontend listens on port 80; 'off': nowhere (sluice's own).",
    chapter,
  }),
};

/** Options of `bind`, and of a line of a 'crt-list'. */
export const acmeBindSettings = {
  acme: nullable("acme", text("names, or a section", "<names>|<section>", "www.example.org"), {
    doc:
      "Names whose certificate is got and renewed by itself; with 'domains', the 'acme' section.",
    chapter: "5.1",
  }),
  domains: nullable("domains", text("names", "<names>", "www.example.org"), {
    doc: "The names, where 'acme' has a section.",
    chapter: "5.1",
  }),
};

/** Of `bind` alone. */
export const acmeStagingSetting = {
  acmeStaging: flag("acme-staging", {
    doc: "Asks Let's Encrypt's staging directory, whose certificates nobody trusts (sluice's own).",
    chapter: "5.1",
  }),
};

/** The parts of a list of names. */
export function domainsOf(list: string): string[] {
  return [...new Set(list.toLowerCase().split(",").map((name) => name.trim()).filter(Boolean))];
}
