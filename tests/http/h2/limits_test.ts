/** Limits of HTTP/2 towards clients (manual: "tune.h2."), and whatever anybody may send. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { response } from "#src/simulate/message.ts";
import { test } from "../../testing.ts";
import { type ProxyInput, type Scene, scene, type SceneOptions, web } from "../../proxy/harness.ts";
import {
  data,
  type Field,
  frame,
  frames,
  get,
  headers,
  hello,
  last,
  number,
  open,
  settings,
  told,
} from "./peer.ts";

const bind: ProxyInput["bind"] = [
  { address: { kind: "ip", host: "10.0.0.1", port: 80 }, proto: "h2" },
];

function play(
  name: string,
  global: NonNullable<SceneOptions["global"]>,
  body: (w: Scene) => void,
  settings: Partial<ProxyInput> = {},
) {
  test(`limits: ${name}`, scene(web({ httpReuse: "always", bind, ...settings }), body, { global }));
}

/** What SETTINGS announces, by number. */
function announced(received: string): Record<number, number> {
  const { payload } = frames(received).find(({ type }) => type === "settings")!;
  const value = (at: number, bytes: number) => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value = value * 256 + payload.charCodeAt(at + i);
    return value;
  };
  const pairs: Record<number, number> = {};
  for (let at = 0; at < payload.length; at += 6) pairs[value(at, 2)] = value(at + 2, 4);
  return pairs;
}

const lines = (received: string) => told(received).lines;

play("what is announced where nothing is configured", {}, (w) => {
  const client = w.client();
  w.run();
  assertEquals(announced(client.received), { 3: 100, 6: 30_720, 8: 1 });
  assertEquals(told(client.received).windows.get(0), 1_638_400 - 65_535);
});

play("what is announced of what is configured", {
  tuneBufsize: 65_536,
  tuneH2HeaderTableSize: 8192,
  tuneH2InitialWindowSize: 1000,
  tuneH2FeInitialWindowSize: 2000,
  tuneH2MaxConcurrentStreams: 7,
  tuneH2MaxFrameSize: 20_000,
  tuneH2FeRxbuf: 65_535,
  h2WorkaroundBogusWebsocketClients: true,
}, (w) => {
  const client = w.client();
  w.run();
  assertEquals(announced(client.received), {
    1: 8192,
    3: 7,
    4: 2000,
    5: 20_000,
    6: 2 * (65_536 - 1024),
  });
  assertEquals(told(client.received).windows.get(0), undefined);
});

play("frames are no longer than a buffer", { tuneH2MaxFrameSize: 1_000_000 }, (w) => {
  const client = w.client();
  w.run();
  assertEquals(announced(client.received)[5], undefined);
});

play("streams at once", { tuneH2FeMaxConcurrentStreams: 2 }, (w) => {
  const client = w.client().send(hello + open(1) + open(3) + open(5));
  w.run();
  assertEquals(lines(client.received).at(-1), "reset 5 REFUSED_STREAM");
});

play("streams in all", { tuneH2FeMaxTotalStreams: 2 }, (w) => {
  w.origin("s1", () => response("ok"));
  const client = w.client().send(hello + headers(1) + headers(3) + headers(5));
  w.run();
  const { answers } = told(client.received);
  assertEquals([...answers.keys()], [1, 3]);
  assert(lines(client.received).includes("goaway 3 NO_ERROR"));
  assert(client.hasEnded);
});

play("glitches are counted, and bounded", { tuneH2FeGlitchesThreshold: 3 }, (w) => {
  const client = w.client().send(hello + open(1) + data(1, "").repeat(2));
  w.run();
  assert(!client.hasEnded);
  client.send(data(1, ""));
  w.run();
  assertEquals(lines(client.received).at(-1), "goaway 1 ENHANCE_YOUR_CALM");
  assert(client.hasEnded);
});

play("a client that cancels now and then is not cut off", {}, (w) => {
  w.origin("s1", () => null);
  const client = w.client().send(hello);
  for (let i = 0; i < 600; i++) {
    client.send(headers(2 * i + 1) + frame(3, 0, 2 * i + 1, number(8, 4)));
    w.advance(50);
  }
  assert(!client.hasEnded);
});

play(
  "fc_glitches, and what is tracked of them",
  {},
  (w) => {
    w.origin("s1", ({ fields }) => response(fields.join("|")));
    const client = w.client().send(hello + open(1) + data(1, "") + last(1, "x") + headers(3));
    w.run();
    assert(told(client.received).answers.get(3)!.content.includes("x-glitches: 1 1"));
  },
  {
    tcpRequestConnection: [{ words: ["track-sc0", "src"] }],
    httpRequest: [{ words: ["set-header", "x-glitches", "%[fc_glitches] %[sc0_glitch_cnt]"] }],
    stickTable: { type: "ip", size: 10, store: [{ type: "glitch_cnt" }] },
  },
);

for (const level of ["none", "connection", "stream"] as const) {
  play(`errors that are logged: ${level}`, { tuneH2LogErrors: level }, (w) => {
    const client = w.client().send(hello + headers(1, []) + frame(6, 0, 1, "12345678"));
    w.run();
    assert(client.hasEnded);
    const expected = level === "none" ? 0 : level === "connection" ? 1 : 2;
    assertEquals(w.records.map(({ termination }) => termination), Array(expected).fill("PR--"));
    assertEquals(w.records.map(({ status }) => status), Array(expected).fill(0));
  }, { bind: web().bind });
}

play("option http-ignore-probes: nothing is logged where no request came", {}, (w) => {
  w.client().send(hello + frame(6, 0, 1, "12345678"));
  w.client().send("no preface at all, and more than that");
  w.client().reset();
  w.run();
  assertEquals(w.records.length, 0);
}, { httpIgnoreProbes: true, logFormat: null });

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const bytes = (maxLength: number) => fc.array(byte, { maxLength }).map((all) => all.join(""));
const id = fc.integer({ min: 0, max: 12 });
const field = fc.constantFrom<Field>(
  ["content-length", "3"],
  ["cookie", "a=b"],
  ["te", "trailers"],
  ["x-a", "b"],
  ["host", "a.example"],
  [":path", "/x"],
);
/** Frames, of which many are right and many are not. */
const anyFrame = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 255 }), id, bytes(40))
    .map(([type, flags, id, payload]) => frame(type, flags, id, payload)),
  fc.tuple(id, fc.array(field, { maxLength: 4 }), fc.constantFrom(0, 1, 4, 5))
    .map(([id, more, flags]) => headers(id, [...get, ...more], flags)),
  fc.tuple(id, bytes(30), fc.constantFrom(0, 1)).map(([id, text, flags]) => data(id, text, flags)),
  id.map((id) => frame(3, 0, id, number(8, 4))),
  fc.tuple(id, fc.integer({ min: 0, max: 70_000 }))
    .map(([id, more]) => frame(8, 0, id, number(more, 4))),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 100_000 }))
    .map((pair) => settings(pair)),
);

test("limits: whatever is sent, nothing is left over, and what is answered can be read", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyFrame, { maxLength: 30 }),
      fc.constantFrom(1, 13, Infinity),
      async (sent, segment) => {
        await scene(web({ httpReuse: "always", bind, logFormat: null }), (w) => {
          w.origin("s1", ({ line }) => line.startsWith("GET") ? response("ok") : null);
          const client = w.client().send(hello + sent.join(""));
          w.run();
          told(client.received);
          w.advance(40);
        }, { segment })();
      },
    ),
    { numRuns: 150 },
  );
});
