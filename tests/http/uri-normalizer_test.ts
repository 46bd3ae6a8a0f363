/** Request targets written anew: the manual's examples, and what holds for any target. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { normalizers } from "#src/http/uri-normalizer.ts";
import { test } from "../testing.ts";

/** Normalizer, target, and what becomes of it. */
const examples: readonly (readonly [name: string, target: string, wanted: string | null])[] = [
  ["fragment-encode", "/#foo", "/%23foo"],
  ["fragment-strip", "/#foo", "/"],
  ["path-strip-dot", "/.", "/"],
  ["path-strip-dot", "/./bar/", "/bar/"],
  ["path-strip-dot", "/a/./a", "/a/a"],
  ["path-strip-dot", "/.well-known/", "/.well-known/"],
  ["path-strip-dotdot", "/foo/../", "/"],
  ["path-strip-dotdot", "/foo/../bar/", "/bar/"],
  ["path-strip-dotdot", "/foo/bar/../", "/foo/"],
  ["path-strip-dotdot", "/../bar/", "/../bar/"],
  ["path-strip-dotdot", "/bar/../../", "/../"],
  ["path-strip-dotdot", "/foo//../", "/foo/"],
  ["path-strip-dotdot", "/foo/%2E%2E/", "/foo/%2E%2E/"],
  ["path-strip-dotdot full", "/../bar/", "/bar/"],
  ["path-strip-dotdot full", "/bar/../../", "/"],
  ["path-merge-slashes", "//", "/"],
  ["path-merge-slashes", "/foo//bar?x//y", "/foo/bar?x//y"],
  ["percent-decode-unreserved", "/%61dmin", "/admin"],
  ["percent-decode-unreserved", "/foo%3Fbar=baz", "/foo%3Fbar=baz"],
  ["percent-decode-unreserved", "/%%36%36", "/%66"],
  ["percent-decode-unreserved", "/%ZZ", "/%ZZ"],
  ["percent-decode-unreserved strict", "/%%36%36", null],
  ["percent-decode-unreserved strict", "/%ZZ", null],
  ["percent-to-uppercase", "/%6f", "/%6F"],
  ["percent-to-uppercase", "/%zz", "/%zz"],
  ["percent-to-uppercase strict", "/%zz", null],
  ["query-sort-by-name", "/?c=3&a=1&b=2", "/?a=1&b=2&c=3"],
  ["query-sort-by-name", "/?aaa=3&a=1&aa=2", "/?a=1&aa=2&aaa=3"],
  ["query-sort-by-name", "/?a=3&b=4&a=1&b=5&a=2", "/?a=3&a=1&a=2&b=4&b=5"],
];

const make = (text: string) => {
  const [name = "", option] = text.split(" ");
  return normalizers[name]!.create(option !== undefined);
};

for (const [name, target, wanted] of examples) {
  test(`normalize-uri ${name}: ${target}`, () => assertEquals(make(name)(target), wanted));
}

test("normalize-uri: what is normalized stays as it is, but for escapes in escapes", () => {
  const part = fc.constantFrom("/", ".", "..", "a", "%61", "%2F", "?", "&", "=", "b", "%");
  const target = fc.array(part).map((parts) => `/${parts.join("")}`);
  const names = Object.keys(normalizers).filter((name) => name !== "percent-decode-unreserved");
  fc.assert(fc.property(fc.constantFrom(...names), fc.boolean(), target, (name, option, text) => {
    const normalize = normalizers[name]!.create(option);
    const once = normalize(text);
    if (once !== null) assertEquals(normalize(once), once);
  }));
});
