import type { Cookie } from "../config/model.ts";
import { bytesOf } from "../bytes/bytes.ts";

/** Between the server's cookie and the application's value in prefix mode. */
export const PREFIX_DELIMITER = 126; // "~"
/** Between the server's cookie and the dates of `maxidle` and `maxlife`. */
export const DATE_DELIMITER = 124; // "|"

/** A proxy's `cookie` keyword, made ready for use on heads. */
export interface CookiePolicy {
  readonly name: Uint8Array;
  readonly mode: Cookie["mode"];
  /** The cookie is for the proxy alone: it is taken out of requests. */
  readonly hidden: boolean;
  readonly indirect: boolean;
  readonly nocache: boolean;
  readonly postonly: boolean;
  readonly preserve: boolean;
  /** Seconds; 0: no limit. */
  readonly maxidle: number;
  readonly maxlife: number;
  /** What stands before the value, and after it, in the Set-Cookie field that is inserted. */
  readonly before: string;
  readonly after: string;
}

/** Prepares the `cookie` keyword (manual, chapter 4.2, "cookie"). */
export function cookiePolicy(cookie: Cookie): CookiePolicy {
  const attributes = cookie.domains.map((domain) => `; domain=${domain}`);
  if (cookie.httponly) attributes.push("; HttpOnly");
  if (cookie.secure) attributes.push("; Secure");
  for (const attribute of cookie.attributes) attributes.push(`; ${attribute}`);
  return {
    name: bytesOf(cookie.name),
    mode: cookie.mode,
    hidden: cookie.mode === "insert" && cookie.indirect,
    indirect: cookie.indirect,
    nocache: cookie.nocache,
    postonly: cookie.postonly,
    preserve: cookie.preserve,
    maxidle: cookie.maxidle ?? 0,
    maxlife: cookie.maxlife ?? 0,
    before: `Set-Cookie: ${cookie.name}=`,
    after: `; path=/${attributes.join("")}\r\n`,
  };
}
