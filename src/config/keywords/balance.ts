/** Which server takes a request (manual, chapter 4.2, "balance", "hash-type"). */
import * as v from "valibot";
import {
  balanceOf,
  balanceText,
  balanceUsage,
  balanceWords,
  isFault,
  parseBalance,
} from "../../balance/balance-text.ts";
import { affinities } from "../../balance/consistent.ts";
import { hashFunctionNames } from "../../bytes/hash-functions.ts";
import { hashTypes } from "../../balance/hash-type.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import { didYouMean } from "../../text/nearest.ts";
import { ignoreRest } from "./arguments-rest.ts";
import { setting, type Value } from "./keyword.ts";
import { choice } from "./values.ts";

const chapter = "4.2";

/** What HAProxy has besides. */
const foreignAlgorithms = ["log-hash", "log-sticky"];

/** An algorithm with its arguments: "uri len 10". */
const algorithm: Value<v.GenericSchema<string>> = {
  schema: v.string(),
  usage: balanceUsage,
  example: "leastconn",
  read(args) {
    const words = args.rest();
    const [first] = words;
    if (first !== undefined && foreignAlgorithms.includes(first.text)) {
      args.next();
      throw args.mistake(`sluice does not support 'balance ${first.text}'`);
    }
    const parsed = parseBalance(words.map(({ text }) => text));
    const taken = isFault(parsed) ? parsed.at + 1 : balanceWords(parsed).length;
    for (let i = 0; i < taken; i++) args.next();
    if (isFault(parsed)) throw args.mistake(parsed.message, parsed.hint);
    ignoreRest(args);
    return balanceText(parsed);
  },
  print(text) {
    const balance = balanceOf(text);
    return isFault(balance) ? text.split(" ") : balanceWords(balance);
  },
};

/** A method, a function and a modifier: "consistent djb2 avalanche". */
const hashType: Value<v.GenericSchema<string>> = {
  schema: v.picklist(hashTypes),
  usage: `map-based|consistent [${hashFunctionNames.join("|")} [avalanche]]`,
  example: "consistent",
  read(args) {
    let text = "";
    for (const expected of ["a type of hash", "a hash function", "'avalanche'"]) {
      if (text !== "" && args.peek() === undefined) break;
      const word = args.word(expected).text;
      const known = text === "" ? word : `${text} ${word}`;
      if (!hashTypes.includes(known)) throw notOneOf(args, word, expected, text);
      text = known;
    }
    ignoreRest(args);
    return text;
  },
  print: (text) => text.split(" "),
};

function notOneOf(args: Arguments, word: string, expected: string, before: string) {
  const depth = before === "" ? 0 : before.split(" ").length;
  const choices = [
    ...new Set(
      hashTypes.filter((type) => before === "" || type.startsWith(`${before} `))
        .map((type) => type.split(" ")[depth] ?? ""),
    ),
  ];
  const hint = didYouMean(word, choices) ?? `one of: ${choices.join(", ")}`;
  return args.mistake(`'${word}' is not ${expected}`, hint);
}

/** A percentage of more than 100, or 0. */
const factor: Value<v.GenericSchema<number>> = {
  schema: v.pipe(v.number(), v.integer(), v.minValue(0)),
  usage: "<percent>",
  example: "150",
  read(args) {
    const { text } = args.word("a percentage");
    const value = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
    if (!(value === 0 || value > 100)) {
      throw args.mistake(`'${text}' is not a factor`, "0, or a percentage of more than 100");
    }
    ignoreRest(args);
    return value;
  },
  print: (value) => [String(value)],
};

/** Settings of load balancing. */
export const balanceSettings = {
  balance: setting("balance", algorithm, "roundrobin", {
    doc: "The algorithm that chooses a server, with what it hashes on.",
    chapter,
    side: "backend",
  }),
  hashType: setting("hash-type", hashType, "map-based", {
    doc: "How algorithms that hash go from a key to a hash, and from that to a server.",
    chapter,
    side: "backend",
  }),
  hashBalanceFactor: setting("hash-balance-factor", factor, 0, {
    doc: "With 'hash-type consistent': how much of its share a server may have; 0: no bound.",
    chapter,
    side: "backend",
  }),
  hashPreserveAffinity: setting(
    "hash-preserve-affinity",
    choice("when clients leave their server", affinities),
    "always",
    {
      doc: "With 'hash-type consistent': whether clients wait for a server that is full.",
      chapter,
      side: "backend",
    },
  ),
};
