/** Converters of the "Forwarded" field (manual, chapter 7.3.1: "rfc7239_field" and its kin). */
import { bytesOf, isWord } from "../../bytes/bytes.ts";
import {
  forwardedNames,
  type ForwardedNode,
  type ForwardedParameter,
  isForwarded,
  nodeName,
  obfuscated,
  parseNode,
  readParameter,
} from "../../http/forwarded.ts";
import { formatIp } from "../../net/ip/address.ts";
import { need } from "../arguments.ts";
import { sampleText, setText } from "../cast.ts";
import type { Converter, ConvertValue } from "../converter.ts";
import { ANY, BOOL, IPV4, IPV6, type Sample, type SampleType, SINT, STR } from "../sample.ts";

function of(
  name: string,
  types: readonly [from: SampleType, to: SampleType],
  doc: string,
  convert: ConvertValue,
): Converter {
  return { name, from: types[0], to: types[1], doc, chapter: "7.3.1", create: () => convert };
}

const ofNode =
  (convert: (node: ForwardedNode, sample: Sample) => boolean): ConvertValue => (sample) => {
    const node = parseNode(sampleText(sample));
    return node !== null && convert(node, sample);
  };

/** "_text"; false: it has what cannot stand there. */
function obfuscate(sample: Sample): boolean {
  const text = sampleText(sample);
  return obfuscated.test(text) && setText(sample, `_${text}`);
}

/** {@linkcode Converter}s of this family. */
export const forwardedConverters: readonly Converter[] = [
  of(
    "rfc7239_is_valid",
    [STR, BOOL],
    "Whether the string is a value of a Forwarded field.",
    (sample) => sample.setBool(isForwarded(sample.bytes, sample.from, sample.to)),
  ),
  {
    name: "rfc7239_field",
    args: [need("field")],
    from: STR,
    to: STR,
    doc: "A parameter of a Forwarded field: proto, host, for or by.",
    chapter: "7.3.1",
    create(args) {
      const name = bytesOf(args.choice(0, forwardedNames, "proto"));
      const found: ForwardedParameter = { nameFrom: 0, nameTo: 0, from: 0, to: 0, isQuoted: false };
      return (sample) => {
        const { bytes, to } = sample;
        for (let at = sample.from; at < to;) {
          at = readParameter(bytes, at, to, found);
          if (at < 0) return false;
          if (isWord(bytes, found.nameFrom, found.nameTo, name)) {
            return sample.setBytes(STR, bytes, found.from, found.to);
          }
        }
        return false;
      };
    },
  },
  of(
    "rfc7239_n2nn",
    [STR, ANY],
    "The name of a node of a Forwarded field: an address, or a string.",
    ofNode(({ name, address }, sample) => {
      if (address === null) return setText(sample, name);
      return sample.setBytes(address.length === 4 ? IPV4 : IPV6, address, 0, address.length);
    }),
  ),
  of(
    "rfc7239_n2np",
    [STR, ANY],
    "The port of a node of a Forwarded field: an integer, or a string.",
    ofNode(({ port }, sample) => {
      if (port === null) return false;
      return port.startsWith("_") ? setText(sample, port) : sample.setInt(Number(port));
    }),
  ),
  of(
    "rfc7239_nn",
    [ANY, STR],
    "The name of a node as a Forwarded field has it, of an address or a string.",
    (sample) => {
      if (sample.type === IPV4 || sample.type === IPV6) {
        return sample.setString(nodeName(formatIp(sample.copyBytes())));
      }
      if (sample.type !== STR) return false;
      return sample.length === 0 ? setText(sample, "unknown") : obfuscate(sample);
    },
  ),
  of(
    "rfc7239_np",
    [ANY, STR],
    "The port of a node as a Forwarded field has it, of an integer or a string.",
    (sample) => {
      if (sample.type !== SINT) return sample.type === STR && obfuscate(sample);
      return sample.int >= 0 && sample.int <= 65535 && setText(sample, String(sample.int));
    },
  ),
];
