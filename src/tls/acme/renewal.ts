/** When to ask for a certificate again (RFC 9773), and after a failure. */
import { certificateParts } from "../x509.ts";
import { base64url } from "./jws.ts";
import type { RenewalWindow } from "./order.ts";

/** What a certificate is known by to its authority (RFC 9773, 4.1); null: it does not say who made it. */
export function ariId(der: Uint8Array): string | null {
  const parts = certificateParts(der);
  if (parts === null || parts.authorityKey === null) return null;
  return `${base64url(parts.authorityKey)}.${base64url(parts.serial)}`;
}

/** How long a certificate is good, ms since 1970. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * When to renew: some time within the window that the authority wants, else when a third of the
 * lifetime is left, and a little earlier, so that not all come at once.
 * @param random from 0 to 1
 * @returns ms since 1970
 */
export function renewalTime(
  { notBefore, notAfter }: Validity,
  window: RenewalWindow | null,
  random: number,
): number {
  if (window !== null) {
    // Never so late that it would expire.
    return Math.min(window.start + random * (window.end - window.start), notAfter - hour);
  }
  const lifetime = notAfter - notBefore;
  return notAfter - lifetime / 3 - random * lifetime / 36;
}

const minute = 60_000;
const hour = 60 * minute;
/** Authorities bear five failures of a name in an hour. */
const delays = [minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour];

/**
 * How long to wait after failures in a row, ms.
 * @param failures from 1
 * @param said what the authority has said; null: nothing
 * @param random from 0 to 1
 */
export function backOff(failures: number, said: number | null, random: number): number {
  const delay = delays[Math.min(failures, delays.length) - 1] ?? minute;
  return Math.max(said ?? 0, delay * (0.9 + random * 0.2));
}

/** How often an authority is asked when to renew, where it does not say, ms. */
export const askInterval = 6 * hour;
