/** A `cookie` keyword, and heads that pass by it. */
import { Cookie } from "#src/config/model.ts";
import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { createHead, FIELD_COOKIE, fieldKind, type Head } from "#src/http/head.ts";
import { parseRequest, parseResponse } from "#src/http/h1/parse.ts";
import { ByteBuffer } from "#src/bytes/byte-buffer.ts";
import { HeadJournal } from "#src/http/h1/journal.ts";
import { type CookiePolicy, cookiePolicy } from "#src/persist/policy.ts";
import { readCookieField, type RequestCookie } from "#src/persist/request.ts";
import type { ResponseContext } from "#src/persist/response.ts";
import { assert } from "@std/assert";
import * as v from "valibot";

/** The policy of `cookie S` with these options; passive if none is a mode. */
export function policyOf(options: string, more: Partial<v.InferInput<typeof Cookie>> = {}) {
  const words = options.split(" ").filter((word) => word !== "");
  const modes = new Set(["rewrite", "insert", "prefix"]);
  const flags = words.filter((word) => !modes.has(word)).map((word) => [word, true]);
  const mode = words.find((word) => modes.has(word)) ?? "passive";
  return cookiePolicy(
    v.parse(Cookie, { name: "S", mode, ...Object.fromEntries(flags), ...more }),
  );
}

const noDates: RequestCookie = { server: null, lastDate: 0, firstDate: 0 };

/** A response of server A, to a GET request without a cookie, at the second 1,000,000. */
export function contextOf(given: Partial<ResponseContext> = {}): ResponseContext {
  return {
    serverCookie: "A",
    direct: false,
    post: false,
    request: noDates,
    now: 1_000_000,
    ...given,
  };
}

/** What a policy makes of a request. */
export interface Passed {
  /** Its head as it goes to the server. */
  readonly text: string;
  readonly found: RequestCookie;
}

/** Sends a request with these field lines past the policy. */
export function pass(policy: CookiePolicy, ...fields: string[]): Passed {
  return passWhere(() => true, policy, ...fields);
}

/** The same, where only some servers may serve. */
export function passWhere(
  accepts: (server: string) => boolean,
  policy: CookiePolicy,
  ...fields: string[]
): Passed {
  const bytes = bytesOf(
    `GET / HTTP/1.1\r\nHost: a\r\n${fields.map((f) => `${f}\r\n`).join("")}\r\n`,
  );
  const head = createHead();
  const end = parseRequest(head, bytes, 0, bytes.length);
  assert(end > 0, head.error);
  const found: RequestCookie = { ...noDates };
  const journal = new HeadJournal();
  journal.begin(head, bytes, end);
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) === FIELD_COOKIE) {
      readCookieField(policy, head, i, bytes, journal, found, accepts);
    }
  }
  const written = new ByteBuffer(16);
  journal.write(written);
  return { text: textOf(written.bytes, 0, written.length), found };
}

/** The field lines of a head after its Host. */
export const linesOf = ({ text }: Passed): string[] => text.split("\r\n").slice(2, -2);

/** Parses a response with these field lines. */
export function responseOf(...fields: string[]): { head: Head; bytes: Uint8Array; end: number } {
  const bytes = bytesOf(`HTTP/1.1 200 OK\r\n${fields.map((f) => `${f}\r\n`).join("")}\r\n`);
  const head = createHead();
  const end = parseResponse(head, bytes, 0, bytes.length);
  assert(end > 0, head.error);
  return { head, bytes, end };
}
