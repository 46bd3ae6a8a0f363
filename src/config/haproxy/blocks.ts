/** Conditional blocks and messages: lines that begin with a dot (manual, chapter 2.4). */
import type { Place, Report } from "../diagnostic.ts";
import { didYouMean } from "../../text/nearest.ts";
import { type Environment, evaluateCondition } from "./condition.ts";
import { splitWords, type Variables } from "./words.ts";

/** Which lines of a file count. */
export interface Blocks {
  /** Whether the lines are read here, or are in a branch not taken. */
  readonly active: boolean;
  /** Takes the line if it is a directive; false if it is not. */
  directive(line: string, number: number): boolean;
  /** Called after the last line: reports blocks that were not closed. */
  end(): void;
}

interface Block {
  readonly place: Place;
  /** Whether the lines around the block count. */
  readonly outer: boolean;
  /** Whether a branch was taken already. */
  taken: boolean;
  active: boolean;
  elsePassed: boolean;
}

const directives = [".if", ".elif", ".else", ".endif", ".notice", ".warning", ".alert", ".diag"];

/** The blocks of a file that begins. */
export function createBlocks(
  file: string,
  report: Report,
  env: Environment,
  variables: Variables,
): Blocks {
  const open: Block[] = [];
  const isActive = () => open.at(-1)?.active ?? true;

  /** A condition that is wrong counts as true, so that the errors in its lines are found, too. */
  const condition = (line: string, number: number, directive: Place): boolean => {
    const from = directive.column - 1 + directive.length;
    const split = splitWords(" ".repeat(from) + line.slice(from), variables, true);
    if ("error" in split) {
      const { column, length, message, hint } = split.error;
      report.error({ file, line: number, column, length }, message, hint);
      return true;
    }
    const word = split.words[0];
    const result = evaluateCondition(word?.text ?? "", env);
    if ("value" in result) return result.value;
    // Where nothing was quoted or expanded, the column in the condition is one in the line.
    const plain = word !== undefined && line.startsWith(word.text, word.column - 1);
    const place = word === undefined
      ? directive
      : plain
      ? { file, line: number, column: word.column + result.column - 1, length: 1 }
      : { file, line: number, column: word.column, length: word.length };
    report.error(place, `in the condition: ${result.message}`, result.hint);
    return true;
  };

  const message = (line: string, number: number, directive: Place, name: string) => {
    const split = splitWords(line, variables);
    if ("error" in split) {
      const { column, length, message, hint } = split.error;
      return report.error({ file, line: number, column, length }, message, hint);
    }
    const [, text, extra] = split.words;
    if (text === undefined) return report.error(directive, `'${name}' expects a message`);
    if (extra !== undefined) {
      const { column, length } = extra;
      const hint = "a message with spaces must be quoted";
      return report.error({ file, line: number, column, length }, "unexpected word", hint);
    }
    if (name === ".alert") report.error(directive, text.text);
    if (name === ".warning") report.warning(directive, text.text);
  };

  return {
    get active() {
      return isActive();
    },
    directive(line, number) {
      const match = /^\s*(\.\S*)/.exec(line);
      if (match === null) return false;
      const name = (match[1] ?? "").replace(/#.*/, "");
      const column = match[0].length - (match[1] ?? "").length + 1;
      const place = { file, line: number, column, length: name.length };
      const block = open.at(-1);
      switch (name) {
        case ".if": {
          const outer = isActive();
          const active = outer && condition(line, number, place);
          open.push({ place, outer, taken: active, active, elsePassed: false });
          break;
        }
        case ".elif":
        case ".else":
          if (block === undefined) {
            report.error(place, `'${name}' without '.if'`);
          } else if (block.elsePassed) {
            report.error(place, `'${name}' after '.else'`);
          } else {
            const open = block.outer && !block.taken;
            block.active = open && (name === ".else" || condition(line, number, place));
            block.taken ||= block.active;
            block.elsePassed = name === ".else";
          }
          break;
        case ".endif":
          if (open.pop() === undefined) report.error(place, "'.endif' without '.if'");
          break;
        case ".notice":
        case ".warning":
        case ".alert":
        case ".diag":
          if (isActive()) message(line, number, place, name);
          break;
        default:
          if (isActive()) {
            const hint = didYouMean(name, directives) ?? `one of: ${directives.join(", ")}`;
            report.error(place, `unknown directive '${name}'`, hint);
          }
      }
      return true;
    },
    end() {
      for (const block of open) report.error(block.place, "this block is not closed by '.endif'");
    },
  };
}
