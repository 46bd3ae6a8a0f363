/** Certificates and keys that a configuration names. */
import type { Report } from "./diagnostic.ts";
import type { Configuration } from "./model.ts";
import type { Locator } from "./places.ts";

/** Loads them; what is wrong with them is reported where they are named. */
export interface TlsFiles {
  load(configuration: Configuration, locator: Locator, report: Report): void;
}
