/**
 * The story language: a configuration tells in comments that begin with `#>` what happens to it.
 * Text in, steps out; nothing here touches a socket.
 *
 *     #> == A first visit ==
 *     #> ( narration, over as many lines as it needs )
 *     #> browser sends GET /URI1 HTTP/1.0
 *     #>   webA sees no Cookie
 *     #>   browser gets Set-Cookie: SERVERID=*
 *
 * A sentence stands in a line of its own; what is indented under a request belongs to it. All
 * sentences are in forms.ts.
 */
import { burstParts, exchangeParts, type Part, sentences } from "./forms.ts";
import type { Form, Problem } from "./words.ts";
import { createReport, type Diagnostic } from "../config/diagnostic.ts";
import { nearest } from "../config/nearest.ts";
import type { Aside, Cast, Said, Step, StepOf } from "./steps.ts";

/** A story as read; it can be played if `errors` is empty. */
export interface Story {
  /** The file's first comment line, without `#`: `NAME: one-line summary`. */
  readonly title: string;
  readonly steps: readonly Step[];
  readonly errors: readonly Diagnostic[];
}

interface Line {
  readonly number: number;
  /** Where the words begin, counted from 1. */
  readonly column: number;
  /** Spaces between the marker and the words. */
  readonly indent: number;
  readonly words: string;
}

/**
 * Reads the story of a scenario file.
 * @param text the whole file
 * @param file its name, for errors
 * @param cast the servers and proxies that its configuration declares
 */
export function parseStory(text: string, file: string, cast: Cast): Story {
  const steps: Step[] = [];
  const found = createReport();
  const lines = join(
    storyLines(text),
    (line, message, mend) => report(line, line.words, message, mend),
  );
  const margin = lines[0]?.indent ?? 0;

  function report(line: Line, word: string, message: string, mend: string): void {
    const column = line.column + Math.max(0, line.words.indexOf(word));
    found.error({ file, line: line.number, column, length: word.length }, message, mend);
  }

  for (const line of lines) {
    if (line.indent <= margin) {
      const step = sentence(line, cast);
      if (step.kind !== "problem") steps.push(step);
      else report(line, step.word, step.message, step.mend);
      continue;
    }
    const owner = steps.at(-1);
    const grown = grow(owner, line, cast);
    if (grown.kind !== "problem") steps[steps.length - 1] = grown;
    else report(line, grown.word, grown.message, grown.mend);
  }
  return { title: titleOf(text), steps, errors: found.diagnostics };
}

/** The lines of the story: what follows `#>`, where there is something. */
function storyLines(text: string): Line[] {
  const lines: Line[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    const match = /^(\s*#>)(\s*)(.*?)\s*$/.exec(line);
    if (match === null) continue;
    const [, marker = "", space = "", words = ""] = match;
    if (words === "") continue;
    const column = marker.length + space.length + 1;
    lines.push({ number: i + 1, column, indent: space.length, words });
  }
  return lines;
}

/** Makes one line of narration that goes over several: from `(` to the line that ends with `)`. */
function join(
  lines: readonly Line[],
  report: (line: Line, message: string, mend: string) => void,
): Line[] {
  const joined: Line[] = [];
  let open: Line | null = null;
  for (const line of lines) {
    const grown: Line = open === null ? line : { ...open, words: `${open.words} ${line.words}` };
    open = grown.words.startsWith("(") && !grown.words.endsWith(")") ? grown : null;
    if (open === null) joined.push(grown);
  }
  if (open !== null) report(open, "this narration has no end", "close it with ')' at a line's end");
  return joined;
}

/** A line that stands for itself. */
function sentence(line: Line, cast: Cast): Step | Problem {
  const said: Said = { line: line.number, text: line.words };
  const heading = /^==+ *(.*?) *=*$/.exec(line.words)?.[1];
  if (heading !== undefined) return { ...said, kind: "heading", text: heading };
  const narration = narrationOf(line);
  if (narration !== null) return { ...said, kind: "narration", text: narration };
  const step = read(sentences, line, said, cast, null);
  if (step !== null) return step;
  if ([...exchangeParts, ...burstParts].some((form) => form.pattern.test(line.words))) {
    return {
      kind: "problem",
      word: line.words,
      message: "this speaks of a request, and stands alone",
      mend: "indent it under the request that it speaks of",
    };
  }
  return notUnderstood(line, sentences);
}

/** The step to which an indented line belongs, with what the line adds. */
function grow(owner: Step | undefined, line: Line, cast: Cast): Step | Problem {
  const said: Said = { line: line.number, text: line.words };
  if (owner?.kind === "exchange") {
    const narration = narrationOf(line);
    if (narration !== null) {
      return { ...owner, asides: [...owner.asides, { place: placeIn(owner), text: narration }] };
    }
    const part = read(exchangeParts, line, said, cast, owner) ?? notUnderstood(line, exchangeParts);
    return part.kind === "problem" ? part : addToExchange(owner, part);
  }
  if (owner?.kind === "burst") {
    const part = read(burstParts, line, said, cast, owner) ?? notUnderstood(line, burstParts);
    return part.kind === "problem" ? part : addToBurst(owner, part);
  }
  return {
    kind: "problem",
    word: line.words,
    message: "an indented line belongs to a request, and none is above it",
    mend: "put it under a line such as 'browser sends GET /', or take the indentation away",
  };
}

/** Narration is drawn where it is told: before what the server says, or after, or at the end. */
function placeIn({ answers, expectations }: StepOf<"exchange">): Aside["place"] {
  if (expectations.some((e) => e.kind === "gets" || e.kind === "closes")) return "end";
  return answers.length + expectations.length > 0 ? "response" : "request";
}

function addToExchange(step: StepOf<"exchange">, part: Part): Step {
  const { request } = step;
  switch (part.kind) {
    case "with":
      return { ...step, request: { ...request, fields: [...request.fields, part.field] } };
    case "from":
      return { ...step, request: { ...request, source: part.host } };
    case "answers":
      return { ...step, answers: [...step.answers, part.claim] };
    case "expect":
      return { ...step, expectations: [...step.expectations, part.expectation] };
    case "expect-burst":
      throw new Error("a form of exchangeParts made a part of a burst");
  }
}

function addToBurst(step: StepOf<"burst">, part: Part): Step {
  const { request } = step;
  switch (part.kind) {
    case "with":
      return { ...step, request: { ...request, fields: [...request.fields, part.field] } };
    case "from":
      return { ...step, request: { ...request, source: part.host }, upward: part.upward };
    case "expect-burst":
      return { ...step, expectations: [...step.expectations, part.expectation] };
    case "answers":
    case "expect":
      throw new Error("a form of burstParts made a part of an exchange");
  }
}

function narrationOf(line: Line): string | null {
  return /^\(\s*(.*?)\s*\)$/.exec(line.words)?.[1] ?? null;
}

/** What the first form that fits makes of a line; null if none fits. */
function read<M, C>(
  forms: readonly Form<M, C>[],
  line: Line,
  said: Said,
  cast: Cast,
  step: C,
): M | Problem | null {
  for (const form of forms) {
    const match = form.pattern.exec(line.words);
    if (match !== null) return form.read(match.groups ?? {}, said, cast, step);
  }
  return null;
}

/** Blames the word which, spelt otherwise, would make the line fit a form; else shows the forms. */
function notUnderstood<M, C>(line: Line, forms: readonly Form<M, C>[]): Problem {
  const words = line.words.split(/\s+/);
  for (const word of words) {
    for (const form of forms) {
      const meant = nearest(word, form.shape.match(/\b[a-z]{4,}\b/g) ?? []);
      if (meant === undefined || meant === word) continue;
      if (!form.pattern.test(words.map((w) => w === word ? meant : w).join(" "))) continue;
      const mend = `did you mean '${meant}'?`;
      return { kind: "problem", word, message: `'${word}' is not understood`, mend };
    }
  }
  const likely = forms.filter((form) =>
    (form.shape.match(/\b[a-z]{4,}\b/g) ?? []).some((w) => words.includes(w))
  );
  const shown = likely.length > 0 ? likely : forms;
  return {
    kind: "problem",
    word: line.words,
    message: "this sentence is not understood",
    mend: `write ${shown.map((form) => form.shape).join("\n   or ")}`,
  };
}

/** A file's first comment line; those without a letter, which only draw a frame, do not count. */
export function titleOf(text: string): string {
  return /^[ \t]*#+[ \t]*([^\n]*\p{L}[^\n]*?)[ \t\r]*$/mu.exec(text)?.[1] ?? "";
}
