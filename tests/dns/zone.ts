/** A DNS server for tests: what it knows, and its response to a query; the transports are others'. */
import { parseIp } from "#src/net/ip/address.ts";

/** A record: "A 10.0.0.1", "AAAA ::1", "CNAME other.test", "SRV 10 80 host.test" (weight, port). */
export type Zone = Record<string, readonly string[] | "nx" | "refused" | "servfail" | "drop">;

/** How responses are written. */
export interface ResponseOptions {
  /** The most bytes: longer responses are cut off at a record, and say so. */
  readonly most?: number;
  /** Hosts of services come with their addresses. */
  readonly additional?: boolean;
}

/** A query as it came. */
export interface Query {
  readonly name: string;
  readonly type: string;
  readonly payload: number;
}

const typeNames: Record<number, string> = { 1: "A", 5: "CNAME", 28: "AAAA", 33: "SRV" };
const numberOf = (type: string) =>
  Number(Object.entries(typeNames).find(([, name]) => name === type)![0]);

function nameBytes(name: string): number[] {
  const labels = name.split(".").filter((label) => label !== "");
  return [...labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]), 0];
}

const u16 = (value: number) => [value >> 8 & 255, value & 255];

/** Reads a query. */
export function readQuery(query: Uint8Array): Query & { readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at++]!; length > 0; length = query[at++]!) {
    labels.push(new TextDecoder().decode(query.subarray(at, at + length)));
    at += length;
  }
  const type = query[at]! << 8 | query[at + 1]!;
  const payload = query.length > at + 8 ? query[at + 7]! << 8 | query[at + 8]! : 512;
  return { name: labels.join("."), type: typeNames[type] ?? String(type), payload, end: at + 4 };
}

/** A record on the wire. */
export function recordBytes(owner: readonly number[], record: string): number[] {
  const [type = "", ...rest] = record.split(" ");
  const data = type === "CNAME"
    ? nameBytes(rest[0]!)
    : type === "SRV"
    ? [0, 0, ...u16(Number(rest[0])), ...u16(Number(rest[1])), ...nameBytes(rest[2]!)]
    : [...parseIp(rest[0]!)!];
  return [...owner, ...u16(numberOf(type)), 0, 1, 0, 0, 0, 60, ...u16(data.length), ...data];
}

/** The response to a query; null: none. */
export function respond(
  zone: Zone,
  query: Uint8Array,
  { most = 65535, additional = false }: ResponseOptions = {},
): Uint8Array | null {
  const { name, type, end } = readQuery(query);
  const known = zone[name] ?? "nx";
  if (known === "drop") return null;
  const codes: Record<string, number> = { nx: 3, refused: 5, servfail: 2 };
  const code = typeof known === "string" ? codes[known]! : 0;
  const records: number[][] = [];
  const more: number[][] = [];
  let owner = [0xc0, 12];
  for (let at = name; typeof zone[at] === "object";) {
    let alias: string | undefined;
    for (const record of zone[at]!) {
      const [kind, target] = (record as string).split(" ");
      if (kind === "CNAME") alias = target;
      if (kind === type || kind === "CNAME") records.push(recordBytes(owner, record as string));
      if (kind !== "SRV" || !additional) continue;
      const host = (record as string).split(" ")[3]!;
      const addresses = zone[host];
      if (typeof addresses === "object") {
        more.push(...addresses.map((each) => recordBytes(nameBytes(host), each)));
      }
    }
    if (alias === undefined) break;
    owner = nameBytes(alias);
    at = alias;
  }
  let size = end + [...records, ...more].flat().length;
  let truncated = false;
  for (; size > most && records.length > 0; truncated = true) {
    size -= (more.pop() ?? records.pop()!).length;
  }
  const flags = 0x8180 | code | (truncated ? 0x200 : 0);
  return Uint8Array.from([
    ...query.subarray(0, 2),
    ...u16(flags),
    0,
    1,
    ...u16(records.length),
    0,
    0,
    ...u16(more.length),
    ...query.subarray(12, end),
    ...records.flat(),
    ...more.flat(),
  ]);
}
