import { network } from "#src/net/ip/cidr.ts";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

/** An IPv4 address as text. */
const dotted = (address: number) =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
const anyAddress = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 2 ** 31));

/** An IPv6 address as text, its longest run of zeros shortened where `short`. */
function colons(address: bigint, short: boolean): string {
  const words = Array.from(
    { length: 8 },
    (_, i) => (address >> BigInt(112 - 16 * i) & 0xffffn).toString(16),
  );
  const text = words.join(":");
  return short ? text.replace(/(^|:)0(:0)+(:|$)/, "::") : text;
}

test("network: an IPv4 address lies in it as arithmetic says", () => {
  fc.assert(
    fc.property(anyAddress, fc.nat(32), anyAddress, fc.nat(32), (base, length, other, shared) => {
      // An address that agrees with the network in its first bits, and differs in the next.
      const same = shared === 0 ? 0n : BigInt(base) >> BigInt(32 - shared) << BigInt(32 - shared);
      const rest = BigInt(other) % (1n << BigInt(32 - shared));
      const address = Number(same | rest);
      const expected = BigInt(base) >> BigInt(32 - length) ===
        BigInt(address) >> BigInt(32 - length);
      const inNetwork = network(`${dotted(base)}/${length}`);
      assertEquals(inNetwork(dotted(address)), expected);
      assertEquals(inNetwork(`::ffff:${dotted(address)}`), expected);
    }),
  );
});

test("network: an IPv6 address lies in it as arithmetic says", () => {
  const wide = fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
    fc.bigInt({ min: 0n, max: 0xffffffffn }),
  );
  fc.assert(
    fc.property(
      wide,
      fc.nat(128),
      wide,
      fc.nat(128),
      fc.boolean(),
      (base, bits, other, n, short) => {
        const shift = BigInt(128 - n);
        const address = (base >> shift << shift) | (other % (1n << shift));
        const expected = base >> BigInt(128 - bits) === address >> BigInt(128 - bits);
        const inNetwork = network(`${colons(base, short)}/${bits}`);
        assertEquals(inNetwork(colons(address, !short)), expected);
        assertEquals(inNetwork(colons(address, short).toUpperCase()), expected);
      },
    ),
  );
});

test("network: forms of addresses", () => {
  const rows: [network: string, address: string, inside: boolean][] = [
    ["192.168.1.0/24", "192.168.1.255", true],
    ["192.168.1.0/24", "192.168.2.0", false],
    ["192.168.1.7", "192.168.1.7", true],
    ["192.168.1.7", "192.168.1.8", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["::1", "::1", true],
    ["::1", "0:0:0:0:0:0:0:1", true],
    ["::/0", "2001:db8::1", true],
    ["fe80::/10", "fe80::1%eth0", true],
    ["fd00::/8", "fdff::", true],
    ["fd00::/8", "fe00::", false],
    ["64:ff9b::/96", "64:ff9b::192.0.2.1", true],
    ["::ffff:0:0/96", "::ffff:10.0.0.1", true],
    // an address of the other family, or none
    ["0.0.0.0/0", "::1", false],
    ["::/0", "10.0.0.1", false],
    ["0.0.0.0/0", "", false],
    ["0.0.0.0/0", "unix", false],
    ["0.0.0.0/0", "10.0.0", false],
    ["::/0", "1::2::3", false],
  ];
  for (const [text, address, inside] of rows) {
    assertEquals(network(text)(address), inside, `${address} in ${text}`);
  }
});

test("network: what is none is refused", () => {
  for (
    const text of [
      ...["", "/8", "a", "10", "10.0.0", "10.0.0.0.0", "10.0..0", "256.0.0.0", "-1.0.0.0"],
      ...["0x10.0.0.0", "1e1.0.0.0", " 10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1"],
      ...["10.0.0.0/8.5", "10.0.0.0/1e1", "10.0.0.0/ 8", "10.0.0.0/8/8", "10.0.0.0/255.0.0.0"],
      ...[":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4::5:6:7:8", "g::"],
      ...["12345::", "::1/129", "::1.2.3", "::1.2.3.256", "1.2.3.4::", "::1.2.3.4:5", "::/"],
    ]
  ) assertThrows(() => network(text), RangeError, "no network");
});
