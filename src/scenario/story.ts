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
 * it, which end gets it; for all that happens, what the log says. Each family of steps has a file
 * (requests.ts, bursts.ts, talks.ts, server-actions.ts, ...): to extend the language, add a phrase
 * there, or a family to the list below.
 */
import { createReport, type Diagnostic } from "../config/diagnostic.ts";
import { fileSentences } from "./files.ts";
import { burstParts, burstSentences } from "./bursts.ts";
import { wrap } from "./drawing.ts";
import {
  isProblem,
  notUnderstood,
  type Phrase,
  type Problem,
  problem,
  readBy,
  type Said,
} from "./language.ts";
import type { Names } from "../simulate/topology.ts";
import { nameServerSentences } from "./name-server.ts";
import { linkSentences } from "./link-actions.ts";
import { commandParts, operatorSentences } from "./operators.ts";
import { processSentences } from "./process-actions.ts";
import { requestSentences, sendParts } from "./requests.ts";
import { serverSentences } from "./server-actions.ts";
import { Narration, type Part, type Step } from "./step.ts";
import { keepParts, loadSentences, stopParts } from "./steady-load.ts";
import { connectParts, talkSentences } from "./talks.ts";
import { openParts, webSocketSentences } from "./websockets.ts";
import { waitSentences } from "./waits.ts";

/** All sentences that stand for themselves. */
export const sentences: readonly Phrase<Step>[] = [
  ...requestSentences,
  ...burstSentences,
  ...talkSentences,
  ...webSocketSentences,
  ...serverSentences,
  ...linkSentences,
  ...loadSentences,
  ...processSentences,
  ...operatorSentences,
  ...fileSentences,
  ...nameServerSentences,
  ...waitSentences,
];

/** All sentences that must be indented. */
const parts = [
  ...sendParts,
  ...burstParts,
  ...connectParts,
  ...openParts,
  ...commandParts,
  ...keepParts,
  ...stopParts,
];

/** A story as read; it can be played if `errors` is empty. */
export interface Story {
  readonly steps: readonly Step[];
  readonly errors: readonly Diagnostic[];
}

interface Line extends Said {
  /** Where the words begin, counted from 1. */
  readonly column: number;
  /** Spaces between the marker and the words. */
  readonly indent: number;
}

/**
 * Reads the story of a scenario file.
 * @param text the whole file
 * @param file its name, for errors
 * @param names the servers and proxies that its configuration declares
 */
export function parseStory(text: string, file: string, names: Names): Story {
  const steps: Step[] = [];
  const found = createReport();
  const report = (line: Line, { word, message, fix }: Problem) => {
    const column = line.column + Math.max(0, line.text.indexOf(word));
    found.error({ file, line: line.line, column, length: word.length }, message, fix);
  };
  const lines = join(storyLines(text), report);
  const margin = lines[0]?.indent ?? 0;
  for (const line of lines) {
    const indented = line.indent > margin;
    const read = indented ? grow(steps.at(-1), line, names) : sentence(line, names, steps);
    if (isProblem(read)) report(line, read);
    else if (read !== undefined) steps.push(read);
  }
  return { steps, errors: found.diagnostics };
}

/** The lines of the story: what follows `#>`, where there is something. */
function storyLines(text: string): Line[] {
  return text.split("\n").flatMap((line, i): Line[] => {
    const [, marker = "", space = "", words = ""] = /^(\s*#>)(\s*)(.*?)\s*$/.exec(line) ?? [];
    if (words === "") return [];
    const column = marker.length + space.length + 1;
    return [{ line: i + 1, column, indent: space.length, text: words }];
  });
}

/** Makes one line of narration that goes over several: from `(` to the line that ends with `)`. */
function join(lines: readonly Line[], report: (line: Line, problem: Problem) => void): Line[] {
  const joined: Line[] = [];
  let open: Line | null = null;
  for (const line of lines) {
    const grown: Line = open === null ? line : { ...open, text: `${open.text} ${line.text}` };
    open = grown.text.startsWith("(") && !grown.text.endsWith(")") ? grown : null;
    if (open === null) joined.push(grown);
  }
  if (open !== null) {
    const fix = "close it with ')' at a line's end";
    report(open, problem(open.text, "this narration has no end", fix));
  }
  return joined;
}

/** A line that stands for itself. */
function sentence(line: Line, names: Names, before: readonly Step[]): Step | Problem {
  const heading = /^==+ *(.*?) *=*$/.exec(line.text)?.[1];
  if (heading !== undefined) {
    return new Narration(line, ({ paint }) => [paint.bold(`== ${heading} ==`)]);
  }
  const told = narrationOf(line);
  if (told !== null) {
    return new Narration(line, ({ width }) => wrap(told, width - 2).map((part) => `  ${part}`));
  }
  const read = readBy(sentences, line, names, null);
  if (read !== null) {
    return isProblem(read.found) ? read.found : unprepared(read.found, before) ?? read.found;
  }
  if (!parts.some(({ pattern }) => pattern.test(line.text))) {
    return notUnderstood(line.text, sentences);
  }
  return problem(
    line.text,
    "this speaks of a request, and stands alone",
    "indent it under the request that it speaks of",
  );
}

/** The problem with a step of a client for whom nothing before it made a connection. */
function unprepared({ requires }: Step, before: readonly Step[]): Problem | null {
  if (requires === null || before.some(({ begins }) => begins === requires.client)) return null;
  const { client, begun } = requires;
  return problem(
    client,
    `'${client}' has no connection`,
    `write '${client} ${begun}' above it`,
  );
}

/** Adds an indented line to the step that it belongs to. */
function grow(owner: Step | undefined, line: Line, names: Names): Problem | void {
  if (owner === undefined || owner instanceof Narration) {
    return problem(
      line.text,
      "an indented line belongs to a request or an action, and none is above it",
      "put it under a line such as 'browser sends GET /', or take the indentation away",
    );
  }
  const told = narrationOf(line);
  if (told !== null) return owner.narrate(told);
  const phrases = owner.parts as readonly Part[];
  const read = readBy(phrases, line, names, owner);
  return read === null ? notUnderstood(line.text, phrases) : read.found;
}

function narrationOf({ text }: Line): string | null {
  return /^\(\s*(.*?)\s*\)$/.exec(text)?.[1] ?? null;
}
