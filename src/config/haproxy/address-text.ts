/** Addresses as HAProxy's language writes them. */
import type { ListenAddress, LogTarget, ServerAddress, Source } from "../model.ts";

/** An address to listen on. */
export function listenText(address: ListenAddress): string {
  switch (address.kind) {
    case "ip":
      return `${hostText(address.host)}:${address.port}`;
    case "fd":
      return `fd@${address.fd}`;
    default:
      return localText(address);
  }
}

/** A server's address. */
export function serverAddressText(address: ServerAddress): string {
  if (address.kind !== "ip") return localText(address);
  const { host, port, portOffset } = address;
  if (port !== null) return `${hostText(host)}:${port}`;
  if (portOffset === 0) return hostText(host);
  return `${hostText(host)}:${portOffset < 0 ? "" : "+"}${portOffset}`;
}

/** A source address, with its port or range of ports. */
export function sourceText({ host, port, lastPort }: Source): string {
  if (port === 0) return hostText(host);
  return `${hostText(host)}:${port}${lastPort === null ? "" : `-${lastPort}`}`;
}

/** Where a log goes. */
export function targetText(target: LogTarget["target"]): string {
  if (target.kind === "unix") return localText(target);
  if (target.kind !== "udp") return target.kind;
  return target.port === 514 ? hostText(target.host) : `${hostText(target.host)}:${target.port}`;
}

/** A host; IPv6 addresses in brackets, since their colons look like a port's. */
export function hostText(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function localText(
  address: { kind: "unix"; path: string } | { kind: "abstract"; name: string },
): string {
  if (address.kind === "abstract") return `abns@${address.name}`;
  return address.path.startsWith("/") ? address.path : `unix@${address.path}`;
}
