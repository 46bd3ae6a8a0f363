/** Converters of JSON Web Tokens (manual, chapter 7.3.1: "jwt_verify" and its kin; RFC 7515, 7518). */
import { Buffer } from "node:buffer";
import {
  constants,
  createHmac,
  createPublicKey,
  createVerify,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";
import { type Arguments, may, need } from "../arguments.ts";
import { sampleText, setText } from "../cast.ts";
import type { Context } from "../context.ts";
import type { Converter } from "../converter.ts";
import { ANY, BIN, Sample, SINT } from "../sample.ts";
import { parseVariableName } from "../variables.ts";
import { queryJson, wantsInteger } from "./json-query.ts";
import { bytesOperand } from "./operands.ts";
import type { References } from "../references.ts";
import { bytesOf } from "../../bytes/bytes.ts";
import { decodeBase64Url } from "./base64.ts";
import type { PatternStore } from "../patterns/store.ts";

const chapter = "7.3.1";

/** Why a signature could not be checked, as in HAProxy. */
const UNKNOWN_ALGORITHM = -1;
const INVALID_TOKEN = -3;
const UNKNOWN_KEY = -5;

function jwtQuery(name: string, index: number, what: string): Converter {
  return {
    name,
    args: [may("path"), may("type")],
    from: BIN,
    to: ANY,
    doc: `The ${what} of a JWT, or a value in it.`,
    chapter,
    create(args) {
      const path = args.text(0);
      const integer = wantsInteger(args, 1);
      return (sample) => {
        const part = sampleText(sample).split(".")[index];
        if (part === undefined) return false;
        const json = Buffer.from(part, "base64url");
        if (path === "") return setText(sample, json.toString("latin1"));
        return queryJson(sample, json.toString("utf8"), path, integer);
      };
    },
  };
}

/** Checks a signature. @throws {Error} if the key is none for it */
type Verify = (signed: string, signature: Uint8Array, key: string | KeyObject) => boolean;

const hmac = (digest: string): Verify => (signed, signature, key) => {
  const own = createHmac(digest, key).update(signed, "latin1").digest();
  return own.length === signature.length && timingSafeEqual(own, signature);
};
const rsa = (digest: string): Verify => (signed, signature, key) =>
  createVerify(digest).update(signed, "latin1").verify(key, signature);
const pss = (digest: string): Verify => (signed, signature, key) =>
  createVerify(digest).update(signed, "latin1").verify({
    key: key as KeyObject,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  }, signature);
const ecdsa = (digest: string): Verify => (signed, signature, key) =>
  createVerify(digest).update(signed, "latin1")
    .verify({ key: key as KeyObject, dsaEncoding: "ieee-p1363" }, signature);

/** An algorithm (RFC 7518, section 3.1). */
interface Algorithm {
  readonly verify: Verify;
  /** Its key is a secret, not one of a pair. */
  readonly secret: boolean;
}

const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>(
  ["256", "384", "512"].flatMap((bits) => [
    [`HS${bits}`, { verify: hmac(`sha${bits}`), secret: true }] as const,
    [`RS${bits}`, { verify: rsa(`RSA-SHA${bits}`), secret: false }] as const,
    [`ES${bits}`, { verify: ecdsa(`sha${bits}`), secret: false }] as const,
    [`PS${bits}`, { verify: pss(`RSA-SHA${bits}`), secret: false }] as const,
  ]),
);

/** Public keys and certificates that expressions name, by their paths: read at the start only. */
const keysOf = new WeakMap<PatternStore, Map<string, KeyObject>>();

/**
 * Reads a public key, or the one of a certificate. As in HAProxy tokens are then found to have an
 * unknown key, if it cannot be read.
 */
function loadKey(args: Arguments, i: number, { patterns, warn }: References): void {
  let keys = keysOf.get(patterns);
  if (keys === undefined) keysOf.set(patterns, keys = new Map());
  const path = args.text(i);
  if (keys.has(path)) return;
  try {
    keys.set(path, createPublicKey(patterns.readFile(path)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warn(`no public key in '${path}' (${reason}): no token will be verified by it`);
  }
}

/** The text of an argument, or of the variable that it names; null: that has no value. */
function textOperand(args: Arguments, i: number): (context: Context) => string | null {
  const operand = bytesOperand(args, i);
  const value = new Sample();
  return (context) => operand(context, value) ? sampleText(value) : null;
}

/** @param secrets whether the key may be a secret, too */
function jwtVerify(name: string, doc: string, secrets: boolean): Converter {
  return {
    name,
    args: [need("alg"), need(secrets ? "key" : "cert")],
    from: BIN,
    to: SINT,
    doc,
    chapter,
    create(args, references) {
      const named = args.text(0);
      const isVariable = parseVariableName(named) !== null;
      const usable = (algorithm: string) =>
        algorithm === "none" || algorithms.get(algorithm)?.secret === false ||
        secrets && algorithms.has(algorithm);
      if (!isVariable && !usable(named)) {
        const known = [...algorithms.keys(), "none"].filter(usable).join(", ");
        throw args.mistake(0, `'${named}' is not an algorithm of JWTs`, known);
      }
      const algorithmOf = textOperand(args, 0);
      const keyOf = textOperand(args, 1);
      const ownKey = parseVariableName(args.text(1)) !== null;
      // One that may be a secret is no file, until the algorithm says so.
      const constantKey = !ownKey && !isVariable && named !== "none" &&
        !algorithms.get(named)!.secret;
      if (constantKey || !ownKey && isVariable && args.text(1).startsWith("/")) {
        loadKey(args, 1, references);
      }
      return (sample, context) => {
        const algorithm = algorithmOf(context);
        const key = keyOf(context);
        if (algorithm === null || key === null) return false;
        const token = sampleText(sample);
        if (!usable(algorithm)) return sample.setInt(UNKNOWN_ALGORITHM);
        return sample.setInt(verify(token, algorithm, key, keysOf.get(references.patterns)));
      };
    },
  };
}

/** 1: it is valid; 0: it is not; below 0: why it could not be checked. */
function verify(
  token: string,
  algorithm: string,
  key: string,
  keys: ReadonlyMap<string, KeyObject> | undefined,
): number {
  const parts = token.split(".");
  if (parts.length !== 3) return INVALID_TOKEN;
  if (algorithm === "none") return parts[2] === "" ? 1 : 0;
  const signature = decodeBase64Url(bytesOf(parts[2]!));
  if (signature === null || signature.length === 0) return INVALID_TOKEN;
  const signed = `${parts[0]}.${parts[1]}`;
  const { verify, secret } = algorithms.get(algorithm)!;
  const own = secret ? key : keys?.get(key);
  if (own === undefined) return UNKNOWN_KEY;
  try {
    return verify(signed, signature, own) ? 1 : 0;
  } catch {
    return 0;
  }
}

/** {@linkcode Converter}s of this family. */
export const jwtConverters: readonly Converter[] = [
  jwtQuery("jwt_header_query", 0, "header"),
  jwtQuery("jwt_payload_query", 1, "payload"),
  jwtVerify(
    "jwt_verify",
    "Whether a JWT's signature is that of a key: 1, 0, or below 0 what is wrong.",
    true,
  ),
  jwtVerify(
    "jwt_verify_cert",
    "Whether a JWT's signature is that of a certificate: 1, 0, or below 0 what is wrong.",
    false,
  ),
];
