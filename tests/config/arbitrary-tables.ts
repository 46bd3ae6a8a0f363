/** Arbitrary stick tables. */
import fc from "fast-check";
import type { StickTable } from "#src/config/model.ts";
import { dataNames, dataTypes } from "#src/stick-table/data-types.ts";

const time = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  fc.integer({ min: 1, max: 100 }).map((seconds) => seconds * 1000),
);
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

const stored: fc.Arbitrary<StickTable["store"]> = fc.uniqueArray(
  fc.record({
    type: fc.constantFrom(...dataNames),
    elements: fc.integer({ min: 1, max: 100 }),
    period: time,
  }).map(({ type, elements, period }) => ({
    type,
    elements: dataTypes[type].array === undefined ? 1 : elements,
    period: dataTypes[type].kind === "rate" ? period : 0,
  })),
  { maxLength: 4, selector: ({ type }) => type },
).map((all) =>
  // What is an element of an array cannot be beside it.
  all.filter(({ type }) => !all.some((other) => other.type === dataTypes[type].element?.of))
);
/** A stick table of a proxy. */
export const stickTable: fc.Arbitrary<StickTable> = fc.record({
  type: fc.constantFrom("ip", "ipv6", "integer", "string", "binary"),
  len: fc.integer({ min: 1, max: 2 ** 20 }),
  size: fc.oneof(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.constantFrom(2 ** 10, 2 ** 21)),
  expire: orNull(time),
  nopurge: fc.boolean(),
  srvkey: fc.constantFrom("name", "addr"),
  peers: fc.constant(null),
  recvOnly: fc.boolean(),
  writeTo: fc.constant(null),
  bratesFactor: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  store: stored,
}).map((table) => ({
  ...table,
  len: ["string", "binary"].includes(table.type) ? table.len : 32,
}));
