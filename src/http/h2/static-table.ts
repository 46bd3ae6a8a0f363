/** The static table of HPACK (RFC 7541, appendix A), and its names by their bytes. */
import { bytesOf } from "../../bytes/bytes.ts";

const table = `
  :authority
  :method GET
  :method POST
  :path /
  :path /index.html
  :scheme http
  :scheme https
  :status 200
  :status 204
  :status 206
  :status 304
  :status 400
  :status 404
  :status 500
  accept-charset
  accept-encoding gzip, deflate
  accept-language
  accept-ranges
  accept
  access-control-allow-origin
  age
  allow
  authorization
  cache-control
  content-disposition
  content-encoding
  content-language
  content-length
  content-location
  content-range
  content-type
  cookie
  date
  etag
  expect
  expires
  from
  host
  if-match
  if-modified-since
  if-none-match
  if-range
  if-unmodified-since
  last-modified
  link
  location
  max-forwards
  proxy-authenticate
  proxy-authorization
  range
  referer
  refresh
  retry-after
  server
  set-cookie
  strict-transport-security
  transfer-encoding
  user-agent
  vary
  via
  www-authenticate
`.trim().split("\n").map((line) => line.trim());

/** A field, as tables hold it: its name and its value, one behind the other. */
export interface TableField {
  readonly bytes: Uint8Array;
  readonly nameLength: number;
  /** The first entry of the static table that has this name, from 1; 0: none has. */
  readonly token: number;
}

/** Names that are looked for, by what {@linkcode tokenOf} gives for them. */
export const AUTHORITY = 1;
export const METHOD = 2;
export const PATH = 4;
export const SCHEME = 6;
export const STATUS = 8;
export const CONTENT_LENGTH = 28;
export const COOKIE = 32;
export const HOST = 38;
export const TRANSFER_ENCODING = 57;

const tokens = new Map<string, number>();

/** The entries; the first one has the index 1. */
export const staticTable: readonly TableField[] = table.map((line, i) => {
  const [, name = "", value = ""] = /^(\S+) ?(.*)$/.exec(line)!;
  const token = tokens.get(name) ?? i + 1;
  tokens.set(name, token);
  return { bytes: bytesOf(name + value), nameLength: name.length, token };
});

/** The names of the table by a cheap hash: mostly one name is compared, or none. */
const shelves: (TableField[] | undefined)[] = new Array(1024);

const hash = (bytes: Uint8Array, from: number, length: number): number =>
  length * 31 + bytes[from]! * 7 + bytes[from + length - 1]! * 13 + bytes[from + (length >> 1)]! &
  1023;

for (const token of tokens.values()) {
  const field = staticTable[token - 1]!;
  (shelves[hash(field.bytes, 0, field.nameLength)] ??= []).push(field);
}

/** The first entry with the name that is bytes[from, to), in lower case; 0: none. */
export function tokenOf(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length === 0) return 0;
  const shelf = shelves[hash(bytes, from, length)];
  if (shelf === undefined) return 0;
  search: for (const field of shelf) {
    if (field.nameLength !== length) continue;
    for (let i = 0; i < length; i++) if (field.bytes[i] !== bytes[from + i]) continue search;
    return field.token;
  }
  return 0;
}
