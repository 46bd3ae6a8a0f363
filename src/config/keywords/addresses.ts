/** Addresses: what the model holds, how keywords take them (manual, chapter 11), how they print. */
import * as v from "valibot";
import { isHostName, isIp } from "../../net/ip/address.ts";
import type { Arguments, Mistake } from "../haproxy/arguments.ts";
import type { Value } from "./keyword.ts";
import { natural, portNumber } from "./values.ts";

/** Of a name, in an address with a prefix such as ipv4@: the only family that it may stand for. */
const family = v.optional(v.picklist([4, 6]));

/**
 * An address to listen on; host "*" is every IPv4 address, "::" every address; a name is resolved when
 * the proxy starts.
 */
export const ListenAddress = v.variant("kind", [
  v.strictObject({ kind: v.literal("ip"), host: v.string(), family, port: portNumber }),
  v.strictObject({ kind: v.literal("unix"), path: v.string() }),
  v.strictObject({ kind: v.literal("abstract"), name: v.string() }),
  v.strictObject({ kind: v.literal("fd"), fd: natural }),
]);
/** {@linkcode ListenAddress} */
export type ListenAddress = v.InferOutput<typeof ListenAddress>;

/**
 * A server's address. `port` null: the port that the client connected to, plus `portOffset`
 * (manual: "server", address without port, or with +N or -N).
 */
export const ServerAddress = v.variant("kind", [
  v.strictObject({
    kind: v.literal("ip"),
    /**
     * An IP address, or a name that is resolved when the proxy starts; 0.0.0.0 and ::: that which
     * the client connected to.
     */
    host: v.string(),
    family,
    port: v.nullable(portNumber),
    portOffset: v.optional(v.pipe(v.number(), v.integer()), 0),
  }),
  v.strictObject({ kind: v.literal("unix"), path: v.string() }),
  v.strictObject({ kind: v.literal("abstract"), name: v.string() }),
]);
/** {@linkcode ServerAddress} */
export type ServerAddress = v.InferOutput<typeof ServerAddress>;

/** The local address of connections to servers (manual: "source"). */
export const Source = v.strictObject({
  /** An IP address, or a name that is resolved when the proxy starts. */
  host: v.string(),
  family,
  /** 0: any. */
  port: v.optional(portNumber, 0),
  /** The last port of a range that begins with `port`; null: that port alone. */
  lastPort: v.optional(v.nullable(portNumber), null),
  /**
   * Another address to connect from, which this machine need not have: "client", "clientip",
   * "hdr_ip(<name>,<occurrence>)", or an address.
   */
  usesrc: v.optional(v.string()),
  /** The network device to connect by. */
  interface: v.optional(v.string()),
});
/** {@linkcode Source} */
export type Source = v.InferOutput<typeof Source>;

/** Where log lines go (manual: "log", target). */
export const LogDestination = v.variant("kind", [
  v.strictObject({
    kind: v.literal("udp"),
    host: v.string(),
    family,
    port: v.optional(portNumber, 514),
  }),
  v.strictObject({ kind: v.literal("unix"), path: v.string() }),
  v.strictObject({ kind: v.literal("abstract"), name: v.string() }),
  v.strictObject({
    kind: v.literal("tcp"),
    host: v.string(),
    family,
    port: portNumber,
    /** How one line is told from the next: by a newline, or by its length before it (RFC 6587). */
    framing: v.optional(v.picklist(["legacy", "octet-count"]), "legacy"),
  }),
  /** A section `ring`. */
  v.strictObject({ kind: v.literal("ring"), name: v.string() }),
  v.strictObject({ kind: v.literal("stdout") }),
  v.strictObject({ kind: v.literal("stderr") }),
]);
/** {@linkcode LogDestination} */
export type LogDestination = v.InferOutput<typeof LogDestination>;

/** A name server (manual: "nameserver"). */
export const Nameserver = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  address: v.strictObject({
    transport: v.optional(v.picklist(["udp", "tcp"]), "udp"),
    /** An IP address, or a name that is resolved when the proxy starts. */
    host: v.string(),
    family,
    port: portNumber,
    /** The local address of connections to it, over TCP; null: the system chooses. */
    source: v.optional(v.nullable(Source), null),
  }),
});
/** {@linkcode Nameserver} */
export type Nameserver = v.InferOutput<typeof Nameserver>;

/** What makes a mistake of the word last taken. */
type Faults = Pick<Arguments, "mistake">;

/** What addresses to listen on take besides. */
type Listening = Faults & Pick<Arguments, "budget">;

/** An address of IP, cut in two; `port` is what follows the last colon, null without one. */
interface HostAndPort {
  readonly host: string;
  readonly port: string | null;
}

/** What carries what goes to an address: a connection, or single messages. */
type Transport = "stream" | "datagram";

/** An address by its prefix; `transport` null: the prefix does not say. */
type Parts =
  | { readonly kind: "unix"; readonly transport: Transport | null; readonly rest: string }
  | { readonly kind: "abstract"; readonly transport: Transport | null; readonly rest: string }
  | { readonly kind: "fd"; readonly transport: Transport | null; readonly rest: string }
  | {
    readonly kind: "ip";
    readonly transport: Transport | null;
    readonly family: 4 | 6 | null;
    readonly ip: HostAndPort;
  };

/** What a prefix says of an address (manual, chapter 11). */
interface Prefix {
  readonly kind: Parts["kind"];
  readonly family: 4 | 6 | null;
  readonly transport: Transport | null;
}

const prefix = (
  kind: Prefix["kind"],
  family: Prefix["family"] = null,
  transport: Prefix["transport"] = null,
): Prefix => ({ kind, family, transport });

/** All of them; "stream+" and "dgram+" before them count where they leave the transport open. */
const prefixes: Readonly<Record<string, Prefix>> = {
  ipv4: prefix("ip", 4),
  ipv6: prefix("ip", 6),
  tcp: prefix("ip", null, "stream"),
  tcp4: prefix("ip", 4, "stream"),
  tcp6: prefix("ip", 6, "stream"),
  udp: prefix("ip", null, "datagram"),
  udp4: prefix("ip", 4, "datagram"),
  udp6: prefix("ip", 6, "datagram"),
  unix: prefix("unix"),
  uxst: prefix("unix", null, "stream"),
  uxdg: prefix("unix", null, "datagram"),
  abns: prefix("abstract"),
  fd: prefix("fd"),
};

/**
 * Takes `text` for (a part of) the word last taken.
 * @param accepted the transports that will do
 */
function partsOf(args: Faults, text: string, accepted: readonly Transport[]): Parts {
  if (text === "") throw args.mistake("an empty address", "a variable that is not set?");
  if (text.startsWith("/")) return { kind: "unix", transport: null, rest: text };
  const bad = (message: string, hint?: string) => args.mistake(message, hint);
  const [whole, before, name = ""] = /^(?:(stream|dgram)\+)?([a-z0-9]+)@/.exec(text) ?? [];
  const found = Object.hasOwn(prefixes, name) ? prefixes[name] : undefined;
  if (whole === undefined) {
    const other = /^[^:[\]]+@/.exec(text)?.[0];
    if (other === undefined) {
      return { kind: "ip", family: null, transport: null, ip: splitPort(text, bad) };
    }
    throw bad(`sluice does not support '${other}' addresses`, `it has: ${prefixNames}`);
  }
  if (found === undefined) {
    throw bad(`sluice does not support '${whole}' addresses`, `it has: ${prefixNames}`);
  }
  const { kind, family } = found;
  const first = before === undefined ? null : before === "stream" ? "stream" : "datagram";
  const transport = found.transport ?? first;
  if (transport !== null && !accepted.includes(transport)) {
    const wanted = transport === "stream" ? "datagrams" : "connections";
    throw bad(`'${whole}' addresses cannot stand here`, `this is for ${wanted}`);
  }
  const rest = text.slice(whole.length);
  if (kind === "ip") return { kind, family, transport, ip: splitPort(rest, bad) };
  if (rest === "") throw bad(`'${text}' expects a name after the '@'`);
  return { kind, transport, rest };
}
const prefixNames = Object.keys(prefixes).map((name) => `${name}@`).join(" ");

/** The last colon separates, unless brackets say otherwise. */
function splitPort(text: string, bad: (message: string, hint?: string) => Mistake): HostAndPort {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const host = bracketed[1] ?? "";
    if (host.includes(":") && !isIp(host)) throw bad(`'${host}' is not an IPv6 address`);
    return { host, port: bracketed[2] ?? null };
  }
  const colon = text.lastIndexOf(":");
  if (colon < 0) return { host: text, port: null };
  const host = text.slice(0, colon);
  if (host.includes(":") && !isIp(host)) {
    const hint = isIp(text) ? `an IPv6 address without a port is written [${text}]` : undefined;
    throw bad(`'${host}' is not an IP address`, hint);
  }
  return { host, port: text.slice(colon + 1) };
}

function portOf(args: Faults, text: string, address: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw args.mistake(`'${text}' is not a port, in '${address}'`, "a port is from 1 to 65535");
}

/** An address, or a name and the family that it may stand for. */
interface Host {
  readonly host: string;
  readonly family?: 4 | 6;
}

/** The address that a host is in its family, or a name. @param any what no host, or "*", stands for */
function hostOf(args: Faults, parts: Parts & { kind: "ip" }, any: string): Host {
  const { family, ip: { host } } = parts;
  if (host === "" || host === "*") return { host: family === 6 ? "::" : any };
  const version = isIp(host) ? host.includes(":") ? 6 : 4 : null;
  if (version !== null && version === (family ?? version)) return { host };
  if (version !== null) throw args.mistake(`'${host}' is not an IPv${family} address`);
  if (!isHostName(host)) {
    throw args.mistake(`'${host}' is not an address`, "an IP address, or a host name");
  }
  return family === null ? { host } : { host, family };
}

/**
 * Reads addresses to listen on: one word, separated by commas, with ranges of ports.
 *
 * @throws {Mistake}
 */
export function listenAddresses(args: Listening, word: string): ListenAddress[] {
  return word.split(",").flatMap((text): ListenAddress[] => {
    const parts = partsOf(args, text, ["stream"]);
    if (parts.kind === "unix") return [{ kind: "unix", path: parts.rest }];
    if (parts.kind === "abstract") return [{ kind: "abstract", name: parts.rest }];
    if (parts.kind === "fd") {
      if (!/^\d{1,9}$/.test(parts.rest)) {
        throw args.mistake(`'${parts.rest}' is not a file descriptor`, "fd@ and an integer");
      }
      return [{ kind: "fd", fd: Number(parts.rest) }];
    }
    const { port } = parts.ip;
    const host = hostOf(args, parts, "*");
    if (port === null || port === "") {
      throw args.mistake(
        `the port is missing in '${text}'`,
        "as in 192.168.1.1:80, *:80, :8000-8009",
      );
    }
    const [first, last] = portRange(args, port, text);
    args.budget.listeners -= last - first + 1;
    if (args.budget.listeners < 0) {
      const hint = "fewer addresses, or shorter ranges of ports";
      throw args.mistake("the configuration has too many listening sockets", hint);
    }
    return Array.from(
      { length: last - first + 1 },
      (_, i) => ({ kind: "ip", ...host, port: first + i }),
    );
  });
}

/** Whether a word, alone after `listen`, is the guide's address without a name, and not a name. */
export function looksLikeAddress(word: string): boolean {
  const host = /^(.*):\d+(-\d+)?$/.exec(word)?.[1];
  return /[@/*,[\]]/.test(word) ||
    (host !== undefined && (/^[0-9.]*$/.test(host) || isIp(host)));
}

/** Reads a server's address from the next word. */
export function serverAddress(args: Arguments): ServerAddress {
  const text = args.address("an address");
  const parts = partsOf(args, text, ["stream"]);
  if (parts.kind === "unix") return { kind: "unix", path: parts.rest };
  if (parts.kind === "abstract") return { kind: "abstract", name: parts.rest };
  if (parts.kind === "fd") throw args.mistake("a server cannot be a file descriptor");
  const { port } = parts.ip;
  const host = hostOf(args, parts, "0.0.0.0");
  // As in HAProxy, 0 is no port.
  if (port === null || port === "" || port === "0") {
    return { kind: "ip", ...host, port: null, portOffset: 0 };
  }
  if (!/^[+-]/.test(port)) {
    return { kind: "ip", ...host, port: portOf(args, port, text), portOffset: 0 };
  }
  const offset = /^[+-]\d{1,5}$/.test(port) ? Number(port) : NaN;
  if (!(Math.abs(offset) <= 65535)) {
    throw args.mistake(`'${port}' is not a port offset`, "as in +1000 or -1000");
  }
  return { kind: "ip", ...host, port: null, portOffset: offset === 0 ? 0 : offset };
}

/** Reads a name server's address from the next word. */
export function nameserverAddress(args: Arguments): Nameserver["address"] {
  const text = args.address("an address");
  const parts = partsOf(args, text, ["datagram", "stream"]);
  if (parts.kind !== "ip") {
    throw args.mistake(`'${text}' is not the address of a name server`, "as in udp@10.0.0.1:53");
  }
  const host = hostOf(args, parts, "127.0.0.1");
  const { port } = parts.ip;
  if (port === null || port === "") {
    throw args.mistake(`the port is missing in '${text}'`, "as in 10.0.0.1:53");
  }
  const transport = parts.transport === "stream" ? "tcp" : "udp";
  return { transport, ...host, port: portOf(args, port, text), source: null };
}

/** A name server's address. */
export function nameserverAddressText(address: Nameserver["address"]): string {
  const { transport, port, family = "" } = address;
  const prefix = transport === "tcp" ? `tcp${family}@` : family === "" ? "" : `udp${family}@`;
  return `${prefix}${hostText(address.host)}:${port}`;
}

/**
 * Reads an address with an optional port, as `addr` takes; host null: only the port is another one.
 */
export function ipAndPort(args: Arguments): { host: string | null; port: number | null } {
  const { host: { host }, port, text } = ipAndPortText(args, "*");
  return {
    host: host === "*" ? null : host,
    port: port === null ? null : portOf(args, port, text),
  };
}

function ipAndPortText(
  args: Arguments,
  any: string,
): { host: Host; port: string | null; text: string } {
  const text = args.address("an IP address");
  const parts = partsOf(args, text, ["stream"]);
  if (parts.kind !== "ip") throw args.mistake(`'${text}' is not an IP address`);
  const { port } = parts.ip;
  const isNone = port === null || port === "" || port === "0";
  return { host: hostOf(args, parts, any), port: isNone ? null : port, text };
}

/** Reads a port or a range of them, "8000-8009". @returns the first and the last */
function portRange(args: Faults, port: string, text: string): [first: number, last: number] {
  const [low = "", high = low, extra] = port.split("-");
  const [first, last] = [portOf(args, low, text), portOf(args, high, text)];
  if (extra !== undefined || last < first) {
    throw args.mistake(`'${port}' is not a range of ports`, "the lower one first: 8000-8009");
  }
  return [first, last];
}

/** Reads a source address. Port 0 leaves the port to the kernel. */
export function source(args: Arguments): Source {
  const { host, port, text } = ipAndPortText(args, "0.0.0.0");
  const [first, last] = port === null || port === "0" ? [0, 0] : portRange(args, port, text);
  const address: Source = {
    ...host,
    port: first,
    lastPort: last === first ? null : last,
  };
  for (let word = args.peek()?.text;; word = args.peek()?.text) {
    if (word === "usesrc") {
      args.next();
      address.usesrc = foreignSource(args);
    } else if (word === "interface") {
      args.next();
      address.interface = args.word("a device").text;
    } else {
      return address;
    }
  }
}

/** Reads what stands behind "usesrc". */
function foreignSource(args: Arguments): string {
  const { text } = args.word("'client', 'clientip', 'hdr_ip(<name>)' or an address");
  if (text === "client" || text === "clientip") return text;
  const [, name, occurrence = "-1"] =
    /^hdr_ip\(\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:,\s*(-?\d{1,3})\s*)?\)$/.exec(text) ?? [];
  if (name !== undefined) return `hdr_ip(${name},${Number(occurrence) || -1})`;
  if (isIp(text)) return `${hostText(text)}:0`;
  const { v4, v6, port = "0" } =
    /^(?:\[(?<v6>.*)\]|(?<v4>[\d.]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ?? {};
  const ip = v6 ?? v4 ?? "";
  if (isIp(ip)) return `${hostText(ip)}:${Number(port)}`;
  const hint = "client, clientip, hdr_ip(<name>[,<occurrence>]), or <address>[:<port>]";
  throw args.mistake(`'${text}' is not an address to connect from`, hint);
}

/** Reads where a log goes. */
export function logDestination(args: Arguments): LogDestination {
  const text = args.address("an address");
  if (text === "stdout" || text === "stderr") return { kind: text };
  if (text.startsWith("ring@")) return { kind: "ring", name: text.slice(5) };
  const parts = partsOf(args, text, ["datagram", "stream"]);
  if (parts.kind !== "ip" && parts.transport === "stream") {
    throw args.mistake(`sluice does not log to '${text}'`, "datagrams, or connections by tcp@");
  }
  if (parts.kind === "unix") return { kind: "unix", path: parts.rest };
  if (parts.kind === "abstract") return { kind: "abstract", name: parts.rest };
  if (parts.kind === "fd" && parts.rest === "1") return { kind: "stdout" };
  if (parts.kind === "fd" && parts.rest === "2") return { kind: "stderr" };
  if (parts.kind !== "ip") {
    const hint = "an IP address, a host name, a path, stdout or stderr";
    throw args.mistake(`sluice does not log to '${text}'`, hint);
  }
  const host = hostOf(args, parts, "127.0.0.1");
  const { port } = parts.ip;
  if (parts.transport === "stream") {
    if (port === null || port === "") throw args.mistake(`the port is missing in '${text}'`);
    return { kind: "tcp", ...host, port: portOf(args, port, text), framing: "legacy" };
  }
  const isNone = port === null || port === "" || port === "0";
  return { kind: "udp", ...host, port: isNone ? 514 : portOf(args, port, text) };
}

/** An address to listen on. */
export function listenText(address: ListenAddress): string {
  switch (address.kind) {
    case "ip":
      return `${familyText(address)}${hostText(address.host)}:${address.port}`;
    case "fd":
      return `fd@${address.fd}`;
    default:
      return localText(address);
  }
}

/** A server's address. */
export function serverAddressText(address: ServerAddress): string {
  if (address.kind !== "ip") return localText(address);
  const { port, portOffset } = address;
  const host = familyText(address) + hostText(address.host);
  if (port !== null) return `${host}:${port}`;
  if (portOffset === 0) return host;
  return `${host}:${portOffset < 0 ? "" : "+"}${portOffset}`;
}

/** A source address, with its port or range of ports. */
function sourceText(source: Source): string {
  const { port, lastPort } = source;
  const host = familyText(source) + hostText(source.host);
  if (port === 0) return host;
  return `${host}:${port}${lastPort === null ? "" : `-${lastPort}`}`;
}

/** What follows a source address. */
function sourceWords({ usesrc, interface: device }: Source): string[] {
  return [
    ...(usesrc === undefined ? [] : ["usesrc", usesrc]),
    ...(device === undefined ? [] : ["interface", device]),
  ];
}

/** Where a log goes. */
export function targetText(target: LogDestination): string {
  if (target.kind === "unix" || target.kind === "abstract") return localText(target);
  if (target.kind === "ring") return `ring@${target.name}`;
  if (target.kind === "tcp") {
    return `tcp${target.family ?? ""}@${hostText(target.host)}:${target.port}`;
  }
  if (target.kind !== "udp") return target.kind;
  const host = familyText(target) + hostText(target.host);
  return target.port === 514 ? host : `${host}:${target.port}`;
}

/** The prefix of a name that stands for one family of addresses alone. */
function familyText({ family }: { readonly family?: 4 | 6 | undefined }): string {
  return family === undefined ? "" : `ipv${family}@`;
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

/** A source address (manual: "source"). */
export const sourceValue: Value<typeof Source> = {
  schema: Source,
  usage: "<ip>[:<port>[-<port>]] [usesrc client|clientip|hdr_ip(<name>)|<ip>] [interface <device>]",
  example: "192.168.1.1:1024-65535",
  read: source,
  print: (value) => [sourceText(value), ...sourceWords(value)],
};

/** What the network must be able to do for a source address. */
export function sourceNeeds(source: Source | null): "sourceAddress" | "transparent" | null {
  if (source === null) return null;
  return source.usesrc === undefined ? "sourceAddress" : "transparent";
}

/** What the network must be able to do for an address of this kind. */
export function needsOf(
  { kind }: { readonly kind: string },
): "unix" | "abstract" | "inherited" | null {
  if (kind === "unix" || kind === "abstract") return kind;
  return kind === "fd" ? "inherited" : null;
}
