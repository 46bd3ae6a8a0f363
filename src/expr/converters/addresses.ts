/** Converters of addresses (manual, chapter 7.3.1: "ipmask"). */
import { parseIp } from "../../net/ip/address.ts";
import { may, need } from "../arguments.ts";
import type { Converter } from "../converter.ts";
import { ADDR, IPV4 } from "../sample.ts";
import { takeScratch } from "../scratch.ts";

/** The bytes of a mask: a prefix length, or dotted; null: it is none. */
function maskOf(text: string, size: 4 | 16): Uint8Array | null {
  if (!/^\d{1,3}$/.test(text)) {
    const mask = parseIp(text);
    return mask?.length === size ? mask : null;
  }
  const length = Number(text);
  if (length > 8 * size) return null;
  return Uint8Array.from(
    { length: size },
    (_, i) => 0xff00 >> Math.max(0, Math.min(8, length - 8 * i)) & 0xff,
  );
}

/** {@linkcode Converter}s of this family. */
export const addressConverters: readonly Converter[] = [{
  name: "ipmask",
  args: [need("mask4"), may("mask6")],
  from: ADDR,
  to: ADDR,
  doc: "The network of the address.",
  chapter: "7.3.1",
  create(args) {
    const mask4 = maskOf(args.text(0), 4);
    const mask6 = args.has(1) ? maskOf(args.text(1), 16) : null;
    if (mask4 === null) throw args.mistake(0, `'${args.text(0)}' is not a mask`);
    if (args.has(1) && mask6 === null) throw args.mistake(1, `'${args.text(1)}' is not a mask`);
    return (sample) => {
      const mask = sample.type === IPV4 ? mask4 : mask6;
      if (mask === null) return false;
      const target = takeScratch();
      for (let i = 0; i < mask.length; i++) target[i] = sample.bytes[sample.from + i]! & mask[i]!;
      return sample.setBytes(sample.type, target, 0, mask.length);
    };
  },
}];
