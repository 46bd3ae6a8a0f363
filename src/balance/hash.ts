/** What hashing algorithms hash on: 32-bit keys, and how to mix their bits. */

/**
 * The key of a client's address (manual: "balance", source), as HAProxy computes it: an IPv4
 * address is the number it stands for, an IPv6 address the exclusive or of its four 32-bit words.
 * @param address as text, without port; a zone (`%eth0`) is ignored; "" (a unix socket) gives 0
 * @returns 32 bits, unsigned
 */
export function addressKey(address: string): number {
  return address.includes(":") ? ipv6Key(address) : ipv4Key(address, 0);
}

/** Spreads a key's bits over all 32, so that neighbours part (the finalizer of MurmurHash3). */
export function mix(key: number): number {
  key = Math.imul(key ^ (key >>> 16), 0x85ebca6b);
  key = Math.imul(key ^ (key >>> 13), 0xc2b2ae35);
  return (key ^ (key >>> 16)) >>> 0;
}

/** A text's hash: FNV-1a over its UTF-16 units. */
export function textKey(text: string): number {
  let key = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) key = Math.imul(key ^ text.charCodeAt(i), 0x01000193);
  return key >>> 0;
}

const colon = 0x3a;
const dot = 0x2e;
const percent = 0x25;

function ipv4Key(text: string, from: number): number {
  let key = 0;
  let part = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === percent) break;
    if (code === dot) {
      key = (key << 8) | part;
      part = 0;
    } else {
      part = part * 10 + (code - 0x30);
    }
  }
  return ((key << 8) | part) >>> 0;
}

/** Reads RFC 4291, section 2.2, texts in one pass, taking an address's validity for granted. */
function ipv6Key(text: string): number {
  // Groups of 16 bits, folded by the parity of their place since the start or since "::".
  let even = 0;
  let odd = 0;
  let count = 0;
  let beforeGap = 0;
  let group = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : percent;
    if (code === dot) {
      const tail = ipv4Key(text, start);
      // Two groups: whatever their parity, one is folded into each half.
      if (count % 2 === 0) {
        even ^= tail >>> 16;
        odd ^= tail & 0xffff;
      } else {
        odd ^= tail >>> 16;
        even ^= tail & 0xffff;
      }
      break;
    }
    if (code === colon || code === percent) {
      if (i > start) {
        if (count++ % 2 === 0) even ^= group;
        else odd ^= group;
      } else if (code === colon && i > 0) {
        beforeGap = (even << 16) ^ odd;
        even = odd = count = 0;
      }
      if (code === percent) break;
      group = 0;
      start = i + 1;
    } else {
      group = (group << 4) | hexDigit(code);
    }
  }
  // What follows "::" is aligned with the address's end: an odd count starts in a word's low half.
  const rest = count % 2 === 0 ? (even << 16) ^ odd : (odd << 16) ^ even;
  return (beforeGap ^ rest) >>> 0;
}

function hexDigit(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x61 + 10;
}
