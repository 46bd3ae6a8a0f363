/** Messages to an authority, signed (RFC 8555, 6.2; RFC 7515; RFC 7638). */
import { createHash, createHmac, createPublicKey, type KeyObject, sign } from "node:crypto";

/** Base64 for addresses, without padding. */
export function base64url(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** A public key, with its members in the order of their names (RFC 7638, 3.3). */
export type Jwk =
  | { readonly crv: string; readonly kty: "EC"; readonly x: string; readonly y: string }
  | { readonly e: string; readonly kty: "RSA"; readonly n: string };

/** The public half of a key. @throws {TypeError} if it is of no kind that authorities take */
export function jwkOf(key: KeyObject): Jwk {
  const half = key.type === "public" ? key : createPublicKey(key);
  const { kty, crv, x, y, e, n } = half.export({ format: "jwk" });
  if (kty === "EC" && crv !== undefined && x !== undefined && y !== undefined) {
    return { crv, kty, x, y };
  }
  if (kty === "RSA" && e !== undefined && n !== undefined) return { e, kty, n };
  throw new TypeError("an account's key is of RSA or on a curve of NIST");
}

/** What a key is known by (RFC 7638). */
export function thumbprint(key: KeyObject): string {
  return createHash("sha256").update(JSON.stringify(jwkOf(key))).digest("base64url");
}

/** What answers a challenge (RFC 8555, 8.1). */
export function keyAuthorization(token: string, key: KeyObject): string {
  return `${token}.${thumbprint(key)}`;
}

/** The content of the TXT record that answers dns-01 (RFC 8555, 8.4). */
export function dnsValue(authorization: string): string {
  return createHash("sha256").update(authorization).digest("base64url");
}

const curves: Readonly<Record<string, readonly [algorithm: string, hash: string]>> = {
  "P-256": ["ES256", "sha256"],
  "P-384": ["ES384", "sha384"],
  "P-521": ["ES512", "sha512"],
};

/**
 * A signed message, as it is sent.
 * @param payload null: an empty one, which asks for what is at the address (RFC 8555, 6.3)
 * @param account its address; null: there is none yet, and the key itself is sent
 * @param nonce null: none, as within another message
 */
export function signed(
  key: KeyObject,
  account: string | null,
  url: string,
  nonce: string | null,
  payload: unknown,
): string {
  const jwk = jwkOf(key);
  const [alg, hash] = jwk.kty === "RSA"
    ? ["RS256", "sha256"]
    : curves[jwk.crv] ?? ["ES256", "sha256"];
  const head = base64url(JSON.stringify({
    alg,
    ...account === null ? { jwk } : { kid: account },
    ...nonce === null ? {} : { nonce },
    url,
  }));
  const body = payload === null ? "" : base64url(JSON.stringify(payload));
  const bytes = new TextEncoder().encode(`${head}.${body}`);
  const signature = sign(hash, bytes, { key, dsaEncoding: "ieee-p1363" });
  return JSON.stringify({ protected: head, payload: body, signature: base64url(signature) });
}

/** An account of a customer, to which one of ACME is bound (RFC 8555, 7.3.4). */
export interface ExternalAccount {
  readonly keyId: string;
  /** Base64 for addresses. */
  readonly macKey: string;
  readonly algorithm: "HS256" | "HS384" | "HS512";
}

/** What binds a new account to a customer's. */
export function externalBinding(
  key: KeyObject,
  { keyId, macKey, algorithm }: ExternalAccount,
  url: string,
): { readonly protected: string; readonly payload: string; readonly signature: string } {
  const head = base64url(JSON.stringify({ alg: algorithm, kid: keyId, url }));
  const payload = base64url(JSON.stringify(jwkOf(key)));
  const secret = Uint8Array.from(
    atob(macKey.replaceAll("-", "+").replaceAll("_", "/")),
    (char) => char.charCodeAt(0),
  );
  const hash = `sha${algorithm.slice(2)}`;
  const signature = createHmac(hash, secret).update(`${head}.${payload}`).digest("base64url");
  return { protected: head, payload, signature };
}
