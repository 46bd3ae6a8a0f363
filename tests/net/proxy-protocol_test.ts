import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Addresses,
  encodeProxyHeader,
  longestHeader,
  parseProxyHeader,
  type ProxyHeader,
  type ProxyHeaderFault,
} from "#src/net/proxy-protocol/header.ts";
import { latin1, textOf } from "../latin1.ts";
import { test } from "../testing.ts";

const signature = "\r\n\r\n\0\r\nQUIT\n";

/** A header of version 2, by hand. */
function binary(command: number, family: number, block: string): string {
  const fixed = String.fromCharCode(command, family, block.length >> 8, block.length & 255);
  return signature + fixed + block;
}

/** 10.1.2.3:1111 to 10.4.5.6:2222 */
const inet = "\x0a\x01\x02\x03\x0a\x04\x05\x06\x04\x57\x08\xae";
/** [2001:db8::1]:1111 to [2001:db8::2]:2222 */
const inet6 = "\x20\x01\x0d\xb8" + "\0".repeat(11) + "\x01" +
  "\x20\x01\x0d\xb8" + "\0".repeat(11) + "\x02" + "\x04\x57\x08\xae";
const unix = "/from".padEnd(108, "\0") + "/to".padEnd(108, "\0");

const ends = (remoteAddress: string, localAddress: string): Addresses => ({
  remoteAddress,
  remotePort: 1111,
  localAddress,
  localPort: 2222,
});
const four = ends("10.1.2.3", "10.4.5.6");
/** The same, and what follows them. */
const withTlvs = (tlvs: string): Addresses => ({ ...four, tlvs: latin1(tlvs) });
const six = ends("2001:db8::1", "2001:db8::2");

/** The examples of sections 2.1 and 2.2, and what else they allow; null: no addresses. */
const good: [title: string, text: string, addresses: Addresses | null][] = [
  ["TCP4", "PROXY TCP4 10.1.2.3 10.4.5.6 1111 2222\r\n", four],
  ["TCP6", "PROXY TCP6 2001:db8::1 2001:DB8:0::2 1111 2222\r\n", six],
  [
    "TCP6 with IPv4 inside",
    "PROXY TCP6 ::ffff:1.2.3.4 ::ffff:1.2.3.5 1111 2222\r\n",
    ends("::ffff:1.2.3.4", "::ffff:1.2.3.5"),
  ],
  ["the lowest and the highest port", "PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", {
    remoteAddress: "0.0.0.0",
    remotePort: 0,
    localAddress: "255.255.255.255",
    localPort: 65535,
  }],
  ["UNKNOWN", "PROXY UNKNOWN\r\n", null],
  ["UNKNOWN with what is to be ignored", "PROXY UNKNOWN ffff::1 x  \xff\r\r\n", null],
  ["the longest line", `PROXY UNKNOWN ${"x".repeat(91)}\r\n`, null],
  ["version 2, IPv4", binary(0x21, 0x11, inet), four],
  ["version 2, IPv6", binary(0x21, 0x21, inet6), six],
  [
    "version 2, with TLVs",
    binary(0x21, 0x11, inet + "\x04\0\x02xx\x01\0\0"),
    withTlvs("\x04\0\x02xx\x01\0\0"),
  ],
  [
    "version 2, with a checksum",
    binary(0x21, 0x11, inet + "\x03\0\x04\xbe\x14\x50\x02"),
    withTlvs("\x03\0\x04\xbe\x14\x50\x02"),
  ],
  [
    "version 2, with a checksum behind others",
    binary(0x21, 0x11, inet + "\x01\0\x02h2\x03\0\x04\xc2\x89\x7f\x1a"),
    withTlvs("\x01\0\x02h2\x03\0\x04\xc2\x89\x7f\x1a"),
  ],
  ["version 2, LOCAL", binary(0x20, 0, ""), null],
  ["version 2, LOCAL with addresses", binary(0x20, 0x11, inet), null],
  ["version 2, LOCAL of any family", binary(0x20, 0xff, "x"), null],
  ["version 2, no family", binary(0x21, 0, ""), null],
  ["version 2, no family, with TLVs", binary(0x21, 0, "\x04\0\0"), null],
  ["version 2, UDP", binary(0x21, 0x12, inet), null],
  ["version 2, unix", binary(0x21, 0x31, unix), null],
  ["version 2, the longest", binary(0x20, 0, "x".repeat(longestHeader - 16)), null],
];

/** What is refused: as soon as it shows, whatever follows. */
const bad: [title: string, text: string, fault: ProxyHeaderFault][] = [
  ["a request", "GET / HTTP/1.1\r\n", "no header"],
  ["a request that begins alike", "PROPFIND / HTTP/1.1\r\n", "no header"],
  ["another first word", "PROXYX TCP4 10.1.2.3 10.4.5.6 1111 2222\r\n", "no header"],
  ["an empty line", "\r\n\r\nGET / HTTP/1.1\r\n", "no header"],
  ["a lone LF", "PROXY TCP4 10.1.2.3 10.4.5.6 1111 2222\n", "bad header"],
  ["a lone LF in what is ignored", "PROXY UNKNOWN x\ny\r\n", "bad header"],
  ["a line that is too long", `PROXY UNKNOWN ${"x".repeat(92)}\r\n`, "bad header"],
  ["a line that does not end", `PROXY TCP4 ${"1".repeat(100)}`, "bad header"],
  ["another protocol", "PROXY UDP4 10.1.2.3 10.4.5.6 1111 2222\r\n", "unknown protocol"],
  ["a longer word", "PROXY UNKNOWNX\r\n", "unknown protocol"],
  ["no protocol", "PROXY \r\n", "unknown protocol"],
  ["two spaces", "PROXY TCP4  10.1.2.3 10.4.5.6 1111 2222\r\n", "bad header"],
  ["a space at the end", "PROXY TCP4 10.1.2.3 10.4.5.6 1111 2222 \r\n", "bad header"],
  ["a word more", "PROXY TCP4 10.1.2.3 10.4.5.6 1111 2222 3\r\n", "bad header"],
  ["a word less", "PROXY TCP4 10.1.2.3 10.4.5.6 1111\r\n", "bad header"],
  ["IPv6 in TCP4", "PROXY TCP4 ::1 ::2 1111 2222\r\n", "bad header"],
  ["IPv4 in TCP6", "PROXY TCP6 10.1.2.3 10.4.5.6 1111 2222\r\n", "bad header"],
  ["half an address", "PROXY TCP4 10.1.2 10.4.5.6 1111 2222\r\n", "bad header"],
  ["a name", "PROXY TCP4 client 10.4.5.6 1111 2222\r\n", "bad header"],
  ["a zone", "PROXY TCP6 fe80::1%eth0 fe80::2 1111 2222\r\n", "bad header"],
  ["an address with a leading zero", "PROXY TCP4 010.1.2.3 10.4.5.6 1111 2222\r\n", "bad header"],
  ["a port too high", "PROXY TCP4 10.1.2.3 10.4.5.6 65536 2222\r\n", "bad header"],
  ["a port with a leading zero", "PROXY TCP4 10.1.2.3 10.4.5.6 01 2222\r\n", "bad header"],
  ["a negative port", "PROXY TCP4 10.1.2.3 10.4.5.6 -1 2222\r\n", "bad header"],
  ["version 2, short of an address", binary(0x21, 0x11, inet.slice(1)), "bad header"],
  ["version 2, short of an IPv6 address", binary(0x21, 0x21, inet6.slice(1)), "bad header"],
  ["version 2, short of a unix address", binary(0x21, 0x31, unix.slice(1)), "bad header"],
  ["version 2, half a TLV's head", binary(0x21, 0x11, inet + "\x04\0"), "bad header"],
  ["version 2, a TLV that is too long", binary(0x21, 0x21, inet6 + "\x04\0\x03xx"), "bad header"],
  ["version 2, unix with half a TLV", binary(0x21, 0x31, unix + "\x04"), "bad header"],
  ["version 2, a wrong checksum", binary(0x21, 0x11, inet + "\x03\0\x04\0\0\0\0"), "bad header"],
  ["version 2, a short checksum", binary(0x21, 0x11, inet + "\x03\0\x03xxx"), "bad header"],
  // Each is right while only it counts as zeros: thousands of them would be as many rounds.
  [
    "version 2, two checksums",
    binary(
      0x21,
      0x11,
      inet + "\x04\0\x04\0\0\0\0\x03\0\x04\x17\x49\xbc\x0b\x03\0\x04\xbd\x2d\xc6\x4b",
    ),
    "bad header",
  ],
  ["version 2, an unassigned family", binary(0x21, 0x41, inet6), "bad header"],
  ["version 2, an unassigned transport", binary(0x21, 0x13, inet), "bad header"],
  ["version 2, an unassigned command", binary(0x22, 0x11, inet), "bad header"],
  ["version 2, too long", binary(0x20, 0, "x".repeat(longestHeader - 15)), "bad header"],
  ["version 1 in binary", binary(0x11, 0x11, inet), "no header"],
  ["version 3", binary(0x31, 0x11, inet), "no header"],
];

/** The result for the bytes as they come, one more each time, as soon as there is one. */
function stepwise(bytes: Uint8Array): ProxyHeader {
  for (let length = 0; length <= bytes.length; length++) {
    const header = parseProxyHeader(bytes.subarray(0, length));
    if (header.kind !== "incomplete") return header;
    assert(header.room > length, `room for ${header.room} bytes after ${length}`);
    assert(header.room <= longestHeader);
  }
  return parseProxyHeader(bytes);
}

for (const [title, text, addresses] of good) {
  test(`PROXY header: ${title}`, () => {
    const expected = { kind: "header", length: text.length, addresses } as const;
    assertEquals(parseProxyHeader(latin1(text)), expected);
    // The first bytes of the stream follow in the same segment.
    assertEquals(parseProxyHeader(latin1(text + "GET / HTTP/1.1\r\n\r\n")), expected);
    assertEquals(stepwise(latin1(text)), expected);
  });
}

for (const [title, text, fault] of bad) {
  test(`PROXY header refused: ${title}`, () => {
    const expected = { kind: "invalid", fault } as const;
    assertEquals(parseProxyHeader(latin1(text)), expected);
    assertEquals(parseProxyHeader(latin1(text + "\r\n".repeat(60))), expected);
    assertEquals(stepwise(latin1(text)), expected);
  });
}

const port = fc.integer({ min: 0, max: 65535 });
const addresses: fc.Arbitrary<Addresses> = fc.oneof(fc.constant(fc.ipV4()), fc.constant(fc.ipV6()))
  .chain((ip) =>
    fc.record({ remoteAddress: ip, remotePort: port, localAddress: ip, localPort: port })
  );
const version = fc.constantFrom("v1" as const, "v2" as const);

test("PROXY header: what is written is read, wherever it is cut", () => {
  fc.assert(fc.property(version, addresses, (version, addresses) => {
    const bytes = encodeProxyHeader(version, addresses);
    const header = stepwise(bytes);
    assert(header.kind === "header" && header.addresses !== null);
    assertEquals(header.length, bytes.length);
    const { remotePort, localPort } = header.addresses;
    assertEquals([remotePort, localPort], [addresses.remotePort, addresses.localPort]);
    // The text of an address may be another one, not the address.
    assertEquals(encodeProxyHeader(version, header.addresses), bytes);
    assertEquals(
      encodeProxyHeader("v2", header.addresses),
      encodeProxyHeader("v2", addresses),
    );
  }));
});

test("PROXY header: a checksum may stand anywhere among TLVs", () => {
  fc.assert(fc.property(fc.nat(500), fc.nat(500), fc.nat(65_535), (before, after, flip) => {
    const block = `${inet}${"\x04\0\0".repeat(before)}\x03\0\x04\0\0\0\0${
      "\x04\0\0".repeat(after)
    }`;
    const bytes = latin1(binary(0x21, 0x11, block));
    const at = signature.length + 4 + inet.length + 3 * before + 3;
    new DataView(bytes.buffer, bytes.byteOffset + at).setUint32(0, crc32c(bytes));
    assertEquals(parseProxyHeader(bytes), {
      kind: "header",
      length: bytes.length,
      addresses: { ...four, tlvs: bytes.slice(signature.length + 4 + inet.length) },
    });
    // A bit of the addresses or of the checksum is another.
    const places = [...inet].map((_, i) => signature.length + 4 + i).concat([at, at + 1, at + 3]);
    const place = places[flip % places.length]!;
    bytes[place] = bytes[place]! ^ 1 << (flip >> 8 & 7);
    assertEquals(parseProxyHeader(bytes), { kind: "invalid", fault: "bad header" });
  }));
});

/** RFC 3720, appendix B.4, bit by bit. */
function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return ~crc >>> 0;
}

test("PROXY header: garbage never throws, and no byte more takes a refusal back", () => {
  const heads = good.map(([, text]) => text);
  const mutated = fc.tuple(fc.constantFrom(...heads), fc.nat(), fc.nat(255), fc.nat(2))
    .map(([text, at, byte, cut]) => {
      const i = at % text.length;
      return text.slice(0, i) + String.fromCharCode(byte) + text.slice(i + cut);
    });
  const garbage = fc.uint8Array({ maxLength: 200 }).map(textOf);
  const begun = fc.tuple(
    fc.constantFrom("PROXY ", "PROXY TCP4 ", signature, signature + "!"),
    garbage,
  )
    .map(([start, rest]) => start + rest);
  fc.assert(
    fc.property(fc.oneof(garbage, begun, mutated), (text) => {
      const bytes = latin1(text.slice(0, 300));
      const whole = parseProxyHeader(bytes);
      if (whole.kind === "header") assert(whole.length <= bytes.length);
      assertEquals(stepwise(bytes), whole);
    }),
    { numRuns: 2000 },
  );
});

const local = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
const written: [title: string, addresses: Addresses | null, v1: string, v2: string][] = [
  ["IPv4", four, "PROXY TCP4 10.1.2.3 10.4.5.6 1111 2222\r\n", binary(0x21, 0x11, inet)],
  ["IPv6", six, "PROXY TCP6 2001:db8::1 2001:db8::2 1111 2222\r\n", binary(0x21, 0x21, inet6)],
  [
    "an IPv4 client of an IPv6 listener",
    ends("::ffff:1.2.3.4", "::ffff:1.2.3.5"),
    "PROXY TCP6 ::ffff:1.2.3.4 ::ffff:1.2.3.5 1111 2222\r\n",
    binary(
      0x21,
      0x21,
      `${"\0".repeat(10)}\xff\xff\x01\x02\x03\x04` +
        `${"\0".repeat(10)}\xff\xff\x01\x02\x03\x05\x04\x57\x08\xae`,
    ),
  ],
  [
    "an address with a zone",
    ends("2001:db8::1%eth0", "2001:db8::2%eth0"),
    "PROXY TCP6 2001:db8::1 2001:db8::2 1111 2222\r\n",
    binary(0x21, 0x21, inet6),
  ],
  ["a unix socket", ends("", ""), "PROXY UNKNOWN\r\n", local],
  ["two families", ends("10.1.2.3", "::1"), "PROXY UNKNOWN\r\n", local],
  ["nobody", null, "PROXY UNKNOWN\r\n", local],
];
for (const [title, addresses, v1, v2] of written) {
  test(`PROXY header written: ${title}`, () => {
    assertEquals(textOf(encodeProxyHeader("v1", addresses)), v1);
    assertEquals(textOf(encodeProxyHeader("v2", addresses)), v2);
  });
}

test("PROXY header written: it is the caller's to change", () => {
  encodeProxyHeader("v1", null).fill(0);
  encodeProxyHeader("v2", null).fill(0);
  assertEquals(textOf(encodeProxyHeader("v1", null)), "PROXY UNKNOWN\r\n");
  assertEquals(textOf(encodeProxyHeader("v2", null)), local);
});
