/** DNS messages: queries are written, responses are read (RFC 1035, section 4; RFC 6891). */
import { formatIp } from "../net/ip/address.ts";
import { encodeName, readName } from "./name.ts";

/** What can be asked for: addresses of IPv4 and IPv6, and where a service is (RFC 2782). */
export type QueryType = "A" | "AAAA" | "SRV";

const types: Readonly<Record<QueryType, number>> = { A: 1, AAAA: 28, SRV: 33 };
const CNAME = 5;
const OPT = 41;
const IN = 1;
const headerSize = 12;

const RESPONSE = 0x8000;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
const CODE = 0x000f;

/** A record of a response. */
export type DnsRecord = { readonly name: string } & RecordData;

/** What a record says; other types than these are left out. */
export type RecordData =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "CNAME"; readonly target: string }
  | {
    readonly type: "SRV";
    readonly weight: number;
    readonly port: number;
    readonly target: string;
  };

/** A response, as far as it is used. */
export interface DnsResponse {
  readonly id: number;
  /** It was too long for the transport. */
  readonly truncated: boolean;
  /** RCODE (RFC 1035, section 4.1.1): 0, no error; 3, no such name; 5, refused. */
  readonly code: number;
  /** The query that it answers; null: there is not one. */
  readonly question: { readonly name: string; readonly type: number } | null;
  readonly answers: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  /** Not all of it could be read: it breaks off, or is malformed. */
  readonly broken: boolean;
}

/**
 * A query for one name, with recursion desired.
 * @param payload the largest response over UDP, in bytes, which the server is told
 * @returns null: the name is none
 */
export function encodeQuery(
  id: number,
  name: string,
  type: QueryType,
  payload: number,
): Uint8Array | null {
  const encoded = encodeName(name);
  if (encoded === null) return null;
  const bytes = new Uint8Array(headerSize + encoded.length + 4 + 11);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, RECURSION_DESIRED);
  view.setUint16(4, 1);
  view.setUint16(10, 1);
  bytes.set(encoded, headerSize);
  const at = headerSize + encoded.length;
  view.setUint16(at, types[type]);
  view.setUint16(at + 2, IN);
  // The root's name, the type, and in the place of a class the size (RFC 6891, section 6.1.2).
  view.setUint16(at + 5, OPT);
  view.setUint16(at + 7, payload);
  return bytes;
}

/** The id of a message; -1: it has none. */
export function idOf(bytes: Uint8Array): number {
  return bytes.length < headerSize ? -1 : bytes[0]! << 8 | bytes[1]!;
}

/** Reads a response; null if the bytes are none. Whatever they are, it ends and does not throw. */
export function decodeResponse(bytes: Uint8Array): DnsResponse | null {
  if (bytes.length < headerSize) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  if ((flags & RESPONSE) === 0) return null;
  const [questions, answers, authorities, additional] = [4, 6, 8, 10].map((at) =>
    view.getUint16(at)
  ) as [number, number, number, number];
  const reader: Reader = { bytes, view, at: headerSize, broken: false };
  const question = questions === 1 ? readQuestion(reader) : null;
  const readable = questions <= 1;
  const found = readable ? readRecords(reader, answers) : [];
  if (readable) readRecords(reader, authorities);
  return {
    id: view.getUint16(0),
    truncated: (flags & TRUNCATED) !== 0,
    code: flags & CODE,
    question,
    answers: found,
    additional: readable ? readRecords(reader, additional) : [],
    broken: reader.broken || !readable,
  };
}

/** Where the reading is; broken: it went wrong, and nothing more is read. */
interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  broken: boolean;
}

function readQuestion(reader: Reader): DnsResponse["question"] {
  const { bytes, view } = reader;
  const name = readName(bytes, reader.at);
  if (name === null || name.end + 4 > bytes.length) {
    reader.broken = true;
    return null;
  }
  reader.at = name.end + 4;
  return { name: name.name, type: view.getUint16(name.end) };
}

function readRecords(reader: Reader, count: number): DnsRecord[] {
  const { bytes, view } = reader;
  const records: DnsRecord[] = [];
  for (let i = 0; i < count && !reader.broken; i++) {
    const name = readName(bytes, reader.at);
    const at = name?.end ?? bytes.length;
    const from = at + 10;
    const to = from > bytes.length ? Infinity : from + view.getUint16(at + 8);
    if (name === null || to > bytes.length) {
      reader.broken = true;
      break;
    }
    reader.at = to;
    if (view.getUint16(at + 2) !== IN) continue;
    const data = readData(reader, view.getUint16(at), from, to);
    if (data !== null) records.push({ name: name.name, ...data });
  }
  return records;
}

/** What bytes[from, to) say; null: nothing of use, or nothing that can be read. */
function readData(reader: Reader, type: number, from: number, to: number): RecordData | null {
  const { bytes, view } = reader;
  const length = to - from;
  const bad = () => {
    reader.broken = true;
    return null;
  };
  switch (type) {
    case types.A:
      return length !== 4 ? bad() : { type: "A", address: formatIp(bytes.subarray(from, to)) };
    case types.AAAA:
      return length !== 16 ? bad() : { type: "AAAA", address: formatIp(bytes.subarray(from, to)) };
    case CNAME: {
      const target = readName(bytes, from);
      return target === null ? bad() : { type: "CNAME", target: target.name };
    }
    case types.SRV: {
      const target = length < 7 ? null : readName(bytes, from + 6);
      if (target === null) return bad();
      return {
        type: "SRV",
        weight: view.getUint16(from + 2),
        port: view.getUint16(from + 4),
        target: target.name,
      };
    }
    default:
      return null;
  }
}

/** Why a response is of no use (manual, chapter 5.3.1), for the hold times. */
export type Refusal = "nx" | "refused" | "other" | "invalid";

/** What a response says about what was asked. */
export type Outcome =
  | {
    readonly kind: "valid";
    readonly records: readonly DnsRecord[];
    readonly response: DnsResponse;
  }
  | {
    readonly kind: Refusal;
    readonly truncated: boolean;
    /** Of `other`: there is no record at all, or an alias alone. */
    readonly lack?: "empty" | "alias";
  };

/**
 * What a response says about a name, aliases followed: its addresses of either family, as a late
 * response may be one to the query before, or its services.
 * @param bytes a whole message
 * @param name in lower case, without a dot at the end
 */
export function judge(bytes: Uint8Array, name: string, type: QueryType): Outcome {
  const wanted: readonly QueryType[] = type === "SRV" ? ["SRV"] : ["A", "AAAA"];
  const response = decodeResponse(bytes);
  const refuse = (kind: Refusal, truncated = false): Outcome => ({ kind, truncated });
  if (response === null) return refuse("invalid");
  if (response.code !== 0) {
    return refuse(response.code === 3 ? "nx" : response.code === 5 ? "refused" : "other");
  }
  const { question, answers, truncated, broken } = response;
  // What the transport cut off may end within a record: such a message is asked for again.
  if (broken && !truncated) return refuse("invalid");
  if (question === null) return refuse(truncated ? "other" : "invalid", truncated);
  if (question.name !== name || !wanted.some((each) => types[each] === question.type)) {
    return refuse("invalid");
  }
  // Of a list of services, what there is of it is of use; not so of addresses (HAProxy).
  if (truncated && type !== "SRV") return refuse("other", true);
  const names = aliasesOf(name, answers);
  const records = answers.filter((record) =>
    wanted.some((each) => each === record.type) && names.has(record.name)
  );
  if (records.length > 0) return { kind: "valid", records, response };
  const lack = answers.length === 0 ? "empty" : answers.at(-1)!.type === "CNAME" ? "alias" : null;
  return { kind: "other", truncated, ...lack === null ? {} : { lack } };
}

/** A name, and those that it is an alias of. */
function aliasesOf(name: string, answers: readonly DnsRecord[]): ReadonlySet<string> {
  const targets = new Map<string, string>();
  for (const record of answers) {
    if (record.type === "CNAME") targets.set(record.name, record.target);
  }
  const names = new Set([name]);
  for (
    let target = targets.get(name);
    target !== undefined && !names.has(target);
    target = targets.get(target)
  ) names.add(target);
  return names;
}
