import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { createPair, isNamed, nextPair, OF_COOKIE, OF_SET_COOKIE } from "#src/http/cookie.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { elementsOf } from "./cookie-reference.ts";

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

test("cookies: a delimiter within a quoted part of a value does not end it", () => {
  const values = (text: string) => pairs(text).map(([, value]) => value);
  assertEquals(values('a="x;y, z"; S=b'), ['"x;y, z"', "b"]);
  assertEquals(values('a=b"c;d"e,f; S=b'), ['b"c;d"e', "", "b"]);
  assertEquals(values('a="x\\"; S=A"; S=B'), ['"x\\"; S=A"', "B"]);
  assertEquals(values('a="x\\\\"; S=B'), ['"x\\\\"', "B"]);
  assertEquals(values('a={"x;":1}; S=b'), ['{"x;":1}', "b"]);
  // One that is never closed takes all.
  assertEquals(values('a="x; S=b'), ['"x; S=b']);
  assertEquals(values('a="x\\'), ['"x\\']);
  // In names, and in single quotes, there is nothing quoted.
  assertEquals(values('"a;b"=1; \'c;d=2'), ["", "1", "", "2"]);
  assertEquals(pairs('S="x;y"; path=/', OF_SET_COOKIE)[0], ["S", '"x;y"', true]);
});

test("cookies: attributes of RFC 2965 are no pairs", () => {
  const names = (text: string) => pairs(text).map(([name]) => name);
  assertEquals(names('$Version="1"; S="a"; $Path="/;x"; $Domain=d, b=2;$Port'), ["S", "b"]);
  assertEquals(names("$Version=1"), []);
  assertEquals(names("$S=a; S=b"), ["S"]);
  assertEquals(names("a$=1; =$b"), ["a$", ""]);
  // In Set-Cookie fields "$" means nothing.
  assertEquals(pairs("$S=a; S=b", OF_SET_COOKIE).map(([name]) => name), ["$S", "S"]);
});

test("cookies: attributes belong to the pair before them, and those at the beginning to none", () => {
  const bytes = bytesOf('$Version=1; a=1; $Path="/;"; $Domain=d; b=2');
  const pair = createPair();
  const spans: string[][] = [];
  for (let at = 0; nextPair(pair, bytes, at, bytes.length, OF_COOKIE); at = pair.next) {
    spans.push([textOf(bytes, pair.start, pair.end), textOf(bytes, pair.delimiter, pair.next)]);
  }
  assertEquals(spans, [["a=1", '; a=1; $Path="/;"; $Domain=d'], ["b=2", "; b=2"]]);
});

test("cookies: pairs are what lies between delimiters", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'aS==;;, \t~\x80"\\$'), maxLength: 30 }),
      fc.boolean(),
      (text, request) => {
        const trim = (part: string) => part.replace(/^[ \t]+|[ \t]+$/g, "");
        const expected = elementsOf(text, request ? ";," : ";").map(trim)
          .filter((part) => part !== "" && !(request && part.startsWith("$")))
          .map((part) => {
            const [name = "", ...values] = part.split("=");
            return [trim(name), trim(values.join("=")), values.length > 0 && trim(name) === "S"];
          });
        assertEquals(pairs(text, request ? OF_COOKIE : OF_SET_COOKIE) as unknown[], expected);
      },
    ),
    { numRuns: 1000 },
  );
});
