/** The table of sample fetches: one entry each, in files by family. */
import type { Fetch } from "../fetch.ts";
import { authFetches } from "./auth.ts";
import { connectionFetches } from "./connection.ts";
import { contentFetches } from "./content.ts";
import { messageFetches } from "./fields.ts";
import { httpFetches } from "./http.ts";
import { internalFetches } from "./internal.ts";
import { loadFetches } from "./load.ts";
import { parameterFetches } from "./parameters.ts";
import { payloadFetches } from "./payload.ts";
import { streamFetches } from "./stream.ts";
import { tableFetches } from "./tables.ts";
import { tcpInfoFetches } from "./tcp-info.ts";
import { tlsFetches } from "./tls.ts";
import { valueFetches } from "./values.ts";

export const fetches: readonly Fetch[] = [
  ...internalFetches,
  ...valueFetches,
  ...loadFetches,
  ...streamFetches,
  ...connectionFetches,
  ...httpFetches,
  ...messageFetches,
  ...parameterFetches,
  ...contentFetches,
  ...authFetches,
  ...tcpInfoFetches,
  ...payloadFetches,
  ...tableFetches,
  ...tlsFetches,
];
