/** Bytes as text and back, one character a byte, as tests look at messages. */
import { Buffer } from "node:buffer";

/** The bytes of text whose characters are all below U+0100. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** The text of bytes. (TextDecoder's latin1 is windows-1252.) */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
