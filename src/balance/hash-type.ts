/** `hash-type` (manual, chapter 4.2): from a key to a hash, and from that to a server. */
import {
  avalanche,
  type HashFunction,
  hashFunctionNames,
  hashFunctions,
} from "../bytes/hash-functions.ts";

const methods = ["map-based", "consistent"] as const;

/** What may be written: a method, a function or none, and a modifier or none. */
export const hashTypes: readonly string[] = methods.flatMap((method) => [
  method,
  ...hashFunctionNames.flatMap((name) => [`${method} ${name}`, `${method} ${name} avalanche`]),
]);

/** A type of hash. */
export interface HashType {
  /** A ring, which servers join and leave without moving the keys of others; else a map. */
  readonly consistent: boolean;
  readonly hash: HashFunction;
  /** What is made of its values. */
  readonly finish: (hash: number) => number;
}

const same = (hash: number) => hash;

/** The type that one of {@linkcode hashTypes} is. */
export function hashTypeOf(text: string): HashType {
  const [method, name, modifier] = text.split(" ");
  const consistent = method === "consistent";
  const found = hashFunctionNames.find((each) => each === name);
  // A ring needs hashes that are spread over all of it.
  const spread = modifier === "avalanche" || consistent && found === undefined;
  return { consistent, hash: hashFunctions[found ?? "sdbm"], finish: spread ? avalanche : same };
}
