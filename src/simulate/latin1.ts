/** Bytes as text and back, one character a byte (ISO 8859-1), as messages are looked at here. */
import { Buffer } from "node:buffer";

/** The bytes of text whose characters are all below U+0100. */
export function latin1(text: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(text, "latin1");
  // Not a Buffer, whose slice() does not copy.
  return new Uint8Array(buffer, byteOffset, length);
}

/** The text of bytes. (TextDecoder's latin1 is windows-1252.) */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
