/** Answers to challenges: over HTTP, in handshakes, in the DNS. */
import { generateKeyPairSync } from "node:crypto";
import { spawn } from "node:child_process";
import process from "node:process";
import type { Acme } from "../../config/model.ts";
import type { PatternStore } from "../../expr/patterns/store.ts";
import { freeCertificate } from "../../net/tls/certificate.ts";
import { challengeCertificate } from "../../tls/acme/certificates.ts";
import { dnsValue } from "../../tls/acme/jws.ts";
import type { Challenge } from "../../tls/acme/order.ts";
import { AcmeError } from "../../tls/acme/problem.ts";
import type { ServedCertificate, TlsChanges } from "../../tls/material.ts";
import type { Clock } from "../../time/clock.ts";
import type { CertificateFiles } from "../certificate-files.ts";
import type { Waits } from "./waits.ts";
import { partsFrom } from "./managed.ts";

/** The map in which all HTTP frontends look for answers. */
export const challengeMap = "virt@acme.http-01";

/** Sets an entry of a map, in all threads; or removes it. Without such a map nothing happens. */
export function setEntry(
  store: PatternStore | null,
  map: string,
  key: string,
  value: string | null,
): void {
  const list = store?.find(map);
  if (store === null || list === undefined) return;
  if (list.entryOf(key) !== undefined) store.change(list, { change: "delete", key });
  if (value !== null) store.change(list, { change: "add", key, value });
}

/** What they act on. */
export interface ChallengeDeps {
  readonly files: CertificateFiles;
  readonly clock: Clock;
  readonly waits: Waits;
  /** Has all threads know an entry of a map, or no more: with null. */
  setEntry(map: string, key: string, value: string | null): void;
  replaceTls(changes: TlsChanges, unused: () => void): Promise<void>;
  /** Resolves when no thread lacks an entry any more. */
  settled(): Promise<void>;
  say(line: string): void;
}

/** See above. */
export interface Challenges {
  /** What answers http-01, by token: for the listener of our own. */
  readonly tokens: ReadonlyMap<string, string>;
  present(challenge: Challenge, section: Acme | null, certificate: string): Promise<void>;
  withdraw(challenge: Challenge, section: Acme | null): void;
  /** `acme challenge_ready`. @returns false: nothing waits for that */
  ready(certificate: string, name: string): boolean;
}

/** No answers yet. */
export function createChallenges(deps: ChallengeDeps): Challenges {
  const tokens = new Map<string, string>();
  const certificates = new Map<string, ServedCertificate>();
  const waiting = new Map<string, () => void>();

  function shareCertificates(unused = () => {}): Promise<void> {
    const challenges = new Map(certificates);
    return deps.replaceTls({ binds: [], servers: [], challenges }, unused);
  }

  async function presentTls({ name, answer }: Challenge): Promise<void> {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = String(privateKey.export({ type: "pkcs8", format: "pem" }));
    const pem = challengeCertificate(name, answer, privateKey, deps.clock.wall());
    certificates.set(name, deps.files.make(`acme-tls/1 ${name}`, partsFrom(pem + key)));
    await shareCertificates();
  }

  async function presentDns(
    { name, answer }: Challenge,
    section: Acme | null,
    certificate: string,
  ): Promise<void> {
    const record = `_acme-challenge.${name}`;
    const value = dnsValue(answer);
    const hook = section?.dnsHook ?? null;
    if (hook !== null) await runHook(hook, "add", record, value, section);
    else {
      deps.say(
        `acme: ${certificate}: ${name}: dns-01 requires a TXT record "${record}" with the value ` +
          `"${value}"; when it is there: acme challenge_ready ${certificate} domain ${name}`,
      );
      await waitReady(`${certificate} ${name}`, section?.dnsTimeout ?? 600_000);
    }
    const delay = section?.dnsDelay ?? 0;
    if (delay > 0) await deps.waits.wait(delay);
  }

  function waitReady(key: string, timeout: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = deps.waits.schedule(timeout, () => {
        waiting.delete(key);
        reject(
          new AcmeError(
            `nobody has said 'acme challenge_ready ${key.replace(" ", " domain ")}'`,
            "make the record, and say so; or let 'dns-hook' do it",
          ),
        );
      });
      waiting.set(key, () => {
        cancel();
        waiting.delete(key);
        resolve();
      });
    });
  }

  return {
    tokens,
    async present(challenge, section, certificate) {
      const { kind, token, answer } = challenge;
      switch (kind) {
        case "http-01":
          tokens.set(token, answer);
          deps.setEntry(challengeMap, token, answer);
          if (section !== null && section.map !== null) {
            deps.setEntry(section.map, token, answer.slice(token.length + 1));
          }
          return await deps.settled();
        case "tls-alpn-01":
          return await presentTls(challenge);
        case "dns-01":
          return await presentDns(challenge, section, certificate);
        case "dns-persist-01":
          // The record stands in the DNS for good.
      }
    },
    withdraw({ kind, name, token, answer }, section) {
      if (kind === "http-01") {
        tokens.delete(token);
        deps.setEntry(challengeMap, token, null);
        if (section !== null && section.map !== null) deps.setEntry(section.map, token, null);
      } else if (kind === "tls-alpn-01") {
        const before = certificates.get(name);
        certificates.delete(name);
        void shareCertificates(() => {
          if (before !== undefined) freeCertificate(before);
        });
      } else if (kind === "dns-01" && section !== null && section.dnsHook !== null) {
        runHook(section.dnsHook, "remove", `_acme-challenge.${name}`, dnsValue(answer), section)
          .catch((error: Error) => deps.say(`acme: ${name}: ${error.message}`));
      }
    },
    ready(certificate, name) {
      const done = waiting.get(`${certificate} ${name}`);
      done?.();
      return done !== undefined;
    },
  };
}

/** How long a hook may run, ms. */
const hookTimeout = 300_000;

/** Runs the command that makes or removes a record. @throws {AcmeError} if it fails */
function runHook(
  command: string,
  what: "add" | "remove",
  record: string,
  value: string,
  section: Acme | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      ACME_VARS: section?.acmeVars ?? "",
      ACME_PROVIDER: section?.providerName ?? "",
    };
    const fix = `run it by hand: ${command} ${what} ${record} ${value}`;
    const child = spawn(command, [what, record, value], {
      stdio: ["ignore", "ignore", "pipe"],
      env,
      timeout: hookTimeout,
    });
    let said = "";
    child.stderr.on("data", (bytes: Uint8Array) => {
      if (said.length < 1000) said += new TextDecoder().decode(bytes);
    });
    child.once("error", (error) => {
      reject(new AcmeError(`dns-hook '${command}': ${error.message}`, fix));
    });
    child.once("close", (status, signal) => {
      if (status === 0) return resolve();
      const how = signal === null ? `ends with status ${status}` : `was ended by ${signal}`;
      const words = said.trim() === "" ? "" : `: ${said.trim().split("\n").at(-1)}`;
      reject(new AcmeError(`dns-hook '${command}' ${how}${words}`, fix));
    });
  });
}
