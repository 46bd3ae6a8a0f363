/**
 * The calls to Linux's C library that neither runtime offers: datagrams in batches, unix datagrams,
 * asking whether a descriptor takes bytes, putting one descriptor in the place of another, and advice
 * on memory. Bun calls through bun:ffi, Deno through Deno.dlopen.
 */
import { libraryNames } from "../net/linux/constants.ts";

/** The calls used. Each returns -1 on failure; {@linkcode Libc.errno} then tells why. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  sendmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number;
  poll(descriptors: Uint8Array, count: number, ms: number): number;
  write(fd: number, bytes: Uint8Array, length: number): number;
  close(fd: number): number;
  dup2(fd: number, other: number): number;
  madvise(address: number, length: number, advice: number): number;
  /** @param handler an address, or SIG_DFL, SIG_IGN */
  signal(number: number, handler: number): unknown;
  /** To be read right after the call that failed. */
  errno(): number;
  /** Where an array's bytes are; keeps nothing alive. */
  addressOf(bytes: Uint8Array): number;
}

const onBun = typeof Bun !== "undefined";
const bunFfi = onBun ? await import("bun:ffi") : null;

function openOnBun(name: string): Libc {
  const { dlopen, FFIType: { i32, u32, u64, ptr }, ptr: addressOf, read } = bunFfi!;
  const { symbols } = dlopen(name, {
    socket: { args: [i32, i32, i32], returns: i32 },
    sendmmsg: { args: [i32, ptr, u32, i32], returns: i32 },
    poll: { args: [ptr, u64, i32], returns: i32 },
    // Of a length that fits in 31 bits, the low half of what write() returns is all of it.
    write: { args: [i32, ptr, u64], returns: i32 },
    close: { args: [i32], returns: i32 },
    dup2: { args: [i32, i32], returns: i32 },
    madvise: { args: [u64, u64, i32], returns: i32 },
    signal: { args: [i32, u64], returns: u64 },
    __errno_location: { args: [], returns: ptr },
  });
  return {
    ...symbols,
    errno: () => read.i32(symbols.__errno_location()!, 0),
    addressOf: (bytes) => addressOf(bytes),
  };
}

function openOnDeno(name: string): Libc {
  const { symbols } = Deno.dlopen(name, {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
    poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
    write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    dup2: { parameters: ["i32", "i32"], result: "i32" },
    madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
    signal: { parameters: ["i32", "usize"], result: "usize" },
    __errno_location: { parameters: [], result: "pointer" },
  });
  type Bytes = Uint8Array<ArrayBuffer>;
  return {
    socket: symbols.socket,
    sendmmsg: (fd, messages, count, flags) => symbols.sendmmsg(fd, messages as Bytes, count, flags),
    poll: (descriptors, count, ms) => symbols.poll(descriptors as Bytes, BigInt(count), ms),
    write: (fd, bytes, length) => symbols.write(fd, bytes as Bytes, BigInt(length)),
    close: symbols.close,
    dup2: symbols.dup2,
    madvise: (address, length, advice) => symbols.madvise(BigInt(address), BigInt(length), advice),
    signal: (number, handler) => symbols.signal(number, BigInt(handler)),
    errno: () => new Deno.UnsafePointerView(symbols.__errno_location()!).getInt32(),
    addressOf: (bytes) => Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes as Bytes))),
  };
}

let opened: Libc | null = null;

/**
 * The library, opened at the first call.
 * @throws {Error} where there is none: on another system than Linux, or for lack of --allow-ffi
 */
export function libc(): Libc {
  if (opened !== null) return opened;
  let reason: unknown = null;
  for (const name of libraryNames) {
    try {
      return opened = onBun ? openOnBun(name) : openOnDeno(name);
    } catch (error) {
      reason ??= error;
    }
  }
  throw new Error(`sluice needs Linux's C library (${libraryNames.join(" or ")}): ${reason}`);
}

const errnoNames = new Map([
  [1, "operation not permitted"],
  [2, "no such file or directory"],
  [9, "bad file descriptor"],
  [13, "permission denied"],
  [22, "invalid argument"],
  [32, "broken pipe"],
  [90, "message too long"],
  [91, "wrong kind of socket"],
  [101, "network unreachable"],
  [111, "connection refused"],
  [113, "no route to host"],
]);

/** What an errno means, for a person to read. */
export function describe(errno: number): string {
  return errnoNames.get(errno) ?? `error ${errno}`;
}

const POLLOUT = 4;
const pollfd = new Uint8Array(new ArrayBuffer(8));

/** Whether a descriptor takes bytes (a pipe: at least 4096), within `ms`; also if it is broken. */
export function writable(fd: number, ms: number): boolean {
  new DataView(pollfd.buffer).setInt32(0, fd, true);
  pollfd[4] = POLLOUT;
  pollfd[6] = pollfd[7] = 0;
  return libc().poll(pollfd, 1, ms) > 0;
}
