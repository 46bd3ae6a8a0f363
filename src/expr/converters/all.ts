/** The table of converters: one entry each, in files by family. */
import type { Converter } from "../converter.ts";
import { addressConverters } from "./addresses.ts";
import { arithmeticConverters } from "./arithmetic.ts";
import { dateConverters } from "./dates.ts";
import { encodingConverters } from "./encodings.ts";
import { hashConverters } from "./hashes.ts";
import { mapConverters } from "./maps.ts";
import { stringConverters } from "./strings.ts";
import { tableConverters } from "./tables.ts";
import { tokenConverters } from "./tokens.ts";
import { variableConverters } from "./variables.ts";
import { wordConverters } from "./words.ts";

export const converters: readonly Converter[] = [
  ...stringConverters,
  ...wordConverters,
  ...arithmeticConverters,
  ...encodingConverters,
  ...hashConverters,
  ...addressConverters,
  ...dateConverters,
  ...mapConverters,
  ...tokenConverters,
  ...variableConverters,
  ...tableConverters,
];
