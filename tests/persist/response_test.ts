import { textOf } from "#src/bytes/bytes.ts";
import { ByteBuffer } from "#src/bytes/byte-buffer.ts";
import { HeadJournal } from "#src/http/h1/journal.ts";
import { formatDate } from "#src/persist/date.ts";
import type { CookiePolicy } from "#src/persist/policy.ts";
import {
  editSetCookie,
  mustInsert,
  serverCookieAction,
  type ServerCookieFate,
  serverSetsCookie,
  setCookieField,
} from "#src/persist/response.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { contextOf, linesOf, pass, policyOf, responseOf } from "./scene.ts";

/**
 * The rows of HAProxy's cookie-options.txt that are not forbidden: what becomes of the server's own
 * cookie where the client comes to another server than it asked for, and where to the same; and
 * whether the proxy sets one in each of these cases.
 */
const rows: [
  options: string,
  fates: [ServerCookieFate, ServerCookieFate],
  inserted: [boolean, boolean],
][] = [
  ["", ["pass", "pass"], [false, false]],
  ["indirect", ["pass", "drop"], [false, false]],
  ["rewrite", ["rewrite", "rewrite"], [false, false]],
  ["insert", ["drop", "drop"], [true, false]],
  ["insert indirect", ["drop", "drop"], [true, false]],
  ["prefix", ["prefix", "prefix"], [false, false]],
  ["prefix indirect", ["prefix", "drop"], [false, false]],
  ["preserve indirect", ["pass", "pass"], [false, false]],
  ["preserve insert", ["pass", "pass"], [false, false]],
  ["preserve insert indirect", ["pass", "pass"], [false, false]],
  ["preserve prefix indirect", ["pass", "pass"], [false, false]],
];

test("response: the server's own cookie, by the table of options", () => {
  for (const [options, fates, inserted] of rows) {
    const policy = policyOf(options);
    for (const [i, direct] of [false, true].entries()) {
      const context = contextOf({ direct });
      assertEquals(serverCookieAction(policy, context), fates[i], `${options} ${direct}`);
      assertEquals(mustInsert(policy, context, true), inserted[i], `${options} ${direct}`);
    }
  }
});

test("response: where the server sets none, insert sets one that the client has not", () => {
  for (const [options] of rows) {
    const insert = options.includes("insert");
    for (const direct of [false, true]) {
      const inserts = mustInsert(policyOf(options), contextOf({ direct }), false);
      assertEquals(inserts, insert && !direct, options);
    }
  }
});

test("response: a server without a cookie has none to rewrite or to prefix", () => {
  const context = contextOf({ serverCookie: null });
  assertEquals(serverCookieAction(policyOf("rewrite"), context), "pass");
  assertEquals(serverCookieAction(policyOf("prefix"), context), "pass");
  assertEquals(serverCookieAction(policyOf("insert"), context), "drop");
});

test("response: postonly inserts on responses to POST alone", () => {
  const policy = policyOf("insert postonly");
  assertEquals(mustInsert(policy, contextOf({ post: false }), false), false);
  assertEquals(mustInsert(policy, contextOf({ post: true }), false), true);
  assertEquals(mustInsert(policy, contextOf({ post: true, direct: true }), false), false);
});

const now = 1_000_000;
const field = (policy: CookiePolicy, context = contextOf()) => setCookieField(policy, context);

test("response: the field that is inserted", () => {
  assertEquals(field(policyOf("insert")), "Set-Cookie: S=A; path=/\r\n");
  assertEquals(field(policyOf("insert httponly")), "Set-Cookie: S=A; path=/; HttpOnly\r\n");
  assertEquals(field(policyOf("insert secure")), "Set-Cookie: S=A; path=/; Secure\r\n");
  assertEquals(
    field(policyOf("insert secure httponly", { domains: [".a.example", "b"] })),
    "Set-Cookie: S=A; path=/; domain=.a.example; domain=b; HttpOnly; Secure\r\n",
  );
});

test("response: a server without a cookie makes the client forget its own", () => {
  assertEquals(
    field(
      policyOf("insert secure", { maxidle: 10, domains: ["a"] }),
      contextOf({ serverCookie: null }),
    ),
    "Set-Cookie: S=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/; domain=a; Secure\r\n",
  );
});

const valueOf = (text: string) => /^Set-Cookie: S=([^;]*);/.exec(text)?.[1];
const today = formatDate(now);
const earlier = formatDate(now - 40);

test("response: maxidle dates the cookie, maxlife adds the date of the first visit", () => {
  const idle = policyOf("insert", { maxidle: 100 });
  const life = policyOf("insert", { maxlife: 100 });
  const both = policyOf("insert", { maxidle: 100, maxlife: 100 });
  assertEquals(valueOf(field(idle)), `A|${today}`);
  assertEquals(valueOf(field(life)), `A|${today}|${today}`);
  assertEquals(valueOf(field(both)), `A|${today}|${today}`);
  const request = { server: "A", lastDate: now - 20, firstDate: now - 40 };
  assertEquals(valueOf(field(idle, contextOf({ request, direct: true }))), `A|${today}`);
  assertEquals(valueOf(field(both, contextOf({ request, direct: true }))), `A|${today}|${earlier}`);
  // The first visit was the first one, whichever server the client was on.
  assertEquals(valueOf(field(both, contextOf({ request }))), `A|${today}|${earlier}`);
});

test("response: an expired cookie leaves no date behind", () => {
  const policy = policyOf("insert", { maxidle: 100, maxlife: 500 });
  for (const [lastDate, firstDate] of [[now - 104, now - 200], [now - 20, now - 504]] as const) {
    const request = { server: "A", lastDate, firstDate };
    assertEquals(valueOf(field(policy, contextOf({ request }))), `A|${today}|${today}`);
  }
});

test("response: a cookie that the client has is set again for its dates' sake", () => {
  const refreshed = (
    options: { maxidle?: number; maxlife?: number },
    lastDate: number,
    firstDate: number,
  ) => {
    const request = { server: "A", lastDate, firstDate };
    return mustInsert(policyOf("insert", options), contextOf({ request, direct: true }), false);
  };
  const idle = { maxidle: 100 };
  assertEquals(refreshed(idle, 0, 0), true); // it has no date yet
  assertEquals(refreshed(idle, now - 1, 0), true);
  assertEquals(refreshed(idle, now, 0), false); // as fresh as it can be
  assertEquals(refreshed(idle, now + 3, 0), false);
  assertEquals(refreshed(idle, now, now - 8), true); // has a date that is not wanted any more
  const life = { maxlife: 100 };
  assertEquals(refreshed(life, 0, 0), true);
  assertEquals(refreshed(life, now, now - 8), false);
  assertEquals(refreshed({ ...idle, ...life }, now - 1, now - 8), true);
  assertEquals(refreshed({}, 0, 0), false);
  assertEquals(refreshed({}, now - 1, 0), true);
});

test("response: what is set is good on the next request", () => {
  const policy = policyOf("insert indirect", { maxidle: 100, maxlife: 500 });
  const { found } = pass(policy, `Cookie: S=${valueOf(field(policy))}`);
  assertEquals(found.server, "A");
  const direct = contextOf({ direct: true, request: found });
  assertEquals(mustInsert(policy, direct, false), false);
  assertEquals(mustInsert(policy, { ...direct, now: now + 8 }, false), true);
});

/** The response's field lines after the server's cookie has met its fate. */
function edited(fate: ServerCookieFate, ...fields: string[]): string[] {
  const { head, bytes, end } = responseOf(...fields);
  const journal = new HeadJournal();
  journal.begin(head, bytes, end);
  for (let i = 0; i < head.count; i++) {
    editSetCookie(policyOf("prefix"), fate, "A", head, i, bytes, journal);
  }
  const written = new ByteBuffer(16);
  journal.write(written);
  return textOf(written.bytes, 0, written.length).split("\r\n").slice(1, -2);
}

test("response: the server's cookie passes, is dropped, rewritten or prefixed", () => {
  const fields = ["X: S=1", "Set-Cookie: a=1", "Set-Cookie: S=1; path=/x; S=2", "Cookie: S=3"];
  const becomes = (line: string | null) =>
    fields.flatMap((field, i) => i !== 2 ? [field] : line === null ? [] : [line]);
  assertEquals(edited("pass", ...fields), fields);
  assertEquals(edited("drop", ...fields), becomes(null));
  assertEquals(edited("rewrite", ...fields), becomes("Set-Cookie: S=A; path=/x; S=2"));
  assertEquals(edited("prefix", ...fields), becomes("Set-Cookie: S=A~1; path=/x; S=2"));
});

test("response: the server's cookie in unusual forms", () => {
  assertEquals(edited("rewrite", "Set-Cookie: S="), ["Set-Cookie: S=A"]);
  assertEquals(edited("rewrite", "Set-Cookie: S= 1 ; x"), ["Set-Cookie: S= A ; x"]);
  assertEquals(edited("prefix", "set-cookie:S = x "), ["set-cookie:S = A~x "]);
  assertEquals(edited("prefix", "Set-Cookie: S=B~1"), ["Set-Cookie: S=A~B~1"]);
  assertEquals(edited("rewrite", "Set-Cookie: S=a,b; x"), ["Set-Cookie: S=A; x"]);
  assertEquals(edited("drop", "Set-Cookie: S=1", "Set-Cookie: S=2", "B: 1"), ["B: 1"]);
  const others = ["Set-Cookie: s=1", "Set-Cookie: SS=1", "Set-Cookie: S", "Set-Cookie: a=1; S=2"];
  for (const fate of ["drop", "rewrite", "prefix"] as const) {
    assertEquals(edited(fate, ...others), others, fate);
  }
});

test("response: whether the server sets the cookie", () => {
  const sets = (...fields: string[]) => {
    const { head, bytes } = responseOf(...fields);
    return serverSetsCookie(policyOf("insert"), head, bytes);
  };
  assertEquals(sets("Set-Cookie: S=1"), true);
  assertEquals(sets("A: 1", "Set-Cookie: a=1", "set-cookie: S="), true);
  assertEquals(sets("Set-Cookie: a=1; S=1"), false);
  assertEquals(sets("Cookie: S=1", "X-Set-Cookie: S=1"), false);
  assertEquals(sets(), false);
});

test("response: a prefix that was put on comes off again", () => {
  const value = fc.string({ unit: fc.constantFrom(...'ab~=|%"1\x80'), maxLength: 12 });
  fc.assert(fc.property(value, (given) => {
    const [line = ""] = edited("prefix", `Set-Cookie: S=${given}; path=/`);
    const sent = /^Set-Cookie: (S=[^;]*); path=\/$/.exec(line)?.[1];
    const passed = pass(policyOf("prefix"), `Cookie: ${sent}`);
    assertEquals(linesOf(passed), [`Cookie: S=${given}`]);
    assertEquals(passed.found.server, "A");
  }));
});
