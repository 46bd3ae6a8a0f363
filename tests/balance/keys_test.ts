/** Hash functions, and what the algorithms hash on. */
import { assertEquals } from "@std/assert";
import { addressHash, algorithmOf } from "#src/balance/algorithms.ts";
import { type Balance, balanceOf, balanceText } from "#src/balance/balance-text.ts";
import { avalanche, hashFunctions } from "#src/bytes/hash-functions.ts";
import { hashTypeOf } from "#src/balance/hash-type.ts";
import { NO_KEY } from "#src/balance/request-key.ts";
import { serverIds } from "#src/balance/server-ids.ts";
import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { createHead } from "#src/http/head.ts";
import { parseRequest } from "#src/http/h1/parse.ts";
import { test } from "../testing.ts";

const hash = (name: keyof typeof hashFunctions, text: string) => {
  const bytes = bytesOf(`<${text}>`);
  return hashFunctions[name](bytes, 1, bytes.length - 1);
};

test("hash functions: known values", () => {
  assertEquals(hash("crc32", "123456789"), 0xcbf43926);
  assertEquals(hash("crc32", ""), 0);
  assertEquals(hash("djb2", ""), 5381);
  assertEquals(hash("djb2", "a"), 5381 * 33 + 97);
  assertEquals(hash("sdbm", "ab"), 97 * 65599 + 98);
  assertEquals(hash("none", "1234x"), 1234);
  assertEquals(hash("none", "-1"), 0xffffffff);
  assertEquals(hash("none", "4294967297"), 1);
  assertEquals(hash("none", "x"), 0);
});

test("hash types: a ring spreads what it hashes, where no function is given", () => {
  const spread = (type: string) => hashTypeOf(type).finish(1) === avalanche(1);
  assertEquals(spread("map-based"), false);
  assertEquals(spread("map-based sdbm avalanche"), true);
  assertEquals(spread("consistent"), true);
  assertEquals(spread("consistent sdbm"), false);
  assertEquals(addressHash(hashTypeOf("map-based crc32"), "10.0.0.1"), 0x0a000001);
});

/** What an algorithm hashes of a message; null: it has no key. */
function keyed(balance: string, head: string, content = ""): string | null {
  const parsed = balanceOf(balance) as Balance;
  assertEquals(balanceText(parsed), balance);
  const bytes = bytesOf(head);
  const found = createHead();
  if (head !== "") parseRequest(found, bytes, 0, bytes.length);
  const data = bytesOf(content);
  const message = {
    head: head === "" ? null : found,
    bytes,
    content: data,
    from: 0,
    to: data.length,
  };
  let text: string | null = null;
  const key = algorithmOf(parsed.name).requestKey!(parsed)(message, (bytes, from, to) => {
    text = textOf(bytes, from, to);
    return 7;
  });
  assertEquals(key, text === null ? NO_KEY : 7);
  return text;
}

const get = (target: string, ...fields: string[]) =>
  [`GET ${target} HTTP/1.1`, "Host: h", ...fields, "", ""].join("\r\n");

test("keys: of a target, so much", () => {
  const target = "http://h/a/b/c?d=/e";
  assertEquals(keyed("uri", get(target)), "http://h/a/b/c");
  assertEquals(keyed("uri whole", get(target)), target);
  assertEquals(keyed("uri path-only", get(target)), "/a/b/c");
  assertEquals(keyed("uri depth 2", get("/a/b/c")), "/a/b");
  assertEquals(keyed("uri len 3", get("/a/b/c")), "/a/");
  assertEquals(keyed("uri path-only", get("http://h")), "");
  assertEquals(keyed("uri", ""), null);
});

test("keys: a field's first value, or the domain in it", () => {
  assertEquals(keyed("hdr(X-A)", get("/", "x-a: b , c", "X-A: d")), "b");
  assertEquals(keyed("hdr(X-A)", get("/", 'X-A: "b, c", d')), '"b, c"');
  assertEquals(keyed("hdr(X-A)", get("/", "X-A:")), null);
  assertEquals(keyed("hdr(X-A)", get("/")), null);
  assertEquals(keyed("hdr(X-A) use_domain_only", get("/", "X-A: a.haproxy.1wt.eu")), "1wt");
  assertEquals(keyed("hdr(X-A) use_domain_only", get("/", "X-A: localhost")), "localhost");
});

test("keys: a parameter of the query, or of a POST's content", () => {
  const post = (target: string) => get(target).replace("GET", "POST");
  assertEquals(keyed("url_param id", get("/x?a=b&id=7&c")), "7");
  assertEquals(keyed("url_param id", get("/x?xid=7")), null);
  assertEquals(keyed("url_param id", get("/x"), "id=7"), null);
  assertEquals(keyed("url_param id", post("/x"), "a=b&id=7&c"), "7");
  assertEquals(keyed("url_param id", post("/x?id=1"), "id=7"), "1");
  assertEquals(keyed("url_param id check_post", post("/x"), "id=/x"), null);
});

test("keys: a cookie of the Remote Desktop Protocol", () => {
  const before = "\x03\0\0\x2b\x26\xe0\0\0\0\0\0";
  assertEquals(keyed("rdp-cookie", "", `${before}Cookie: mstshash=user\r\n\x01`), "user");
  assertEquals(keyed("rdp-cookie", "", `${before}cookie:  MSTSHASH=user\r\n`), "user");
  assertEquals(keyed("rdp-cookie(other)", "", `${before}Cookie: other=x\r\n`), "x");
  for (
    const text of ["", before, `${before}Cookie: msts=user\r\n`, `${before}Cookie: mstshash=\r\n`]
  ) {
    assertEquals(keyed("rdp-cookie", "", text), null);
  }
  assertEquals(keyed("rdp-cookie", "", `${before}Cookie: mstshash=user`), null);
});

test("ids of servers: the next free one, counted on with each server", () => {
  const ids = (...given: (number | null)[]) => serverIds(given.map((id) => ({ id })));
  assertEquals(ids(null, null, null), [1, 2, 3]);
  assertEquals(ids(2, null, null), [2, 3, 4]);
  assertEquals(ids(null, 1, null), [2, 1, 4]);
  assertEquals(ids(7, null), [7, 2]);
});
