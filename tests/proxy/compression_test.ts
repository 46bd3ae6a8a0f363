/** Compression in the proxy: any framing and cuts, nothing held back, counted and bounded. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import zlib from "node:zlib";
import fc from "fast-check";
import type { CompressionAlgorithm } from "#src/config/keywords/compression.ts";
import { codings } from "#src/filters/compression/select.ts";
import { chunked, field, type Message } from "#src/simulate/message.ts";
import { at } from "#src/stats/counters.ts";
import { facts } from "../services/facts.ts";
import { test } from "../testing.ts";
import { type ProxyInput, scene, web } from "./harness.ts";

const flushed = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
const readers: Readonly<Record<CompressionAlgorithm, (bytes: Buffer) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => zlib.gunzipSync(bytes, flushed),
  deflate: (bytes) => zlib.inflateSync(bytes, flushed),
  "raw-deflate": (bytes) => zlib.inflateRawSync(bytes, flushed),
  br: (bytes) => zlib.brotliDecompressSync(bytes),
  zstd: (bytes) => zlib.zstdDecompressSync(bytes),
};
const algorithms = Object.keys(readers) as CompressionAlgorithm[];

function decoded(content: string, algorithm: CompressionAlgorithm): string {
  return readers[algorithm](Buffer.from(content, "latin1")).toString("latin1");
}

const compressing = (algorithm: CompressionAlgorithm, more: Partial<ProxyInput> = {}) =>
  web({ compressionAlgoRes: [algorithm], ...more });
const ask = (coding: string, fields = "") =>
  `GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: ${coding}\r\n${fields}\r\n`;

/** Content that can be compressed, and where every place looks different. */
function content(length: number): string {
  let text = "";
  for (let i = 0; text.length < length; i++) text += `${i.toString(36)} and so on \xff`;
  return text.slice(0, length);
}
const message = (
  start: string,
  text: string,
  sizes: readonly number[] | null,
  trailers: string[],
) =>
  sizes === null
    ? `${start}Content-Length: ${text.length}\r\n\r\n${text}`
    : `${start}Transfer-Encoding: chunked\r\n\r\n${chunked(text, sizes, trailers)}`;

const drawn = fc.record({
  algorithm: fc.constantFrom(...algorithms),
  length: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 60_000 })),
  sizes: fc.option(
    fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(9000)), {
      minLength: 1,
      maxLength: 4,
    }),
  ),
  trailers: fc.constantFrom<string[]>([], ["X-Check: a1"]),
  pieces: fc.array(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(20_000)), {
    minLength: 1,
    maxLength: 5,
  }),
  stalls: fc.array(fc.boolean(), { maxLength: 6 }),
});

test("compression: of responses and requests, in any framing, cuts and stalls", async () => {
  await fc.assert(
    fc.asyncProperty(
      drawn,
      fc.boolean(),
      async ({ algorithm, length, sizes, trailers, pieces, stalls }, up) => {
        const proxy = web({
          compressionAlgoRes: [algorithm],
          compressionAlgoReq: algorithm,
          compressionDirection: up ? "request" : "response",
        });
        await scene(proxy, (w) => {
          const s1 = w.origin("s1", () => null);
          const client = w.client();
          const text = content(length);
          const coding = codings[algorithm];
          const start = up
            ? `POST / HTTP/1.1\r\nHost: a\r\n`
            : "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
          const sent = message(start, text, sizes, trailers);
          if (!up) {
            client.request(ask(coding));
            w.run();
          } else {
            client.methods.push("POST");
          }
          const sender = up ? client : s1.connections[0]!;
          for (let at = 0, i = 0; at < sent.length; i++) {
            const end = i < 100 ? at + pieces[i % pieces.length]! : sent.length;
            sender.send(sent.slice(at, end));
            at = end;
            const reader = up ? s1.connections[0] : client;
            if (stalls[i] === true) reader?.stall();
            else reader?.read();
            w.run();
          }
          (up ? s1.connections[0]! : client).read();
          w.run();
          if (up) {
            s1.connections[0]!.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            w.run();
          }
          const got: Message = up ? s1.requests[0]! : client.responses.whole[0]!;
          assertEquals(decoded(got.content, algorithm), text);
          assertEquals(field(got, "Content-Encoding"), algorithm === "identity" ? null : coding);
          assertEquals(got.trailers, sizes === null ? [] : trailers);
          assertEquals(client.responses.whole.length, 1);
          assertEquals(w.termination, "----");
        }, { capacity: 5000 })();
      },
    ),
    { numRuns: 120 },
  );
});

for (const algorithm of ["gzip", "deflate", "raw-deflate"] as const) {
  test(
    `compression: what a server has sent is there at once, with ${algorithm}`,
    scene(compressing(algorithm), (w) => {
      const s1 = w.origin("s1", () => null);
      const client = w.client().request(ask(codings[algorithm]));
      w.run();
      const [connection] = s1.connections;
      connection!.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
      let text = "";
      for (let i = 0; i < 5; i++) {
        const event = `data: event ${i}\n\n`;
        text += event;
        connection!.send(`${event.length.toString(16)}\r\n${event}\r\n`);
        w.advance(10);
        const { received } = client;
        const body = received.slice(received.indexOf("\r\n\r\n") + 4);
        const sofar = [...body.matchAll(/([0-9a-f]+)\r\n/g)].length;
        assert(sofar >= i + 1);
        // Without its last chunk it is no whole message: that is added here.
        const { content } = takeChunks(`${body}0\r\n\r\n`);
        assertEquals(decoded(content, algorithm), text);
      }
      connection!.send("0\r\n\r\n");
      w.run();
      assertEquals(decoded(client.responses.whole[0]!.content, algorithm), text);
    }),
  );
}

function takeChunks(text: string): { content: string } {
  let content = "";
  for (let at = 0;;) {
    const end = text.indexOf("\r\n", at);
    const size = parseInt(text.slice(at, end), 16);
    if (size === 0) return { content };
    content += text.slice(end + 2, end + 2 + size);
    at = end + 4 + size;
  }
}

test(
  "compression: content below the least size passes as it is, as far as its length is known",
  scene(compressing("gzip", { compressionMinsizeRes: 100 }), (w) => {
    const answers = [content(99), content(100)];
    w.origin(
      "s1",
      () => `HTTP/1.1 200 OK\r\nContent-Length: ${answers[0]!.length}\r\n\r\n${answers.shift()}`,
    );
    const client = w.client().request(ask("gzip"));
    w.run();
    client.request(ask("gzip"));
    w.run();
    const codings = client.responses.whole.map((each) => field(each, "Content-Encoding"));
    assertEquals(codings, [null, "gzip"]);
  }),
);

test(
  "compression: a client that leaves within the response gives back what it took",
  scene(compressing("gzip"), (w) => {
    const s1 = w.origin("s1", () => null);
    for (let i = 0; i < 3; i++) {
      const client = w.client().request(ask("gzip"));
      w.run();
      s1.connections.at(-1)!.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
      w.run();
      assert(client.received.includes("gzip"));
      client.reset();
      w.run();
    }
    const client = w.client().request(ask("gzip"));
    w.run();
    s1.connections.at(-1)!.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
    w.run();
    assertEquals(decoded(client.responses.whole[0]!.content, "gzip"), "other");
  }),
);

/** What each of some responses was coded by. */
function codingsOf(count: number, global: { maxcomprate?: number; maxzlibmem?: number }) {
  const codings: (string | null)[] = [];
  const text = content(3000);
  return scene(compressing("gzip"), (w) => {
    w.origin("s1", () => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    const client = w.client();
    for (let i = 0; i < count; i++) {
      if (i === count - 1) w.advance(3000);
      client.request(ask("gzip"));
      w.run();
      codings.push(field(client.responses.whole[i]!, "Content-Encoding"));
    }
  }, { global })().then(() => codings);
}

test("compression: none beyond its rate, until that has passed", async () => {
  // 6 KiB within a second are three responses.
  assertEquals(await codingsOf(6, { maxcomprate: 6 }), [
    "gzip",
    "gzip",
    "gzip",
    null,
    null,
    "gzip",
  ]);
});

test("compression: no more at a time than there is memory for", async () => {
  const one = 2 ** 17 + 2 ** 17;
  const most = 2 * 2 ** 20 / one;
  await scene(compressing("gzip"), (w) => {
    const s1 = w.origin("s1", () => null);
    const clients = Array.from({ length: most + 1 }, () => {
      const client = w.client().request(ask("gzip"));
      w.run();
      return client;
    });
    for (const connection of s1.connections) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
      w.run();
    }
    const compressed = clients.map(({ received }) => received.includes("gzip"));
    assertEquals(compressed.filter((is) => is).length, most);
    assertEquals(compressed.at(-1), false);
  }, { global: { maxzlibmem: 2 } })();
});

test("compression: what passes is counted", () =>
  scene(compressing("gzip"), (w) => {
    const text = content(3000);
    w.origin("s1", () => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    const client = w.client().request(ask("gzip"), ask("br"));
    w.run();
    const [first] = client.responses.whole;
    const { proxies } = w.instance.control(facts);
    const { counts } = proxies[0]!.frontend!;
    assertEquals(counts.sum(at.compressedIn), 3000);
    assertEquals(counts.sum(at.compressedOut), first!.content.length);
    assertEquals(counts.sum(at.compressedResponses), 1);
    assertEquals(counts.sum(at.compressedBypassed), 0);
  })());
