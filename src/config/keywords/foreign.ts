/** Keywords that HAProxy (up to 3.5) has, and sluice has not: they are not called unknown. */

const names = (text: string, prefix = "") =>
  text.split(/\s+/).filter((name) => name !== "").map((name) => prefix + name);

/** Options of a line: those of one word, and those that a value follows. */
export interface Foreign {
  readonly alone: readonly string[];
  readonly withValue: readonly string[];
}

/** Sections. */
export const foreignSections: ReadonlySet<string> = new Set(names(`
    dynamic-update fcgi-app healthcheck log-forward log-profile program
    traces
  `));

/** Of the section `global`. */
export const foreignGlobals = names(`
  `);

/** Of proxies. */
export const foreignProxyKeywords = [
  ...names(`
    error-log-format use-fcgi-app
  `),
  ...names(
    `
    forwarded http-proxy
  `,
    "option ",
  ),
];

/** Of `bind`. */
export const foreignBindOptions: Foreign = {
  alone: [],
  withValue: names(`
    accept-netscaler-cip nbconn tcp-md5sig
  `),
};

/** Of `server` and `default-server`. */
export const foreignServerOptions: Foreign = {
  alone: names(`
    check-sni-auto no-check-sni-auto no-sni-auto sni-auto
  `),
  withValue: names(`
    set-proxy-v2-tlv-fmt socks4 tcp-md5sig usesrc
  `),
};
