/** Samples as keys of stick tables (manual, chapter 4.2, "stick-table", type). */
import { parseIp } from "../net/ip/address.ts";
import type { TableFacts } from "../stick-table/facts.ts";
import type { Table } from "../stick-table/table.ts";
import { castFrom, castTo } from "./cast.ts";
import { BIN, IPV4, IPV6, Sample, type SampleType, SINT, STR } from "./sample.ts";

const sampleTypes = { ip: IPV4, ipv6: IPV6, integer: SINT, string: STR, binary: BIN } as const;

/** Whether samples of a type may be keys of a table. */
export function canBeKey({ config }: TableFacts, type: SampleType): boolean {
  return castFrom(type, sampleTypes[config.type]) !== null;
}

/** Sets the key that the table looks for: the sample, which changes. @returns false: it can be none */
export function setKeySample(table: Table, sample: Sample): boolean {
  const type = sampleTypes[table.config.type];
  if (sample.type !== type && !castTo(sample, type)) return false;
  if (type === SINT) {
    table.setIntegerKey(sample.wide === null ? sample.int : Number(BigInt.asIntN(32, sample.wide)));
  } else table.setKey(sample.bytes, sample.from, sample.to);
  return true;
}

const address = new Sample();
let lastText = "";
let lastBytes: Uint8Array | null = null;

/** The same with an address; that of the client, again and again. */
export function setAddressKey(table: Table, text: string): boolean {
  if (text !== lastText) {
    lastText = text;
    lastBytes = parseIp(text);
  }
  if (lastBytes === null) return false;
  address.setBytes(lastBytes.length === 4 ? IPV4 : IPV6, lastBytes, 0, lastBytes.length);
  return setKeySample(table, address);
}
