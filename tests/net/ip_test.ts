import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isIP } from "node:net";
import { formatIp, isHostName, parseIp, parseNetwork } from "#src/net/ip/address.ts";
import { test } from "../testing.ts";

test("addresses are those that the runtime takes for addresses", () => {
  const piece = fc.constantFrom(":", "::", ".", "0", "1", "255", "256", "ffff", "10000", "g", "%");
  const near = fc.array(piece, { maxLength: 16 }).map((pieces) => pieces.join(""));
  const text = fc.oneof(fc.ipV4(), fc.ipV6(), near, fc.string()).filter((text) =>
    // Zones, and zeros that make octets octal to some, are not for a configuration.
    !text.includes("%") && !/(^|\.)0\d/.test(text)
  );
  fc.assert(
    fc.property(text, (text) => {
      assertEquals(parseIp(text)?.length, { 4: 4, 6: 16 }[isIP(text)], text);
    }),
    { numRuns: 500 },
  );
});

test("an address printed is the same address", () => {
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
    const bytes = parseIp(text);
    assert(bytes !== null);
    assertEquals(parseIp(formatIp(bytes)), bytes);
  }));
});

const shortest: [text: string, expected: string][] = [
  ["0:0:0:0:0:0:0:0", "::"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["10:0:0:0:0:0:0:100", "10::100"],
  ["::ffff:1.2.3.4", "::ffff:1.2.3.4"],
  ["fe80::", "fe80::"],
];
for (const [text, expected] of shortest) {
  test(`${text} in its shortest form (RFC 5952)`, () => {
    assertEquals(formatIp(parseIp(text) ?? new Uint8Array()), expected);
  });
}

const networks: [text: string, expected: string | null][] = [
  ["192.168.1.252/31", "192.168.1.252/31"],
  ["192.168.1.253/31", "192.168.1.252/31"],
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["10.1.2.3/255.255.0.0", "10.1.0.0/16"],
  ["10.1.2.3", "10.1.2.3/32"],
  ["10.1.2.3/0", "0.0.0.0/0"],
  ["10/8", "10.0.0.0/8"],
  ["192.168.42/24", "192.168.42.0/24"],
  ["::1", "::1/128"],
  ["2001:db8:ffff::/33", "2001:db8:8000::/33"],
  ["2001:db8::1/64", "2001:db8::/64"],
  ["10.1.2.3/33", null],
  ["10.1.2.3/255.0.255.0", null],
  ["10.1.2", null],
  ["::1/129", null],
  ["10.1.2.3/", null],
  ["host/8", null],
  ["", null],
];
for (const [text, expected] of networks) {
  test(`the network '${text}' is ${expected}`, () => assertEquals(parseNetwork(text), expected));
}

test("a mistyped address is not a host name", () => {
  const names = ["www", "www.example.com", "a_b.c", "1a", "x."];
  const others = ["", "1.2.3", "256.1.1.1", "-a", "a b", "a..b", "ö", "a".repeat(64), "*", "a:b"];
  assertEquals(names.filter((name) => !isHostName(name)), []);
  assertEquals(others.filter((name) => isHostName(name)), []);
});
