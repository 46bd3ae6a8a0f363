/** Sets the options of sockets (socket(7), tcp(7)). */
import type { SocketOptions } from "../socket-options.ts";
import { C, lastErrno } from "./libc.ts";
import { IPPROTO_TCP, SO_LINGER, SOL_SOCKET } from "./constants.ts";
import { describeErrno } from "./errno.ts";

/** An option as the kernel takes it. */
interface Prepared {
  readonly option: keyof SocketOptions;
  readonly level: number;
  readonly name: number;
  readonly value: Uint8Array | Int32Array;
}

/** Where each is set. */
const numbers: Readonly<Record<keyof SocketOptions, readonly [level: number, name: number]>> = {
  keepAlive: [SOL_SOCKET, 9],
  keepAliveCount: [IPPROTO_TCP, 6],
  keepAliveIdle: [IPPROTO_TCP, 4],
  keepAliveInterval: [IPPROTO_TCP, 5],
  receiveBuffer: [SOL_SOCKET, 8],
  sendBuffer: [SOL_SOCKET, 7],
  notSentLowWater: [IPPROTO_TCP, 25],
  maxSegment: [IPPROTO_TCP, 2],
  deferAccept: [IPPROTO_TCP, 9],
  fastOpen: [IPPROTO_TCP, 23],
  fastOpenConnect: [IPPROTO_TCP, 30],
  userTimeout: [IPPROTO_TCP, 18],
  quickAck: [IPPROTO_TCP, 12],
  noLinger: [SOL_SOCKET, SO_LINGER],
  interface: [SOL_SOCKET, 25],
  congestion: [IPPROTO_TCP, 13],
};

/** What was made of options before: those of a listener or a server come again and again. */
const known = new WeakMap<SocketOptions, readonly Prepared[]>();

function prepare(options: SocketOptions): readonly Prepared[] {
  const before = known.get(options);
  if (before !== undefined) return before;
  const prepared = (Object.keys(numbers) as (keyof SocketOptions)[]).flatMap((option) => {
    const value = options[option];
    if (value === undefined) return [];
    const [level, name] = numbers[option];
    return [{ option, level, name, value: encode(option, value) }];
  });
  known.set(options, prepared);
  return prepared;
}

function encode(option: keyof SocketOptions, value: string | number | boolean) {
  if (typeof value === "string") return new TextEncoder().encode(`${value}\0`);
  // A struct linger: whether, and how long.
  const words = option === "noLinger" ? [value ? 1 : 0, 0] : [Number(value)];
  const bytes = new Int32Array(new ArrayBuffer(words.length * 4));
  bytes.set(words);
  return bytes;
}

/**
 * Sets options of a socket. What it cannot have, as a unix socket those of TCP, is left.
 * @returns why `interface` could not be set, without which traffic would go elsewhere; else null
 */
export function setOptions(fd: number, options: SocketOptions): string | null {
  for (const { option, level, name, value } of prepare(options)) {
    if (C.setsockopt(fd, level, name, value, value.byteLength) === 0) continue;
    if (option === "interface") return `${options.interface}: ${describeErrno(lastErrno())}`;
  }
  return null;
}
