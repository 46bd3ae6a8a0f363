/**
 * From where connections come, also those that are reset before anybody has looked at them: accept4(2)
 * tells the peer's address as it accepts, while the runtimes ask for it later, when nobody knows.
 */
import { addressSize, decodeAddress } from "#src/net/linux/sockaddr.ts";
import { SOCK_CLOEXEC } from "#src/net/linux/constants.ts";
import { address, C, closeDescriptor, length } from "#src/net/linux/libc.ts";
import { listenOn } from "#src/net/linux/listen.ts";

/** Listens, and hangs up on whoever connects. */
export interface Callers {
  /** The addresses of those that came since the last call. */
  next(): string[];
  stop(): void;
}

/** @throws {SocketError} EADDRINUSE, ... */
export function startCallers(host: string, port: number): Callers {
  const options = { backlog: 100, ipv6Only: false, transparent: false, beside: false };
  const fd = listenOn({ kind: "ip", host, port }, options);
  return {
    next() {
      const hosts: string[] = [];
      for (;;) {
        length[0] = addressSize;
        const accepted = C.accept4(fd, address, length, SOCK_CLOEXEC);
        if (accepted < 0) return hosts;
        const peer = decodeAddress(address, length[0]);
        if (peer?.kind === "ip") hosts.push(peer.host);
        closeDescriptor(accepted);
      }
    },
    stop: () => closeDescriptor(fd),
  };
}
