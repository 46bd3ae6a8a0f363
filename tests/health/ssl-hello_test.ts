import { clientHello } from "#src/health/ssl-hello.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { type Behaviour, endpoint, probing, scene, send } from "./scene.ts";

/** A record (RFC 8446, section 5.1), one character a byte. */
function record(type: number, content: string, major = 3): string {
  return String.fromCharCode(type, major, 3, content.length >> 8, content.length & 255) + content;
}

const serverHello = record(22, "\x02\0\0\x26\x03\x03" + "r".repeat(32) + "\0\x13\x01\0");
const fatal = record(21, "\x02\x28");
const warning = record(21, "\x01\x70");

/** Says the parts, `pause` ms apart, once the hello has come; then closes, if it is to. */
function saying(parts: readonly string[], close: boolean, pause = 0) {
  const stage = scene();
  let said = false;
  const behaviour: Behaviour = {
    received(socket, request) {
      if (said || request.length < helloLength(request)) return;
      said = true;
      const inTurn = (i: number): void => {
        const part = parts[i];
        if (part === undefined) return close ? socket.close() : undefined;
        send(socket, part);
        if (pause === 0) inTurn(i + 1);
        else stage.clock.schedule(pause, () => inTurn(i + 1));
      };
      inTurn(0);
    },
  };
  stage.serve(behaviour);
  return stage;
}

/** What the record's header says. */
function helloLength(request: string): number {
  return 5 + (request.charCodeAt(3) << 8) + request.charCodeAt(4);
}

/** The verdict on a server that says this, and the time that it took, ms. */
function verdictOn(parts: readonly string[], close = false, pause = 0) {
  const stage = saying(parts, close, pause);
  const probe = probing(stage, { kind: "ssl-hello" });
  const results = stage.check(probe, 2100);
  assertEquals(results.length, 1);
  assertEquals(stage.network.openSockets, 0);
  const { status, duration, passed, code, info } = results[0]!;
  assertEquals([passed, code], [status === "L6OK", null]);
  const isEmpty = close && parts.join("") === "";
  assertEquals(info, isEmpty ? "TCPCHK got an empty response at step 2" : "");
  return [status, duration];
}

test("ssl-hello: a ServerHello passes, and so does an alert", () => {
  for (const answer of [serverHello, fatal, warning]) {
    assertEquals(verdictOn([answer]), ["L6OK", 0]);
    assertEquals(verdictOn([answer], true), ["L6OK", 0]);
  }
});

test("ssl-hello: the verdict falls as soon as enough has come, a byte at a time if need be", () => {
  assertEquals(verdictOn([...serverHello], false, 10), ["L6OK", 50]);
  assertEquals(verdictOn([...fatal], false, 10), ["L6OK", 60]);
  assertEquals(verdictOn([..."HTTP/1.1 400"], false, 10), ["L6RSP", 0]);
});

test("ssl-hello: whatever else a server says fails", () => {
  const others = [
    "HTTP/1.0 400 Bad request\r\n\r\n",
    "220 mail ready\r\n",
    "\0",
    record(23, "data"),
    record(20, "\x01"),
    record(22, serverHello.slice(5), 0x2e),
    record(22, "\x0b\0\0\x03abc"), // a certificate without a ServerHello
    record(21, "\x07\x28"), // an alert of no level
    "\x16HTTP",
  ];
  for (const answer of others) assertEquals(verdictOn([answer])[0], "L6RSP", answer);
});

test("ssl-hello: who acknowledges and says nothing fails at the time-out", () => {
  assertEquals(verdictOn([]), ["L6TOUT", 2000]);
  for (const answer of [serverHello.slice(0, 5), fatal.slice(0, 6)]) {
    assertEquals(verdictOn([answer]), ["L6TOUT", 2000]);
  }
});

test("ssl-hello: who closes before its answer is whole fails", () => {
  for (const answer of ["", serverHello.slice(0, 5), fatal.slice(0, 6)]) {
    assertEquals(verdictOn([answer], true), ["L6RSP", 0]);
  }
});

test("ssl-hello: refused and reset connections are named as those of other checks", () => {
  const stage = scene();
  const probe = () => probing(stage, { kind: "ssl-hello" });
  assertEquals(stage.check(probe(), 10)[0]?.status, "L4CON");
  stage.network.answer(endpoint, "silence");
  assertEquals(stage.check(probe(), 2000)[0]?.status, "L4TOUT");
  stage.network.answer(endpoint, "listener");
  stage.serve({ received: (socket) => socket.reset() });
  const [result] = stage.check(probe(), 10);
  assertEquals([result?.status, result?.info], ["SOCKERR", "Connection reset by peer"]);
});

test("ssl-hello: no answer makes it hang or throw, whatever its bytes and pieces", () => {
  // Often the bytes that matter.
  const byte = fc.oneof(fc.constantFrom(1, 2, 3, 21, 22), fc.nat(255));
  const answers = fc.array(fc.array(byte, { maxLength: 9 }), { maxLength: 4 });
  fc.assert(fc.property(answers, fc.boolean(), (pieces, close) => {
    const texts = pieces.map((piece) => String.fromCharCode(...piece));
    const [status] = verdictOn(texts, close, 1);
    const [type, major, , , , first, second] = pieces.flatMap((piece) => [...piece]);
    const isAlert = type === 21 && (first === 1 || first === 2) && second !== undefined;
    const passes = major === 3 && (isAlert || (type === 22 && first === 2));
    assert(passes ? status === "L6OK" : status === "L6RSP" || status === "L6TOUT");
  }));
});

/** Takes a ClientHello apart, and checks every length on the way (RFC 8446, section 4.1.2). */
function readHello(bytes: Uint8Array) {
  let at = 0;
  const take = (count: number) => {
    at += count;
    assert(at <= bytes.length);
    return bytes.subarray(at - count, at);
  };
  const number = (width: number) => take(width).reduce((sum, byte) => sum * 256 + byte, 0);
  const list = (width: number) => Array.from(take(number(width)));
  assertEquals([number(1), number(2)], [22, 0x0301]);
  assertEquals(number(2), bytes.length - 5);
  assertEquals(number(1), 1);
  assertEquals(number(3), bytes.length - 9);
  assertEquals(number(2), 0x0303);
  const random = Array.from(take(32));
  const [session, suites, compression] = [list(1), list(2), list(1)];
  const end = number(2) + at;
  assertEquals(end, bytes.length);
  const extensions = new Map<number, number[]>();
  while (at < end) {
    const type = number(2);
    assert(!extensions.has(type));
    extensions.set(type, list(2));
  }
  return { random, session, suites, compression, extensions };
}

test("ssl-hello: the hello is well formed, without a name, and offers every version", () => {
  let turn = 0;
  const bytes = clientHello(() => turn++ / 32);
  const { random, session, suites, compression, extensions } = readHello(bytes);
  assertEquals(random, Array.from({ length: 32 }, (_, i) => i * 8));
  assertEquals([session, compression], [[], [0]]);
  assertEquals(suites.length % 2, 0);
  assertEquals(
    new Set(suites.map((_, i) => i % 2 ? 0 : suites[i]! * 256 + suites[i + 1]!)).size - 1,
    suites.length / 2,
  );
  assertEquals(extensions.get(43), [8, 3, 4, 3, 3, 3, 2, 3, 1]);
  assertEquals([...extensions.keys()].includes(0), false, "no server_name");
  // Of 256 to 511 bytes some old servers choke (RFC 7685).
  assert(bytes.length < 256);
});
