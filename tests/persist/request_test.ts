import { formatDate } from "#src/persist/date.ts";
import { expiry, type RequestCookie } from "#src/persist/request.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { elementsOf as valueElements, mapElements } from "../http/cookie-reference.ts";
import { test } from "../testing.ts";
import { linesOf, pass, passWhere, policyOf } from "./scene.ts";

const indirect = policyOf("insert indirect");
const prefix = policyOf("prefix");

const removed = (cookies: string) => linesOf(pass(indirect, `Cookie: ${cookies}`));
const stripped = (cookies: string) => linesOf(pass(prefix, `Cookie: ${cookies}`))[0];

test("request: indirect takes the cookie out wherever it stands", () => {
  assertEquals(removed("S=A"), []);
  assertEquals(removed("S=A; S=B"), []);
  assertEquals(removed(" S=A;"), []);
  assertEquals(removed("S=A; a=1"), ["Cookie: a=1"]);
  assertEquals(removed("a=1; S=A"), ["Cookie: a=1"]);
  assertEquals(removed("a=1; S=A; b=2"), ["Cookie: a=1; b=2"]);
  assertEquals(removed("a=1;S=A;b=2"), ["Cookie: a=1;b=2"]);
  assertEquals(removed("S=A; a=1; S=B; b=2; S=C"), ["Cookie: a=1; b=2"]);
  assertEquals(removed("S=A; S=B; a=1"), ["Cookie: a=1"]);
  assertEquals(removed("S =\tA ; a=1"), ["Cookie: a=1"]);
  assertEquals(removed("a=1; S="), ["Cookie: a=1"]);
});

test("request: indirect takes attributes of the cookie out with it, as HAProxy does", () => {
  for (
    const [given, left] of [
      ["$Version=1; S=B", null],
      ['$Version="1"; S="B"; $Path="/"; $Domain="x"', null],
      ["$Path=/; S=B", null],
      ["$S=A; S=B", null],
      [
        "$Version=1; a=1; $Path=/; S=B; $Path=/x; $Domain=d; b=2; $Path=/",
        "$Version=1; a=1; $Path=/; b=2; $Path=/",
      ],
      ["$Version=1; S=B; $Path=/; b=2; $Path=/", "$Version=1; b=2; $Path=/"],
      ["$Version=1; b=2; $Path=/; S=B; $Path=/", "$Version=1; b=2; $Path=/"],
      ['S=B; $Port="80,81"; a=1', "a=1"],
      ["S=B; $Path=/, a=1", "a=1"],
      ["a=1; S=B; $Path=/", "a=1"],
      ['a=1; S="B~x;y"; c=2', "a=1; c=2"],
      ['a="x;S=A"; S=B', 'a="x;S=A"'],
      ['a="x\\"; S=A"; S=B', 'a="x\\"; S=A"'],
    ] as const
  ) assertEquals(removed(given), left === null ? [] : [`Cookie: ${left}`], given);
});

test("request: indirect leaves what is not the cookie", () => {
  for (const cookies of ["a=1", "s=A", "SS=A", "XS=A", "S", "a=S=A", "=S", "$S=A", "", "; ;"]) {
    assertEquals(removed(cookies), [`Cookie: ${cookies}`], cookies);
  }
});

test("request: the cookie is taken out of each field, and of no other", () => {
  assertEquals(
    linesOf(pass(indirect, "A: S=A", "Cookie: S=A", "cookie: b=1; S=B", "Set-Cookie: S=A", "B: 1")),
    ["A: S=A", "cookie: b=1", "Set-Cookie: S=A", "B: 1"],
  );
});

test("request: the other modes leave the cookie where it is", () => {
  for (const options of ["", "indirect", "rewrite", "insert", "insert preserve"]) {
    const passed = pass(policyOf(options), "Cookie: a=1; S=A~x; b=2");
    assertEquals(linesOf(passed), ["Cookie: a=1; S=A~x; b=2"], options);
    assertEquals(passed.found.server, "A~x", options);
  }
});

test("request: prefix takes the prefix off, known or not, and nothing else", () => {
  assertEquals(stripped("S=A~1"), "Cookie: S=1");
  assertEquals(stripped("S=Z~55"), "Cookie: S=55");
  assertEquals(stripped("S=A~1~2"), "Cookie: S=1~2");
  assertEquals(stripped("S=A~"), "Cookie: S=");
  assertEquals(stripped("S=~x"), "Cookie: S=x");
  assertEquals(stripped("S=plain"), "Cookie: S=plain");
  assertEquals(stripped("S="), "Cookie: S=");
  assertEquals(stripped("a=A~1; S = A~1 ; b=A~1"), "Cookie: a=A~1; S = 1 ; b=A~1");
  assertEquals(stripped("S=A~1; S=B~2;S=3"), "Cookie: S=1; S=2;S=3");
  assertEquals(stripped('a="S=A~1;S=A~2"; S=B~"x;y~"'), 'Cookie: a="S=A~1;S=A~2"; S="x;y~"');
});

test("request: the server is what the cookie names", () => {
  const server = (options: string, ...cookies: string[]) =>
    pass(policyOf(options), ...cookies.map((c) => `Cookie: ${c}`)).found.server;
  assertEquals(server("insert", "a=1"), null);
  assertEquals(server("insert", "S"), null);
  assertEquals(server("insert", "S="), "");
  assertEquals(server("insert", "a=1; S=A"), "A");
  assertEquals(server("insert indirect", "a=1", "b=2; S=A; c=3"), "A");
  assertEquals(server("insert", "S=A; S=B", "S=C"), "A"); // the first one counts
  assertEquals(server("prefix", "S=A~1; S=B~1", "S=C~1"), "A");
  assertEquals(server("prefix", "S=A~1"), "A");
  assertEquals(server("prefix", "S=~1"), "");
  // HAProxy takes a value without a prefix for a server's cookie; it passes untouched.
  assertEquals(server("prefix", "S=A"), "A");
});

test("request: of several cookies the first counts whose server may serve, else the first", () => {
  const server = (up: string, options: string, ...cookies: string[]) =>
    passWhere((s) => up.includes(s), policyOf(options), ...cookies.map((c) => `Cookie: ${c}`))
      .found.server;
  assertEquals(server("BC", "insert", "S=Z; S=B; S=C"), "B");
  assertEquals(server("C", "insert", "S=Z; S=B", "S=C"), "C");
  assertEquals(server("AB", "insert", "S=A; S=B"), "A");
  assertEquals(server("-", "insert", "S=Z; S=B"), "Z");
  assertEquals(server("B", "prefix", "S=Z~1; S=B~1"), "B");
});

test("request: dates come with the cookie", () => {
  const last = formatDate(8000);
  const first = formatDate(4000);
  const found = (cookie: string) => pass(indirect, `Cookie: ${cookie}`).found;
  assertEquals(found(`S=A|${last}|${first}`), { server: "A", lastDate: 8000, firstDate: 4000 });
  assertEquals(found(`S=A|${last}`), { server: "A", lastDate: 8000, firstDate: 0 });
  assertEquals(found(`S=A||${first}`), { server: "A", lastDate: 0, firstDate: 4000 });
  assertEquals(found("S=A|junk|"), { server: "A", lastDate: 0, firstDate: 0 });
  assertEquals(found("S=A"), { server: "A", lastDate: 0, firstDate: 0 });
});

test("request: a cookie expires unused, by age, or for lying in the future", () => {
  const day = 86_400;
  const now = 1_000_000;
  const of = (options: { maxidle?: number; maxlife?: number }, last: number, first: number) => {
    const found: RequestCookie = { server: "A", lastDate: last, firstDate: first };
    return expiry(policyOf("insert", options), found, now);
  };
  const idle = { maxidle: 100 };
  const life = { maxlife: 500 };
  assertEquals(of(idle, now - 100, 1), null);
  assertEquals(of(idle, now - 101, now), "E");
  assertEquals(of(idle, now + day, 0), null);
  assertEquals(of(idle, now + day + 1, 0), "E");
  assertEquals(of(life, 1, now - 500), null);
  assertEquals(of(life, now, now - 501), "O");
  assertEquals(of(life, 0, now + day + 1), "O");
  assertEquals(of({ ...idle, ...life }, now - 50, now - 501), "O");
  assertEquals(of({ ...idle, ...life }, now - 101, now - 200), "E");
  // Without a date it is accepted, and without a limit its dates do not matter.
  assertEquals(of({ ...idle, ...life }, 0, 0), null);
  assertEquals(of({}, 1, 1), null);
});

const name = fc.constantFrom("S", "S", "s", "SS", "T", "", "a b");
const value = fc.string({ unit: fc.constantFrom(...'AB~=| "\x80'), maxLength: 6 });
const element = fc.oneof(
  fc.tuple(name, fc.constantFrom("=", " = "), value).map((parts) => parts.join("")),
  fc.constantFrom("S", "flag", ""),
);
const cookieField = fc.tuple(
  fc.constantFrom("Cookie:", "cookie: "),
  fc.array(fc.tuple(element, fc.constantFrom("; ", ";", " ;\t", ", "))),
).map(([name, elements]) => name + elements.flat().join("").replace(/; $/, ""));
const otherField = fc.constantFrom("A: S=A", "Cookies: S=A; b", "X:", "Set-Cookie: S=A");
const fields = fc.array(fc.oneof(cookieField, otherField), { maxLength: 5 });

const elementsOf = (field: string) => valueElements(field.slice(field.indexOf(":") + 1), ";,");
const isCookie = (text: string) => /^S[ \t]*=/.test(text);
/** Without what stands before the first "~" in the cookie's value. */
const withoutPrefix = (field: string) => {
  const at = field.indexOf(":") + 1;
  const strip = (element: string) => element.replace(/^([ \t]*S[ \t]*=[ \t]*)[^~]*~/, "$1");
  return field.slice(0, at) + mapElements(field.slice(at), ";,", strip);
};
const isCookieField = (field: string) => /^cookie:/i.test(field);

test("request: without the cookie, the others are the same list, byte for byte", () => {
  fc.assert(fc.property(fields, (given) => {
    const expected = given.flatMap((field) => {
      if (!isCookieField(field)) return [[field]];
      const elements = elementsOf(field);
      if (!elements.some(isCookie)) return [[field]]; // not a byte of it changes
      const others = elements.filter((text) => text !== "" && !isCookie(text));
      return others.length === 0 ? [] : [others];
    });
    const { text } = pass(indirect, ...given);
    // The field section as it is written: a value's own line end is not trimmed.
    const lines = text.split("\r\n").slice(2, -2);
    const found = lines.map((field, i) => {
      const whole = expected[i]?.length === 1 && expected[i]?.[0] === field;
      return whole ? [field] : elementsOf(field).filter((e) => e !== "");
    });
    assertEquals(found, expected);
    assertEquals(lines.filter(isCookieField).flatMap(elementsOf).filter(isCookie), []);
  }));
});

test("request: without the prefix, everything else is the same, byte for byte", () => {
  fc.assert(fc.property(fields, (given) => {
    const expected = given.map((field) => isCookieField(field) ? withoutPrefix(field) : field);
    assertEquals(linesOf(pass(prefix, ...given)), expected);
  }));
});
