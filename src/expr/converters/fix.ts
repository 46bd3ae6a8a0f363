/** Converters of FIX messages (manual, chapter 7.3.1: "fix_is_valid"; FIX protocol, "tag=value"). */
import { bytesOf, EQUALS, isExactly } from "../../bytes/bytes.ts";
import { need } from "../arguments.ts";
import type { Converter } from "../converter.ts";
import { BIN, BOOL, type Sample } from "../sample.ts";

const SOH = 1;
const versions = ["FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIXT.1.1"].map(bytesOf);

/** Tags by their names. */
const tags = {
  BeginString: 8,
  BodyLength: 9,
  CheckSum: 10,
  MsgType: 35,
  SenderCompID: 49,
  TargetCompID: 56,
} as const;

/** A field: tag=value and SOH. */
interface Field {
  tag: number;
  /** Its value is at bytes[from, to). */
  from: number;
  to: number;
}

/** Reads the field at `at`. @returns where the next one begins; -1: it is not complete or wrong */
function readField(bytes: Uint8Array, at: number, end: number, field: Field): number {
  let i = at;
  let tag = 0;
  for (; i < end && bytes[i] !== EQUALS; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9 || tag > 0xffffff) return -1;
    tag = tag * 10 + digit;
  }
  if (i === at || i >= end) return -1;
  const from = ++i;
  while (i < end && bytes[i] !== SOH) i++;
  if (i === from || i >= end) return -1;
  field.tag = tag;
  field.from = from;
  field.to = i;
  return i + 1;
}

function numberAt(bytes: Uint8Array, { from, to }: Field): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

const isTag = (field: Field, tag: number) => field.tag === tag;

/** "CheckSum" and its value: "10=123" and SOH. */
const checksumLength = 7;

/** Whether the first message is whole and well-formed; null: more must come. */
function isValid({ bytes, from, to }: Sample): boolean | null {
  const field: Field = { tag: 0, from: 0, to: 0 };
  // Begin and length: shorter is no message, yet.
  let at = readField(bytes, from, to, field);
  if (at < 0) return to - from < 20 ? null : false;
  const begins = isTag(field, tags.BeginString) &&
    versions.some((each) => isExactly(bytes, field.from, field.to, each));
  if (!begins) return false;
  at = readField(bytes, at, to, field);
  if (at < 0) return null;
  if (!isTag(field, tags.BodyLength)) return false;
  const length = numberAt(bytes, field);
  if (length < 0) return false;
  const body = at;
  const end = body + length;
  if (end + checksumLength > to) return null;
  at = readField(bytes, body, to, field);
  if (at < 0 || !isTag(field, tags.MsgType)) return false;
  while (at < end) {
    at = readField(bytes, at, end, field);
    if (at < 0) return false;
  }
  if (at !== end) return false;
  let sum = 0;
  for (let i = from; i < end; i++) sum += bytes[i]!;
  at = readField(bytes, end, to, field);
  return at > 0 && isTag(field, tags.CheckSum) && field.to - field.from === 3 &&
    numberAt(bytes, field) === sum % 256;
}

/** {@linkcode Converter}s of this family. */
export const fixConverters: readonly Converter[] = [
  {
    name: "fix_is_valid",
    from: BIN,
    to: BOOL,
    doc: "Whether the binary value begins with a whole, valid FIX message.",
    chapter: "7.3.1",
    create: () => (sample) => {
      const valid = isValid(sample);
      sample.pending ||= valid === null;
      return valid !== null && sample.setBool(valid);
    },
  },
  {
    name: "fix_tag_value",
    args: [need("tag")],
    from: BIN,
    to: BIN,
    doc: "The value of a tag of a FIX message, by its number or name.",
    chapter: "7.3.1",
    create(args) {
      const text = args.text(0);
      const named = Object.entries(tags).find(([name]) =>
        name.toLowerCase() === text.toLowerCase()
      );
      if (named === undefined && !/^[1-9]\d{0,6}$/.test(text)) {
        const hint = `a number, or one of: ${Object.keys(tags).join(", ")}`;
        throw args.mistake(0, `'${text}' is not a tag of FIX`, hint);
      }
      const tag = named?.[1] ?? Number(text);
      const field: Field = { tag: 0, from: 0, to: 0 };
      return (sample) => {
        const { bytes, to } = sample;
        for (let at = sample.from; at < to;) {
          at = readField(bytes, at, to, field);
          if (at < 0) return false;
          if (field.tag === tag) return sample.setBytes(BIN, bytes, field.from, field.to);
          if (field.tag === tags.CheckSum) return false;
        }
        return false;
      };
    },
  },
];
