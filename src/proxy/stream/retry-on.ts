/** What a request is sent again for (manual: "retry-on"), as bits. */

/** The connection failed before anything was sent. */
export const CONN_FAILURE = 1;
/** The server closed without a word. */
export const EMPTY_RESPONSE = 2;
/** What came was no HTTP. */
export const JUNK_RESPONSE = 4;
export const RESPONSE_TIMEOUT = 8;
/** The server would not have early data of TLS. */
export const EARLY_DATA = 16;
/** A status follows: its place in {@linkcode retryStatuses} is added to this shift. */
const firstStatus = 5;

/** Statuses that may be tried again for. */
export const retryStatuses = [401, 403, 404, 408, 425, 429, 500, 501, 502, 503, 504] as const;

const words: Readonly<Record<string, number>> = {
  "conn-failure": CONN_FAILURE,
  "empty-response": EMPTY_RESPONSE,
  "junk-response": JUNK_RESPONSE,
  "response-timeout": RESPONSE_TIMEOUT,
  "0rtt-rejected": EARLY_DATA,
};

/** The bit of a status; 0: it is none of those. */
export function statusBit(status: number): number {
  const at = (retryStatuses as readonly number[]).indexOf(status);
  return at < 0 ? 0 : 1 << firstStatus + at;
}

/** The bits of what the configuration lists. */
export function retryBits(list: readonly string[]): number {
  return list.reduce((bits, word) => bits | (words[word] ?? statusBit(Number(word))), 0);
}
