/** Cookies that follow from addresses, and addresses in cookies. */
import { assertEquals } from "@std/assert";
import { bytesOf } from "#src/bytes/bytes.ts";
import { xxh64 } from "#src/bytes/xxh64.ts";
import { dynamicCookie } from "#src/persist/dynamic-cookie.ts";
import { rdpServer } from "#src/persist/rdp-cookie.ts";
import { test } from "../testing.ts";

test("xxh64: known values", () => {
  const hash = (text: string) => xxh64(bytesOf(text)).toString(16);
  assertEquals(hash(""), "ef46db3751d8e999");
  assertEquals(hash("a"), "d24ec4f1a98c6e5b");
  assertEquals(hash("abc"), "44bc2cf5ad770999");
  const long = "Call me Ishmael. Some years ago--never mind how long precisely-";
  assertEquals(xxh64(bytesOf(long)), 0x02a2e85470d6fd96n);
});

// Each of these is what HAProxy 2.6 inserts.
test("dynamic cookies are HAProxy's", () => {
  const address = new Uint8Array([127, 0, 0, 9]);
  assertEquals(dynamicCookie("foo", address, 18991), "1090b028e97d1631");
  assertEquals(dynamicCookie("foo", address, 18992), "d1844e4782616da8");
  assertEquals(dynamicCookie("k", address, 18991), "87ecff85404b6de7");
  assertEquals(dynamicCookie("k", address, 18992), "69b0efa84e437768");
});

test("RDP cookies name an address and a port, with their bytes turned", () => {
  assertEquals(rdpServer("3640205228.15629.0000"), { host: "172.31.249.216", port: 3389 });
  assertEquals(rdpServer("16777343.20480.0000"), { host: "127.0.0.1", port: 80 });
  for (const value of ["", "16777343", "16777343.20480", "x.1.", "4294967296.1.", "1.65536."]) {
    assertEquals(rdpServer(value), null);
  }
});
