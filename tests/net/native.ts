/** The network of the runtime that runs the tests, and what only that runtime can arrange. */
import type { Network } from "#src/net/socket.ts";
import type { EpollLoop } from "#src/net/epoll/loop.ts";
import { readdirSync, readlinkSync } from "node:fs";
import { runtimeName } from "../testing.ts";

/** Bun's adapter calls libc, which it knows on Linux only. */
export const nativeNetwork: Network | undefined = runtimeName === "deno"
  ? (await import("#src/net/deno/network.ts")).denoNetwork
  : process.platform === "linux"
  ? (await import("#src/net/bun/network.ts")).bunNetwork
  : undefined;

const libc = runtimeName === "bun" && nativeNetwork !== undefined
  ? { ...await import("#src/net/linux/libc.ts"), ...await import("#src/net/linux/listen.ts") }
  : undefined;

/** Makes an event loop of our own; on Bun on Linux only. */
export const createLoop = libc === undefined
  ? undefined
  : (await import("#src/net/epoll/loop.ts")).createLoop;

/** Turns a loop until it is told to stop. It sleeps in the kernel, a millisecond at most. */
export function pump(loop: Pick<EpollLoop, "turn">): () => void {
  let next: ReturnType<typeof setImmediate> | undefined = setImmediate(turn);
  function turn(): void {
    loop.turn(1);
    if (next !== undefined) next = setImmediate(turn);
  }
  return () => {
    clearImmediate(next);
    next = undefined;
  };
}

const RLIMIT_NOFILE = 7;
const ffi = libc === undefined ? undefined : await import("bun:ffi");

/**
 * Lets this process open no descriptor from number `limit` on (setrlimit(2)).
 * @returns what takes that back
 */
export function limitDescriptors(limit: number): () => void {
  const { dlopen, FFIType: { i32, ptr } } = ffi!;
  const { symbols } = dlopen("libc.so.6", {
    getrlimit: { args: [i32, ptr], returns: i32 },
    setrlimit: { args: [i32, ptr], returns: i32 },
  });
  // The limit that counts, and the one that it may be raised to.
  const [before, now] = [new BigUint64Array(200), new BigUint64Array(200)];
  symbols.getrlimit(RLIMIT_NOFILE, before);
  now.set([BigInt(limit), before[1]!]);
  symbols.setrlimit(RLIMIT_NOFILE, now);
  return () => symbols.setrlimit(RLIMIT_NOFILE, before);
}

/**
 * Sends bytes over a unix socket, descriptors with them (sendmsg(2), SCM_RIGHTS).
 * @returns how many bytes were taken; -1: none
 */
export function sendWithDescriptors(fd: number, bytes: Uint8Array, passed: number[]): number {
  const { dlopen, FFIType: { i32, ptr }, ptr: addressOf } = ffi!;
  const [SOL_SOCKET, SCM_RIGHTS, MSG_DONTWAIT] = [1, 1, 0x40];
  sendmsg ??= dlopen("libc.so.6", { sendmsg: { args: [i32, ptr, i32], returns: i32 } }).symbols;
  const control = new Uint32Array(1024);
  control.set([16 + 4 * passed.length, 0, SOL_SOCKET, SCM_RIGHTS, ...passed]);
  const vector = BigUint64Array.of(BigInt(addressOf(bytes)), BigInt(bytes.length));
  const message = new BigUint64Array(200);
  const size = 16 + 4 * passed.length + (passed.length % 2) * 4;
  message.set([0n, 0n, BigInt(addressOf(vector)), 1n, BigInt(addressOf(control)), BigInt(size)]);
  const taken = sendmsg.sendmsg(fd, message, MSG_DONTWAIT);
  // Alive until now.
  if (control.length + vector.length === 0) throw new Error("unreachable");
  return taken;
}
let sendmsg: { sendmsg(fd: number, message: BigUint64Array, flags: number): number } | undefined;

/** A listening socket on loopback that nobody accepts from, as a parent process hands it down. */
export function listeningDescriptor(): Inherited {
  if (libc !== undefined) {
    const options = { backlog: 10, ipv6Only: false, transparent: false, beside: false };
    const fd = libc.listenOn({ kind: "ip", host: "127.0.0.1", port: 0 }, options);
    const bound = libc.addressOf(fd);
    const port = bound?.kind === "ip" ? bound.port : 0;
    return { fd, port, close: () => libc.closeDescriptor(fd) };
  }
  const before = sockets();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [fd] = [...sockets()].filter((number) => !before.has(number));
  if (fd === undefined) throw new Error("the listener has no descriptor");
  return { fd, port: listener.addr.port, close: () => listener.close() };
}

/** A {@linkcode listeningDescriptor}. */
export interface Inherited {
  readonly fd: number;
  readonly port: number;
  close(): void;
}

function sockets(): Set<number> {
  const found = new Set<number>();
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`).startsWith("socket:")) found.add(Number(name));
    } catch {
      // closed in between
    }
  }
  return found;
}
