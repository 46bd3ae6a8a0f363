/**
 * Passwords that are kept as hashes of crypt(3): "$1$" (MD5), "$5$" (SHA-256) and "$6$" (SHA-512), as
 * U. Drepper's "Unix crypt using SHA-256 and SHA-512" and FreeBSD's MD5 scheme say.
 */
import { createHash } from "node:crypto";
import { bytesOf, textOf } from "../bytes/bytes.ts";

const digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The hashes that {@linkcode crypt} can make, by what stands before them. */
export const knownHash = /^\$(?:1|5|6)\$/;

function digest(name: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash(name);
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Bytes over and over, `length` of them. */
function repeated(bytes: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => bytes[i % bytes.length]!);
}

/** Bytes as digits of 6 bits, the lowest first; `order` says which three belong together. */
function encode(bytes: Uint8Array, order: readonly (readonly number[])[]): string {
  let text = "";
  for (const group of order) {
    let value = 0;
    for (const i of group) value = value << 8 | (i < 0 ? 0 : bytes[i]!);
    const count = group.length === 3 ? 4 : group.length + 1;
    for (let i = 0; i < count; i++, value >>>= 6) text += digits[value & 63];
  }
  return text;
}

/** Groups of three that go round, each time turned by one, as both schemes of SHA have them. */
function turning(count: number, step: number, turn: number): number[][] {
  return Array.from({ length: count }, (_, i) => {
    const first = i * turn % (3 * step);
    const group = [first, first + step, first + 2 * step].map((at) => at % (3 * step));
    return group;
  });
}
const order256 = [...turning(10, 10, 21), [31, 30]];
const order512 = [...turning(21, 21, 22), [63]];
const orderMd5 = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]];

function shaCrypt(password: Uint8Array, setting: string, kind: "5" | "6"): string {
  const name = kind === "5" ? "sha256" : "sha512";
  const rest = setting.slice(3);
  const given = /^rounds=(\d+)\$/.exec(rest);
  const rounds = Math.min(Math.max(Number(given?.[1] ?? 5000), 1000), 999_999_999);
  const saltText = rest.slice(given?.[0].length ?? 0).split("$")[0]!.slice(0, 16);
  const salt = bytesOf(saltText);
  const other = digest(name, password, salt, password);
  const parts = [password, salt, repeated(other, password.length)];
  for (let n = password.length; n > 0; n >>= 1) parts.push((n & 1) !== 0 ? other : password);
  let sum = digest(name, ...parts);
  const ofPassword = digest(name, ...Array.from({ length: password.length }, () => password));
  const ofSalt = digest(name, ...Array.from({ length: 16 + sum[0]! }, () => salt));
  const p = repeated(ofPassword, password.length);
  const s = repeated(ofSalt, salt.length);
  for (let i = 0; i < rounds; i++) {
    const round: Uint8Array[] = [(i & 1) !== 0 ? p : sum];
    if (i % 3 !== 0) round.push(s);
    if (i % 7 !== 0) round.push(p);
    round.push((i & 1) !== 0 ? sum : p);
    sum = digest(name, ...round);
  }
  const roundsText = given === null ? "" : `rounds=${rounds}$`;
  return `$${kind}$${roundsText}${saltText}$${encode(sum, kind === "5" ? order256 : order512)}`;
}

function md5Crypt(password: Uint8Array, setting: string): string {
  const saltText = setting.slice(3).split("$")[0]!.slice(0, 8);
  const salt = bytesOf(saltText);
  const other = digest("md5", password, salt, password);
  const parts = [password, bytesOf("$1$"), salt, repeated(other, password.length)];
  for (let n = password.length; n > 0; n >>= 1) {
    parts.push((n & 1) !== 0 ? Uint8Array.of(0) : password.subarray(0, 1));
  }
  let sum = digest("md5", ...parts);
  for (let i = 0; i < 1000; i++) {
    const round: Uint8Array[] = [(i & 1) !== 0 ? password : sum];
    if (i % 3 !== 0) round.push(salt);
    if (i % 7 !== 0) round.push(password);
    round.push((i & 1) !== 0 ? sum : password);
    sum = digest("md5", ...round);
  }
  return `$1$${saltText}$${encode(sum, orderMd5)}`;
}

/**
 * The hash of a password.
 * @param setting a hash, of which the kind, the rounds and the salt are taken
 * @returns null: it is of another kind
 */
export function crypt(password: string, setting: string): string | null {
  const bytes = bytesOf(password);
  switch (knownHash.exec(setting)?.[0]) {
    case "$1$":
      return md5Crypt(bytes, setting);
    case "$5$":
      return shaCrypt(bytes, setting, "5");
    case "$6$":
      return shaCrypt(bytes, setting, "6");
    default:
      return null;
  }
}

/** Comparisons that were made: a hash is slow to make, and clients send the same words each time. */
const known = new Map<string, boolean>();
const mostKnown = 1024;

/** Whether a password is the one of a hash. */
export function isPassword(password: string, hash: string): boolean {
  const key = `${hash} ${textOf(digest("sha256", bytesOf(password)), 0, 32)}`;
  let matches = known.get(key);
  if (matches === undefined) {
    if (known.size >= mostKnown) known.clear();
    known.set(key, matches = crypt(password, hash) === hash);
  }
  return matches;
}
