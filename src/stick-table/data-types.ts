/**
 * What an entry of a stick table can hold (manual, chapter 4.2, "stick-table", store). The numbers
 * are those of the peers protocol.
 */

/**
 * How a value is kept: an integer of 32 bits, one of 64, a frequency counter over a period, the
 * name of a server.
 */
export type Kind = "integer" | "long" | "rate" | "key";

/** See above. */
export interface DataType {
  /** Its number in the peers protocol, and the order in which entries show their data. */
  readonly number: number;
  readonly kind: Kind;
  /** It is an array: its first argument is how many elements it has. */
  readonly array?: true;
  /** It is the state of this process: neither learnt from others, nor kept over a reload. */
  readonly local?: true;
  /** Names of arrays that hold it, as an element of theirs, where a table stores those. */
  readonly element?: { readonly of: "gpc" | "gpc_rate" | "gpt"; readonly index: number };
  readonly doc: string;
}

const types = {
  server_id: { number: 0, kind: "integer", doc: "the number of a server" },
  gpt0: {
    number: 1,
    kind: "integer",
    element: { of: "gpt", index: 0 },
    doc: "a general purpose tag",
  },
  gpc0: {
    number: 2,
    kind: "integer",
    element: { of: "gpc", index: 0 },
    doc: "a general purpose counter",
  },
  gpc0_rate: {
    number: 3,
    kind: "rate",
    element: { of: "gpc_rate", index: 0 },
    doc: "how often that is increased",
  },
  conn_cnt: { number: 4, kind: "integer", doc: "connections so far" },
  conn_rate: { number: 5, kind: "rate", doc: "connections in a period" },
  conn_cur: { number: 6, kind: "integer", local: true, doc: "connections now" },
  sess_cnt: { number: 7, kind: "integer", doc: "sessions so far" },
  sess_rate: { number: 8, kind: "rate", doc: "sessions in a period" },
  http_req_cnt: { number: 9, kind: "integer", doc: "requests so far" },
  http_req_rate: { number: 10, kind: "rate", doc: "requests in a period" },
  http_err_cnt: { number: 11, kind: "integer", doc: "errors of clients so far" },
  http_err_rate: { number: 12, kind: "rate", doc: "errors of clients in a period" },
  bytes_in_cnt: { number: 13, kind: "long", doc: "bytes from clients so far" },
  bytes_in_rate: { number: 14, kind: "rate", doc: "bytes from clients in a period" },
  bytes_out_cnt: { number: 15, kind: "long", doc: "bytes to clients so far" },
  bytes_out_rate: { number: 16, kind: "rate", doc: "bytes to clients in a period" },
  gpc1: {
    number: 17,
    kind: "integer",
    element: { of: "gpc", index: 1 },
    doc: "a second general purpose counter",
  },
  gpc1_rate: {
    number: 18,
    kind: "rate",
    element: { of: "gpc_rate", index: 1 },
    doc: "how often that is increased",
  },
  server_key: { number: 19, kind: "key", doc: "the name, or address, of a server" },
  http_fail_cnt: { number: 20, kind: "integer", doc: "errors of servers so far" },
  http_fail_rate: { number: 21, kind: "rate", doc: "errors of servers in a period" },
  gpt: { number: 22, kind: "integer", array: true, doc: "general purpose tags" },
  gpc: { number: 23, kind: "integer", array: true, doc: "general purpose counters" },
  gpc_rate: { number: 24, kind: "rate", array: true, doc: "how often those are increased" },
  glitch_cnt: { number: 25, kind: "integer", doc: "protocol anomalies so far" },
  glitch_rate: { number: 26, kind: "rate", doc: "protocol anomalies in a period" },
} as const satisfies Record<string, DataType>;

/** The name of a type of data. */
export type DataName = keyof typeof types;

/** The types of data by their names. */
export const dataTypes: Readonly<Record<DataName, DataType>> = types;

/** Their names. */
export const dataNames = Object.keys(types) as [DataName, ...DataName[]];

/** Elements of an array at most, so that the update of an entry fits a message of peers. */
export const mostElements = 100;

/** Whether bytes are counted: such rates are divided by `brates-factor`. */
export function countsBytes(name: DataName): boolean {
  return name === "bytes_in_rate" || name === "bytes_out_rate";
}
