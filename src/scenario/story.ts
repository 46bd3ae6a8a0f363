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
 *     #> webA hangs
 *     #> wait until webA is DOWN
 *     #>   the log says Server webfarm/webA is DOWN*
 *
 * A sentence stands in a line of its own; what is indented under it belongs to it: for a request,
 * how it is sent and what must come of it; for a connection (`alice connects`) and what is said on
 * it, who hears it; for all that happens, what the log says. forms.ts names all sentences.
 */
import { sentences } from "./forms.ts";
import { awaitParts, beginParts, burstParts, exchangeParts, logParts } from "./forms-parts.ts";
import { connectParts, talkParts } from "./forms-talk.ts";
import { type Form, type Problem, problem } from "./words.ts";
import { createReport, type Diagnostic } from "../config/diagnostic.ts";
import { nearest } from "../config/nearest.ts";
import { titleOf } from "../config/title.ts";
import type { Aside, Cast, Expectation, Said, Step } from "./steps.ts";

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
      const step = sentence(line, cast, steps);
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
function sentence(line: Line, cast: Cast, before: readonly Step[]): Step | Problem {
  const said: Said = { line: line.number, text: line.words };
  const heading = /^==+ *(.*?) *=*$/.exec(line.words)?.[1];
  if (heading !== undefined) return { ...said, kind: "heading", text: heading };
  const narration = narrationOf(line);
  if (narration !== null) return { ...said, kind: "narration", text: narration };
  const step = read(sentences, line, said, cast, null);
  if (step !== null) return step.kind === "problem" ? step : unprepared(step, before) ?? step;
  if (parts.some((form) => form.pattern.test(line.words))) {
    return problem(
      line.words,
      "this speaks of a request, and stands alone",
      "indent it under the request that it speaks of",
    );
  }
  return notUnderstood(line, sentences);
}

/** All sentences that are to be indented. */
const parts = [...exchangeParts, ...burstParts, ...connectParts];

/** The problem with a step of a client for whom nothing before it made a connection. */
function unprepared(step: Step, before: readonly Step[]): Problem | null {
  const begun = (client: string) =>
    before.some((each) =>
      (each.kind === "connect" || each.kind === "begin") && each.client === client
    );
  const needs = (client: string, mend: string) =>
    begun(client)
      ? null
      : problem(client, `'${client}' has no connection`, `write '${client} ${mend}' above it`);
  switch (step.kind) {
    case "say":
    case "hang-up":
      return needs(step.client, "connects");
    case "finish":
      return step.who.side === "server" ? null : needs(step.who.name, "connects");
    case "await":
      return needs(step.client, "begins GET /");
    default:
      return null;
  }
}

/** The step to which an indented line belongs, with what the line adds. */
function grow(owner: Step | undefined, line: Line, cast: Cast): Step | Problem {
  const narration = narrationOf(line);
  if (narration !== null && (owner?.kind === "exchange" || owner?.kind === "await")) {
    return { ...owner, asides: [...owner.asides, { place: placeIn(owner), text: narration }] };
  }
  if (narration !== null && owner !== undefined) {
    if (owner.kind !== "heading" && owner.kind !== "narration") {
      return { ...owner, notes: [...owner.notes ?? [], narration] };
    }
  }
  switch (owner?.kind) {
    case undefined:
    case "heading":
    case "narration":
      return problem(
        line.words,
        "an indented line belongs to a request or a deed, and none is above it",
        "put it under a line such as 'browser sends GET /', or take the indentation away",
      );
    case "exchange":
      return add(exchangeParts, line, cast, owner);
    case "begin":
      return add(beginParts, line, cast, owner);
    case "await":
      return add(awaitParts, line, cast, owner);
    case "burst":
      return add(burstParts, line, cast, owner);
    case "connect":
      return add(connectParts, line, cast, owner);
    case "say":
    case "finish":
    case "hang-up":
      return add(talkParts, line, cast, owner);
    default:
      return add(logParts, line, cast, owner);
  }
}

function add<S>(forms: readonly Form<Step, S>[], line: Line, cast: Cast, step: S): Step | Problem {
  const said: Said = { line: line.number, text: line.words };
  return read(forms, line, said, cast, step) ?? notUnderstood(line, forms);
}

/** Narration is drawn where it is told: before what the server says, or after, or at the end. */
function placeIn(owner: {
  readonly answers?: readonly unknown[];
  readonly expectations: readonly Expectation[];
}): Aside["place"] {
  const { answers = [], expectations } = owner;
  if (expectations.some((e) => e.kind === "gets" || e.kind === "closes")) return "end";
  return answers.length + expectations.length > 0 ? "response" : "request";
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
