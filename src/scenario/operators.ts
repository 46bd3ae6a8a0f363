/** Steps of operators: commands of the runtime API, and what it answers. */
import { Connection } from "../simulate/connection.ts";
import { matches } from "./claim.ts";
import { fold, type Look } from "./drawing.ts";
import { type Phrase, phrase, problem, type Said } from "./language.ts";
import { inVain, logParts, ownLine, type Part, type Performed, Step } from "./step.ts";
import type { Context } from "./step.ts";

/** How long an answer may take, ms. */
const patience = 5000;
/** How many lines of an answer are shown. */
const mostLines = 12;

/** What the runtime API answered. */
export interface Answer {
  readonly lines: readonly string[];
}

/** A command, and its answer. */
class Command extends Step<Answer> {
  override readonly isAction = true;
  /** The story says what is answered. */
  answerTold = false;

  constructor(said: Said, readonly command: string) {
    super(said, commandParts);
  }

  override async perform({ network, clock, topology }: Context): Promise<Performed<Answer>> {
    const to = topology.runtimeApi;
    if (to === null) return inVain(this, "the configuration has no 'stats socket'");
    const connection = new Connection().connect(network, to);
    const cancel = clock.schedule(patience, () => connection.close());
    connection.send(`${this.command}\n`);
    await connection.until(() => false);
    cancel();
    const { broke, isOpen } = connection;
    connection.close();
    if (broke !== null && !isOpen) return inVain(this, `no connection: ${broke}`);
    const lines = connection.received.split("\n").filter((line) => line.trim() !== "");
    return {
      subject: { lines },
      // Who has changed something hears nothing, unless it went wrong.
      trouble: this.answerTold ? null : lines[0] ?? null,
      picture: (look) => [...ownLine(this.text, null, look), ...drawAnswer(lines, look)],
    };
  }
}

function drawAnswer(lines: readonly string[], { paint, width }: Look): string[] {
  const shown = lines.slice(0, mostLines).map((line) => fold(line, width - 6)[0]!);
  const more = lines.length - shown.length;
  if (more > 0) shown.push(`... and ${more} lines more`);
  return shown.map((line) => paint.dim(`      ${line}`));
}

/** Sentences indented under it. */
export const commandParts: readonly Part<Command>[] = [
  phrase("CLIENT reads TEXT (a line of it; * stands for anything)", (groups, said, _, step) => {
    const { text = "" } = groups;
    step.answerTold = true;
    return step.expect(said, ({ lines }) => {
      if (lines.some((line) => matches(text, line))) return null;
      return lines.length === 0 ? "nothing was answered" : JSON.stringify(lines.slice(0, 3));
    });
  }),
  ...logParts,
];

/** Sentences that stand for themselves. */
export const operatorSentences: readonly Phrase<Step>[] = [
  phrase(
    "CLIENT runs TEXT (a command of the runtime API)",
    ({ text = "" }, said, names) =>
      names.runtimeApi ? new Command(said, text) : problem(
        text,
        "the configuration has no runtime API",
        "write 'stats socket ipv4@127.0.0.1:9999 level admin' in its section 'global'",
      ),
  ),
];
