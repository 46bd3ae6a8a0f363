/**
 * The listening sockets of this process: several of them may have one port, on different addresses,
 * and the more specific one takes its own clients (SO_REUSEPORT while they are bound, as HAProxy has
 * it); what listens twice at one address is one socket, of which each listener has a descriptor.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { duplicate } from "./libc.ts";
import { type Listening, listenOn } from "./listen.ts";
import type { Address } from "./sockaddr.ts";
import { allowBeside } from "./takeover.ts";
import { type Endpoint, showEndpoint } from "../socket.ts";

interface Own {
  readonly at: Endpoint;
  readonly ipv6Only: boolean;
  /** It accepts, or will again by itself. */
  active: boolean;
}

const own = new Map<number, Own>();

/** A descriptor listens at an address. */
export function addOwn(fd: number, at: Endpoint, ipv6Only: boolean): void {
  own.set(fd, { at, ipv6Only, active: false });
}

/** A descriptor is closed. */
export function removeOwn(fd: number): void {
  own.delete(fd);
}

/** Its listener accepts, or does so no more. */
export function setActive(fd: number, active: boolean): void {
  const one = own.get(fd);
  if (one !== undefined) one.active = active;
}

/** Whether another listener of this process accepts at the same address. */
export function hasTwin(fd: number): boolean {
  const one = own.get(fd);
  if (one === undefined) return false;
  for (const [other, { at, active }] of own) {
    if (other !== fd && active && showEndpoint(at) === showEndpoint(one.at)) return true;
  }
  return false;
}

/**
 * Listens at an address that is in use, if it is only this process that uses it.
 * @returns the descriptor; null: another process listens there
 * @throws {SocketError}
 */
export function bindBesideOwn(at: Address, how: Listening): number | null {
  // Nor does HAProxy let two have an abstract name.
  if (at.kind === "abstract") return null;
  for (const [fd, { at: other, ipv6Only }] of own) {
    if (showEndpoint(other) !== showEndpoint(at)) continue;
    return ipv6Only === how.ipv6Only ? duplicate(fd) : null;
  }
  if (at.kind !== "ip") return null;
  const others = [...own].filter(([, { at: other }]) =>
    other.kind === "ip" && other.port === at.port
  ).map(([fd]) => fd);
  // Where sockets of a process before are beside it, they have been asked (see takeover.ts).
  if (others.length === 0 || !how.beside && isForeign(at)) return null;
  for (const fd of others) allowBeside(fd, true);
  try {
    return listenOn(at, { ...how, beside: true });
  } finally {
    for (const fd of others) allowBeside(fd, false);
  }
}

/** proc(5), /proc/net/tcp. */
const LISTEN = "0A";

/**
 * Whether a socket of another process is in the way, as far as it can be seen: one of the same user
 * with SO_REUSEPORT would be no hindrance to the kernel.
 */
function isForeign(at: Address & { readonly kind: "ip" }): boolean {
  const six = at.host.includes(":");
  const port = at.port.toString(16).toUpperCase().padStart(4, "0");
  const ours = new Set([...own.keys()].map(inodeOf));
  const isAny = (hex: string) => /^0+$/.test(hex);
  for (const line of readTable(six ? "/proc/net/tcp6" : "/proc/net/tcp")) {
    const fields = line.trim().split(/\s+/);
    const [host, itsPort] = (fields[1] ?? "").split(":");
    if (fields[3] !== LISTEN || itsPort !== port || ours.has(fields[9]!)) continue;
    if (isAny(host!) || at.host === "0.0.0.0" || at.host === "::" || host === hexOf(at.host)) {
      return true;
    }
  }
  return false;
}

/** An IPv4 address as the table shows it; "" for one of IPv6. */
function hexOf(host: string): string {
  if (host.includes(":")) return "";
  // The word is in the machine's order of bytes, which is little-endian here.
  const bytes = host.split(".").reverse().map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return bytes.join("").toUpperCase();
}

function readTable(path: string): string[] {
  try {
    return readFileSync(path, "latin1").split("\n").slice(1);
  } catch {
    return [];
  }
}

/** The number of a socket, as the table shows it. */
function inodeOf(fd: number): string {
  try {
    return /\d+/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[0] ?? "";
  } catch {
    return "";
  }
}
