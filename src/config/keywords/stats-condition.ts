/**
 * Conditions of the statistics page's rules: those of the ACLs that HAProxy predefines, and of `src`.
 */
import { network } from "../../net/ip/cidr.ts";

/** The words behind `if` or `unless`; null: it always holds. */
export type StatsCondition = { readonly unless: boolean; readonly words: readonly string[] } | null;

/** What a condition is evaluated for. */
interface Subject {
  readonly clientAddress: string;
}
type Test = (subject: Subject) => boolean;

const names: Readonly<Record<string, readonly string[] | boolean>> = {
  TRUE: true,
  FALSE: false,
  LOCALHOST: ["127.0.0.0/8", "::1"],
};

/** Compiles a term: a name, or `{ src <network>... }`; null: it is none. */
function termOf(words: readonly string[]): Test | null {
  const [first = "", ...rest] = words;
  if (words.length === 1) {
    const known = Object.hasOwn(names, first) ? names[first]! : null;
    if (known === null) return null;
    return typeof known === "boolean" ? () => known : inNetworks(known);
  }
  return first === "src" && rest.length > 0 ? inNetworks(rest) : null;
}

function inNetworks(networks: readonly string[]): Test | null {
  try {
    const ranges = networks.map(network);
    return ({ clientAddress }) => ranges.some((contains) => contains(clientAddress));
  } catch {
    return null;
  }
}

/**
 * Compiles a condition: terms that all must hold, `!` before one that must not, `or` between such
 * rows. @returns null: it has terms of another kind
 */
export function conditionOf(condition: StatsCondition): Test | null {
  if (condition === null) return () => true;
  const rows: Test[][] = [[]];
  const { words, unless } = condition;
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!;
    if (word === "or" || word === "||") {
      rows.push([]);
      continue;
    }
    let negated = false;
    while (word.startsWith("!")) {
      negated = !negated;
      word = word.slice(1);
      if (word === "") word = words[++i] ?? "";
    }
    let term: Test | null;
    if (word === "{") {
      const end = words.indexOf("}", i);
      if (end < 0) return null;
      term = termOf(words.slice(i + 1, end));
      i = end;
    } else {
      term = termOf([word]);
    }
    if (term === null) return null;
    const test = term;
    rows.at(-1)!.push(negated ? (subject) => !test(subject) : test);
  }
  return (subject) => rows.some((row) => row.every((test) => test(subject))) !== unless;
}
