/** WebSockets between HTTP/2 (RFC 8441) and HTTP/1 (RFC 6455). */
import { createHash } from "node:crypto";
import { bytesOf, isWord, textOf } from "../../../bytes/bytes.ts";
import {
  FIELD_UPGRADE,
  fieldKind,
  fieldStart,
  type Head,
  nameEnd,
  valueEnd,
  valueStart,
} from "../../../http/head.ts";
import type { UpgradeFields } from "../../../http/h2/request-reader.ts";

/** The fields that open it: clients of HTTP/2 send no key, as nobody could take one for another. */
export const upgradeFields: UpgradeFields = () => [
  ["connection", "Upgrade"],
  ["upgrade", "websocket"],
  ["sec-websocket-key", btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))],
];

/** The key of a request that opens a WebSocket; null: it opens something else. */
export function websocketKey(head: Head, bytes: Uint8Array): string | null {
  let key: string | null = null;
  let asks = false;
  for (let i = 0; i < head.count; i++) {
    const [from, to] = [valueStart(head, i), valueEnd(head, i)];
    if (fieldKind(head, i) === FIELD_UPGRADE) asks = isWord(bytes, from, to, websocket);
    else if (isWord(bytes, fieldStart(head, i), nameEnd(head, i), keyName)) {
      key = textOf(bytes, from, to);
    }
  }
  return asks ? key : null;
}

/** What a client of HTTP/1 is answered with the key of, RFC 6455, section 4.2.2. */
export function switchingLine(key: string): Uint8Array {
  const proof = createHash("sha1").update(key + magic).digest("base64");
  return bytesOf(
    "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n" +
      `sec-websocket-accept: ${proof}\r\n`,
  );
}

const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const websocket = bytesOf("websocket");
const keyName = bytesOf("sec-websocket-key");
