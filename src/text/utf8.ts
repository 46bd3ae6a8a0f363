/** Texts whose characters stand for bytes: those of the configuration, as they go into messages. */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const isAscii = (text: string) => !/[^\0-\x7f]/.test(text);

/** A text with one character for each of its bytes in UTF-8. */
export function byteText(text: string): string {
  if (isAscii(text)) return text;
  return Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** The text that {@linkcode byteText} was made of; what is no such text is left as it is. */
export function plainText(text: string): string {
  if (isAscii(text) || /[^\0-\xff]/.test(text)) return text;
  try {
    return decoder.decode(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  } catch {
    return text;
  }
}
