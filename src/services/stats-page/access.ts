/** Who may see the statistics page, and who may change something (manual: "stats auth", "stats admin"). */
import type { StatsPage } from "../../config/keywords/stats-page.ts";
import type { HostedRequest } from "../hosting.ts";

/** What becomes of a request for the page. */
export type Admission =
  | { readonly allowed: true; readonly user: string | null }
  | { readonly allowed: false; readonly realm: string | null };

/** Decides who is let in. */
export function admissionOf(
  page: StatsPage,
): (hosted: HostedRequest, request: Request) => Admission {
  const users = new Map(page.auth.map((auth): [string, string] => {
    const colon = auth.indexOf(":");
    return [auth.slice(0, colon), auth.slice(colon + 1)];
  }));
  return (hosted, request) => {
    const user = userOf(request, users);
    const rule = page.httpRequest[hosted.granted?.rule ?? -1];
    if (rule !== undefined) {
      const { action, realm } = rule;
      if (action === "allow" || action === "auth" && user !== null) return { allowed: true, user };
      return { allowed: false, realm: action === "auth" ? realm ?? page.realm : null };
    }
    if (page.httpRequest.length > 0 || users.size === 0 || user !== null) {
      return { allowed: true, user };
    }
    return { allowed: false, realm: page.realm };
  };
}

/** The user whose password a request has (RFC 7617); null: none. */
function userOf(request: Request, users: ReadonlyMap<string, string>): string | null {
  const given = /^basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined) return null;
  let text: string;
  try {
    text = atob(given);
  } catch {
    return null;
  }
  const colon = text.indexOf(":");
  const [name, password] = [text.slice(0, colon), text.slice(colon + 1)];
  const expected = users.get(name);
  return colon > 0 && expected !== undefined && isSame(password, expected) ? name : null;
}

/** Compares in a time that does not tell how much was right. */
function isSame(a: string, b: string): boolean {
  let different = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    different |= a.charCodeAt(i) ^ (b.charCodeAt(i % Math.max(1, b.length)) || 0);
  }
  return different === 0;
}

/**
 * Whether a request that changes something comes from the page itself, as far as browsers tell: by
 * Origin, else by Referer; one without either is no browser's.
 */
export function isSameSite(request: Request): boolean {
  const { headers } = request;
  const from = headers.get("origin") ?? headers.get("referer");
  if (from === null) return true;
  const host = headers.get("host");
  if (host === null) return false;
  try {
    return new URL(from).host === host.toLowerCase();
  } catch {
    return false;
  }
}
