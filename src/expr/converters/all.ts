/** The table of converters: one entry each, in files by family. */
import type { Converter } from "../converter.ts";
import { stringConverters } from "./strings.ts";
import { tableConverters } from "./tables.ts";

export const converters: readonly Converter[] = [...stringConverters, ...tableConverters];
