/**
 * Actions on stick tables (manual, chapter 4.2: "track-sc0", "sc-inc-gpc", "sc-set-gpt"): what a
 * connection or a request tracks, and counters and tags of what it tracks.
 */
import { canBeKey, setKeySample } from "../../expr/table-key.ts";
import { Sample, SINT, typeNames } from "../../expr/sample.ts";
import { castTo } from "../../expr/cast.ts";
import type { Words } from "../../expr/words.ts";
import { type DataName, dataTypes } from "../../stick-table/data-types.ts";
import { mostCounters } from "../../stick-table/counters.ts";
import type { Field } from "../../stick-table/layout.ts";
import type { Table } from "../../stick-table/table.ts";
import type { Action, RuleKit, Run } from "../action.ts";
import { type Ruleset, rulesets } from "../rulesets.ts";
import type { RuleStream } from "../stream.ts";
import { CONTINUE, WAIT } from "../verdict.ts";

const chapter = "4.2";
const anywhere: readonly Ruleset[] = rulesets;
const sample = new Sample();

/** The table of a rule: the one that it names, or that of its section. @throws {WordMistake} */
export function takeTable(words: Words, { references }: Pick<RuleKit, "references">): Table {
  const named = words.skip("table");
  const name = named ? words.take("the name of a table") : references.proxy;
  const table = references.table(name);
  if (table !== null) return table;
  if (named) throw words.mistake(`there is no stick table '${name}'`);
  const hint = "a 'stick-table' line in this section, or 'table' and the name of another one";
  throw words.mistake(`'${name}' has no stick table`, hint);
}

/** Tracks an entry, with one of the counters. */
function track(index: number): Action {
  return {
    name: `track-sc${index}`,
    rulesets: anywhere.filter((each) =>
      each !== "tcp-response content" && each !== "http-after-response"
    ),
    usage: "<key> [table <table>]",
    doc: `Tracks the entry of a key in a stick table, as number ${index}.`,
    chapter,
    compile(words, kit) {
      const expression = kit.expression(words, words.take("an expression"));
      const word = words.at - 1;
      const table = takeTable(words, kit);
      if (!canBeKey(table, expression.type)) {
        const message = `'${expression.text}' is of type ${typeNames[expression.type]}`;
        const at = words.at;
        words.at = word + 1;
        const mistake = words.mistake(`${message}: no key of the table '${table.name}'`);
        words.at = at;
        throw mistake;
      }
      const ofSession = kit.ruleset === "tcp-request connection" ||
        kit.ruleset === "tcp-request session";
      const counts = kit.ruleset === "http-request";
      return (stream) => {
        const counters = stream.track(ofSession);
        if (counters.tracks(index)) return CONTINUE;
        sample.begin();
        const found = expression.evaluate(stream, sample);
        // What is still to come may change the key.
        if (sample.pending && !stream.final) return WAIT;
        if (!found || !setKeySample(table, sample)) return CONTINUE;
        // The request that is under way was counted for what was tracked before it.
        if (counters.track(index, table) && counts) counters.countIn(index, "request");
        return CONTINUE;
      };
    },
  };
}

/** What stands in the parentheses: "(<idx>,<sc-id>)", or "(<sc-id>)". @throws {WordMistake} */
function numbersOf(words: Words, argument: string, count: 1 | 2): number[] {
  const numbers = argument.split(",").map((each) =>
    /^\s*\d{1,3}\s*$/.test(each) ? Number(each) : NaN
  );
  if (numbers.length !== count || numbers.some(Number.isNaN)) {
    const form = count === 1 ? "the number of a counter" : "a number, and that of a counter";
    throw words.mistake(
      `'${argument}' is not ${form}`,
      count === 1 ? "as in: (0)" : "as in: (0,1)",
    );
  }
  if (numbers.at(-1)! >= mostCounters) {
    const hint = `from 0 to ${mostCounters - 1}`;
    throw words.mistake(`there is no counter ${numbers.at(-1)}`, hint);
  }
  return numbers;
}

/** Changes the entry that a counter tracks, with the table's lock taken. */
type Change = (table: Table, entry: number, index: number, now: number, value: number) => void;

const addAt = (table: Table, entry: number, field: Field | null, value: number, now: number) => {
  if (field !== null) table.add(entry, field, value, now);
};

const addToElement: Change = (table, entry, index, now, value) => {
  addAt(table, entry, table.element("gpc_rate", index), value, now);
  addAt(table, entry, table.element("gpc", index), value, now);
};
/** The same for a counter that has a name of its own. */
const addTo = (counter: DataName, rate: DataName): Change => {
  const [first, second] = [dataTypes[rate].number, dataTypes[counter].number];
  return (table, entry, _index, now, value) => {
    addAt(table, entry, table.field(first), value, now);
    addAt(table, entry, table.field(second), value, now);
  };
};
const setElement: Change = (table, entry, index, now, value) => {
  const field = table.element("gpt", index);
  if (field !== null) table.set(entry, field, value, now);
};
const setFirstTag: Change = (table, entry, _index, now, value) => {
  const field = table.field(dataTypes.gpt0.number);
  if (field !== null) table.set(entry, field, value, now);
};

/** A value: an integer, or an expression of one. @throws {WordMistake} */
function takeValue(words: Words, kit: RuleKit): (stream: RuleStream) => number {
  const text = words.take("an integer or an expression");
  if (/^\d{1,10}$/.test(text)) {
    const value = Number(text);
    if (value >= 2 ** 32) throw words.mistake(`'${text}' is too large`, "at most 4294967295");
    return () => value;
  }
  const expression = kit.expression(words, text);
  return (stream) => {
    sample.begin();
    return expression.evaluate(stream, sample) && castTo(sample, SINT) ? sample.int : NaN;
  };
}

const always1 = () => () => 1;

/** @param count numbers in its parentheses: that of the element, and that of the counter that tracks */
function change(
  name: string,
  count: 1 | 2,
  doc: string,
  apply: Change,
  value: typeof takeValue = always1,
): Action {
  return {
    name,
    argument: count === 2 ? "<idx>,<sc-id>" : "<sc-id>",
    rulesets: anywhere,
    usage: value === always1 ? "" : "<integer>|<expression>",
    doc,
    chapter,
    compile(words, kit, argument): Run {
      const numbers = numbersOf(words, argument, count);
      const counter = numbers.at(-1)!;
      const element = numbers[0]!;
      const valueOf = value(words, kit);
      return (stream) => {
        const tracked = stream.counters?.at(counter) ?? null;
        if (tracked === null) return CONTINUE;
        const amount = valueOf(stream);
        if (Number.isNaN(amount)) return CONTINUE;
        const { table, entry } = tracked;
        const now = table.time.now();
        table.lock();
        apply(table, entry, element, now, amount);
        table.touch(entry, now);
        table.unlock();
        return CONTINUE;
      };
    },
  };
}

/** {@linkcode Action}s of this family. */
export const counterActions: readonly Action[] = [
  ...Array.from({ length: mostCounters }, (_, index) => track(index)),
  change("sc-inc-gpc", 2, "Increases a general purpose counter of what is tracked.", addToElement),
  change(
    "sc-inc-gpc0",
    1,
    "Increases the first general purpose counter.",
    addTo("gpc0", "gpc0_rate"),
  ),
  change(
    "sc-inc-gpc1",
    1,
    "Increases the second general purpose counter.",
    addTo("gpc1", "gpc1_rate"),
  ),
  change(
    "sc-add-gpc",
    2,
    "Adds to a general purpose counter of what is tracked.",
    addToElement,
    takeValue,
  ),
  change("sc-set-gpt", 2, "Sets a general purpose tag of what is tracked.", setElement, takeValue),
  change("sc-set-gpt0", 1, "Sets the first general purpose tag.", setFirstTag, takeValue),
];
