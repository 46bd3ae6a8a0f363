/** Which versions of TLS a line allows (manual: "ssl-min-ver", "no-tlsv10", "force-tlsv12"). */

/** The versions, in their order, by their names in the configuration. */
export const versionNames = ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
/** {@linkcode versionNames} */
export type Version = (typeof versionNames)[number];

/** What a line says. */
export interface VersionWords {
  readonly sslMinVer: Version | null;
  readonly sslMaxVer: Version | null;
  /** `force-*`: only this one. */
  readonly sslForce: Version | null;
  /** `no-*`. */
  readonly sslWithout: readonly Version[];
}

/** What comes of it. */
export interface Versions {
  readonly min: Version;
  readonly max: Version;
  /** Those between that are left out: a hole, which HAProxy warns of. */
  readonly without: readonly Version[];
}

/**
 * The versions that are allowed; null: none is.
 * @param defaults the least and greatest one where a line says nothing of them
 */
export function allowedVersions(
  words: VersionWords,
  defaults: { readonly min: Version; readonly max: Version },
): Versions | null {
  const { sslForce, sslWithout } = words;
  const min = versionNames.indexOf(sslForce ?? words.sslMinVer ?? least(words, defaults));
  const max = versionNames.indexOf(sslForce ?? words.sslMaxVer ?? defaults.max);
  const range = versionNames.slice(min, max + 1);
  // No OpenSSL 3 that is in use speaks SSLv3.
  const allowed = range.filter((version) => version !== "SSLv3" && !sslWithout.includes(version));
  const [first] = allowed;
  const last = allowed.at(-1);
  if (first === undefined || last === undefined) return null;
  const between = versionNames.slice(versionNames.indexOf(first), versionNames.indexOf(last));
  return { min: first, max: last, without: between.filter((each) => !allowed.includes(each)) };
}

/** `ssl-max-ver TLSv1.1` alone means that one: the default minimum is not above it. */
function least({ sslMaxVer }: VersionWords, { min }: { readonly min: Version }): Version {
  if (sslMaxVer === null) return min;
  return versionNames.indexOf(sslMaxVer) < versionNames.indexOf(min) ? sslMaxVer : min;
}
