/** What waits for a socket: nothing is lost, and many small pieces cost no more than they are long. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ResponseReader } from "#src/proxy/http/response-reader.ts";
import type { ServerEvents } from "#src/proxy/stream/endpoints.ts";
import { copiedBuffer, SendBuffer } from "#src/proxy/stream/send-buffer.ts";
import type { Socket } from "#src/net/socket.ts";
import { METHOD_GET } from "#src/http/head.ts";
import { latin1, textOf } from "#src/simulate/latin1.ts";
import { test } from "../testing.ts";

/** A socket that takes as much as it is told to. */
function taking(): { socket: Socket; taken: string; room: number } {
  const state = {
    taken: "",
    room: 0,
    socket: {
      write(bytes: Uint8Array, from: number, to: number) {
        const count = Math.min(to - from, state.room);
        state.room -= count;
        state.taken += textOf(bytes.subarray(from, from + count));
        return count;
      },
    } as unknown as Socket,
  };
  return state;
}

test("send buffer: what waits goes out as it came, in whatever pieces", () => {
  const step = fc.record({
    text: fc.string({ maxLength: 40 }),
    room: fc.nat(60),
    kept: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const state = taking();
    const buffer = new SendBuffer(state.socket);
    let sent = "";
    for (const { text, room, kept } of steps) {
      const plain = text.replace(/[^\x20-\x7e]/g, "?");
      const bytes = latin1(`<${plain}>`);
      // The bytes of one that copies are used again for something else.
      buffer.push(bytes, 1, bytes.length - 1, kept ? null : copiedBuffer);
      if (!kept) bytes.fill(0);
      sent += plain;
      state.room = room;
      buffer.flush();
    }
    state.room = Infinity;
    buffer.flush();
    assert(buffer.empty);
    assertEquals(state.taken, sent);
  }));
});

const many = 60_000;

test("send buffer: thousands of pieces that wait are not copied again with each", () => {
  const state = taking();
  const buffer = new SendBuffer(state.socket);
  const piece = latin1("0123456789abcdef");
  const begin = performance.now();
  for (let i = 0; i < many; i++) buffer.push(piece, 0, piece.length, copiedBuffer);
  // Some 20 ms; 30 GB of copies would take seconds.
  assert(performance.now() - begin < 1500, "it took too long");
  state.room = Infinity;
  buffer.flush();
  assertEquals(state.taken.length, many * piece.length);
});

test("response: thousands of interim ones in one read, in an odd form, do not either", () => {
  let count = 0;
  let content = "";
  const events: Partial<ServerEvents> = {
    onInterim: (_head, bytes, end) => {
      count++;
      assertEquals(textOf(bytes.subarray(0, end)), "HTTP/1.1 100 C\r\n\r\n");
    },
    onResponse: (_head, _bytes, _end, _framing, bytes, from, to) => {
      content = textOf(bytes.subarray(from, to));
    },
    onResponseEnd() {},
  };
  const reader = new ResponseReader(events as ServerEvents, 16_384);
  reader.begin(METHOD_GET, false);
  const bytes = latin1(
    "HTTP/1.1 100 C\n\n".repeat(many) + "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
  );
  const begin = performance.now();
  reader.read(bytes, copiedBuffer);
  assert(performance.now() - begin < 1500, "it took too long");
  assertEquals([count, content, reader.surplus], [many, "ok", false]);
});
