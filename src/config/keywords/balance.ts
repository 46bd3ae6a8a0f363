/** Which server takes a request (manual, chapter 4.2, "balance"). */
import { algorithmNames, type BalanceName, hashTypes } from "../../balance/algorithms.ts";
import { choice as readChoice } from "../haproxy/arguments.ts";
import { setting, type Value } from "./keyword.ts";
import { choice } from "./values.ts";

const chapter = "4.2";

/** What HAProxy has besides; some take an argument in parentheses. */
const foreignAlgorithms = [
  "first",
  "hash",
  "uri",
  "url_param",
  "random",
  "rdp-cookie",
  "hdr",
  "log-hash",
  "log-sticky",
];

const names = choice("a balancing algorithm", algorithmNames);
const algorithm: Value<typeof names.schema> = {
  ...names,
  usage: `[${names.usage}]`,
  example: "leastconn",
  read(args): BalanceName {
    const word = args.peek()?.text;
    if (word === undefined) return "roundrobin";
    const foreign = foreignAlgorithms.some((name) => word === name || word.startsWith(`${name}(`));
    return readChoice(args, "a balancing algorithm", algorithmNames, foreign ? [word] : []);
  },
};

const types = choice("a type of hash", hashTypes);
const hashType: typeof types = {
  ...types,
  read(args) {
    const type = types.read(args);
    const extra = args.peek()?.text ?? "";
    if (["sdbm", "djb2", "wt6", "crc32", "avalanche", "none"].includes(extra)) {
      args.next();
      throw args.mistake(`sluice does not support the hash '${extra}'`);
    }
    return type;
  },
};

/** Settings of load balancing. */
export const balanceSettings = {
  balance: setting("balance", algorithm, "roundrobin", {
    doc: "The algorithm that chooses a server.",
    chapter,
    side: "backend",
  }),
  hashType: setting("hash-type", hashType, "map-based", {
    doc: "How algorithms that hash go from a hash to a server.",
    chapter,
    side: "backend",
  }),
};
