/** Steps of the proxies' processes: signals, starts and ends. */
import { SocketError } from "../net/socket.ts";
import { type Signal, signals, type Which } from "../simulate/instances.ts";
import { type Groups, known, milliseconds, type Phrase, phrase } from "./language.ts";
import { Action } from "./server-actions.ts";
import { type Context, type Step, type Verdict, verdictOn } from "./step.ts";
import { Wait } from "./waits.ts";
import { eventually } from "./waiting.ts";

const whichOf = ({ sluice }: Groups): Which => sluice === "sluice" ? "newest" : "old";

/** A new instance starts, or must not be able to: whether it does is what the step is about. */
class Start extends Action {
  protected override verdict(context: Context): Verdict {
    try {
      return verdictOn(this, this.act(context));
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      return verdictOn(this, this.mustFail ? null : error.message);
    }
  }
  protected get mustFail(): boolean {
    return this.text.endsWith("cannot start");
  }
}

/** Sentences that stand for themselves. */
export const processSentences: readonly Phrase<Step>[] = [
  phrase(`SLUICE gets SIGNAL (or: the old sluice; ${signals.join(", ")})`, (groups, said) => {
    const word = groups["signal"]!.replace(/^SIG/, "");
    return known(word, "signal", signals) ?? new Action(said, ({ instances }) => {
      instances.signal(whichOf(groups), word as Signal);
      return null;
    }, true);
  }),
  phrase("a new sluice starts", (_, said) =>
    new Start(said, ({ instances }) => {
      instances.start();
      return null;
    }, true)),
  phrase("a new sluice cannot start", (_, said) =>
    new Start(said, ({ instances }) => {
      instances.start();
      return "it has started";
    }, true)),
  phrase("a new sluice takes over", (_, said) =>
    new Start(said, ({ instances, handover }) => {
      handover.during(() => instances.takeOver());
      return null;
    }, true)),
  phrase(
    "a new sluice with a broken file cannot start",
    (_, said) => new Start(said, (context) => context.breakFile(), true),
  ),
  phrase("SLUICE ends [, at most TIME] (or: the old sluice)", (groups, said) => {
    const which = whichOf(groups);
    const deadline = milliseconds(groups["time"] ?? "30s");
    return new Wait(said, async ({ instances, clock }) => {
      if (instances.get(which) === null) return "there is none";
      const ended = await eventually(clock, deadline, () => instances.ended(which));
      return ended ? null : `it has not ended after ${deadline / 1000} s`;
    });
  }),
];
