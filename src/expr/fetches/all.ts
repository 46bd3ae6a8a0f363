/** The table of sample fetches: one entry each, in files by family. */
import type { Fetch } from "../fetch.ts";
import { connectionFetches } from "./connection.ts";
import { messageFetches } from "./fields.ts";
import { httpFetches } from "./http.ts";
import { internalFetches } from "./internal.ts";
import { payloadFetches } from "./payload.ts";
import { tableFetches } from "./tables.ts";
import { tlsFetches } from "./tls.ts";

export const fetches: readonly Fetch[] = [
  ...internalFetches,
  ...connectionFetches,
  ...httpFetches,
  ...messageFetches,
  ...payloadFetches,
  ...tableFetches,
  ...tlsFetches,
];
