/** Values of parameters of rules: times, sizes. */
import type { Words } from "../expr/words.ts";
import { parseTime } from "../text/time.ts";

/** The next word as a time, ms. @throws {WordMistake} */
export function takeTime(words: Words, unit: "ms" | "s" = "ms"): number {
  const text = words.take("a time");
  const time = parseTime(text, unit);
  if (time !== null) return time;
  throw words.mistake(`'${text}' is not a time`, "a whole number and a unit: us, ms, s, m, h or d");
}

const factors: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 2 ** 20, g: 2 ** 30 };

/** The next word as a size, bytes (manual, chapter 2.5). @throws {WordMistake} */
export function takeSize(words: Words): number {
  const text = words.take("a size");
  const match = /^(\d{1,12})([kmg]?)$/i.exec(text);
  if (match === null) throw words.mistake(`'${text}' is not a size`, "a number, and k, m or g");
  return Number(match[1]) * factors[match[2]!.toLowerCase()]!;
}
