/** HPACK: the examples of RFC 7541, appendix C, what chapter 4 to 6 forbid, and any field there and back. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { HpackDecoder } from "#src/http/h2/hpack-decoder.ts";
import { HpackEncoder } from "#src/http/h2/hpack-encoder.ts";
import {
  decodeHuffman,
  encodeHuffman,
  huffmanLength,
  longestDecoded,
} from "#src/http/h2/huffman.ts";
import { staticTable, tokenOf } from "#src/http/h2/static-table.ts";
import { test } from "../../testing.ts";

const hex = (text: string) =>
  Uint8Array.from(text.replaceAll(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** The fields of a block, a line each; null: it is broken. */
function read(decoder: HpackDecoder, bytes: Uint8Array): string[] | null {
  const fields: string[] = [];
  const good = decoder.decode(bytes, 0, bytes.length, {
    field(_token, from, start, nameEnd, end) {
      fields.push(`${textOf(from, start, nameEnd)}: ${textOf(from, nameEnd, end)}`);
    },
  });
  return good ? fields : null;
}

const requests = [
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
  [
    ":method: GET",
    ":scheme: http",
    ":path: /",
    ":authority: www.example.com",
    "cache-control: no-cache",
  ],
  [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ],
];
const date = (seconds: number) => `date: Mon, 21 Oct 2013 20:13:${seconds} GMT`;
const location = "location: https://www.example.com";
const responses = [
  [":status: 302", "cache-control: private", date(21), location],
  [":status: 307", "cache-control: private", date(21), location],
  [
    ":status: 200",
    "cache-control: private",
    date(22),
    location,
    "content-encoding: gzip",
    "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
  ],
];

/** The appendix: blocks, what they say, how large the table is after each. */
const examples: Readonly<
  Record<string, { size?: number; blocks: string[]; fields: string[][]; sizes: number[] }>
> = {
  "C.2.1": {
    blocks: ["400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"],
    fields: [["custom-key: custom-header"]],
    sizes: [55],
  },
  "C.2.2": {
    blocks: ["040c 2f73 616d 706c 652f 7061 7468"],
    fields: [[":path: /sample/path"]],
    sizes: [0],
  },
  "C.2.3": {
    blocks: ["1008 7061 7373 776f 7264 0673 6563 7265 74"],
    fields: [["password: secret"]],
    sizes: [0],
  },
  "C.2.4": { blocks: ["82"], fields: [[":method: GET"]], sizes: [0] },
  "C.3": {
    blocks: [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
    fields: requests,
    sizes: [57, 110, 164],
  },
  "C.4": {
    blocks: [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
    fields: requests,
    sizes: [57, 110, 164],
  },
  "C.5": {
    size: 256,
    blocks: [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
       2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
       6c65 2e63 6f6d`,
      "4803 3330 37c1 c0bf",
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
       54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
       5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
       3d31`,
    ],
    fields: responses,
    sizes: [222, 222, 215],
  },
  "C.6": {
    size: 256,
    blocks: [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
       2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      "4883 640e ffc1 c0bf",
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
       77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
       9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ],
    fields: responses,
    sizes: [222, 222, 215],
  },
};

for (const [name, { size = 4096, blocks, fields, sizes }] of Object.entries(examples)) {
  test(`HPACK: RFC 7541, appendix ${name}`, () => {
    const decoder = new HpackDecoder(size);
    for (const [i, each] of blocks.entries()) {
      assertEquals(read(decoder, hex(each)), fields[i]);
      assertEquals(decoder.table.size, sizes[i]);
    }
  });
}

/** Blocks that are an error (COMPRESSION_ERROR). */
const broken: Readonly<Record<string, string>> = {
  "index 0 (section 6.1)": "80",
  "an index beyond both tables (section 2.3.3)": "be",
  "a literal's name beyond both tables": "7e 0161",
  "an integer without end (section 5.1)": "ff ff ff ff ff ff ff ff ff ff",
  "an integer that is cut off": "ff",
  "an integer that is too large": "ff 80 80 80 80 80 01",
  "a string that is longer than the block (section 5.2)": "00 0a 61",
  "a name without a value": "00 01 61",
  "a string without its length": "00",
  "Huffman: padding of more than 7 bits": "00 81 1f 82 1f ff",
  "Huffman: padding of zeros": "00 81 18 01 61",
  "Huffman: the end-of-string code": "00 84 3f ff ff ff 01 61",
  "a table larger than announced (section 6.3)": "3f e2 1f",
  "a change of the table behind a field (section 4.2)": "82 20",
};
for (const [name, each] of Object.entries(broken)) {
  test(`HPACK: refused: ${name}`, () => {
    assertEquals(read(new HpackDecoder(), hex(each)), null);
  });
}

/** Blocks that are strange, and none the less right. */
const sound: Readonly<Record<string, [block: string, fields: string[]]>> = {
  "nothing": ["", []],
  "two changes of the table at the beginning": ["20 3f e1 1f 82", [":method: GET"]],
  "an empty name's empty value": ["00 00 00", [": "]],
  "an empty string in Huffman's code": ["00 01 61 80", ["a: "]],
  "a field that is never to be kept": ["10 01 61 01 62", ["a: b"]],
};
for (const [name, [each, fields]] of Object.entries(sound)) {
  test(`HPACK: taken: ${name}`, () => assertEquals(read(new HpackDecoder(), hex(each)), fields));
}

test("HPACK: a field that is larger than the table empties it (section 4.4)", () => {
  const decoder = new HpackDecoder(64);
  assertEquals(read(decoder, hex("40 0161 0162")), ["a: b"]);
  assertEquals([decoder.table.count, decoder.table.size], [1, 34]);
  const long = "78".repeat(40);
  assertEquals(read(decoder, hex(`40 0161 28 ${long}`)), [`a: ${"x".repeat(40)}`]);
  assertEquals([decoder.table.count, decoder.table.size], [0, 0]);
});

test("HPACK: a name is taken from an entry that its own field evicts", () => {
  const decoder = new HpackDecoder(70);
  read(decoder, hex("40 0161 0162"));
  // Entry 62 is "a: b"; with this one it has no room.
  assertEquals(read(decoder, hex("7e 05 6363636363")), ["a: ccccc"]);
  assertEquals(decoder.table.count, 1);
});

test("HPACK: the static table has 61 entries, and each name is found", () => {
  assertEquals(staticTable.length, 61);
  for (const { bytes, nameLength, token } of staticTable) {
    assertEquals(tokenOf(bytes, 0, nameLength), token);
  }
  assertEquals(tokenOf(bytesOf("x-none"), 0, 6), 0);
});

const octets = fc.uint8Array({ maxLength: 300 });

test("Huffman: whatever is coded is decoded again, and has the length that was foretold", () => {
  fc.assert(fc.property(octets, (bytes) => {
    const coded = new Uint8Array(4 * bytes.length + 4);
    const end = encodeHuffman(bytes, 0, bytes.length, coded, 0);
    assertEquals(end, huffmanLength(bytes, 0, bytes.length));
    const out = new Uint8Array(longestDecoded(end));
    assertEquals(decodeHuffman(coded, 0, end, out, 0), bytes.length);
    assertEquals(out.slice(0, bytes.length), bytes);
  }));
});

test("HPACK: whatever is encoded is read again, with names in small letters", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9-]{1,40}$/);
  const value = fc.stringMatching(/^[ -~]{0,200}$/);
  fc.assert(fc.property(
    fc.integer({ min: 100, max: 999 }),
    fc.array(fc.tuple(name, value), { maxLength: 20 }),
    (status, fields) => {
      const encoder = new HpackEncoder();
      encoder.status(status);
      for (const [name, value] of fields) {
        const text = bytesOf(name + value);
        assert(encoder.field(text, 0, name.length, name.length, text.length));
      }
      assertEquals(read(new HpackDecoder(), encoder.bytes.slice(0, encoder.length)), [
        `:status: ${status}`,
        ...fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`),
      ]);
    },
  ));
});

test("HPACK: any bytes are read, or refused: never more than that", () => {
  fc.assert(fc.property(fc.array(octets, { maxLength: 5 }), (blocks) => {
    const decoder = new HpackDecoder();
    for (const bytes of blocks) if (read(decoder, bytes) === null) return;
    assert(decoder.table.size <= 4096);
  }));
});
