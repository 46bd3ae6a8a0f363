/** What a WebSocket that a client opens by RFC 8441 needs towards a server of HTTP/1 (RFC 6455). */
import type { UpgradeFields } from "../../../http/h2/request-reader.ts";

/** The fields that open it: clients of HTTP/2 send no key, as nobody could take one for another. */
export const upgradeFields: UpgradeFields = () => [
  ["connection", "Upgrade"],
  ["upgrade", "websocket"],
  ["sec-websocket-key", btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))],
];
