/** The table of converters: one entry each, in files by family. */
import type { Converter } from "../converter.ts";
import { stringConverters } from "./strings.ts";

export const converters: readonly Converter[] = [...stringConverters];
