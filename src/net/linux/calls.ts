/**
 * Linux's C library, called from either runtime: one table of what is called, which bun:ffi or
 * Deno.dlopen binds. Nothing is opened before the first call.
 *
 * Rules learnt of bun:ffi: pass the typed array itself (a cached pointer keeps nothing alive, and
 * that of a small array moves), read errno right after the call, and never leave an argument out
 * (it becomes 0, and close(0) is real).
 */
import process from "node:process";

/** The names of the library to try: glibc's, then musl's. */
const libraryNames: readonly string[] = [
  "libc.so.6",
  `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`,
];

/** The arguments of each call. What they return fits in 31 bits, where their lengths do. */
const signatures = {
  // socket(2) and what follows it
  socket: ["i32", "i32", "i32"],
  bind: ["i32", "memory", "u32"],
  listen: ["i32", "i32"],
  accept4: ["i32", "memory", "memory", "i32"],
  connect: ["i32", "memory", "u32"],
  shutdown: ["i32", "i32"],
  setsockopt: ["i32", "i32", "i32", "memory", "u32"],
  getsockopt: ["i32", "i32", "i32", "memory", "memory"],
  getsockname: ["i32", "memory", "memory"],
  getpeername: ["i32", "memory", "memory"],
  send: ["i32", "memory", "u64", "i32"],
  recv: ["i32", "memory", "u64", "i32"],
  recvmsg: ["i32", "memory", "i32"],
  sendmmsg: ["i32", "memory", "u32", "i32"],
  // any descriptor
  write: ["i32", "memory", "u64"],
  writev: ["i32", "memory", "i32"],
  poll: ["memory", "u64", "i32"],
  // The last is a number, or where a struct is.
  fcntl: ["i32", "i32", "i64"],
  dup3: ["i32", "i32", "i32"],
  dup2: ["i32", "i32"],
  close: ["i32"],
  // pipe(7), epoll(7)
  pipe2: ["memory", "i32"],
  splice: ["i32", "memory", "i32", "memory", "u64", "u32"],
  epoll_create1: ["i32"],
  epoll_ctl: ["i32", "i32", "i32", "memory"],
  epoll_wait: ["i32", "memory", "i32", "i32"],
  eventfd: ["u32", "i32"],
  // the process
  madvise: ["u64", "u64", "i32"],
  prctl: ["i32", "i64", "i64", "i64", "i64"],
  prlimit: ["i32", "i32", "memory", "memory"],
  sched_setaffinity: ["i32", "u64", "memory"],
  setns: ["i32", "i32"],
  chroot: ["memory"],
  chdir: ["memory"],
  setgroups: ["u64", "memory"],
  setgid: ["u32"],
  setuid: ["u32"],
  // files
  chmod: ["memory", "u32"],
  chown: ["memory", "u32", "u32"],
  signal: ["i32", "u64"],
  syscall: ["i32", "i32", "i32", "i32"],
} as const satisfies Readonly<Record<string, readonly Kind[]>>;

type Kind = "i32" | "u32" | "u64" | "i64" | "memory";
type Name = keyof typeof signatures;

/** What is read or written: an array's bytes, or none. See {@linkcode Library.part}. */
export type Memory = ArrayBufferView | null;

/** The calls; each returns -1 on failure, and {@linkcode Library.errno} then says why. */
export type Calls = {
  readonly [N in Name]: (...args: Arguments<(typeof signatures)[N]>) => number;
};
type Arguments<Kinds extends readonly Kind[]> = {
  -readonly [I in keyof Kinds]: Kinds[I] extends "memory" ? Memory : number;
};

/** The library, opened. */
interface Library {
  readonly calls: Calls;
  /** To be read right after the call that failed. */
  errno(): number;
  /** Where an array's bytes are; keeps nothing alive. */
  addressOf(bytes: ArrayBufferView): number;
  /** An array's bytes from an offset on, for the next call only. The caller has the array. */
  part(bytes: Uint8Array, from: number): Memory;
}

// Not by import(): a thread of the compiled program ends before a module that waits is there.
const bunFfi = "Bun" in globalThis
  ? process.getBuiltinModule("bun:ffi") as unknown as typeof import("bun:ffi")
  : null;

function openOnBun(name: string): Library {
  const { dlopen, FFIType, ptr, read } = bunFfi!;
  const kinds = { ...FFIType, memory: FFIType.ptr };
  const symbols = Object.fromEntries(
    Object.entries(signatures).map(([name, args]) =>
      [name, { args: args.map((kind) => kinds[kind]), returns: FFIType.i32 }] as const
    ),
  );
  const { __errno_location, ...calls } = dlopen(name, {
    ...symbols,
    __errno_location: { args: [], returns: FFIType.ptr },
  }).symbols;
  // Each thread has its own, and a module of its own.
  const location = __errno_location()!;
  return {
    calls: calls as unknown as Calls,
    errno: () => read.i32(location, 0),
    addressOf: (bytes) => ptr(bytes as Uint8Array),
    part: (bytes, from) => from === 0 ? bytes : (ptr(bytes) + from) as unknown as Memory,
  };
}

function openOnDeno(name: string): Library {
  const symbols = Object.fromEntries(
    Object.entries(signatures).map(([name, args]) => {
      const parameters = args.map((kind) => kind === "memory" ? "buffer" : kind);
      return [name, { parameters, result: "i32" } as const];
    }),
  );
  const { __errno_location, ...calls } = Deno.dlopen(name, {
    ...symbols,
    __errno_location: { parameters: [], result: "pointer" },
  }).symbols;
  const location = new Deno.UnsafePointerView(__errno_location()!);
  return {
    calls: calls as unknown as Calls,
    errno: () => location.getInt32(),
    addressOf(bytes) {
      const { buffer, byteOffset } = bytes as Uint8Array<ArrayBuffer>;
      return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer))) + byteOffset;
    },
    part: (bytes, from) => bytes.subarray(from),
  };
}

/**
 * @throws {Error} where there is none: on another system than Linux, for lack of --allow-ffi, or
 * where memory may not be both written and executed, which bun:ffi needs
 */
function open(): Library {
  let reason: unknown = null;
  for (const name of libraryNames) {
    try {
      return bunFfi !== null ? openOnBun(name) : openOnDeno(name);
    } catch (error) {
      reason ??= error;
    }
  }
  throw new Error(`sluice needs Linux's C library (${libraryNames.join(" or ")}): ${reason}`);
}

let library: Library | null = null;

/** The library, opened by the first that asks for it. @throws {Error} if it cannot be */
export function libc(): Library {
  if (library !== null) return library;
  library = open();
  // From now on there is nothing between a call and the library.
  Object.assign(C, library.calls);
  return library;
}

/** The calls. The first of all opens the library. @throws {Error} if that cannot be */
export const C: Calls = Object.fromEntries(
  (Object.keys(signatures) as Name[]).map((name) => [
    name,
    (...args: unknown[]) => (libc().calls[name] as (...args: unknown[]) => number)(...args),
  ]),
) as unknown as Calls;
