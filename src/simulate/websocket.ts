/**
 * WebSockets (RFC 6455) as a script's client or origin speaks them: the handshake, and messages of
 * text in one frame each. Kept apart from the proxy, which only passes such bytes on.
 */
import { createHash } from "node:crypto";
import type { Connection } from "./connection.ts";
import { latin1, textOf } from "./latin1.ts";
import { field, type Head } from "./message.ts";

/** The key that a client offers: RFC 6455, section 1.3, has it as its example. */
export const clientKey = "dGhlIHNhbXBsZSBub25jZQ==";

/** The fields with which a request asks for a WebSocket (section 4.1). */
export const upgradeFields: readonly string[] = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  `Sec-WebSocket-Key: ${clientKey}`,
  "Sec-WebSocket-Version: 13",
];

/** Whether a request asks for one. */
export function asksForWebSocket(request: Head): boolean {
  return field(request, "Upgrade")?.toLowerCase() === "websocket" &&
    field(request, "Sec-WebSocket-Key") !== null;
}

/** The fields of the response that grants it (section 4.2.2). */
export function acceptFields(request: Head): string[] {
  const key = field(request, "Sec-WebSocket-Key") ?? "";
  const proof = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  return ["Connection: Upgrade", "Upgrade: websocket", `Sec-WebSocket-Accept: ${proof}`];
}

/** Section 5.2: the last frame of a message, and its kind. */
const textFrame = 0x81;
const closeFrame = 0x88;
/** What clients mask with: any bytes do that a test can know. */
const mask = [0x37, 0xfa, 0x21, 0x3d] as const;

/** A message of text. @param masked as a client's must be (section 5.3) */
export function messageFrame(text: string, masked: boolean): string {
  return frame(textFrame, new TextEncoder().encode(text), masked);
}

/** The frame that ends a WebSocket. */
export function endFrame(masked: boolean): string {
  return frame(closeFrame, new Uint8Array([0x03, 0xe8]), masked);
}

function frame(kind: number, content: Uint8Array, masked: boolean): string {
  const { length } = content;
  const size = length < 126 ? [length] : [126, length >> 8, length & 255];
  size[0]! |= masked ? 0x80 : 0;
  const sent = masked ? content.map((byte, i) => byte ^ mask[i % 4]!) : content;
  return textOf(new Uint8Array([kind, ...size, ...masked ? mask : [], ...sent]));
}

/**
 * Takes the next message of text off what a connection has received; other frames are passed over.
 * @returns null: it is not whole yet
 */
export function takeMessageOf(connection: Connection): string | null {
  for (;;) {
    const found = firstFrame(latin1(connection.received));
    if (found === null) return null;
    connection.take(found.size);
    if (found.kind === textFrame) return new TextDecoder().decode(found.content);
  }
}

function firstFrame(bytes: Uint8Array) {
  const [kind = 0, second = 0] = bytes;
  const masked = second >= 0x80;
  let length = second & 0x7f;
  let at = 2;
  if (length === 126) {
    length = (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0);
    at = 4;
  }
  const key = masked ? bytes.slice(at, at + 4) : null;
  if (key !== null) at += 4;
  const size = at + length;
  if (bytes.length < 2 || bytes.length < size) return null;
  const content = bytes.slice(at, size);
  return { kind, size, content: key === null ? content : content.map((b, i) => b ^ key[i % 4]!) };
}
