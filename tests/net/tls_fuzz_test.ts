/**
 * Hostile peers at the boundary to OpenSSL: garbage, hellos that are changed or cut, records in
 * the middle of a connection, ends at any time. Nothing may crash, hang or stay.
 */
import { assert, assertEquals } from "@std/assert";
import { createContext, plainOptions } from "#src/net/tls/context.ts";
import { clientSide } from "#src/net/tls/client.ts";
import { whyNoOpenSsl } from "#src/net/tls/openssl.ts";
import { serverSide } from "#src/net/tls/server.ts";
import { counts, TlsSocket } from "#src/net/tls/socket.ts";
import { readClientHello } from "#src/tls/client-hello.ts";
import { noEvents, type Socket, SocketError, type SocketEvents } from "#src/net/socket.ts";
import { test } from "../testing.ts";
import { createPki, hasOpenssl } from "../tls/pki.ts";
import { choiceOf } from "./tls.ts";

/** A socket whose other end is the test: what is written to it is kept. */
class Wire implements Socket {
  events: SocketEvents = noEvents;
  remoteAddress = "127.0.0.1";
  remotePort = 1;
  localAddress = "127.0.0.1";
  localPort = 2;
  sent: Uint8Array[] = [];
  closed = false;
  /** How much it takes at once. */
  room = Infinity;
  write(bytes: Uint8Array, from: number, to: number): number {
    if (this.closed) return -1;
    const count = Math.min(to - from, this.room);
    if (count > 0) this.sent.push(bytes.slice(from, from + count));
    return count;
  }
  writev(): number {
    throw new Error("not used here");
  }
  isQuiet = () => false;
  retain = (bytes: Uint8Array, from: number, to: number) => bytes.slice(from, to);
  pause(): void {}
  resume(): void {}
  shutdown(): void {}
  close(): void {
    this.closed = true;
  }
  reset(): void {
    this.closed = true;
  }
  peerGone = () => false;
  /** All that was sent since the last time. */
  take(): Uint8Array {
    const whole = new Uint8Array(this.sent.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.sent.splice(0)) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

const later = () => () => {};
/** Random numbers that are the same each time. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

const skip = { skip: !hasOpenssl || whyNoOpenSsl() !== null };

test("TLS: hostile bytes at any point neither crash nor leak", async () => {
  const pki = createPki();
  const choice = choiceOf(pki.make("a", ["a.test"]));
  const context = createContext({ ...plainOptions, role: "client" }, true);
  pki.remove();
  const choose = (bytes: Uint8Array) => {
    const first = readClientHello(bytes);
    return first.kind === "part" ? null : first.kind === "hello" ? choice : first.kind;
  };
  const random = randomOf(42);
  const before = counts.ssl;
  const seen = { opened: 0, data: 0, closed: 0, ended: 0 };
  const events: SocketEvents = {
    opened: (socket) => {
      seen.opened++;
      socket.write(new Uint8Array(100), 0, 100);
    },
    data: () => void seen.data++,
    drain() {},
    ended: () => void seen.ended++,
    closed: (_socket, error) => {
      assert(error instanceof SocketError);
      seen.closed++;
    },
  };
  const deadline = performance.now() + 4000;
  let rounds = 0;
  while (rounds < 3000 && performance.now() < deadline) {
    rounds++;
    const [near, far] = [new Wire(), new Wire()];
    const server = TlsSocket.accept(near, serverSide(choose), { ...events }, later);
    const setup = { sni: null, verifyName: null, sessions: null, preamble: null };
    const network = { connect: () => far };
    const to = { kind: "unix", path: "" } as const;
    const side = clientSide({ context, ...setup });
    const client = TlsSocket.connect(network, to, {}, side, { ...events }, later);
    if (random(4) === 0) near.room = 1 + random(2000);
    const hostileFrom = random(8);
    for (let turn = 0; turn < 8; turn++) {
      let bytes = far.take();
      if (turn >= hostileFrom) {
        const how = random(6);
        if (how === 0) bytes = Uint8Array.from({ length: random(600) }, () => random(256));
        else if (how === 1) bytes = bytes.slice(0, random(bytes.length + 1));
        else if (how === 2 && bytes.length > 0) bytes[random(bytes.length)] = random(256);
        else if (how === 3) {
          const type = 20 + random(5);
          bytes = Uint8Array.from([type, 3, 3, 0, 5, random(256), random(256), 0, 0, 1]);
        } else if (how === 4) {
          server.ended();
          break;
        }
      }
      for (let at = 0; at < bytes.length;) {
        const to = random(3) === 0 ? Math.min(bytes.length, at + 1 + random(400)) : bytes.length;
        server.data(near, bytes.subarray(at, to));
        at = to;
      }
      if (random(10) === 0) server.pause();
      if (random(10) === 0) server.resume();
      const back = near.take();
      if (back.length > 0) client.data(far, back);
      near.room = random(2) === 0 ? near.room : Infinity;
      server.drain();
    }
    if (random(2) === 0) server.close();
    else server.reset();
    client.reset();
    if (rounds % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(counts.ssl, before, "SSL objects that are left");
  assert(rounds > 200, `${rounds} rounds`);
  assert(seen.opened > 100 && seen.data > 50 && seen.closed > 100, JSON.stringify(seen));
}, skip);
