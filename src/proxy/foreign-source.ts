/**
 * Connections to servers that come from the client's address, or from another one that this machine
 * does not have (manual: "source", usesrc): the kernel routes what comes back to us only if the
 * network is made for it.
 */
import type { Source } from "../config/model.ts";
import { isIp } from "../net/ip/address.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";

/** Who is connected for. */
export interface SourceClient {
  readonly addresses: Addresses;
  /** The head of its request, one character a byte; null: there is none. */
  readonly requestHead: string | null;
}

/** Where to connect from; null: it is not known, so that it is the machine's own address. */
export type ForeignSource = (client: SourceClient) => { host: string; port: number } | null;

/** Reads what stands behind "usesrc"; null: nothing does. */
export function foreignSource(source: Source | null): ForeignSource | null {
  const usesrc = source?.usesrc ?? null;
  if (usesrc === null) return null;
  if (usesrc === "client" || usesrc === "clientip") {
    return ({ addresses: { remoteAddress: host, remotePort } }) =>
      isIp(host) ? { host, port: usesrc === "client" ? remotePort : 0 } : null;
  }
  const [, name, occurrence] = /^hdr_ip\((.*),(-?\d+)\)$/.exec(usesrc) ?? [];
  if (name !== undefined) {
    return ({ requestHead }) => {
      const host = requestHead === null ? null : addressIn(requestHead, name, Number(occurrence));
      return host === null ? null : { host, port: 0 };
    };
  }
  const { host = "", port } = /^\[?(?<host>.*?)\]?:(?<port>\d+)$/.exec(usesrc)?.groups ?? {};
  const fixed = { host, port: Number(port) };
  return () => fixed;
}

/** The value number `occurrence` of a field, from 1, or from the end if it is negative. */
function addressIn(head: string, name: string, occurrence: number): string | null {
  const wanted = name.toLowerCase();
  const values = head.split("\r\n").slice(1).flatMap((line) => {
    const colon = line.indexOf(":");
    return line.slice(0, colon).toLowerCase() === wanted ? line.slice(colon + 1).split(",") : [];
  });
  const value = values.at(occurrence > 0 ? occurrence - 1 : occurrence)?.trim();
  return value !== undefined && isIp(value) ? value : null;
}
