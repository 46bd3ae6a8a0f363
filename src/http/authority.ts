/** Hosts and ports: what the Host field and some request targets hold (RFC 3986, section 3.2). */
import { characterClass, COLON, textOf } from "../bytes/bytes.ts";

const digit: [number, number] = [48, 57];
const hexadecimal = characterClass("", digit, [65, 70], [97, 102]);
/** What stands between the brackets of an IPv6 address. */
const addressCharacter = characterClass(":.", digit, [65, 70], [97, 102]);
/** reg-name, but for "%". */
const nameCharacter = characterClass("-._~!$&'()*+,;=", digit, [65, 90], [97, 122]);

const PERCENT = 37;
const LEFT_BRACKET = 91;
const RIGHT_BRACKET = 93;

/**
 * Reads bytes[from, to) as uri-host [":" port] (RFC 9110, section 7.2); the host may be empty.
 * @returns where the host ends, at the colon if there is one; -1 if this is something else
 */
export function hostEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  if (i < to && bytes[i] === LEFT_BRACKET) {
    i++;
    while (i < to && addressCharacter[bytes[i]!] === 1) i++;
    if (i === from + 1 || i === to || bytes[i] !== RIGHT_BRACKET) return -1;
    i++;
  } else {
    for (; i < to && bytes[i] !== COLON; i++) {
      const c = bytes[i]!;
      if (nameCharacter[c] === 1) continue;
      if (c !== PERCENT || to - i < 3) return -1;
      if (hexadecimal[bytes[i + 1]!] === 0 || hexadecimal[bytes[i + 2]!] === 0) return -1;
      i += 2;
    }
  }
  const end = i;
  if (i < to && bytes[i++] !== COLON) return -1;
  for (; i < to; i++) if (bytes[i]! < digit[0] || bytes[i]! > digit[1]) return -1;
  return end;
}

/** Whether two authorities, each good for {@linkcode hostEnd}, are of one host and port. */
export function sameAuthority(
  bytes: Uint8Array,
  from: number,
  to: number,
  otherFrom: number,
  otherTo: number,
  defaultPort: string,
): boolean {
  return normalized(bytes, from, to, defaultPort) ===
    normalized(bytes, otherFrom, otherTo, defaultPort);
}

function normalized(bytes: Uint8Array, from: number, to: number, defaultPort: string): string {
  const end = hostEnd(bytes, from, to);
  const port = end + 1 < to ? textOf(bytes, end + 1, to) : defaultPort;
  return `${textOf(bytes, from, end).toLowerCase()}:${port}`;
}
