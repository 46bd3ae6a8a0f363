/** From one type of sample to another, where a converter, a match or an action takes another one. */
import { textOf } from "../bytes/bytes.ts";
import { formatIp, parseIp } from "../net/ip/address.ts";
import {
  ADDR,
  ANY,
  BIN,
  BOOL,
  IPV4,
  IPV6,
  METH,
  type Sample,
  type SampleType,
  SINT,
  STR,
} from "./sample.ts";
import { takeScratch } from "./scratch.ts";

/** Makes a sample one of another type. @returns false: it cannot be, and there is no value */
export type Cast = (sample: Sample) => boolean;

/** Makes it a string of text, in a scratch buffer. @returns true */
export function setText(sample: Sample, text: string): true {
  const bytes = takeScratch();
  const length = Math.min(text.length, bytes.length);
  for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i);
  return sample.setBytes(STR, bytes, 0, length);
}

/** The bytes of a sample as a text, one character a byte. */
export function sampleText({ bytes, from, to }: Sample): string {
  return textOf(bytes, from, to);
}

const asIs: Cast = () => true;
const named = (type: SampleType): Cast => (sample) => {
  sample.type = type;
  return true;
};
const never = null;

const sintToBool: Cast = (sample) => sample.setBool(sample.int !== 0);
const sintToString: Cast = (sample) => setText(sample, String(sample.wide ?? sample.int));

/** The eight bytes of an integer, the highest first. */
const sintToBinary: Cast = (sample) => {
  const bytes = takeScratch();
  let value = BigInt.asUintN(64, sample.exact);
  for (let i = 7; i >= 0; i--, value >>= 8n) bytes[i] = Number(value & 255n);
  return sample.setBytes(BIN, bytes, 0, 8);
};

/** The IPv4 address that an integer's lowest 32 bits are. */
const sintToIpv4: Cast = (sample) => {
  const value = Number(BigInt.asUintN(32, sample.exact));
  const bytes = takeScratch();
  for (let i = 0; i < 4; i++) bytes[i] = value >>> (24 - 8 * i);
  return sample.setBytes(IPV4, bytes, 0, 4);
};

const ipv4ToSint: Cast = (sample) => {
  const { bytes, from } = sample;
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + bytes[from + i]!;
  return sample.setInt(value);
};

/** An IPv4 address as an IPv6 one (RFC 4291, section 2.5.5.2). */
const ipv4ToIpv6: Cast = (sample) => {
  const target = takeScratch();
  target.fill(0, 0, 10);
  target[10] = target[11] = 255;
  for (let i = 0; i < 4; i++) target[12 + i] = sample.bytes[sample.from + i]!;
  return sample.setBytes(IPV6, target, 0, 16);
};

/** The IPv4 address within an IPv6 one, where it is of that kind. */
export const ipv6ToIpv4: Cast = (sample) => {
  const { bytes, from } = sample;
  for (let i = 0; i < 12; i++) if (bytes[from + i] !== (i < 10 ? 0 : 255)) return false;
  return sample.setBytes(IPV4, bytes, from + 12, from + 16);
};

const ipToString: Cast = (sample) =>
  setText(sample, formatIp(sample.bytes.subarray(sample.from, sample.to)));

/**
 * A decimal integer with a sign; reading ends where that does, and without a digit it is 0, as in
 * HAProxy.
 */
const stringToSint: Cast = (sample) => {
  const { bytes, to } = sample;
  let at = sample.from;
  const negative = bytes[at] === 45;
  if (at < to && (negative || bytes[at] === 43)) at++;
  let value = 0;
  const start = at;
  while (at < to && bytes[at]! >= 48 && bytes[at]! <= 57) value = value * 10 + bytes[at++]! - 48;
  if (Number.isSafeInteger(value)) return sample.setInt(negative ? 0 - value : value);
  const exact = BigInt(textOf(bytes, start, at));
  return sample.setBigInt(negative ? -exact : exact);
};

const stringToBool: Cast = (sample) => stringToSint(sample) && sintToBool(sample);

const stringToAddress = (accepts: (length: number) => boolean): Cast => (sample) => {
  const address = sample.length > 45 ? null : parseIp(sampleText(sample));
  if (address === null || !accepts(address.length)) return false;
  return sample.setBytes(address.length === 4 ? IPV4 : IPV6, address, 0, address.length);
};

/** The bytes as they are, up to the first that is 0: as in HAProxy, whose strings end there. */
const binaryToString: Cast = (sample) => {
  const { bytes, from, to } = sample;
  let end = from;
  while (end < to && bytes[end] !== 0) end++;
  return sample.setBytes(STR, bytes, from, end);
};

const stringToIpv6: Cast = (sample) =>
  stringToAddress(() => true)(sample) && (sample.type === IPV6 || ipv4ToIpv6(sample));
const stringToIpv4: Cast = (sample) =>
  stringToAddress(() => true)(sample) && (sample.type === IPV4 || ipv6ToIpv4(sample));

/** By the type that there is, and then the type that is wanted; null: there is no way. */
const casts: readonly (readonly (Cast | null)[])[] = (() => {
  const rows: (Cast | null)[][] = Array.from({ length: 9 }, () => Array(9).fill(never));
  const row = (from: SampleType, ways: readonly (readonly [SampleType, Cast])[]) => {
    rows[from]![from] = rows[from]![ANY] = asIs;
    for (const [to, cast] of ways) rows[from]![to] = cast;
  };
  row(BOOL, [[SINT, named(SINT)], [STR, sintToString], [BIN, sintToBinary]]);
  row(SINT, [
    [BOOL, sintToBool],
    [ADDR, sintToIpv4],
    [IPV4, sintToIpv4],
    [IPV6, (sample) => sintToIpv4(sample) && ipv4ToIpv6(sample)],
    [STR, sintToString],
    [BIN, sintToBinary],
  ]);
  row(IPV4, [
    [SINT, ipv4ToSint],
    [ADDR, asIs],
    [IPV6, ipv4ToIpv6],
    [STR, ipToString],
    [BIN, named(BIN)],
  ]);
  row(IPV6, [[ADDR, asIs], [IPV4, ipv6ToIpv4], [STR, ipToString], [BIN, named(BIN)]]);
  row(STR, [
    [BOOL, stringToBool],
    [SINT, stringToSint],
    [ADDR, stringToAddress(() => true)],
    [IPV4, stringToIpv4],
    [IPV6, stringToIpv6],
    [BIN, named(BIN)],
    [METH, named(METH)],
  ]);
  row(BIN, [[STR, binaryToString], [METH, named(METH)]]);
  row(METH, [[STR, named(STR)], [BIN, named(BIN)]]);
  return rows;
})();

/** The cast of a sample whose type is only known when it is there. */
const late = (to: SampleType): Cast => (sample) => casts[sample.type]![to]?.(sample) ?? false;

/**
 * The way from a type to another; null: there is none, as from a boolean to an address. Where the
 * type is not known beforehand (ANY, ADDR) it is looked up for each sample.
 */
export function castFrom(from: SampleType, to: SampleType): Cast | null {
  if (to === ANY || from === to) return asIs;
  if (from === ANY) return late(to);
  if (from === ADDR) return to === BOOL || to === METH ? null : late(to);
  return casts[from]![to]!;
}

/** Whether a cast changes nothing: then it can be left out. */
export const isNothing = (cast: Cast): boolean => cast === asIs;

/** Makes a sample, of whatever type it is, one of another type. @returns false: it cannot be */
export function castTo(sample: Sample, to: SampleType): boolean {
  return to === ANY || (casts[sample.type]![to]?.(sample) ?? false);
}
