/**
 * Fields of HTTP/2 as lines of HTTP/1, which the rest of the proxy reads. What passes here has one
 * meaning there: names and values are checked as RFC 9113, section 8.2, wants it, and more strictly.
 */
import {
  bytesOf,
  characterClass,
  COLON,
  copy,
  CR,
  HTAB,
  isExactly,
  LF,
  SP,
  valueCharacter,
} from "../../bytes/bytes.ts";
import { TRANSFER_ENCODING } from "./static-table.ts";

/** tchar without capital letters (section 8.2.1). */
const nameCharacter = characterClass("!#$%&'*+-.^_`|~", [48, 57], [97, 122]);

/** Lines of fields, one behind the other. */
export class FieldLines {
  bytes: Uint8Array;
  length = 0;
  /** Where the value of the last line is: bytes[valueFrom, length - 2). */
  valueFrom = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room for so many bytes more. */
  makeRoom(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** Adds text[from, to) as it is. */
  append(text: Uint8Array, from = 0, to = text.length): void {
    this.makeRoom(to - from);
    this.length = copy(this.bytes, this.length, text, from, to);
  }

  /**
   * Adds the field whose name is source[from, nameEnd) and whose value is source[nameEnd, end).
   * @returns false: it is malformed
   */
  addField(source: Uint8Array, from: number, nameEnd: number, end: number): boolean {
    this.makeRoom(end - from + 4);
    const { bytes } = this;
    let at = this.length;
    if (nameEnd === from) return false;
    for (let i = from; i < nameEnd; i++) {
      const c = source[i]!;
      if (nameCharacter[c] === 0) return false;
      bytes[at++] = c;
    }
    bytes[at++] = COLON;
    bytes[at++] = SP;
    this.valueFrom = at;
    if (!isValue(source, nameEnd, end)) return false;
    at = copy(bytes, at, source, nameEnd, end);
    bytes[at++] = CR;
    bytes[at++] = LF;
    this.length = at;
    return true;
  }
}

/** Whether bytes[from, to) may be a value: no controls, no space around it (section 8.2.1). */
export function isValue(bytes: Uint8Array, from: number, to: number): boolean {
  if (from === to) return true;
  const first = bytes[from]!;
  const last = bytes[to - 1]!;
  if (first === SP || first === HTAB || last === SP || last === HTAB) return false;
  for (let i = from; i < to; i++) if (valueCharacter[bytes[i]!] === 0) return false;
  return true;
}

/** Fields that are for a connection in HTTP/1 (section 8.2.2), by the length of their names. */
const ofConnection = new Map<number, Uint8Array[]>();
for (const name of ["connection", "keep-alive", "proxy-connection", "upgrade"]) {
  const { length } = name;
  ofConnection.set(length, [...ofConnection.get(length) ?? [], bytesOf(name)]);
}
const te = bytesOf("te");
const trailers = bytesOf("trailers");

/**
 * Whether HTTP/2 has such a field at all: none that is for the connection (section 8.2.2); `te` says
 * "trailers", or is not there.
 * @param token of the name, in the static table
 */
export function isForbidden(
  token: number,
  bytes: Uint8Array,
  from: number,
  nameEnd: number,
  end: number,
): boolean {
  if (token !== 0) return token === TRANSFER_ENCODING;
  const length = nameEnd - from;
  if (length === 2 && isExactly(bytes, from, nameEnd, te)) {
    return !isExactly(bytes, nameEnd, end, trailers);
  }
  const names = ofConnection.get(length);
  return names !== undefined && names.some((name) => isExactly(bytes, from, nameEnd, name));
}
