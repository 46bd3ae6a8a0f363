/** Lists of certificates (manual: "crt-list"): one a line, with options and names. */

/** A line of such a list. */
export interface CrtListLine {
  /** Its number, from 1. */
  readonly line: number;
  readonly file: string;
  /** The words between brackets. */
  readonly options: readonly string[];
  /** Names that it serves, instead of those in the certificate; "!name" takes one out of "*.name". */
  readonly names: readonly string[];
}

/** What is wrong with a line. */
export interface CrtListMistake {
  readonly line: number;
  readonly message: string;
}

/** Reads a list: `<file> [\[<option> <value> ...\]] [[!]<name> ...]`, comments after '#'. */
export function readCrtList(
  text: string,
): { readonly lines: readonly CrtListLine[]; readonly mistakes: readonly CrtListMistake[] } {
  const lines: CrtListLine[] = [];
  const mistakes: CrtListMistake[] = [];
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const words = wordsOf(whole);
    const [file] = words;
    if (file === undefined) continue;
    const read = readLine(line, words);
    if (typeof read === "string") mistakes.push({ line, message: read });
    else lines.push(read);
  }
  return { lines, mistakes };
}

function readLine(line: number, [file = "", ...words]: readonly string[]): CrtListLine | string {
  const opens = words.indexOf("[");
  const closes = words.indexOf("]");
  if (opens < 0 && closes < 0) return { line, file, options: [], names: words };
  if (opens !== 0) return "options in brackets stand behind the file";
  if (closes < 0) return "']' is missing";
  if (words.slice(1).includes("[") || words.lastIndexOf("]") !== closes) {
    return "there is more than one bracket";
  }
  return { line, file, options: words.slice(1, closes), names: words.slice(closes + 1) };
}

/** The words of a line, brackets being words; a backslash takes the next character as it is. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  const end = () => {
    if (word !== null) words.push(word);
    word = null;
  };
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (c === "#") break;
    if (c === " " || c === "\t") end();
    else if (c === "[" || c === "]") {
      end();
      words.push(c);
    } else if (c === "\\" && i + 1 < line.length) word = (word ?? "") + line[++i]!;
    else word = (word ?? "") + c;
  }
  end();
  return words;
}
