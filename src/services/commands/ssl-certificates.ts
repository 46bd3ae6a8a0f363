/** Commands about certificates (management manual, chapter 9.3: "set ssl cert" and its kin). */
import {
  type CertificateControl,
  CertificateMistake,
  type CertificateParts,
} from "../certificates.ts";
import { certificateFacts, certificatesIn, ocspKey } from "./certificate-facts.ts";
import { type Command, type CommandContext, CommandError, refuse } from "./command.ts";
import { transactionsOf } from "./ssl-transactions.ts";

/** What the process has of TLS. @throws {CommandError} if it has none */
export function certificatesOf({ control }: CommandContext): CertificateControl {
  if (control.certificates === null) throw refuse("nothing speaks TLS here");
  return control.certificates;
}

/** Makes a change, or says why it cannot be. */
export async function attempt(act: () => Promise<void>, end: string): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof CertificateMistake) throw refuse(`${error.message}\n${end}`);
    throw error;
  }
}

const transactions = transactionsOf<CertificateParts>();
const bytes = (text: string) => new TextEncoder().encode(text);
const has = (pem: Uint8Array | null, what: RegExp) =>
  pem !== null && what.test(new TextDecoder().decode(pem));
const privateKey = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;
const certificate = /-----BEGIN CERTIFICATE-----/;

/** Endings of files beside a certificate's, and what comes in them. */
const besides = {
  ".key": "key",
  ".issuer": "issuer",
  ".ocsp": "ocsp",
  ".sctl": null,
} as const satisfies Record<string, keyof CertificateParts | null>;

/** The certificate of a name, and which part of it a file's ending means. */
function partNamed(control: CertificateControl, name: string) {
  if (control.has(name)) return { name, part: "pem" as const };
  for (const [ending, part] of Object.entries(besides)) {
    if (!name.endsWith(ending)) continue;
    const own = name.slice(0, -ending.length);
    if (control.has(own)) return { name: own, part };
  }
  return null;
}

const empty: CertificateParts = { pem: new Uint8Array(), key: null, issuer: null, ocsp: null };

function setCertificate(context: CommandContext): string {
  const [file] = context.args;
  const { payload } = context;
  if (file === undefined || payload === null) {
    throw refuse("'set ssl cert expects a filename and a certificate as a payload");
  }
  const control = certificatesOf(context);
  const found = partNamed(control, file);
  if (found === null) {
    throw refuse(
      "Can't replace a certificate which is not referenced by the configuration!\n" +
        `Can't update ${file}!`,
    );
  }
  const { name, part } = found;
  if (part === null) {
    throw refuse(`'${file}': timestamps of certificates are not used here\nCan't update ${file}!`);
  }
  const transaction = transactions(control);
  const before = transaction.get(name) ?? control.partsOf(name) ?? empty;
  const wrong = () =>
    refuse(
      `unable to load certificate from file '${file}'.\nCan't load the payload\nCan't update ${file}!`,
    );
  let parts: CertificateParts;
  if (part === "ocsp") {
    try {
      parts = { ...before, ocsp: Uint8Array.from(atob(payload.trim()), (c) => c.charCodeAt(0)) };
    } catch {
      throw wrong();
    }
  } else {
    const pem = bytes(payload);
    if (!has(pem, part === "key" ? privateKey : certificate)) throw wrong();
    if (part === "pem" && certificatesIn(pem).length === 0) throw wrong();
    // A whole file stands for all, the key too: one of before would be another's.
    parts = part === "pem" ? { ...empty, pem } : { ...before, [part]: pem };
    if (part === "key") parts = { ...parts, pem: withoutKeys(parts.pem) };
  }
  return `Transaction ${transaction.set(name, parts)} for certificate ${name}!\n`;
}

function withoutKeys(pem: Uint8Array): Uint8Array {
  const key =
    /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]*-----END (?:[A-Z]+ )?PRIVATE KEY-----\n?/g;
  return bytes(new TextDecoder().decode(pem).replace(key, ""));
}

async function commit(context: CommandContext): Promise<string> {
  const [name] = context.args;
  if (name === undefined) throw refuse("'commit ssl cert expects a filename");
  const control = certificatesOf(context);
  const transaction = transactions(control);
  const parts = transaction.take(name);
  if (!has(parts.pem, certificate) || !has(parts.pem, privateKey) && !has(parts.key, privateKey)) {
    throw refuse(
      `The transaction must contain at least a certificate and a private key!\nCan't commit ${name}!`,
    );
  }
  await attempt(() => control.put(name, parts), `Can't commit ${name}!`);
  transaction.end();
  return `Committing ${name}${".".repeat(control.uses(name))}\nSuccess!\n`;
}

function show(context: CommandContext): string {
  const control = certificatesOf(context);
  const transaction = transactions(control);
  const [name] = context.args;
  if (name === undefined) {
    const prepared = transaction.name === null ? "" : `# transaction\n*${transaction.name}\n`;
    return `${prepared}# filename\n${control.names.map((each) => `${each}\n`).join("")}`;
  }
  if (name.startsWith("*")) {
    const parts = transaction.get(name.slice(1));
    if (parts !== null) return certificateFacts(name, parts, false);
  } else if (control.has(name)) {
    return certificateFacts(name, control.partsOf(name), control.uses(name) > 0);
  }
  throw refuse("Can't display the certificate: Not found or the certificate is a bundle!");
}

/** The certificates that have an OCSP response, with what they are known by. */
function stapled(control: CertificateControl) {
  return control.names.flatMap((name) => {
    const parts = control.partsOf(name);
    const key = parts === null ? null : ocspKey(parts);
    return key === null ? [] : [{ name, key, response: parts!.ocsp! }];
  });
}

/** See above. */
export const certificateCommands: readonly Command[] = [
  {
    name: "set ssl cert",
    usage: "<certfile> <payload>",
    help: "prepares another certificate in a file's place",
    level: "admin",
    run: setCertificate,
  },
  {
    name: "commit ssl cert",
    usage: "<certfile>",
    help: "has a prepared certificate be served",
    level: "admin",
    run: commit,
  },
  {
    name: "abort ssl cert",
    usage: "<certfile>",
    help: "drops a prepared certificate",
    level: "admin",
    run(context) {
      const [name] = context.args;
      if (name === undefined) throw refuse("'abort ssl cert' expects a filename");
      return transactions(certificatesOf(context)).abort(name);
    },
  },
  {
    name: "new ssl cert",
    usage: "<certfile>",
    help: "adds an empty certificate, for lists of certificates",
    level: "admin",
    run(context) {
      const [name] = context.args;
      if (name === undefined) throw refuse("'new ssl cert' expects a filename");
      const control = certificatesOf(context);
      if (control.has(name)) throw refuse(`Certificate '${name}' already exists!`);
      control.create(name);
      return `New empty certificate store '${name}'!\n`;
    },
  },
  {
    name: "del ssl cert",
    usage: "<certfile>",
    help: "removes a certificate that is not served",
    level: "admin",
    run(context) {
      const [name] = context.args;
      if (name === undefined) throw refuse("'del ssl cert' expects a certificate name");
      const control = certificatesOf(context);
      const cannot = (why: string) =>
        new CommandError(`Can't remove the certificate: certificate '${name}' ${why}!\n\n`);
      if (!control.has(name)) throw cannot("doesn't exist");
      if (control.uses(name) > 0) throw cannot("in use, can't be deleted");
      control.remove(name);
      return `Certificate '${name}' deleted!\n`;
    },
  },
  {
    name: "show ssl cert",
    usage: "[<certfile>]",
    help: "certificates, or the details of one",
    level: "operator",
    run: show,
  },
  {
    name: "set ssl ocsp-response",
    usage: "<resp|payload>",
    help: "staples an OCSP response, in base64, to the certificate that it is of",
    level: "admin",
    async run(context) {
      const text = context.payload ?? context.args[0];
      if (text === undefined) {
        throw refuse("'set ssl ocsp-response' expects response in base64 encoding.");
      }
      let response: Uint8Array;
      try {
        response = Uint8Array.from(atob(text.replace(/\s/g, "")), (c) => c.charCodeAt(0));
      } catch {
        throw refuse("'set ssl ocsp-response' received invalid base64 encoded response.");
      }
      const control = certificatesOf(context);
      if (control.describeOcsp(response) === "") throw refuse("Unable to parse OCSP response.");
      await attempt(
        () => control.putOcsp(response),
        "OCSP single response: Certificate ID does not match any certificate or issuer.",
      );
      return "OCSP Response updated!\n";
    },
  },
  {
    name: "show ssl ocsp-response",
    usage: "[id]",
    help: "responses of OCSP that are stapled, or the details of one",
    level: "operator",
    run(context) {
      const control = certificatesOf(context);
      const [id] = context.args;
      const all = stapled(control);
      if (id === undefined) {
        return `# Certificate IDs\n${
          all.map(({ key }) =>
            `Certificate ID key : ${key.key}\n Certificate ID:\n` +
            `   Issuer Name Hash: ${key.issuerName}\n   Issuer Key Hash: ${key.issuerKey}\n` +
            `   Serial Number: ${key.serial}\n`
          ).join("")
        }`;
      }
      const found = all.find(({ key, name }) => key.key === id || name === id);
      if (found === undefined) throw refuse("Certificate ID does not match any certificate.");
      return control.describeOcsp(found.response);
    },
  },
];
