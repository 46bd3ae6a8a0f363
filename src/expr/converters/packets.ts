/**
 * Converters of what "fc_saved_syn" returns (manual, chapter 7.3.1: "eth.src", "ip.ttl", "tcp.win" and
 * their kin; IEEE 802.3, RFC 791, 8200, 9293).
 */
import { may } from "../arguments.ts";
import type { Converter, ConvertValue } from "../converter.ts";
import { ADDR, BIN, IPV4, IPV6, type Sample, type SampleType, SINT } from "../sample.ts";
import { takeScratch } from "../scratch.ts";

/** A part of a packet: bytes[from, to). */
interface Part {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

const word16 = ({ bytes, from }: Part, at: number) =>
  bytes[from + at]! << 8 | bytes[from + at + 1]!;

const VLAN = 0x8100;
const PROVIDER_VLAN = 0x88a8;

/** How long an Ethernet header is, with its VLAN tags; -1: it is cut off. */
function ethernetLength(part: Part): number {
  const length = part.to - part.from;
  let at = 12;
  while (at + 2 <= length && (word16(part, at) === VLAN || word16(part, at) === PROVIDER_VLAN)) {
    at += 4;
  }
  return at + 2 <= length ? at + 2 : -1;
}

const version = ({ bytes, from, to }: Part) => from < to ? bytes[from]! >> 4 : 0;

/** Headers that can stand between those of IPv6 and TCP. */
const extensions = new Set([0, 43, 44, 60]);

/** How long an IP header is, with options and extensions, and the protocol behind it; null: cut off. */
function ipHeader(part: Part): { readonly length: number; readonly protocol: number } | null {
  const { bytes, from, to } = part;
  const size = to - from;
  if (version(part) === 4) {
    const length = (bytes[from]! & 15) * 4;
    return length < 20 || size < length ? null : { length, protocol: bytes[from + 9]! };
  }
  if (version(part) !== 6 || size < 40) return null;
  let length = 40;
  let protocol = bytes[from + 6]!;
  while (extensions.has(protocol)) {
    if (length + 2 > size) return null;
    const own = protocol === 44 ? 8 : 8 * (bytes[from + length + 1]! + 1);
    protocol = bytes[from + length]!;
    length += own;
  }
  return length > size ? null : { length, protocol };
}

/** How long a TCP header is, with its options; -1: it is cut off. */
function tcpLength({ bytes, from, to }: Part): number {
  if (to - from < 20) return -1;
  const length = (bytes[from + 12]! >> 4) * 4;
  return length < 20 || length > to - from ? -1 : length;
}

/** Kinds of TCP options (iana.org, "TCP Option Kind Numbers"). */
const END = 0;
const NOTHING = 1;
const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const TIMESTAMPS = 8;

/** Calls with each option of a TCP header, until it returns true. @param call gets where its value is */
function eachOption(
  part: Part,
  call: (kind: number, at: number, size: number) => boolean,
): boolean {
  const length = tcpLength(part);
  const { bytes, from } = part;
  for (let at = 20; at < length;) {
    const kind = bytes[from + at]!;
    if (kind === END) return false;
    const size = kind === NOTHING ? 1 : bytes[from + at + 1] ?? 0;
    if (size < 1 || kind !== NOTHING && size < 2 || at + size > length) return false;
    if (call(kind, from + at + 2, size - 2)) return true;
    at += size;
  }
  return false;
}

/** The value of an option, of so many bytes; -1: it is not there. */
function option(part: Part, kind: number, size: number): number {
  let value = -1;
  eachOption(part, (each, at, length) => {
    if (each !== kind || length < size) return false;
    value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + part.bytes[at + i]!;
    return true;
  });
  return value;
}
const hasOption = (part: Part, kind: number) => eachOption(part, (each) => each === kind);

/** The kinds of all options into `target` at `at`. @returns where they end */
function writeKinds(part: Part, target: Uint8Array, at: number): number {
  let end = at;
  eachOption(part, (kind) => {
    target[end++] = kind;
    return false;
  });
  return end;
}

function of(name: string, to: SampleType, doc: string, convert: ConvertValue): Converter {
  return { name, from: BIN, to, doc, chapter: "7.3.1", create: () => convert };
}
/** An integer of a packet that has so many bytes; below 0: it is not there. */
const integer = (
  name: string,
  doc: string,
  least: number,
  read: (part: Part) => number,
): Converter =>
  of(name, SINT, doc, (sample) => {
    if (sample.length < least) return false;
    const value = read(sample);
    return value >= 0 && sample.setInt(value);
  });
const cut = (sample: Sample, from: number, to: number): true =>
  sample.setBytes(BIN, sample.bytes, sample.from + from, sample.from + to);

/** An integer of an IP header: of IPv4, and of IPv6. */
const ofIp = (
  name: string,
  doc: string,
  ofV4: (part: Part) => number,
  ofV6: (part: Part) => number,
) =>
  integer(name, doc, 20, (part) => {
    if (version(part) === 4) return ofV4(part);
    return version(part) === 6 && part.to - part.from >= 40 ? ofV6(part) : -1;
  });

function address(name: string, doc: string, at4: number, at6: number): Converter {
  return of(name, ADDR, doc, (sample) => {
    const isV4 = version(sample) === 4;
    if (!isV4 && version(sample) !== 6 || sample.length < (isV4 ? 20 : 40)) return false;
    const from = sample.from + (isV4 ? at4 : at6);
    return sample.setBytes(isV4 ? IPV4 : IPV6, sample.bytes, from, from + (isV4 ? 4 : 16));
  });
}

const typeOfService4 = ({ bytes, from }: Part) => bytes[from + 1]!;
const typeOfService6 = (part: Part) => word16(part, 0) >> 4 & 255;
const timeToLive = (part: Part) => part.bytes[part.from + (version(part) === 4 ? 8 : 7)]!;

/** What in the headers of a SYN tells hosts behind one address apart. */
function fingerprint(sample: Sample, mode: number): boolean {
  const header = ipHeader(sample);
  if (header === null || header.protocol !== 6) return false;
  const { bytes, from, to } = sample;
  const tcp: Part = { bytes, from: from + header.length, to };
  const length = tcpLength(tcp);
  if (length < 0) return false;
  const isV4 = version(sample) === 4;
  const ttl = timeToLive(sample);
  const flags = bytes[tcp.from + 13]!;
  const target = takeScratch();
  const bit = (value: boolean, number: number) => value ? 1 << number : 0;
  target[0] = isV4 ? typeOfService4(sample) : typeOfService6(sample);
  target[1] = bit(!isV4, 7) | bit(!isV4 || (bytes[from + 6]! & 0x40) !== 0, 6) |
    (ttl <= 32 ? 0 : ttl <= 64 ? 1 : ttl <= 128 ? 2 : 3) << 4 |
    bit(header.length > (isV4 ? 20 : 40), 3) | bit(tcp.from + length < to, 2) |
    bit((flags & 0x80) !== 0, 1) | bit((flags & 0x40) !== 0, 0);
  target[2] = length / 4 << 4 | Math.min(15, option(tcp, WINDOW_SCALE, 1) + 1);
  target[3] = bytes[tcp.from + 14]!;
  target[4] = bytes[tcp.from + 15]!;
  const mss = Math.max(0, option(tcp, MSS, 2));
  target[5] = mss >> 8;
  target[6] = mss & 255;
  let at = 7;
  if ((mode & 1) !== 0) target[at++] = ttl;
  if ((mode & 2) !== 0) at = writeKinds(tcp, target, at);
  if ((mode & 4) !== 0) {
    const [start, size] = isV4 ? [12, 4] : [8, 16];
    for (let i = 0; i < size; i++) target[at++] = bytes[from + start + i]!;
  }
  return sample.setBytes(BIN, target, 0, at);
}

/** {@linkcode Converter}s of this family. */
export const packetConverters: readonly Converter[] = [
  of("eth.data", BIN, "What an Ethernet frame holds.", (sample) => {
    const length = ethernetLength(sample);
    return length >= 0 && cut(sample, length, sample.length);
  }),
  of(
    "eth.dst",
    BIN,
    "The destination's address of an Ethernet frame.",
    (sample) => sample.length >= 14 && cut(sample, 0, 6),
  ),
  of(
    "eth.src",
    BIN,
    "The source's address of an Ethernet frame.",
    (sample) => sample.length >= 14 && cut(sample, 6, 12),
  ),
  of("eth.hdr", BIN, "The header of an Ethernet frame.", (sample) => {
    const length = ethernetLength(sample);
    return length >= 0 && cut(sample, 0, length);
  }),
  integer("eth.proto", "The protocol of what an Ethernet frame holds.", 14, (part) => {
    const length = ethernetLength(part);
    return length < 0 ? -1 : word16(part, length - 2);
  }),
  integer("eth.vlan", "The last VLAN of an Ethernet frame.", 18, (part) => {
    const length = ethernetLength(part);
    return length < 18 ? -1 : word16(part, length - 4) & 0xfff;
  }),
  of("ip.data", BIN, "What an IP packet holds.", (sample) => {
    const header = ipHeader(sample);
    return header !== null && cut(sample, header.length, sample.length);
  }),
  of("ip.hdr", BIN, "The header of an IP packet.", (sample) => {
    const header = ipHeader(sample);
    return header !== null && cut(sample, 0, header.length);
  }),
  ofIp(
    "ip.df",
    "Whether an IP packet must not be fragmented: 1 or 0.",
    ({ bytes, from }) => bytes[from + 6]! >> 6 & 1,
    () => 1,
  ),
  address("ip.dst", "The destination of an IP packet.", 16, 24),
  address("ip.src", "The source of an IP packet.", 12, 8),
  integer(
    "ip.proto",
    "The protocol of what an IP packet holds.",
    20,
    (part) => ipHeader(part)?.protocol ?? -1,
  ),
  ofIp("ip.tos", "The type of service of an IP packet.", typeOfService4, typeOfService6),
  ofIp("ip.ttl", "The time to live of an IP packet.", timeToLive, timeToLive),
  integer("ip.ver", "The version of IP.", 1, version),
  {
    name: "ip.fp",
    args: [may("mode", "integer")],
    from: BIN,
    to: BIN,
    doc: "A fingerprint of the host that has sent a SYN.",
    chapter: "7.3.1",
    create(args) {
      const mode = args.integer(0);
      return (sample) => fingerprint(sample, mode);
    },
  },
  integer("tcp.src", "The source's port of a TCP segment.", 20, (part) => word16(part, 0)),
  integer("tcp.dst", "The destination's port of a TCP segment.", 20, (part) => word16(part, 2)),
  integer(
    "tcp.seq",
    "The sequence number of a TCP segment.",
    20,
    (part) => word16(part, 4) * 65536 + word16(part, 6),
  ),
  integer("tcp.flags", "The flags of a TCP segment.", 20, ({ bytes, from }) => bytes[from + 13]!),
  integer("tcp.win", "The window of a TCP segment.", 20, (part) => word16(part, 14)),
  integer(
    "tcp.options.mss",
    "The maximum segment size that is advertised; 0: none.",
    20,
    (part) => Math.max(0, option(part, MSS, 2)),
  ),
  integer(
    "tcp.options.sack",
    "Whether selective acknowledgements are: 1 or 0.",
    20,
    (part) => hasOption(part, SACK_PERMITTED) ? 1 : 0,
  ),
  integer(
    "tcp.options.tsopt",
    "Whether there are timestamps: 1 or 0.",
    20,
    (part) => hasOption(part, TIMESTAMPS) ? 1 : 0,
  ),
  integer(
    "tcp.options.tsval",
    "The timestamp; 0: none.",
    20,
    (part) => Math.max(0, option(part, TIMESTAMPS, 4)),
  ),
  integer(
    "tcp.options.wscale",
    "The window's scale; 0: none.",
    20,
    (part) => Math.max(0, option(part, WINDOW_SCALE, 1)),
  ),
  integer(
    "tcp.options.wsopt",
    "Whether there is a scale of the window: 1 or 0.",
    20,
    (part) => hasOption(part, WINDOW_SCALE) ? 1 : 0,
  ),
  of("tcp.options_list", BIN, "The kinds of all options, in their order.", (sample) => {
    if (tcpLength(sample) < 0) return false;
    const target = takeScratch();
    return sample.setBytes(BIN, target, 0, writeKinds(sample, target, 0));
  }),
];
