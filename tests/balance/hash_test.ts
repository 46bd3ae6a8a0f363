import { addressKey, mix } from "#src/balance/hash.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

test("hash: an IPv4 address is its number", () => {
  assertEquals(addressKey("127.0.0.1"), 0x7f000001);
  assertEquals(addressKey("255.255.255.254"), 0xfffffffe);
  assertEquals(addressKey("0.0.0.0"), 0);
  assertEquals(addressKey("192.0.2.33"), 0xc0000221);
});

test("hash: an IPv6 address is the exclusive or of its words", () => {
  assertEquals(addressKey("::"), 0);
  assertEquals(addressKey("::1"), 1);
  assertEquals(addressKey("2001:db8::1"), 0x20010db8 ^ 1);
  assertEquals(addressKey("2001:db8:1:2:3:4:5:6"), 0x20010db8 ^ 0x10002 ^ 0x30004 ^ 0x50006);
  assertEquals(addressKey("fe80::1:2:3%eth0"), (0xfe800000 ^ 0x1 ^ 0x20003) >>> 0);
  assertEquals(addressKey("1::"), 0x10000);
  assertEquals(addressKey("::FFFF:192.0.2.33"), (0xffff ^ 0xc0000221) >>> 0);
  assertEquals(addressKey("64:ff9b:1::192.0.2.33"), (0x64ff9b ^ 0x10000 ^ 0xc0000221) >>> 0);
});

test("hash: every way to write an IPv6 address gives the same key", () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  const address = fc.array(group, { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(address, fc.nat(7), fc.nat(8), fc.boolean(), (groups, at, to, dotted) => {
      let key = 0;
      for (let i = 0; i < 8; i += 2) key ^= (groups[i]! << 16) | groups[i + 1]!;
      key >>>= 0;
      const texts = groups.map((group) => group.toString(16));
      if (dotted) {
        const [high, low] = [groups[6]!, groups[7]!];
        texts.splice(6, 2, `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`);
      }
      assertEquals(addressKey(texts.join(":")), key);
      const end = Math.min(Math.max(at, to), dotted ? 6 : 8);
      if (groups.slice(at, end).some((group) => group !== 0) || end <= at) return;
      const short = `${texts.slice(0, at).join(":")}::${texts.slice(end).join(":")}`;
      assertEquals(addressKey(short), key, short);
      assertEquals(addressKey(short.toUpperCase()), key, short);
    }),
    { numRuns: 1000 },
  );
});

test("hash: a client without an address has key 0", () => assertEquals(addressKey(""), 0));

test("hash: mixing is one-to-one on neighbours and reaches the high bits", () => {
  const mixed = Array.from({ length: 4096 }, (_, i) => mix(0x7f000000 + i));
  assertEquals(new Set(mixed).size, 4096);
  const quarter = mixed.filter((key) => key >= 0xc0000000).length;
  assert(quarter > 900 && quarter < 1150, `${quarter} of 4096 in the highest quarter`);
});
