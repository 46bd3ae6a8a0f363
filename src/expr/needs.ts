/**
 * What a fetch needs to be there, and what there is in each phase of a rule (manual, chapters 7.3.1 to
 * 7.3.6): so an expression that can never have a value is found when the configuration is checked.
 */

export const NEEDS_NOTHING = 0;
/** The client's connection. */
export const NEEDS_CLIENT = 1;
/** The client's session: handshakes (PROXY, TLS) are over. */
export const NEEDS_SESSION = 2;
/** The bytes that the client has sent: "extracts information from the request buffer". */
export const NEEDS_INPUT = 4;
/** The head of an HTTP request. */
export const NEEDS_REQUEST = 8;
/** What has come of its content. */
export const NEEDS_REQUEST_BODY = 16;
/** The backend has been chosen. */
export const NEEDS_BACKEND = 32;
/** The server and its connection. */
export const NEEDS_SERVER = 64;
/** The bytes that the server has sent. */
export const NEEDS_OUTPUT = 128;
/** The head of an HTTP response. */
export const NEEDS_RESPONSE = 256;
export const NEEDS_RESPONSE_BODY = 512;
/** A transaction under way: what is remembered of its request when the head is gone. */
export const NEEDS_TRANSACTION = 1024;
/** The end of the transaction: times and counts of the log. */
export const NEEDS_END = 2048;

/** In words, as HAProxy's messages have them. */
const words: readonly (readonly [bit: number, text: string])[] = [
  [NEEDS_CLIENT, "the client's connection"],
  [NEEDS_SESSION, "the client's session"],
  [NEEDS_INPUT, "what the client has sent"],
  [NEEDS_REQUEST, "HTTP request headers"],
  [NEEDS_REQUEST_BODY, "the HTTP request's content"],
  [NEEDS_BACKEND, "the backend"],
  [NEEDS_SERVER, "the server's connection"],
  [NEEDS_OUTPUT, "what the server has sent"],
  [NEEDS_RESPONSE, "HTTP response headers"],
  [NEEDS_RESPONSE_BODY, "the HTTP response's content"],
  [NEEDS_TRANSACTION, "an HTTP transaction"],
  [NEEDS_END, "the end of the transaction"],
];

/** What is missing, in words. @param missing a set of the bits above, not empty */
export function needsText(missing: number): string {
  return words.filter(([bit]) => (missing & bit) !== 0).map(([, text]) => text).join(" and ");
}

/** Where rules are evaluated, and what there is then. */
export const phases = {
  "tcp-request connection": NEEDS_CLIENT,
  "tcp-request session": NEEDS_CLIENT | NEEDS_SESSION,
  "tcp-request content": NEEDS_CLIENT | NEEDS_SESSION | NEEDS_INPUT | NEEDS_REQUEST |
    NEEDS_REQUEST_BODY | NEEDS_TRANSACTION,
  "tcp-request content, backend": NEEDS_CLIENT | NEEDS_SESSION | NEEDS_INPUT | NEEDS_REQUEST |
    NEEDS_REQUEST_BODY | NEEDS_TRANSACTION | NEEDS_BACKEND,
  "tcp-request content, HTTP": NEEDS_CLIENT | NEEDS_SESSION | NEEDS_INPUT | NEEDS_REQUEST |
    NEEDS_REQUEST_BODY | NEEDS_TRANSACTION,
  "http-request": NEEDS_CLIENT | NEEDS_SESSION | NEEDS_INPUT | NEEDS_REQUEST | NEEDS_REQUEST_BODY |
    NEEDS_TRANSACTION,
  "http-request, backend": NEEDS_CLIENT | NEEDS_SESSION | NEEDS_INPUT | NEEDS_REQUEST |
    NEEDS_REQUEST_BODY | NEEDS_TRANSACTION | NEEDS_BACKEND,
  "use-server": NEEDS_CLIENT | NEEDS_SESSION | NEEDS_INPUT | NEEDS_REQUEST | NEEDS_REQUEST_BODY |
    NEEDS_TRANSACTION | NEEDS_BACKEND,
  "tcp-response": NEEDS_CLIENT | NEEDS_SESSION | NEEDS_BACKEND | NEEDS_SERVER | NEEDS_OUTPUT |
    NEEDS_RESPONSE | NEEDS_RESPONSE_BODY,
  "http-response": NEEDS_CLIENT | NEEDS_SESSION | NEEDS_TRANSACTION | NEEDS_BACKEND | NEEDS_SERVER |
    NEEDS_OUTPUT | NEEDS_RESPONSE | NEEDS_RESPONSE_BODY,
  "http-after-response": NEEDS_CLIENT | NEEDS_SESSION | NEEDS_TRANSACTION | NEEDS_BACKEND |
    NEEDS_SERVER | NEEDS_RESPONSE,
  log: NEEDS_CLIENT | NEEDS_SESSION | NEEDS_TRANSACTION | NEEDS_BACKEND | NEEDS_SERVER | NEEDS_END,
  "no traffic": NEEDS_NOTHING,
} as const satisfies Record<string, number>;
/** A name of {@linkcode phases}. */
export type Phase = keyof typeof phases;
