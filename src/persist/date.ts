/** The dates in persistence cookies: seconds since 1970 by fours, 30 bits in five characters. */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Seconds since 1970 as five characters; rounded up to four seconds. */
export function formatDate(seconds: number): string {
  const value = Math.floor((seconds + 3) / 4);
  let text = "";
  for (let shift = 24; shift >= 0; shift -= 6) text += alphabet[(value >> shift) & 63]!;
  return text;
}

/** The reverse of {@linkcode formatDate}; 0 where the text is no date. */
export function parseDate(text: string): number {
  if (text.length !== 5) return 0;
  let value = 0;
  for (const c of text) {
    const digit = alphabet.indexOf(c);
    if (digit < 0) return 0;
    value = value << 6 | digit;
  }
  return value * 4;
}
