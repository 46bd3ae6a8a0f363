/** Kinds of values that many keywords take. */
import * as v from "valibot";
import { parseNetwork } from "../../net/ip/address.ts";
import {
  choice as readChoice,
  integer as readInteger,
  time as readTime,
} from "../haproxy/arguments.ts";
import { formatTime, longestTime } from "../../text/time.ts";
import type { Value } from "./keyword.ts";

/** What the names of proxies and servers are made of (manual, chapter 4). */
export const legalName = /^[A-Za-z0-9_.:-]+$/;
/** A name of a proxy or a server. */
export const nameSchema = v.pipe(
  v.string(),
  v.regex(legalName, "letters, digits, '-', '_', '.', ':'"),
);

/** Integers of any size from 0, and from 1. */
export const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
export const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
/** A port, or 0. */
export const portNumber = v.pipe(natural, v.maxValue(65535));
/** A time. The largest that HAProxy takes is 2^31-1 ms, some 24 days. */
export const milliseconds = v.pipe(natural, v.maxValue(longestTime));

/** A word; `expected` says what it is: "a file". */
export function text(
  expected: string,
  usage: string,
  example: string,
): Value<v.GenericSchema<string>> {
  return {
    schema: v.string(),
    usage,
    example,
    read: (args) => args.word(expected).text,
    print: (value) => [value],
  };
}

/** An integer within bounds. `zero`: 0 is read nonetheless. */
export function integer(
  { min = 0, max, zero = false, usage = "<number>", example = String(max ?? 100) }: {
    min?: number;
    max?: number;
    zero?: boolean;
    usage?: string;
    example?: string;
  } = {},
): Value<v.GenericSchema<number>> {
  const atLeast = v.pipe(v.number(), v.integer(), v.minValue(min));
  return {
    schema: max === undefined ? atLeast : v.pipe(atLeast, v.maxValue(max)),
    usage,
    example,
    read: (args) => readInteger(args, zero ? Math.min(0, min) : min, max),
    print: (value) => [String(value)],
  };
}

/** A time, in milliseconds. `positive`: not 0. */
export function time(
  { positive = false, example = "30s" }: { positive?: boolean; example?: string } = {},
): Value<v.GenericSchema<number>> {
  return {
    schema: milliseconds,
    usage: "<time>",
    example,
    read(args) {
      const name = args.last();
      const value = readTime(args);
      if (positive && value === 0) throw args.mistake(`'${name}' cannot be 0`);
      return value;
    },
    print: (value) => [formatTime(value)],
  };
}

/**
 * One of several words.
 * @param expected what it is: "a mode"
 * @param foreign further words that only HAProxy knows
 */
export function choice<const T extends readonly string[]>(
  expected: string,
  choices: T,
  foreign: readonly string[] = [],
): Value<v.GenericSchema<T[number]>> {
  return {
    schema: v.picklist(choices),
    usage: choices.join("|"),
    example: choices.at(-1) ?? "",
    read: (args) => readChoice(args, expected, choices, foreign),
    print: (value) => [value],
  };
}

/** A network in its normal form, address/prefix-length. */
export const network: Value<v.GenericSchema<string>> = {
  schema: v.string(),
  usage: "<network>",
  example: "192.168.0.0/16",
  read(args) {
    const { text } = args.word("a network");
    const network = parseNetwork(text);
    if (network !== null) return network;
    const hint = "an IP address, address/length, or address/mask";
    throw args.mistake(`'${text}' is not a network`, hint);
  },
  print: (value) => [value],
};

const sizeUnits: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** The size that a text is, in bytes: a number, with a unit of 2^10 (k), 2^20 (m) or 2^30 (g); null: none. */
export function parseSize(text: string): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,10})([kmg]?)$/i.exec(text) ?? [];
  const value = digits === "" ? NaN : Number(digits) * (sizeUnits[unit.toLowerCase()] ?? 1);
  return value < 2 ** 32 ? value : null;
}

/** The shortest text for a size. */
export function formatSize(value: number): string {
  const unit = value === 0
    ? undefined
    : ["g", "m", "k"].find((each) => value % sizeUnits[each]! === 0);
  return unit === undefined ? String(value) : `${value / sizeUnits[unit]!}${unit}`;
}

/** A size, in bytes (manual, chapter 2.5). */
export const size: Value<v.GenericSchema<number>> = {
  schema: v.pipe(natural, v.maxValue(2 ** 32 - 1)),
  usage: "<size>",
  example: "1k",
  read(args) {
    const { text } = args.word("a size");
    const value = parseSize(text);
    if (value !== null) return value;
    const hint = "a whole number of bytes below 4g, or one of k, m or g, as in 100k";
    throw args.mistake(`'${text}' is not a size`, hint);
  },
  print: (value) => [formatSize(value)],
};
