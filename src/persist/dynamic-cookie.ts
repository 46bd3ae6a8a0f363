/** Cookies that follow from the addresses of servers (manual: "dynamic-cookie-key"). */
import { xxh64 } from "../bytes/xxh64.ts";

/**
 * The cookie of a server, the same on all proxies that know the secret.
 * @param secret as the configuration has it
 * @param address of the server, 4 or 16 bytes
 */
export function dynamicCookie(secret: string, address: Uint8Array, port: number): string {
  const key = new TextEncoder().encode(secret);
  const bytes = new Uint8Array(key.length + address.length + 4);
  bytes.set(key);
  bytes.set(address, key.length);
  new DataView(bytes.buffer).setUint32(key.length + address.length, port);
  return xxh64(bytes).toString(16).padStart(16, "0");
}
