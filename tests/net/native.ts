/** The network of the runtime that runs the tests, and what only that runtime can arrange. */
import type { Network } from "#src/net/socket.ts";
import { readdirSync, readlinkSync } from "node:fs";
import { runtimeName } from "../testing.ts";

/** Bun's adapter calls libc, which it knows on Linux only. */
export const nativeNetwork: Network | undefined = runtimeName === "deno"
  ? (await import("#src/net/deno.ts")).denoNetwork
  : process.platform === "linux"
  ? (await import("#src/net/bun.ts")).bunNetwork
  : undefined;

const libc = runtimeName === "bun" && nativeNetwork !== undefined
  ? { ...await import("#src/net/libc.ts"), ...await import("#src/net/libc-listen.ts") }
  : undefined;

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
