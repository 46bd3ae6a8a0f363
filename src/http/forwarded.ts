/** The "Forwarded" field (RFC 7239): nodes, and elements of one proxy. */
import { isToken } from "./token.ts";
import { bytesOf, EQUALS, QUOTE, SEMICOLON, textOf } from "../bytes/bytes.ts";
import { parseIp } from "../net/ip/address.ts";

const hostText = /^([A-Za-z0-9._~%!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(:\d{0,5})?$/;
/** An obfuscated name, or port: without the "_" before it (section 6.3). */
export const obfuscated = /^[A-Za-z0-9._-]+$/;

/** What a node is called, and its port (section 6). */
export interface ForwardedNode {
  /** "unknown", "_name", or an address. */
  readonly name: string;
  readonly address: Uint8Array | null;
  /** A number, or "_name"; null: it has none. */
  readonly port: string | null;
}

const nodeText =
  /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)|(unknown)|(_[A-Za-z0-9._-]+))(?::(\d{1,5}|_[A-Za-z0-9._-]+))?$/i;

/** Reads a node, with its quotes or without. @returns null: it is none */
export function parseNode(text: string): ForwardedNode | null {
  const isQuoted = text.length > 1 && text.startsWith('"') && text.endsWith('"');
  const found = nodeText.exec(isQuoted ? text.slice(1, -1) : text);
  if (found === null) return null;
  const [, ipv6, ipv4, unknown, name, port] = found;
  if (port !== undefined && !port.startsWith("_") && Number(port) > 65535) return null;
  const address = parseIp(ipv6 ?? ipv4 ?? "");
  const size = ipv6 !== undefined ? 16 : ipv4 !== undefined ? 4 : 0;
  if ((address?.length ?? 0) !== size) return null;
  return { name: ipv6 ?? ipv4 ?? unknown ?? name!, address, port: port ?? null };
}

/** A parameter of an element: where its name and its value are, the latter without quotes. */
export interface ForwardedParameter {
  nameFrom: number;
  nameTo: number;
  from: number;
  to: number;
  isQuoted: boolean;
}

/**
 * Reads the parameter at `at` of bytes[.., to).
 * @returns where the next one begins; `to` behind the last one; -1: it is malformed
 */
export function readParameter(
  bytes: Uint8Array,
  at: number,
  to: number,
  parameter: ForwardedParameter,
): number {
  let i = at;
  while (i < to && bytes[i] !== EQUALS) i++;
  if (i === at || i >= to) return -1;
  parameter.nameFrom = at;
  parameter.nameTo = i++;
  parameter.isQuoted = bytes[i] === QUOTE && i < to;
  if (parameter.isQuoted) i++;
  parameter.from = i;
  while (i < to && bytes[i] !== (parameter.isQuoted ? QUOTE : SEMICOLON)) i++;
  parameter.to = i;
  if (parameter.isQuoted && i++ >= to) return -1;
  if (i === to) return to;
  return bytes[i] === SEMICOLON ? i + 1 : -1;
}

const isNode = (value: string) => parseNode(value) !== null;

/** Parameters, and whether a value is one of theirs (section 5). */
const checks: Readonly<Record<string, (value: string) => boolean>> = {
  by: isNode,
  for: isNode,
  host: (value) => hostText.test(value),
  proto: (value) => value === "http" || value === "https",
};
/** Names of parameters. */
export const forwardedNames: readonly string[] = Object.keys(checks);

/** Whether bytes[from, to) is one well-formed element of known parameters, each at most once. */
export function isForwarded(bytes: Uint8Array, from: number, to: number): boolean {
  const parameter: ForwardedParameter = {
    nameFrom: 0,
    nameTo: 0,
    from: 0,
    to: 0,
    isQuoted: false,
  };
  const seen = new Set<string>();
  let at = from;
  do {
    at = readParameter(bytes, at, to, parameter);
    if (at < 0) return false;
    const name = textOf(bytes, parameter.nameFrom, parameter.nameTo).toLowerCase();
    const value = textOf(bytes, parameter.from, parameter.to);
    if (seen.has(name) || checks[name]?.(value) !== true) return false;
    if (!parameter.isQuoted && !isToken(value)) return false;
    seen.add(name);
  } while (at < to);
  return true;
}

/** The name of a node as it stands in the field: IPv6 addresses have brackets. */
export function nodeName(address: string): Uint8Array {
  return bytesOf(address.includes(":") ? `[${address}]` : address);
}
