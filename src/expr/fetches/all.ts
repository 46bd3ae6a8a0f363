/** The table of sample fetches: one entry each, in files by family. */
import type { Fetch } from "../fetch.ts";
import { internalFetches } from "./internal.ts";

export const fetches: readonly Fetch[] = [...internalFetches];
