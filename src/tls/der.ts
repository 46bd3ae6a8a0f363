/** DER (X.690), written: as much of it as certificates and requests for them take. */

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Bytes one behind another. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(new ArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0)));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A value: its tag, its length, its content. */
export function value(tag: number, ...content: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = joined(content);
  const n = body.length;
  const length = n < 0x80
    ? [n]
    : n < 0x100
    ? [0x81, n]
    : n < 0x10000
    ? [0x82, n >> 8, n & 0xff]
    : [0x83, n >> 16, n >> 8 & 0xff, n & 0xff];
  return joined([Uint8Array.from([tag, ...length]), body]);
}

export const sequence = (...items: readonly Uint8Array[]) => value(0x30, ...items);
export const set = (...items: readonly Uint8Array[]) => value(0x31, ...items);
export const octets = (...content: readonly Uint8Array[]) => value(0x04, ...content);
export const bits = (content: Uint8Array) => value(0x03, Uint8Array.of(0), content);
export const yes = value(0x01, Uint8Array.of(0xff));
export const none = value(0x05);
export const utf8 = (text: string) => value(0x0c, new TextEncoder().encode(text));
/** What a tag of a context stands before, as it is: `[0] EXPLICIT`. */
export const explicit = (tag: number, ...content: readonly Uint8Array[]) =>
  value(0xa0 | tag, ...content);

/** A number that is not negative, from its bytes. */
export function integer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const left = bytes.subarray(from);
  return (left[0] ?? 0) >= 0x80 ? value(0x02, Uint8Array.of(0), left) : value(0x02, left);
}

/** "1.2.840.113549": the number of a kind. */
export function objectId(text: string): Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const out = [first * 40 + second];
  for (const number of rest) {
    const part = [number & 0x7f];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) {
      part.unshift(left & 0x7f | 0x80);
    }
    out.push(...part);
  }
  return value(0x06, Uint8Array.from(out));
}

/** A time: with two digits for the year until 2049 (RFC 5280, 4.1.2.5). @param at ms since 1970 */
export function time(at: number): Uint8Array<ArrayBuffer> {
  const digits = `${new Date(at).toISOString().replace(/\D/g, "").slice(0, 14)}Z`;
  return digits < "2050" ? value(0x17, latin1(digits.slice(2))) : value(0x18, latin1(digits));
}
