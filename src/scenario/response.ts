/** What an origin answers. */
import type { Head } from "./message.ts";
import type { Claim, Field } from "./steps.ts";

/** RFC 9110, section 15: the phrases of the codes that a story is likely to use. */
const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** What a response depends on. */
export interface Occasion {
  /** The origin's name. */
  readonly name: string;
  /** Those of the request. */
  readonly version: string;
  readonly method: string;
  /** Whether the connection goes on. */
  readonly keep: boolean;
  /** What the story wants of it. */
  readonly claims: readonly Claim[];
}

/** Makes a response: 200 with the origin's name, unless the claims say otherwise. */
export function respond(
  { name, version, method, keep, claims }: Occasion,
): { response: Head; content: string } {
  let status = 200;
  const fields: Field[] = [];
  for (const claim of claims) {
    if (claim.kind === "status") status = claim.status;
    if (claim.kind === "field") fields.push([claim.name, claim.value]);
  }
  const bare = status === 204 || status === 304;
  const content = bare ? "" : `${name}\n`;
  if (!bare) fields.push(["Content-Length", String(content.length)]);
  // Each version's default goes without saying (RFC 9112, section 9.3).
  if (keep && version === "HTTP/1.0") fields.push(["Connection", "keep-alive"]);
  if (!keep && version === "HTTP/1.1") fields.push(["Connection", "close"]);
  const line = `${version} ${status} ${reasons[status] ?? ""}`.trimEnd();
  return { response: { line, fields }, content: method === "HEAD" ? "" : content };
}
