/** The table of converters: one entry each, in files by family. */
import type { Converter } from "../converter.ts";
import { addressConverters } from "./addresses.ts";
import { arithmeticConverters } from "./arithmetic.ts";
import { certificateConverters } from "./certificates.ts";
import { cipherConverters } from "./ciphers.ts";
import { conditionalConverters } from "./conditional.ts";
import { dateConverters } from "./dates.ts";
import { encodingConverters } from "./encodings.ts";
import { fixConverters } from "./fix.ts";
import { forwardedConverters } from "./forwarded.ts";
import { hashConverters } from "./hashes.ts";
import { jsonQueryConverters } from "./json-query.ts";
import { jsonConverters } from "./json.ts";
import { jweConverters } from "./jwe.ts";
import { jwtConverters } from "./jwt.ts";
import { mapConverters } from "./maps.ts";
import { mqttConverters } from "./mqtt.ts";
import { packetConverters } from "./packets.ts";
import { protobufConverters } from "./protobuf.ts";
import { serverConverters } from "./servers.ts";
import { stringConverters } from "./strings.ts";
import { substitutionConverters } from "./substitution.ts";
import { tableConverters } from "./tables.ts";
import { variableConverters } from "./variables.ts";
import { wordConverters } from "./words.ts";

export const converters: readonly Converter[] = [
  ...stringConverters,
  ...wordConverters,
  ...substitutionConverters,
  ...jsonConverters,
  ...arithmeticConverters,
  ...encodingConverters,
  ...hashConverters,
  ...addressConverters,
  ...dateConverters,
  ...mapConverters,
  ...jsonQueryConverters,
  ...jwtConverters,
  ...jweConverters,
  ...variableConverters,
  ...tableConverters,
  ...certificateConverters,
  ...cipherConverters,
  ...conditionalConverters,
  ...fixConverters,
  ...forwardedConverters,
  ...mqttConverters,
  ...packetConverters,
  ...protobufConverters,
  ...serverConverters,
];
