/** Steps that only wait. */
import { knownServer, milliseconds, type Phrase, phrase, type Said } from "./language.ts";
import { type Context, logParts, type Performed, Step, verdictOn, withOwn } from "./step.ts";
import { eventually, sleep } from "./waiting.ts";

/** Waits for something, or for time to pass. */
export class Wait extends Step<null> {
  override readonly isWait = true;

  /** @param until @returns why it is given up; null: it came. undefined: it was only time */
  constructor(
    said: Said,
    readonly until: (context: Context) => Promise<string | null | undefined>,
  ) {
    super(said, logParts);
  }

  override async perform(context: Context): Promise<Performed<null>> {
    const { clock } = context;
    context.announce(({ paint }) => paint.cyan(`* ${this.text} ...`));
    const start = clock.now();
    const saw = await this.until(context);
    const took = seconds(clock.now() - start);
    const own = saw === undefined ? null : verdictOn(this, saw);
    return {
      subject: null,
      own,
      picture: (look) => withOwn(look.paint.dim(` ${took}`), own, look),
    };
  }
}

/** Milliseconds for people: 0.4 s. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Sentences that stand for themselves. */
export const waitSentences: readonly Phrase<Step>[] = [
  phrase("wait until SERVER is UP|DOWN [, at most TIME]", (groups, said, names) => {
    const { server = "", choice, time = "30s" } = groups;
    const deadline = milliseconds(time);
    return knownServer(server, names) ??
      new Wait(said, async ({ clock, instances, topology }) => {
        const places = topology.serversOf(server);
        const isSo = () => {
          const states = [...instances.get("newest")?.servers() ?? []];
          return places.every((place) => {
            const { endpoint, found } = place;
            if (found && endpoint.kind === "ip") {
              // It is whichever server of its proxy has its address.
              const isUp = states.some(({ proxy, address, up }) =>
                up && proxy === place.proxy && address === endpoint.host
              );
              return isUp === (choice === "UP");
            }
            return states.some(({ proxy, name, up }) =>
              proxy === place.proxy && name === place.name && up === (choice === "UP")
            );
          });
        };
        if (await eventually(clock, deadline, isSo)) return null;
        return `it is still ${choice === "UP" ? "DOWN" : "UP"} after ${deadline / 1000} s`;
      });
  }),
  phrase(
    "TIME passes|pass (as in: 10 s pass)",
    ({ time = "" }, said) =>
      new Wait(said, async ({ clock }) => {
        await sleep(clock, milliseconds(time));
        return undefined;
      }),
  ),
];
