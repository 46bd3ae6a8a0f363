/** The ClientHello: as OpenSSL sends it, cut anywhere, over several records, and mutilated. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { readClientHello } from "#src/tls/client-hello.ts";
import { keyKinds } from "#src/tls/key-kinds.ts";
import { test } from "../testing.ts";

const word = (value: number) => [value >> 8, value & 255];
const vector = (bytes: number[]) => [...word(bytes.length), ...bytes];
const text = (value: string) => Array.from(value, (c) => c.charCodeAt(0));
const extension = (type: number, content: number[]) => [...word(type), ...vector(content)];

/** A message with what the cases look at. */
function message(extensions: readonly number[][], suites: readonly number[] = [0x1301]): number[] {
  const body = [
    ...[3, 3, ...new Array<number>(32).fill(7), 0],
    ...vector(suites.flatMap(word)),
    ...[1, 0],
    ...vector(extensions.flat()),
  ];
  return [1, 0, ...vector(body)];
}
/** In records of these lengths, and the rest in one. */
function records(bytes: readonly number[], lengths: readonly number[] = []): Uint8Array {
  const parts: number[] = [];
  let from = 0;
  for (const length of [...lengths, bytes.length]) {
    const part = bytes.slice(from, from + length);
    from += part.length;
    if (part.length > 0) parts.push(22, 3, 1, ...vector(part));
  }
  return Uint8Array.from(parts);
}

const sni = extension(0, vector([0, ...vector(text("WWW.Example.org"))]));
const alpn = extension(16, vector([2, ...text("h2"), 8, ...text("http/1.1")]));
const whole = message([
  sni,
  alpn,
  extension(43, [4, 3, 4, 3, 3]),
  extension(13, vector([4, 3, 8, 4])),
], [0x1301, 0xc02b]);

function helloOf(bytes: Uint8Array) {
  const read = readClientHello(bytes);
  assert(read.kind === "hello", read.kind);
  return read.hello;
}

test("client hello: what it asks for", () => {
  const hello = helloOf(records(whole));
  assertEquals(hello.serverName, "www.example.org");
  assertEquals(hello.protocols, ["h2", "http/1.1"]);
  assertEquals(hello.versions, [0x304, 0x303]);
  assertEquals(hello.ciphers, [0x1301, 0xc02b]);
  assertEquals(hello.signatureAlgorithms, [0x403, 0x804]);
  assertEquals(hello.extensions, [0, 16, 43, 13]);
});

test("client hello: the same however it is cut into records, once all has come", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 12 }),
    fc.nat(),
    (lengths, at) => {
      const bytes = records(whole, lengths);
      assertEquals(helloOf(bytes).serverName, "www.example.org");
      assertEquals(readClientHello(bytes.subarray(0, at % bytes.length)).kind, "part");
    },
  ));
});

test("client hello: what is none is none, whatever it is", () => {
  assertEquals(readClientHello(Uint8Array.from(text("GET / HTTP/1.1\r\n"))).kind, "other");
  assertEquals(readClientHello(Uint8Array.from([22, 2, 0, 0, 9])).kind, "other");
  assertEquals(readClientHello(Uint8Array.from([22, 3, 1, 0x7f, 0xff])).kind, "malformed");
  assertEquals(readClientHello(Uint8Array.from([22, 3, 1, 0, 4, 2, 0, 0, 0])).kind, "malformed");
  assertEquals(readClientHello(new Uint8Array()).kind, "part");
});

test("client hello: mutilated ones are read to their end, or refused, never beyond", () => {
  const valid = records(whole);
  const changes = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(changes, fc.nat(valid.length), (mutations, length) => {
      const bytes = valid.slice(0, length);
      for (const [at, value] of mutations) if (at < bytes.length) bytes[at] = value;
      const read = readClientHello(bytes);
      if (read.kind !== "hello") return;
      const { hello } = read;
      keyKinds(hello);
      for (const value of [...hello.ciphers, ...hello.groups, ...hello.versions]) {
        assert(value >= 0 && value <= 0xffff);
      }
      assert(hello.protocols.every((name) => name.length < 256));
      assert((hello.serverName ?? "").length <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});

test("client hello: which keys it takes", () => {
  const kinds = (extensions: number[][], suites: number[]) =>
    keyKinds(helloOf(records(message(extensions, suites))));
  const algorithms = (...numbers: number[]) => extension(13, vector(numbers.flatMap(word)));
  const tls13 = extension(43, [2, 3, 4]);
  assertEquals(kinds([], [0xc02f]), { rsa: true, ecdsa: false });
  assertEquals(kinds([algorithms(0x403, 0x804)], [0xc02b]), { rsa: true, ecdsa: true });
  assertEquals(kinds([algorithms(0x403)], [0xc02f]), { rsa: false, ecdsa: false });
  assertEquals(kinds([algorithms(0x403), tls13], [0x1301]), { rsa: false, ecdsa: true });
  assertEquals(kinds([algorithms(0x804, 0x401), tls13], [0x1301]), { rsa: true, ecdsa: false });
});
