/** Accounts at authorities: their keys and addresses, kept in the state folder. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Acme } from "../../config/model.ts";
import type { ExternalAccount } from "../../tls/acme/jws.ts";
import { AcmeError } from "../../tls/acme/problem.ts";
import { reasonOf } from "../system-error.ts";
import { readState, writeState } from "./state.ts";

/** See above. */
export interface Account {
  readonly key: KeyObject;
  /** null: not known yet. */
  readonly url: string | null;
  /** Keeps the address. */
  keep(url: string): void;
}

/** What is kept of an account. */
interface Kept {
  readonly directory: string;
  readonly key: string;
  readonly url: string;
}

/**
 * The account at an authority; its key is made if there is none.
 * @throws {AcmeError} if it cannot be read or kept
 */
export function accountAt(folder: string, directory: string, section: Acme | null): Account {
  const host = directory.replace(/^https?:\/\//, "").replace(/[^\w.-]+.*$/, "");
  const digest = createHash("sha256").update(directory).digest("hex").slice(0, 8);
  const path = section?.accountKey ?? join(folder, "accounts", `${host}-${digest}.key`);
  const about = join(folder, "accounts", `${host}-${digest}.json`);
  let pem = readState(path);
  try {
    if (pem === null) {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
      writeState(path, pem);
    }
    const key = createPrivateKey(pem);
    const kept = JSON.parse(readState(about) ?? "{}") as Partial<Kept>;
    // Another key has another account.
    const same = kept.directory === directory && kept.key === fingerprint(key);
    return {
      key,
      url: same ? kept.url ?? null : null,
      keep(url) {
        const text: Kept = { directory, key: fingerprint(key), url };
        writeState(about, `${JSON.stringify(text)}\n`);
      },
    };
  } catch (error) {
    const fix = "let the process write to its state folder ('acme.state-dir'), and look at the key";
    throw new AcmeError(`the account's key '${path}': ${(error as Error).message}`, fix);
  }
}

function fingerprint(key: KeyObject): string {
  const jwk = key.export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify([jwk.x, jwk.y, jwk.n])).digest("hex");
}

/** What binds a new account to a customer's; null: nothing. @throws {AcmeError} */
export function externalOf(section: Acme | null): ExternalAccount | null {
  if (section === null || section.eabKeyId === null || section.eabMacKey === null) return null;
  const read = (path: string) => {
    try {
      return readFileSync(path, "utf8").trim();
    } catch (error) {
      throw new AcmeError(
        `cannot read '${path}': ${reasonOf(error)}`,
        "look at 'eab-key-id' and 'eab-mac-key'",
      );
    }
  };
  return {
    keyId: read(section.eabKeyId),
    macKey: read(section.eabMacKey),
    algorithm: section.eabMacAlg ?? "HS256",
  };
}
