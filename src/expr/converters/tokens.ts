/** Converters of JSON and of JWTs (manual, chapter 7.3.1: "json_query", "jwt_header_query"; RFC 7519). */
import { Buffer } from "node:buffer";
import { createHmac, createVerify, timingSafeEqual } from "node:crypto";
import { may, need } from "../arguments.ts";
import { sampleText, setText } from "../cast.ts";
import type { Converter } from "../converter.ts";
import { ANY, BIN, type Sample, SINT, STR } from "../sample.ts";

const chapter = "7.3.1";

/** The value at "$.a.b[0]" of a JSON text. @returns false: there is none, or it is an object */
function query(sample: Sample, json: string, path: string, integer: boolean): boolean {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return false;
  }
  for (const step of path.replace(/^\$\.?/, "").match(/[^.[\]]+/g) ?? []) {
    if (typeof value !== "object" || value === null) return false;
    if (!Object.hasOwn(value, step)) return false;
    value = (value as Record<string, unknown>)[step];
  }
  if (typeof value === "string") {
    return setText(sample, Buffer.from(value, "utf8").toString("latin1"));
  }
  if (typeof value === "boolean") return sample.setBool(value);
  if (typeof value === "number") {
    return integer && Number.isInteger(value)
      ? sample.setInt(value)
      : setText(sample, Number.isInteger(value) ? String(value) : value.toFixed(6));
  }
  return value !== undefined && value !== null &&
    setText(sample, Buffer.from(JSON.stringify(value), "utf8").toString("latin1"));
}

function jwtQuery(name: string, index: number, what: string): Converter {
  return {
    name,
    args: [may("path"), may("type")],
    from: BIN,
    to: STR,
    doc: `The ${what} of a JWT, or a value in it.`,
    chapter,
    create(args) {
      const path = args.text(0);
      const integer = args.choice(1, ["int", "str"], "str") === "int";
      return (sample) => {
        const part = sampleText(sample).split(".")[index];
        if (part === undefined) return false;
        const json = Buffer.from(part, "base64url").toString("utf8");
        return path === ""
          ? setText(sample, Buffer.from(json, "utf8").toString("latin1"))
          : query(sample, json, path, integer);
      };
    },
  };
}

const hmacs: Readonly<Record<string, string>> = {
  HS256: "sha256",
  HS384: "sha384",
  HS512: "sha512",
};
const signatures: Readonly<Record<string, string>> = {
  RS256: "RSA-SHA256",
  RS384: "RSA-SHA384",
  RS512: "RSA-SHA512",
  ES256: "SHA256",
  ES384: "SHA384",
  ES512: "SHA512",
};

/** 1: it is valid; 0: it is not; below 0: why it could not be checked, as in HAProxy. */
function verify(token: string, algorithm: string, key: string): number {
  const parts = token.split(".");
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined) return -3;
  const signed = `${header}.${payload}`;
  const given = Buffer.from(signature!, "base64url");
  const hmac = hmacs[algorithm];
  if (hmac !== undefined) {
    const own = createHmac(hmac, key).update(signed).digest();
    return own.length === given.length && timingSafeEqual(own, given) ? 1 : 0;
  }
  const name = signatures[algorithm];
  if (name === undefined) return -2;
  try {
    const check = createVerify(name).update(signed);
    const options = algorithm.startsWith("ES") ? { key, dsaEncoding: "ieee-p1363" as const } : key;
    return check.verify(options, given) ? 1 : 0;
  } catch {
    return -1;
  }
}

/** {@linkcode Converter}s of this family. */
export const tokenConverters: readonly Converter[] = [
  {
    name: "json_query",
    args: [need("path"), may("type")],
    from: STR,
    to: ANY,
    doc: "A value of a JSON text, by a path as '$.a.b'.",
    chapter,
    create(args) {
      const path = args.text(0);
      const integer = args.choice(1, ["int", "str"], "str") === "int";
      return (sample) => query(sample, sampleText(sample), path, integer);
    },
  },
  jwtQuery("jwt_header_query", 0, "header"),
  jwtQuery("jwt_payload_query", 1, "payload"),
  {
    name: "jwt_verify",
    args: [need("algorithm"), need("key")],
    from: BIN,
    to: SINT,
    doc: "Whether a JWT's signature is that of the key: 1, 0, or below 0 what is wrong.",
    chapter,
    create(args, { patterns }) {
      const algorithm = args.text(0);
      const text = args.text(1);
      if (hmacs[algorithm] === undefined && signatures[algorithm] === undefined) {
        const known = [...Object.keys(hmacs), ...Object.keys(signatures)].join(", ");
        throw args.mistake(0, `'${algorithm}' is not an algorithm of JWTs`, known);
      }
      let key = text;
      if (hmacs[algorithm] === undefined) {
        try {
          key = patterns.readFile(text);
        } catch (error) {
          throw args.mistake(1, error instanceof Error ? error.message : String(error));
        }
      }
      return (sample) => sample.setInt(verify(sampleText(sample), algorithm, key));
    },
  },
];
