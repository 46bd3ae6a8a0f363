/**
 * Where a client connected to before the kernel redirected it here (iptables: REDIRECT, DNAT), as
 * netfilter has it in its table of connections (SO_ORIGINAL_DST).
 */
import { IPPROTO_IP, IPPROTO_IPV6 } from "./constants.ts";
import { address, C, length } from "./libc.ts";
import { decodeAddress } from "./sockaddr.ts";

/** linux/netfilter_ipv4.h, and linux/netfilter_ipv6/ip6_tables.h. */
const SO_ORIGINAL_DST = 80;

/** An IP address and a port. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** See above; null: it was not redirected. @param ipv6 the socket is one of IPv6 */
export function originalDestination(fd: number, ipv6: boolean): Destination | null {
  const level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
  length[0] = address.length;
  if (C.getsockopt(fd, level, SO_ORIGINAL_DST, address, length) !== 0) return null;
  const found = decodeAddress(address, length[0]!);
  return found?.kind === "ip" ? found : null;
}
