/**
 * What Deno does not offer for its connections, done by the descriptor behind them. Deno does not
 * report that either; it is found by both addresses, which are no other connection's.
 */
import { formatIp, parseIp } from "../ip/address.ts";
import { address, C, length } from "../linux/libc.ts";
import { F_DUPFD_CLOEXEC, IPPROTO_TCP } from "../linux/constants.ts";
import { addressSize, decodeAddress } from "../linux/sockaddr.ts";
import type { ConnectionAddresses } from "../streams/promise-socket.ts";

/** How far from where it is expected a descriptor is looked for: so many are opened meanwhile. */
const reach = 64;

const TCP_INFO = 11;
/** struct tcp_info: the state, and the bytes received (tcpi_bytes_received, Linux 4.1). */
const receivedAt = 128;
const info = new Uint8Array(new ArrayBuffer(1024));
const infoView = new DataView(info.buffer);
/** Of those the peer may still send in: established, and after our FIN. */
const standing: readonly number[] = [1, 4, 5];

/** A struct sockaddr of the family AF_UNSPEC: to connect to it is to disconnect (connect(2)). */
const unspecified = new Uint8Array(new ArrayBuffer(addressSize));

/** The next descriptor that this process will open; -1 if that cannot be known. */
export function nextDescriptor(): number {
  try {
    const fd = C.fcntl(0, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) C.close(fd);
    return fd;
  } catch {
    // No --allow-ffi.
    return -1;
  }
}

/** The descriptor of one TCP connection. It is not looked for before it is needed. */
export class Descriptor {
  #fd = -1;
  #sought = false;

  /** @param near what {@linkcode nextDescriptor} said about when the connection was made */
  constructor(readonly near: number, readonly addresses: ConnectionAddresses) {}

  /**
   * Whether the kernel has received so many bytes from the peer, and no more, and no end: also where
   * Deno has read them, and has not come to say so. False if nothing is known.
   */
  hasReceived(count: number): boolean {
    const fd = this.#find();
    if (fd < 0) return false;
    length[0] = info.length;
    if (C.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length) < 0) return false;
    if (length[0]! < receivedAt + 8 || !standing.includes(info[0]!)) return false;
    const [low, high] = [
      infoView.getUint32(receivedAt, true),
      infoView.getUint32(receivedAt + 4, true),
    ];
    return low + high * 2 ** 32 === count;
  }

  /** Resets the connection. Its close would send a FIN first, whatever SO_LINGER says. */
  reset(): void {
    const fd = this.#find();
    if (fd >= 0) C.connect(fd, unspecified, 16);
  }

  /** The connection is closed: its number may be another's. */
  forget(): void {
    this.#sought = true;
    this.#fd = -1;
  }

  #find(): number {
    if (this.#sought || this.near < 0) return this.#fd;
    this.#sought = true;
    for (let away = 0; away <= reach && this.#fd < 0; away++) {
      if (this.#isAt(this.near + away)) this.#fd = this.near + away;
      else if (this.#isAt(this.near - away)) this.#fd = this.near - away;
    }
    return this.#fd;
  }
  #isAt(fd: number): boolean {
    if (fd < 0) return false;
    const { localAddress, localPort, remoteAddress, remotePort } = this.addresses;
    length[0] = addressSize;
    if (C.getsockname(fd, address, length) < 0 || !isAddress(localAddress, localPort)) return false;
    length[0] = addressSize;
    return C.getpeername(fd, address, length) === 0 && isAddress(remoteAddress, remotePort);
  }
}

/** Whether this is what has been read to {@linkcode address}. */
function isAddress(host: string, port: number): boolean {
  const at = decodeAddress(address, length[0]!);
  if (at?.kind !== "ip" || at.port !== port) return false;
  const bytes = parseIp(host);
  return bytes !== null && formatIp(bytes) === at.host;
}
