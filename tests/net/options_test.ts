/** Options of sockets, as the kernel has them afterwards. */
import { assert, assertEquals } from "@std/assert";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runtimeName, test } from "../testing.ts";
import type { SocketOptions } from "#src/net/socket-options.ts";

const possible = runtimeName === "bun" && process.platform === "linux";
const reason = possible ? "" : " (SKIPPED: only Bun on Linux sets them)";
const on = possible
  ? {
    ...await import("#src/net/linux/libc.ts"),
    ...await import("#src/net/linux/connect.ts"),
    ...await import("#src/net/linux/listen.ts"),
  }
  : undefined;

const [SOCKET, TCP] = [1, 6];
const at = { kind: "ip", host: "127.43.1.1", port: 0 } as const;
const plain = { backlog: 5, ipv6Only: false, transparent: false, beside: false };

/** Descriptors of a listener with options, of a connection to it with others, and of its other end. */
function connected(
  accepted: SocketOptions,
  made: SocketOptions,
  body: (accepted: number, made: number) => void,
): void {
  const listener = on!.listenOn(at, { ...plain, socket: accepted });
  const bound = on!.addressOf(listener);
  const one = on!.connectTo(bound?.kind === "ip" ? bound : at, undefined, { socket: made });
  assert(typeof one === "number");
  const [other] = on!.acceptAll(listener);
  try {
    body(other!, one);
  } finally {
    for (const fd of [listener, one, other!]) on!.closeDescriptor(fd);
  }
}

test(`accepted sockets have the options of their listener, connections their own${reason}`, () => {
  const listening = {
    keepAlive: true,
    keepAliveCount: 4,
    keepAliveIdle: 33,
    keepAliveInterval: 7,
    sendBuffer: 50_000,
    receiveBuffer: 60_000,
    maxSegment: 900,
    userTimeout: 4321,
    notSentLowWater: 5555,
    noLinger: true,
    deferAccept: 0,
    fastOpen: 16,
  };
  const connecting = { keepAlive: true, keepAliveIdle: 44, sendBuffer: 70_000, userTimeout: 99 };
  connected(listening, connecting, (accepted, made) => {
    const read = (fd: number, names: readonly (readonly [number, number])[]) =>
      names.map(([level, name]) => on!.getOption(fd, level, name));
    assertEquals(
      read(accepted, [[SOCKET, 9], [TCP, 6], [TCP, 4], [TCP, 5], [TCP, 18], [TCP, 25]]),
      [1, 4, 33, 7, 4321, 5555],
    );
    assertEquals(read(accepted, [[SOCKET, 7], [SOCKET, 8]]), [100_000, 120_000], "doubled");
    assert(on!.getOption(accepted, TCP, 2) <= 900);
    assertEquals(read(made, [[SOCKET, 9], [TCP, 4], [TCP, 18]]), [1, 44, 99]);
    assertEquals(read(made, [[SOCKET, 7]]), [140_000]);
  });
}, { skip: !possible });

test(`a device that there is not is an error, for a listener and for a connection${reason}`, () => {
  const socket = { interface: "nosuchdevice" };
  let message = "";
  try {
    on!.listenOn(at, { ...plain, socket });
  } catch (error) {
    message = (error as Error).message;
  }
  assert(message.startsWith("cannot listen on 127.43.1.1:0 at nosuchdevice: "), message);
  const made = on!.connectTo({ ...at, port: 1 }, undefined, { socket });
  assert(
    typeof made !== "number" && made.message.startsWith("cannot connect through nosuchdevice"),
  );
}, { skip: !possible });

test(`the path of a unix socket has the owner and the mode that are asked for${reason}`, () => {
  const folder = mkdtempSync("/tmp/sluice-test-");
  try {
    const path = join(folder, "socket");
    const root = process.geteuid?.() === 0;
    const file = { mode: 0o640, ...(root ? { uid: 1, gid: 2 } : {}) };
    const fd = on!.listenOn({ kind: "unix", path }, { ...plain, file });
    const { mode, uid, gid } = statSync(path);
    assertEquals(mode & 0o777, 0o640);
    if (root) assertEquals([uid, gid], [1, 2]);
    on!.closeDescriptor(fd);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, { skip: !possible });
