/**
 * What a story consists of. A family of steps has a file: there its sentences are read into steps,
 * which run, assert what the sentences indented under them say, and render what happened.
 */
import type { Clock } from "../time/clock.ts";
import type { Network } from "../net/socket.ts";
import type { Handover } from "../simulate/handover.ts";
import type { NameServer } from "../simulate/name-server.ts";
import type { Links } from "../simulate/links.ts";
import type { Clients } from "./clients.ts";
import { centred, fold, type Look, text as textOf } from "./drawing.ts";
import type { Instances } from "../simulate/instances.ts";
import { type Phrase, phrase, type Said } from "./language.ts";
import { type LogView, viewOf } from "./logs.ts";
import type { Servers } from "../simulate/servers.ts";
import type { Topology } from "../simulate/topology.ts";

/** What all steps of a running story share. */
export interface Context {
  readonly network: Network;
  readonly clock: Clock;
  readonly topology: Topology;
  readonly servers: Servers;
  readonly instances: Instances;
  readonly clients: Clients;
  /** What the proxies have logged so far; null: none of them logs. */
  readonly log: readonly string[] | null;
  /** The layer of the network that can lose links; null: the story takes none down. */
  readonly links: Links | null;
  /** The name server of its `resolvers`; null: it has none. */
  readonly nameServer: NameServer | null;
  /** The layer in which listening sockets change hands. */
  readonly handover: Handover;
  /** Spoils a copy of the scenario's file. @returns null if it is refused then, else a complaint */
  breakFile(): string | null;
  /** Shows a line whose end is the next report. */
  announce(line: (look: Look) => string): void;
  report(report: Report): void;
}

/** An expectation, asserted. */
export interface Verdict extends Said {
  readonly held: boolean;
  /** What was there instead; null where nothing needs saying. */
  readonly saw: string | null;
}

/** A verdict on the words of a step. @param saw why it does not hold; null: it holds */
export function verdictOn({ line, text }: Said, saw: string | null): Verdict {
  return { line, text, held: saw === null, saw };
}

/** What must be true of `S`, what came of a step. */
export interface Expectation<S> extends Said {
  /** @returns what was there instead; null: it is so */
  find(subject: S, log: LogView): string | null | Promise<string | null>;
}

/** What came of a step, to be shown. */
export interface Report {
  /** How it is drawn. */
  picture(look: Look): string[];
  /** The verdict on the step itself, which its picture tells; null: it is not in question. */
  readonly own: Verdict | null;
  readonly verdicts: readonly Verdict[];
  /** The log lines that came, where the story speaks of them. */
  readonly log: readonly string[];
  /** Narration below the picture. */
  readonly notes: readonly string[];
}

/** A sentence that is indented under a step `S`, which it changes. */
export type Part<S extends Step = Step> = Phrase<void, S>;

/** What a step has done. */
export interface Performed<S> {
  /** What its expectations are about; undefined: it came to nothing, and they are not looked at. */
  readonly subject: S | undefined;
  picture(look: Look): string[];
  readonly own?: Verdict | null;
  /** What is wrong although nobody spoke of it; it counts where all else held. */
  readonly trouble?: string | null;
  /** Is called when all is shown. */
  finish?(): void;
}

/** One thing that happens. */
export abstract class Step<S = unknown> implements Said {
  readonly line: number;
  readonly text: string;
  readonly expectations: Expectation<S>[] = [];
  readonly notes: string[] = [];
  /** Its expectations speak of the log. */
  readsLog = false;
  /** Something is done to servers, links or processes; the next wait sees all that follows. */
  readonly isAction: boolean = false;
  readonly isWait: boolean = false;

  /** @param parts the sentences that may be indented under it */
  constructor({ line, text }: Said, readonly parts: readonly Part<never>[]) {
    this.line = line;
    this.text = text;
  }

  /** The client whose connection or request it begins; null: it begins none. */
  get begins(): string | null {
    return null;
  }
  /** The client without whose connection it cannot be, and the words that make one. */
  get requires(): { readonly client: string; readonly begun: string } | null {
    return null;
  }

  /** Takes narration that is indented under it. */
  narrate(words: string): void {
    this.notes.push(words);
  }

  /** Adds an expectation. @param find see {@linkcode Expectation} */
  expect({ line, text }: Said, find: Expectation<S>["find"]): void {
    this.expectations.push({ line, text, find });
  }

  /** Does it. */
  abstract perform(context: Context, log: LogView): Performed<S> | Promise<Performed<S>>;

  /**
   * Does it, asserts what must be true of it, and reports.
   * @param before where the log was before the actions that lead to this; null: none do
   */
  async run(context: Context, before: number | null): Promise<void> {
    const log = await viewOf(context, this.readsLog, this.isWait ? before : null);
    const done = await this.perform(context, log);
    const verdicts: Verdict[] = [];
    const { subject, trouble = null, own = null } = done;
    if (subject !== undefined) {
      for (const each of this.expectations) {
        verdicts.push(verdictOn(each, await each.find(subject, log)));
      }
    }
    if (trouble !== null && verdicts.every(({ held }) => held)) {
      verdicts.push(verdictOn(this, trouble));
    }
    const picture = (look: Look) => done.picture(look);
    context.report({ picture, own, verdicts, log: log.lines(), notes: this.notes });
    done.finish?.();
  }
}

/** A step that comes to nothing. @param saw why */
export function inVain(step: Said, saw: string): Performed<never> {
  const own = verdictOn(step, saw);
  return { subject: undefined, own, picture: (look) => ownLine(step.text, own, look) };
}

/** A heading, or narration. */
export class Narration extends Step<null> {
  constructor(said: Said, readonly draw: (look: Look) => string[]) {
    super(said, []);
  }
  override perform(): Performed<null> {
    return { subject: null, picture: this.draw };
  }
}

/** What the logs must say: may be indented under whatever happens. */
export const logParts: readonly Part[] = [
  phrase("the log says TEXT (* stands for anything; or: nothing)", (groups, said, _, step) => {
    const { text = "" } = groups;
    step.readsLog = true;
    step.expect(said, (_, log) => text === "nothing" ? log.isSilent() : log.awaits(text));
  }),
];

/** A report as text. */
export function render({ picture, verdicts, log, notes }: Report, look: Look): string {
  const { paint, width } = look;
  const lines = log.flatMap((line) =>
    fold(line, width - 10).map((part, i) => paint.dim(`  ${i === 0 ? "log " : "    "}    ${part}`))
  );
  const told = notes.flatMap((note) => centred(note, look));
  return textOf([
    ...picture(look),
    ...told,
    ...lines,
    ...verdicts.flatMap((verdict) => renderVerdict(verdict, look)),
    "",
  ]);
}

/** An expectation and whether it held; what was seen instead follows on a line of its own. */
export function renderVerdict({ held, text, line, saw }: Verdict, { paint, file }: Look): string[] {
  if (held) return [`  ${paint.green("ok")}      ${text}`];
  return [
    `  ${paint.red(paint.bold("FAILED"))}  ${text}  ${paint.dim(`(${file}:${line})`)}`,
    ...saw === null ? [] : [paint.red(`          instead: ${saw}`)],
  ];
}

/** The line of an action; the verdict on it stands behind it if it held, else below it. */
export function ownLine(words: string, own: Verdict | null, look: Look): string[] {
  return withOwn(look.paint.cyan(`* ${words}`), own, look);
}

/** As {@linkcode ownLine}, of any line. */
export function withOwn(line: string, own: Verdict | null, look: Look): string[] {
  if (own === null) return [line];
  return own.held ? [`${line}  ${look.paint.green("ok")}`] : [line, ...renderVerdict(own, look)];
}
