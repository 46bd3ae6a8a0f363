/** Steps of clients that go on and on, while something else happens. */
import { status } from "../simulate/message.ts";
import { lineOf } from "../simulate/browser.ts";
import type { SteadyLoad } from "./clients.ts";
import type { Context } from "./step.ts";
import { isProblem, type Phrase, phrase } from "./language.ts";
import { endpointOf, requestOf, requestParts, type StoryRequest } from "./requests.ts";
import { inVain, logParts, ownLine, type Part, type Performed, Step } from "./step.ts";
import type { Said } from "./language.ts";
import { sleep } from "./waiting.ts";

/** How long each of them waits between a response and the next request, ms. */
const pause = 10;

/** They begin. */
class Keep extends Step<null> {
  override readonly isAction = true;

  constructor(said: Said, readonly count: number, readonly request: StoryRequest) {
    super(said, keepParts);
  }

  override async perform(context: Context): Promise<Performed<null>> {
    const { clients, clock, servers } = context;
    await clients.load?.stop();
    const { request } = this;
    const to = endpointOf(request, context);
    const line = lineOf(request);
    const load: SteadyLoad = {
      line,
      sent: 0,
      outcomes: new Map(),
      async stop() {
        going = false;
        await Promise.all(all);
        servers.ignored = null;
      },
    };
    let going = true;
    // What servers see of them would be too much to tell.
    servers.ignored = line;
    const one = async (index: number) => {
      const browser = clients.newBrowser();
      // Every other one keeps its connection, as browsers do; the rest are programs that do not.
      const keeps = index % 2 === 0;
      await sleep(clock, index);
      while (going) {
        const { response, failure } = await browser.send(request, to, keeps && browser.isConnected);
        const came = response === null ? failure ?? "no response" : String(status(response));
        load.sent++;
        load.outcomes.set(came, (load.outcomes.get(came) ?? 0) + 1);
        await sleep(clock, pause);
      }
      browser.close();
    };
    const all = Array.from({ length: this.count }, (_, i) => one(i));
    clients.load = load;
    return { subject: null, picture: (look) => ownLine(this.text, null, look) };
  }
}

/** They stop. */
class Stop extends Step<SteadyLoad> {
  constructor(said: Said) {
    super(said, stopParts);
  }

  override async perform({ clients }: Context): Promise<Performed<SteadyLoad>> {
    const { load } = clients;
    if (load === null) return inVain(this, "nobody keeps sending");
    await load.stop();
    clients.load = null;
    return {
      subject: load,
      picture: (look) => [
        ...ownLine(this.text, null, look),
        look.paint.bold(`  ${load.sent} requests: ${load.line}`),
        ...[...load.outcomes].map(([what, count]) => `      ${count} x ${what}`),
      ],
    };
  }
}

/** Sentences indented under the first. */
export const keepParts: readonly Part<Keep>[] = [...requestParts, ...logParts];

/** Sentences indented under the second. */
export const stopParts: readonly Part<Stop>[] = [
  phrase(
    "every request got STATUS",
    (groups, said, _, step) =>
      step.expect(
        said,
        ({ sent, outcomes }) =>
          sent > 0 && outcomes.get(groups["status"]!) === sent
            ? null
            : [...outcomes].map(([what, count]) => `${count} x ${what}`).join(", "),
      ),
  ),
  phrase(
    "they had at least N responses",
    (groups, said, _, step) =>
      step.expect(said, ({ sent }) => sent >= Number(groups["n"]) ? null : `${sent}`),
  ),
  ...logParts,
];

/** Sentences that stand for themselves. */
export const loadSentences: readonly Phrase<Step>[] = [
  phrase("N clients keep sending METHOD URI [HTTP/1.0] [to PROXY [port PORT]]", (
    groups,
    said,
    names,
  ) => {
    const request = requestOf(groups, names);
    return isProblem(request) ? request : new Keep(said, Number(groups["n"]), request);
  }),
  phrase("they stop", (_, said) => new Stop(said)),
];
