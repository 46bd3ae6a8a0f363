/** Patterns that are binary (manual, chapter 7.1.5): hexadecimal digits in the configuration. */
import type { Sample } from "../sample.ts";
import { ByteTable } from "./byte-table.ts";
import { type PatternIndex, PatternMistake } from "./pattern.ts";

/** "bin": the whole sample. */
export class Binaries implements PatternIndex {
  readonly #table = new ByteTable();
  #added = 0;

  add(text: string, id: number): void {
    this.#table.add(parseHex(text), id, this.#added++);
  }

  remove(text: string, id: number): void {
    this.#table.remove(parseHex(text), id);
  }

  find({ bytes, from, to }: Sample): number {
    return this.#table.find(bytes, from, to)?.id ?? -1;
  }
}

function parseHex(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]*$/.test(text)) {
    throw new PatternMistake(`'${text}' is not hexadecimal`, "digits 0 to 9 and a to f, in pairs");
  }
  if (text.length % 2 !== 0) {
    throw new PatternMistake(`'${text}': an even number of hex digit is expected`);
  }
  return Uint8Array.from(
    { length: text.length / 2 },
    (_, i) => parseInt(text.substr(2 * i, 2), 16),
  );
}
