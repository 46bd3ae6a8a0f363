/** Samples for tests. */
import { parseIp } from "#src/net/ip/address.ts";
import { BIN, IPV4, IPV6, Sample, type SampleType, SINT, STR } from "#src/expr/sample.ts";
import { bytesOf } from "#src/bytes/bytes.ts";

/** A string, in the middle of other bytes. */
export function stringSample(text: string, type: SampleType = STR): Sample {
  const sample = new Sample();
  sample.setBytes(type, bytesOf(`ab/.${text}/.xy`), 4, 4 + text.length);
  return sample;
}

export const binarySample = (...bytes: number[]): Sample =>
  stringSample(String.fromCharCode(...bytes), BIN);

export function integerSample(value: number | bigint): Sample {
  const sample = new Sample();
  sample.type = SINT;
  if (typeof value === "number") sample.setInt(value);
  else sample.setBigInt(value);
  return sample;
}

export function addressSample(text: string): Sample {
  const bytes = parseIp(text)!;
  const sample = new Sample();
  sample.setBytes(bytes.length === 4 ? IPV4 : IPV6, bytes, 0, bytes.length);
  return sample;
}
