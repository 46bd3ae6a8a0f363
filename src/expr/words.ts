/** The words of a line (a rule, a condition, an expression), taken one by one. */
import { didYouMean } from "../text/nearest.ts";
import { byteText, plainText } from "../text/utf8.ts";

/** What is wrong with a line; thrown, and caught where the line's place is known. */
export class WordMistake extends Error {
  /**
   * @param word its place: the number of the word in the line, from 0
   * @param hint what was expected, or meant
   */
  constructor(message: string, readonly word: number, readonly hint?: string) {
    super(plainText(message));
  }
}

/** A line's words, and how far they have been taken. */
export class Words {
  /** The number of the next word. */
  at = 0;

  /** The words, one character a byte: as they are compared with what comes, and sent. */
  readonly all: readonly string[];

  constructor(words: readonly string[]) {
    this.all = words.map(byteText);
  }

  get atEnd(): boolean {
    return this.at >= this.all.length;
  }

  /** The next word, left where it is; undefined at the end. */
  peek(): string | undefined {
    return this.all[this.at];
  }

  /** The next word, taken; undefined at the end. */
  next(): string | undefined {
    return this.all[this.at++];
  }

  /** Takes the next word if it is this one. */
  skip(word: string): boolean {
    if (this.peek() !== word) return false;
    this.at++;
    return true;
  }

  /** The next word, taken; `expected` says what it is, as in "a status". @throws {WordMistake} */
  take(expected: string): string {
    const word = this.next();
    if (word !== undefined) return word;
    const before = this.all.at(-1);
    const message = before === undefined
      ? `${expected} is missing`
      : `'${before}' expects ${expected}`;
    throw new WordMistake(message, Math.max(0, this.all.length - 1));
  }

  /** The next word as an integer. @throws {WordMistake} */
  integer(expected: string, min: number, max: number): number {
    const text = this.take(expected);
    const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw this.mistake(`'${text}' is not ${expected}`, `an integer from ${min} to ${max}`);
  }

  /** One of `choices`. @throws {WordMistake} with the near miss */
  choice<T extends string>(expected: string, choices: readonly T[]): T {
    const text = this.take(expected);
    const found = choices.find((each) => each === text);
    if (found !== undefined) return found;
    const hint = didYouMean(text, choices) ?? `one of: ${choices.join(", ")}`;
    throw this.mistake(`'${text}' is not ${expected}`, hint);
  }

  /** To be thrown: what is wrong with the word last taken. */
  mistake(message: string, hint?: string): WordMistake {
    return new WordMistake(message, Math.min(Math.max(0, this.at - 1), this.all.length - 1), hint);
  }

  /** Nothing may follow. @throws {WordMistake} */
  end(usage?: string): void {
    const extra = this.next();
    if (extra === undefined) return;
    throw this.mistake(
      `unexpected word '${extra}'`,
      usage === undefined ? undefined : `usage: ${usage}`,
    );
  }
}
