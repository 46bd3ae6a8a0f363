/** Patterns that are regular expressions (manual, chapter 7.1.4). */
import type { Sample } from "../sample.ts";
import type { PatternIndex } from "./pattern.ts";
import { compileRegex, type Regex } from "./regex/regex.ts";

/** "reg": the first that matches. */
export class Expressions implements PatternIndex {
  readonly #list: { readonly regex: Regex; readonly id: number }[] = [];

  constructor(readonly ignoreCase: boolean) {}

  add(text: string, id: number): void {
    this.#list.push({ regex: compileRegex(text, this.ignoreCase), id });
  }

  remove(text: string, id: number): void {
    const at = this.#list.findIndex((each) => each.id === id && each.regex.text === text);
    if (at >= 0) this.#list.splice(at, 1);
  }

  find({ bytes, from, to }: Sample): number {
    const list = this.#list;
    for (let i = 0; i < list.length; i++) {
      if (list[i]!.regex.test(bytes, from, to)) return list[i]!.id;
    }
    return -1;
  }
}
