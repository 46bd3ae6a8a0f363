/**
 * Converters of Protocol Buffers and gRPC messages (manual, chapter 7.3.1: "protobuf", "ungrpc";
 * protobuf.dev, "Encoding").
 */
import { type Arguments, may, need } from "../arguments.ts";
import type { Converter, ConvertValue } from "../converter.ts";
import { ANY, BIN, type Sample } from "../sample.ts";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** Makes a sample of a value: a varint, or so many bytes, the lowest first. */
type Read = (sample: Sample, value: bigint) => boolean;
const whole: Read = (sample, value) => sample.setBigInt(BigInt.asIntN(64, value));
const zigzag: Read = (sample, value) => sample.setBigInt(value >> 1n ^ -(value & 1n));
const view = new DataView(new ArrayBuffer(8));

/** Types of values, and their wire types. As in HAProxy a varint keeps all of its bits. */
const types: Readonly<Record<string, { readonly wire: number; readonly read: Read }>> = {
  int32: { wire: VARINT, read: whole },
  int64: { wire: VARINT, read: whole },
  uint32: { wire: VARINT, read: whole },
  uint64: { wire: VARINT, read: whole },
  sint32: { wire: VARINT, read: zigzag },
  sint64: { wire: VARINT, read: zigzag },
  bool: { wire: VARINT, read: whole },
  enum: { wire: VARINT, read: whole },
  fixed64: { wire: FIXED64, read: whole },
  sfixed64: { wire: FIXED64, read: whole },
  double: {
    wire: FIXED64,
    read(sample, value) {
      view.setBigUint64(0, value);
      return setWhole(sample, view.getFloat64(0));
    },
  },
  fixed32: { wire: FIXED32, read: whole },
  sfixed32: {
    wire: FIXED32,
    read: (sample, value) => sample.setBigInt(BigInt.asIntN(32, value)),
  },
  float: {
    wire: FIXED32,
    read(sample, value) {
      view.setUint32(0, Number(value));
      return setWhole(sample, view.getFloat32(0));
    },
  },
};

/** The integer part, which is all that a sample has of such a number. */
function setWhole(sample: Sample, value: number): boolean {
  return Number.isFinite(value) && sample.setBigInt(BigInt(Math.trunc(value)));
}

/** A position in bytes. */
interface Cursor {
  at: number;
  /** The varint that was read. */
  value: bigint;
}

function readVarint(bytes: Uint8Array, to: number, cursor: Cursor): boolean {
  let value = 0n;
  for (let shift = 0n; shift < 70n && cursor.at < to; shift += 7n) {
    const byte = bytes[cursor.at++]!;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) {
      cursor.value = BigInt.asUintN(64, value);
      return true;
    }
  }
  return false;
}

/** The bytes that a value of a wire type takes from the cursor on; -1: it is none, or cut off. */
function lengthAt(bytes: Uint8Array, to: number, wire: number, cursor: Cursor): number {
  if (wire === LENGTH) {
    if (!readVarint(bytes, to, cursor)) return -1;
    const length = Number(cursor.value);
    return cursor.at + length <= to ? length : -1;
  }
  const size = wire === FIXED64 ? 8 : wire === FIXED32 ? 4 : -1;
  return cursor.at + size <= to ? size : -1;
}

/** Finds a field of a message and makes it the sample: the first one of that number and wire type. */
function find(sample: Sample, path: readonly number[], type: string): boolean {
  const { bytes } = sample;
  let { from, to } = sample;
  const cursor: Cursor = { at: from, value: 0n };
  for (let depth = 0; depth < path.length; depth++) {
    const last = depth === path.length - 1;
    const wanted = last && type !== "" ? types[type]!.wire : -1;
    cursor.at = from;
    let found = false;
    while (!found && cursor.at < to) {
      if (!readVarint(bytes, to, cursor)) return false;
      const [number, wire] = [Number(cursor.value >> 3n), Number(cursor.value & 7n)];
      const isIt = number === path[depth] &&
        (last ? wanted < 0 || wire === wanted : wire === LENGTH);
      const start = cursor.at;
      if (wire === VARINT) {
        if (!readVarint(bytes, to, cursor)) return false;
        if (!isIt) continue;
        if (wanted >= 0) return types[type]!.read(sample, cursor.value);
        return sample.setBytes(BIN, bytes, start, cursor.at);
      }
      const length = lengthAt(bytes, to, wire, cursor);
      if (length < 0) return false;
      if (isIt) {
        found = true;
        from = cursor.at;
        to = cursor.at + length;
      } else cursor.at += length;
    }
    if (!found) return false;
  }
  if (type === "") return sample.setBytes(BIN, bytes, from, to);
  let value = 0n;
  for (let i = to - 1; i >= from; i--) value = value << 8n | BigInt(bytes[i]!);
  return types[type]!.read(sample, value);
}

function fieldOf(args: Arguments): (sample: Sample) => boolean {
  const text = args.text(0);
  if (!/^\d{1,9}(\.\d{1,9})*$/.test(text)) {
    throw args.mistake(0, `'${text}' is not the number of a field`, "as 48.59.1");
  }
  const path = text.split(".").map(Number);
  const type = args.choice(1, Object.keys(types), "");
  return (sample) => find(sample, path, type);
}

/** The five bytes before a gRPC message: whether it is compressed, and its length. */
const grpcHeader = 5;

const ungrpc = (args: Arguments): ConvertValue => {
  const field = fieldOf(args);
  return (sample) => {
    const { bytes, from, to } = sample;
    if (to - from <= grpcHeader) return false;
    const start = from + grpcHeader;
    let length = 0;
    for (let i = from + 1; i < start; i++) length = length * 256 + bytes[i]!;
    sample.setBytes(BIN, bytes, start, Math.min(to, start + length));
    return field(sample);
  };
};

/** {@linkcode Converter}s of this family. */
export const protobufConverters: readonly Converter[] = [
  {
    name: "protobuf",
    args: [need("field_number"), may("field_type")],
    from: BIN,
    to: ANY,
    doc: "A field of a Protocol Buffers message, by its number as in 48.59.1.",
    chapter: "7.3.1",
    create: fieldOf,
  },
  {
    name: "ungrpc",
    args: [need("field_number"), may("field_type")],
    from: BIN,
    to: ANY,
    doc: "The same of a gRPC message.",
    chapter: "7.3.1",
    create: ungrpc,
  },
];
