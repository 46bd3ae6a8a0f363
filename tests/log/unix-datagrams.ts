/**
 * A syslog daemon's side of a unix datagram socket, by libc: node:dgram has none, and Deno's own
 * wants a flag.
 */

/** A bound socket. */
export interface UnixDatagrams {
  /** The next datagram that has arrived, as text. @throws {Error} if there is none */
  receive(): string;
  close(): void;
}

interface Calls {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array<ArrayBuffer>, length: number): number;
  recv(fd: number, bytes: Uint8Array<ArrayBuffer>, flags: number): number;
  close(fd: number): number;
}

async function calls(): Promise<Calls> {
  if (typeof Bun === "undefined") {
    const { symbols: C } = Deno.dlopen("libc.so.6", {
      socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
      bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
      recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
      close: { parameters: ["i32"], result: "i32" },
    });
    return { ...C, recv: (fd, bytes, flags) => C.recv(fd, bytes, BigInt(bytes.length), flags) };
  }
  const { dlopen, FFIType: { i32, u32, u64, ptr } } = await import("bun:ffi");
  const { symbols: C } = dlopen("libc.so.6", {
    socket: { args: [i32, i32, i32], returns: i32 },
    bind: { args: [i32, ptr, u32], returns: i32 },
    recv: { args: [i32, ptr, u64, i32], returns: i32 },
    close: { args: [i32], returns: i32 },
  });
  return { ...C, recv: (fd, bytes, flags) => C.recv(fd, bytes, bytes.length, flags) };
}

/** Binds a unix datagram socket at `path`. */
export async function unixDatagrams(path: string): Promise<UnixDatagrams> {
  const C = await calls();
  const fd = C.socket(1, 2, 0);
  const address = new Uint8Array(110);
  address[0] = 1;
  new TextEncoder().encodeInto(path, address.subarray(2, 109));
  if (C.bind(fd, address, 110) < 0) throw new Error(`cannot bind ${path}`);
  const buffer = new Uint8Array(65536);
  return {
    receive() {
      const length = C.recv(fd, buffer, 0x40);
      if (length < 0) throw new Error("no datagram has arrived");
      return new TextDecoder().decode(buffer.subarray(0, length));
    },
    close: () => void C.close(fd),
  };
}
