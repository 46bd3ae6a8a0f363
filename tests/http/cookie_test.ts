import { bytesOf, textOf } from "#src/http/bytes.ts";
import { createPair, isNamed, nextPair, OF_COOKIE, OF_SET_COOKIE } from "#src/http/cookie.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

/** The pairs of a field value: name, value, and whether it is a cookie called "S". */
function pairs(text: string, other = OF_COOKIE): [name: string, value: string, isS: boolean][] {
  const bytes = bytesOf(`<${text}>;S=beyond`);
  const end = text.length + 1;
  const pair = createPair();
  const found: [string, string, boolean][] = [];
  for (let at = 1; nextPair(pair, bytes, at, end, other); at = pair.next) {
    found.push([
      textOf(bytes, pair.start, pair.nameEnd),
      textOf(bytes, pair.valueStart, pair.end),
      isNamed(pair, bytes, bytesOf("S")),
    ]);
  }
  return found;
}

test("cookies: pairs and where they are malformed", () => {
  assertEquals(pairs(""), []);
  assertEquals(pairs(" ; ;\t"), []);
  assertEquals(pairs("a=1"), [["a", "1", false]]);
  assertEquals(pairs("a=1; S=2;b=3"), [["a", "1", false], ["S", "2", true], ["b", "3", false]]);
  assertEquals(pairs("S="), [["S", "", true]]);
  assertEquals(pairs("S"), [["S", "", false]]);
  assertEquals(pairs("s=1; SS=1; XS=1; =S"), [
    ["s", "1", false],
    ["SS", "1", false],
    ["XS", "1", false],
    ["", "S", false],
  ]);
  assertEquals(pairs(" S\t= a b ;;S=x=y="), [["S", "a b", true], ["S", "x=y=", true]]);
});

test("cookies: a comma parts those of a Cookie field, not those of a Set-Cookie field", () => {
  assertEquals(pairs("a=1,S=2, b", OF_COOKIE), [["a", "1", false], ["S", "2", true], [
    "b",
    "",
    false,
  ]]);
  assertEquals(pairs("a=1,S=2; b", OF_SET_COOKIE), [["a", "1,S=2", false], ["b", "", false]]);
});

test("cookies: pairs are what lies between delimiters", () => {
  fc.assert(fc.property(
    fc.string({ unit: fc.constantFrom(..."aS=;, \t~\x80"), maxLength: 30 }),
    fc.boolean(),
    (text, request) => {
      const trim = (part: string) => part.replace(/^[ \t]+|[ \t]+$/g, "");
      const expected = text.split(request ? /[;,]/ : ";").map(trim).filter((part) => part !== "")
        .map((part) => {
          const [name = "", ...values] = part.split("=");
          return [trim(name), trim(values.join("=")), values.length > 0 && trim(name) === "S"];
        });
      assertEquals(pairs(text, request ? OF_COOKIE : OF_SET_COOKIE) as unknown[], expected);
    },
  ));
});
