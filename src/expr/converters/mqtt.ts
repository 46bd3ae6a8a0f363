/**
 * Converters of the first packets of MQTT 3.1, 3.1.1 and 5.0 (manual, chapter 7.3.1: "mqtt_is_valid";
 * OASIS, "MQTT Version 5.0", chapters 2 and 3).
 */
import { textOf } from "../../bytes/bytes.ts";
import { need } from "../arguments.ts";
import { setText } from "../cast.ts";
import type { Converter } from "../converter.ts";
import { BIN, BOOL, type Sample } from "../sample.ts";

const CONNECT = 1;
const CONNACK = 2;
const packetTypes = { connect: CONNECT, connack: CONNACK } as const;

/** A value: an integer, or bytes[from, to). */
type Value = number | readonly [from: number, to: number];
/** What a packet holds: by names, and by numbers of properties. */
type Fields = Map<string | number, Value>;

/** Properties: their sizes in bytes; 0: a string or bytes, with their length in front; -1: varint. */
const properties: ReadonlyMap<number, number> = new Map([
  ...[1, 23, 25, 36, 37, 40, 41, 42].map((id) => [id, 1] as const),
  ...[19, 33, 34, 35].map((id) => [id, 2] as const),
  ...[2, 17, 24, 39].map((id) => [id, 4] as const),
  ...[3, 8, 9, 18, 21, 22, 26, 28, 31].map((id) => [id, 0] as const),
  [11, -1],
]);
const USER_PROPERTY = 38;

/** Those of a CONNECT, of its will, and of a CONNACK. User properties have no value here. */
const ofConnect = [17, 21, 22, 23, 25, 33, 34, 39, USER_PROPERTY];
const ofWill = [1, 2, 3, 8, 9, 24];
const ofConnack = [17, 18, 19, 21, 22, 26, 28, 31, 33, 34, 36, 37, 39, 40, 41, 42, USER_PROPERTY];

/** Reads on and on; beyond the end it fails, and stays there. */
class Reader {
  failed = false;
  constructor(readonly bytes: Uint8Array, public at: number, public to: number) {}

  integer(size: number): number {
    if (this.at + size > this.to) this.failed = true;
    if (this.failed) return 0;
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.bytes[this.at++]!;
    return value;
  }

  variable(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.integer(1);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    this.failed = true;
    return 0;
  }

  string(): Value {
    const length = this.integer(2);
    if (this.at + length > this.to) this.failed = true;
    if (this.failed) return [0, 0];
    this.at += length;
    return [this.at - length, this.at];
  }

  /** @param ids those that there may be: integers that are left out are 0, as in HAProxy */
  properties(fields: Fields, ids: readonly number[]): void {
    for (const id of ids) if ((properties.get(id) ?? 0) > 0) fields.set(id, 0);
    const length = this.variable();
    const end = this.at + length;
    if (end > this.to) this.failed = true;
    while (!this.failed && this.at < end) {
      const id = this.variable();
      if (id === USER_PROPERTY) {
        this.string();
        this.string();
        continue;
      }
      const size = properties.get(id);
      if (size === undefined) this.failed = true;
      else {fields.set(
          id,
          size > 0 ? this.integer(size) : size === 0 ? this.string() : this.variable(),
        );}
    }
    if (this.at !== end) this.failed = true;
  }
}

function readConnect(reader: Reader, fields: Fields): void {
  const name = reader.string();
  const version = reader.integer(1);
  const flags = reader.integer(1);
  if (reader.failed || typeof name === "number") return;
  const text = textOf(reader.bytes, ...name);
  const known = (text === "MQIsdp" || text === "MQTT") && version >= 3 && version <= 5;
  if (!known || (flags & 1) !== 0) {
    reader.failed = true;
    return;
  }
  fields.set("protocol_name", name).set("protocol_version", version).set("flags", flags);
  fields.set("keepalive", reader.integer(2));
  if (version === 5) reader.properties(fields, ofConnect);
  fields.set("client_identifier", reader.string());
  if ((flags & 4) !== 0) {
    if (version === 5) reader.properties(fields, ofWill);
    fields.set("will_topic", reader.string()).set("will_payload", reader.string());
  }
  if ((flags & 128) !== 0) fields.set("username", reader.string());
  if ((flags & 64) !== 0) fields.set("password", reader.string());
}

function readConnack(reader: Reader, fields: Fields): void {
  const length = reader.to - reader.at;
  fields.set("flags", reader.integer(1)).set("reason_code", reader.integer(1));
  // Without properties it is one of 3.1.1, or of 3.1.
  fields.set("protocol_version", length > 2 ? 5 : 4);
  if (length > 2) reader.properties(fields, ofConnack);
  if (!reader.failed && ((fields.get("flags") as number) & 254) !== 0) reader.failed = true;
}

const readers = { [CONNECT]: readConnect, [CONNACK]: readConnack } as const;
const fieldNames: Readonly<Record<number, readonly string[]>> = {
  [CONNECT]: [
    ...["flags", "protocol_name", "protocol_version", "client_identifier", "will_topic"],
    ...["will_payload", "username", "password", "keepalive"],
  ],
  [CONNACK]: ["flags", "protocol_version", "reason_code"],
};

const propertiesOf: Readonly<Record<number, readonly number[]>> = {
  [CONNECT]: [...ofConnect, ...ofWill],
  [CONNACK]: ofConnack,
};

/**
 * Takes the first packet apart.
 * @returns false: it is none that may be the first; null: it is not complete
 */
function parse({ bytes, from, to }: Sample, wanted: number, fields: Fields): boolean | null {
  if (from >= to) return null;
  const type = bytes[from]! >> 4;
  if (type !== CONNECT && type !== CONNACK || (bytes[from]! & 15) !== 0) return false;
  if (wanted !== 0 && type !== wanted) return false;
  const header = new Reader(bytes, from + 1, to);
  const length = header.variable();
  if (header.failed) return to - from < 5 ? null : false;
  if (header.at + length > to) return null;
  const reader = new Reader(bytes, header.at, header.at + length);
  readers[type](reader, fields);
  return !reader.failed && reader.at === reader.to;
}

/** {@linkcode Converter}s of this family. */
export const mqttConverters: readonly Converter[] = [
  {
    name: "mqtt_is_valid",
    from: BIN,
    to: BOOL,
    doc: "Whether the binary value is a CONNECT or CONNACK of MQTT.",
    chapter: "7.3.1",
    create: () => (sample) => {
      const valid = parse(sample, 0, new Map());
      sample.pending ||= valid === null;
      return valid !== null && sample.setBool(valid);
    },
  },
  {
    name: "mqtt_field_value",
    args: [need("packettype"), need("fieldname_or_property_ID")],
    from: BIN,
    to: BIN,
    doc: "A field, or a property by its number, of a CONNECT or CONNACK of MQTT.",
    chapter: "7.3.1",
    create(args) {
      const text = args.text(0).toLowerCase();
      const type = (packetTypes as Readonly<Record<string, number>>)[text] ?? Number(text);
      const names = fieldNames[type];
      if (names === undefined) {
        throw args.mistake(0, `'${args.text(0)}' is not a packet type`, "connect (1), connack (2)");
      }
      const wanted = args.text(1).toLowerCase();
      const field = /^\d+$/.test(wanted) ? Number(wanted) : wanted;
      if (
        typeof field === "number" ? !propertiesOf[type]!.includes(field) : !names.includes(field)
      ) {
        const hint = `the number of a property, or one of: ${names.join(", ")}`;
        throw args.mistake(1, `'${args.text(1)}' is not a field of this packet`, hint);
      }
      return (sample) => {
        const fields: Fields = new Map();
        if (parse(sample, type, fields) !== true) return false;
        const value = fields.get(field);
        if (value === undefined) return false;
        if (typeof value !== "number") return sample.setBytes(BIN, sample.bytes, ...value);
        // As text, as HAProxy has it.
        setText(sample, String(value));
        sample.type = BIN;
        return true;
      };
    },
  },
];
