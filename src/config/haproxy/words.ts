/** From a line to its words: quotes, escapes, comments, variables (manual, chapters 2.2 and 2.3). */

/** A word of a line. `column` counts from 1; `length` is that of the word as written. */
export interface Word {
  readonly text: string;
  readonly column: number;
  readonly length: number;
  /** Where in the text there are dollars that nothing has protected: see {@linkcode expandWord}. */
  readonly dollars?: readonly number[];
}

/** What is wrong with a line's quoting, and where. */
export interface WordError {
  readonly message: string;
  readonly hint?: string;
  readonly column: number;
  readonly length: number;
}

/** The value of an environment variable; undefined if it is not set. */
export type Variables = (name: string) => string | undefined;

/** The words of a line, or its first error. */
export type Words = { readonly words: readonly Word[] } | { readonly error: WordError };

/** As C's isspace(): what separates words. */
const blank = /[ \t\v\f]/;
/** Characters that a backslash makes ordinary. */
const escapable = " \t#\\'\"";
/** The longest line after its variables have been put in. */
const longest = 2 ** 20;
const controls: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/**
 * Cuts a line (without its line feed) into words.
 *
 * @param variables the environment, asked for names inside double quotes
 * @param whole keeps everything up to a comment as one word, as for conditions: quotes and escapes
 * are still resolved
 */
export function splitWords(line: string, variables: Variables, whole = false): Words {
  const words: Word[] = [];
  let text = "";
  let start = -1;
  let quote = "";
  let quotedAt = 0;
  let at = 0;
  let dollars: number[] = [];
  let expanded = 0;

  const finish = (end: number) => {
    if (start >= 0) {
      const word = { text, column: start + 1, length: Math.max(1, end - start) };
      words.push(dollars.length === 0 ? word : { ...word, dollars });
      if (dollars.length > 0) dollars = [];
    }
    start = -1;
    text = "";
  };
  const failure = (message: string, from: number, to: number, hint?: string): Words => {
    const error = { message, column: from + 1, length: Math.max(1, to - from) };
    return { error: hint === undefined ? error : { ...error, hint } };
  };

  const end = line.endsWith("\r") ? line.length - 1 : line.length;
  while (at < end) {
    const char = line.charAt(at);
    if (char === "\r") return failure("a carriage return in the middle of a line", at, at + 1);
    if (quote === "" && char === "#") break;
    if (quote === "" && blank.test(char) && !(whole && start >= 0)) {
      finish(at++);
      continue;
    }
    if (start < 0) start = at;
    if (char === quote) {
      quote = "";
      at++;
    } else if (quote === "" && (char === "'" || char === '"')) {
      quote = char;
      quotedAt = at++;
    } else if (char === "\\" && quote !== "'") {
      const next = line.charAt(at + 1);
      const hex = next === "x" ? line.slice(at + 2, at + 4) : "";
      if (next === "x") {
        if (!/^[0-7][0-9a-f]$/i.test(hex)) {
          const hint = "two hexadecimal digits up to 7f follow \\x; write others as they are";
          return failure("truncated or invalid escape", at, Math.min(at + 4, end), hint);
        }
        text += String.fromCharCode(parseInt(hex, 16));
        at += 4;
      } else if (
        next !== "" && at + 1 < end &&
        (escapable.includes(next) || (next === "$" && quote === '"'))
      ) {
        text += next;
        at += 2;
      } else if (Object.hasOwn(controls, next)) {
        text += controls[next];
        at += 2;
      } else {
        // Any other backslash stands for itself.
        text += char;
        at++;
      }
    } else if (char === "$" && quote === '"') {
      const variable = variableAt(line.slice(0, end), at);
      if ("error" in variable) return variable;
      const value = variables(variable.name) ?? variable.otherwise;
      expanded += value.length;
      if (expanded > longest) {
        const message = `the line is longer than ${longest} characters with its variables put in`;
        return failure(
          message,
          at,
          variable.end,
          "a variable that contains itself grows each time",
        );
      }
      if (variable.list) {
        const [first = "", ...more] = value.split(" ").filter((item) => item !== "");
        text += first;
        for (const item of more) {
          finish(variable.end);
          start = at;
          text = item;
        }
      } else {
        text += value;
      }
      at = variable.end;
    } else {
      if (char === "$") dollars.push(text.length);
      text += char;
      at++;
    }
  }
  if (quote !== "") {
    return failure(`unmatched quote (${quote})`, quotedAt, end, "it must be closed on its line");
  }
  if (whole) text = text.trimEnd();
  finish(at);
  return { words };
}

/**
 * The text of a word that is an address, where variables are put in without double quotes, too
 * (management manual; HAProxy's env_expand()).
 *
 * @param unset called for each variable that is not set; it stands for ""
 */
export function expandWord(
  { text, dollars = [] }: Word,
  variables: Variables,
  unset: (name: string) => void,
): { readonly text: string } | { readonly message: string; readonly hint: string } {
  let expanded = "";
  let at = 0;
  for (const dollar of dollars) {
    if (dollar < at) continue;
    reference.lastIndex = dollar;
    const [whole, bare, braced, list, otherwise] = reference.exec(text) ?? [];
    const name = bare ?? braced;
    if (whole === undefined || name === undefined || list !== undefined) {
      const message = `'${text}' has a dollar without the name of an environment variable`;
      return { message, hint: "$NAME, ${NAME} or ${NAME-default}" };
    }
    const value = variables(name) ?? otherwise;
    if (value === undefined) unset(name);
    expanded += text.slice(at, dollar) + (value ?? "");
    at = dollar + whole.length;
    if (expanded.length > longest) return { message: "the address is too long", hint: "" };
  }
  return { text: expanded + text.slice(at) };
}

/** A variable's reference: its name, what stands for it if it is not set, where it ends. */
interface Variable {
  readonly name: string;
  readonly otherwise: string;
  /** `[*]`: the value is a list of words. */
  readonly list: boolean;
  readonly end: number;
}

/** $NAME, ${NAME}, ${NAME-default}, ${NAME[*]}: names with a leading dot are HAProxy's own. */
const reference =
  /\$(?:(\.?[A-Za-z_][A-Za-z0-9_]*)|\{(\.?[A-Za-z_][A-Za-z0-9_]*)(\[\*\])?(?:-([^}]*))?\})/y;

function variableAt(line: string, at: number): Variable | { error: WordError } {
  reference.lastIndex = at;
  const match = reference.exec(line);
  if (match !== null) {
    const [whole, bare, braced, list, otherwise] = match;
    return {
      name: bare ?? braced ?? "",
      otherwise: otherwise ?? "",
      list: list !== undefined,
      end: at + whole.length,
    };
  }
  const length = /^\$\{?[^\s"]*/.exec(line.slice(at))?.[0].length ?? 1;
  return {
    error: {
      message: "this is not the name of an environment variable",
      hint: 'inside double quotes: "$NAME", "${NAME}", "${NAME-default}"; a plain dollar is "\\$"',
      column: at + 1,
      length,
    },
  };
}

/** A word as it must be written so that {@linkcode splitWords} reads `text`. */
export function quoteWord(text: string): string {
  if (/^[A-Za-z0-9_.:/@%+=,;~*&?!()<>|[\]{}-]+$/.test(text)) return text;
  // deno-lint-ignore no-control-regex
  const escaped = text.replace(/["\\$]/g, "\\$&").replace(/[\x00-\x1f\x7f]/g, (control) => {
    const named = Object.entries(controls).find(([, value]) => value === control);
    return `\\${named?.[0] ?? `x${control.charCodeAt(0).toString(16).padStart(2, "0")}`}`;
  });
  return `"${escaped}"`;
}
