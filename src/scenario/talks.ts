/** Steps of connections without HTTP: made, spoken on, ended. */
import { showEndpoint } from "../net/socket.ts";
import { Connection } from "../simulate/connection.ts";
import {
  anybody,
  arrivalOf,
  asLines,
  endsOf,
  howItStands,
  linesOf,
  receivedBy,
  type Side,
  sideOf,
  standing,
  type Subject,
  type Talk,
  whatWasReceived,
} from "./calls.ts";
import { matches } from "./claim.ts";
import type { Call, Client } from "./clients.ts";
import { arrow, columnsOf, heads, type Look } from "./drawing.ts";
import {
  isProblem,
  isServer,
  known,
  knownEntry,
  knownServer,
  type Phrase,
  phrase,
  type Problem,
  type Said,
} from "./language.ts";
import type { Names } from "../simulate/topology.ts";
import {
  type Context,
  inVain,
  logParts,
  ownLine,
  type Part,
  type Performed,
  Step,
} from "./step.ts";
import { eventually, grace, lull, sleep } from "./waiting.ts";

/** How long a connection may take from the proxy to the server, ms. */
export const passage = 200;

/** What a step does to connections. */
export interface TalkAction {
  /** Does it to the first of the connections that it is about. */
  act(call: Call, context: Context): unknown;
  /** What it is drawn as, before what follows from it. */
  drawn(call: Call): Flow[];
}

/** A step about connections. */
export class TalkStep extends Step<Talk> {
  /** @param client null: it is a server's, to all of its connections */
  constructor(
    said: Said,
    readonly client: string | null,
    private readonly action: TalkAction,
    parts: readonly Part<never>[] = talkParts,
  ) {
    super(said, parts);
  }
  override get requires(): Step["requires"] {
    return this.client === null ? null : { client: this.client, begun: "connects" };
  }

  override async perform(context: Context): Promise<Performed<Talk>> {
    const serverLines = context.servers.lines.length;
    const subjects = this.concerned(context).flatMap((client): Subject[] => {
      const { call } = client;
      if (call === null) return [];
      const lines = linesOf(call).length;
      const clientOver = call.connection.endOfStream;
      const serverOver = call.arrival?.connection.endOfStream ?? false;
      return [{ client, call, lines, clientOver, serverOver }];
    });
    const [first] = subjects;
    if (first === undefined) return inVain(this, `${this.text.split(" ")[0]} has no connection`);
    const { call, client } = first;
    await this.action.act(call, context);
    if (this.expectations.length === 0) await sleep(context.clock, standing);
    const talk = { context, subjects, serverLines, abandoned: null };
    return {
      subject: talk,
      picture: (look) => {
        const flows = [...this.action.drawn(call), ...flowsOf(talk)];
        const server = call.arrival?.server ?? null;
        return drawTalk({ client: client.name, proxy: call.proxy, server, flows }, look);
      },
    };
  }

  /** Whose connections it is about. */
  protected concerned({ clients, servers }: Context): Client[] {
    if (this.client !== null) return [clients.get(this.client)];
    const origin = servers.originName(this.text.split(" ")[0]!);
    return [...clients].filter(({ call }) => call?.arrival?.server === origin);
  }
}

/** A client connects. */
class Connect extends TalkStep {
  source: string | null = null;

  constructor(
    said: Said,
    override readonly client: string,
    readonly proxy: string | null,
    readonly port: number | null,
  ) {
    super(said, client, {
      async act(call, context) {
        const { connection } = call;
        await eventually(context.clock, grace, () => connection.isOpen || connection.endOfStream);
        const isThere = () => connection.endOfStream || arrivalOf(call, context) !== null;
        await eventually(context.clock, passage, isThere);
      },
      drawn: ({ arrival, to }) => [
        out("client", `( to ${showEndpoint(to)} )`),
        ...arrival === null ? [] : [out("server", "( connects )")],
      ],
    }, connectParts);
  }
  override get begins(): string {
    return this.client;
  }
  override get requires() {
    return null;
  }

  protected override concerned({ clients, servers, topology, network }: Context): Client[] {
    const client = clients.get(this.client);
    const { endpoint: to, tcp } = topology.entryOf(this.proxy, this.port);
    client.call?.connection.close();
    const from = this.source === null ? {} : { source: { host: this.source, port: 0 } };
    const connection = new Connection().connect(network, to, from);
    const wording = asLines(tcp ? "\n" : "\r\n");
    const before = new Set(servers.arrivals());
    client.call = { proxy: this.proxy, to, connection, wording, before, arrival: null, lines: [] };
    return [client];
  }
}

/** A client closes its connection, or gives up the request that it waits for. */
class HangUp extends TalkStep {
  constructor(said: Said, override readonly client: string) {
    super(said, client, {
      act: ({ connection, wording }) => connection.send(wording.ending).close(),
      drawn: () => [out("client", "( hangs up )")],
    });
  }
  override async perform(context: Context): Promise<Performed<Talk>> {
    const client = context.clients.get(this.client);
    if (client.call !== null) {
      const done = await super.perform(context);
      return { ...done, finish: () => void (client.call = null) };
    }
    client.browser.close();
    return {
      subject: { context, subjects: [], serverLines: 0, abandoned: client },
      picture: (look) => ownLine(this.text, null, look),
      finish: () => void (client.begun = null),
    };
  }
}

type Find = (talk: Talk, call: Call) => string | null | Promise<string | null>;

/** Adds an expectation about a connection. @param find see {@linkcode Step.expect} */
function expectOf(step: TalkStep, said: Said, find: Find): void {
  step.expect(said, (talk) => {
    const call = talk.subjects[0]?.call;
    if (call !== undefined) return find(talk, call);
    return "it was a request, which is given up: only 'no server sees it' can be said of it";
  });
}

/** The side that is named: a server, or the client of the step, if it has one. */
function receiver(word: string, names: Names, { client }: TalkStep): Side | Problem {
  if (client === null || word === client || word === anybody || isServer(word, names)) {
    return sideOf(word, names);
  }
  return known(word, "client or server", [client, ...names.servers]) ?? sideOf(word, names);
}

/** An expectation about one side. */
function ofSide(
  shape: string,
  find: (side: Side, text: string, ...about: Parameters<Find>) => ReturnType<Find>,
): Part<TalkStep> {
  return phrase(shape, ({ name = "", text = "" }, said, names, step) => {
    const side = receiver(name, names, step);
    if (isProblem(side)) return side;
    return expectOf(step, said, (talk, call) => find(side, text, talk, call));
  });
}

const receivesNothing: Parameters<typeof ofSide>[1] = async (side, _, talk) => {
  await sleep(talk.context.clock, lull);
  return receivedBy(side, talk)[0] ?? null;
};

/** Sentences indented under any of them. */
export const talkParts: readonly Part<TalkStep>[] = [
  phrase(
    "SERVER accepts it",
    ({ server = "" }, said, names, step) =>
      knownServer(server, names) ?? expectOf(step, said, async ({ context }, call) => {
        const { clock, servers } = context;
        const isKnown = () => arrivalOf(call, context) !== null || call.connection.endOfStream;
        await eventually(clock, grace, isKnown);
        const there = arrivalOf(call, context)?.server ?? null;
        if (there === null) return `no server accepted it${howItStands(call)}`;
        return there === servers.originName(server) ? null : `${there} accepted it`;
      }),
  ),
  phrase(
    "no server sees it",
    (_, said, __, step) =>
      step.expect(said, async ({ context, subjects, abandoned }) => {
        const { clock, clients, servers } = context;
        if (abandoned !== null) {
          await sleep(clock, lull);
          clients.deal(servers.sights, null);
          const sight = abandoned.begun?.sights[0];
          return sight === undefined ? null : `${sight.server} saw it`;
        }
        const { call } = subjects[0]!;
        await eventually(clock, lull, () => call.connection.endOfStream);
        const arrival = arrivalOf(call, context);
        return arrival === null ? null : `${arrival.server} accepted it`;
      }),
  ),
  ofSide("NAME hears the end", async (side, _, talk) => {
    const isSo = () => {
      const ends = endsOf(side, talk);
      return ends.length > 0 && ends.every((connection) => connection.endOfStream);
    };
    if (await eventually(talk.context.clock, grace, isSo)) return null;
    return endsOf(side, talk).length > 0
      ? `${side.name} has not heard it after ${grace / 1000} s`
      : `${side.name} has no connection`;
  }),
  ofSide("NAME hears nothing", receivesNothing),
  ofSide("NAME hears TEXT (* stands for anything)", async (side, text, talk) => {
    const isSo = () => receivedBy(side, talk).some((line) => matches(text, line));
    return await eventually(talk.context.clock, grace, isSo) ? null : whatWasReceived(side, talk);
  }),
  phrase(
    "the connection closes",
    (_, said, __, step) =>
      expectOf(
        step,
        said,
        async ({ context }, { connection }) =>
          await eventually(context.clock, grace, () => connection.endOfStream)
            ? null
            : "it stays open",
      ),
  ),
  ofSide("NAME is refused", async (_, __, { context }, call) => {
    const { connection } = call;
    await eventually(context.clock, grace, () => connection.endOfStream);
    if (connection.broke === "ECONNREFUSED" && !connection.isOpen) return null;
    return connection.isOpen ? "the connection was accepted" : `it was not${howItStands(call)}`;
  }),
  ofSide("NAME gets nothing", receivesNothing),
  ...logParts,
];

/** Sentences indented under a connect. */
export const connectParts: readonly Part<Connect>[] = [
  phrase("from ADDRESS", ({ address = "" }, _, __, step) => {
    step.source = address;
  }),
  ...talkParts,
];

/** Sentences that stand for themselves. */
export const talkSentences: readonly Phrase<Step>[] = [
  phrase("CLIENT connects [to PROXY] [port PORT]", ({ client = "", proxy, port }, said, names) => {
    const at = port === undefined ? null : Number(port);
    return knownEntry(proxy, port, names) ?? new Connect(said, client, proxy ?? null, at);
  }),
  phrase("CLIENT says TEXT", ({ client = "", text = "" }, said) =>
    new TalkStep(said, client, {
      act: ({ connection, wording }) => connection.send(wording.encode(text)),
      drawn: () => [out("client", text)],
    })),
  phrase(
    "NAME finishes (CLIENT or SERVER)",
    ({ name = "" }, said, names) =>
      isServer(name, names)
        ? new TalkStep(said, null, {
          act: (_, { servers }) => servers.originsOf(name).forEach((origin) => origin.finish()),
          drawn: () => [back("server", "( end )")],
        })
        : new TalkStep(said, name, {
          act: ({ connection }) => connection.fin(),
          drawn: () => [out("client", "( end )")],
        }),
  ),
  phrase("CLIENT hangs up", ({ client = "" }, said) => new HangUp(said, client)),
];

/** What went over a connection, at the client's side of the proxy or at the server's. */
export interface Flow {
  readonly side: "client" | "server";
  readonly way: "out" | "back";
  readonly text: string;
}

export const out = (side: Flow["side"], text: string): Flow => ({ side, way: "out", text });
export const back = (side: Flow["side"], text: string): Flow => ({ side, way: "back", text });

/** What followed, as far as it is known by now. */
function flowsOf({ context, subjects, serverLines }: Talk): Flow[] {
  const flows: Flow[] = [];
  for (const { server, text } of context.servers.lines.slice(serverLines)) {
    if (subjects.some(({ call }) => call.arrival?.server === server)) {
      flows.push(out("server", text));
    }
  }
  for (const { call, lines, serverOver, clientOver } of subjects) {
    const { connection, arrival } = call;
    if (!serverOver && arrival?.connection.endOfStream) flows.push(out("server", "( end )"));
    for (const line of linesOf(call).slice(lines)) {
      if (arrival !== null) flows.push(back("server", line));
      flows.push(back("client", line));
    }
    if (clientOver || !connection.endOfStream || connection.isClosed) continue;
    flows.push(back("client", connection.broke === null ? "( end )" : `( ${connection.broke} )`));
  }
  return flows;
}

/** What went over a connection, drawn as an exchange is. */
export function drawTalk(
  { client, proxy, server, flows }: {
    readonly client: string;
    /** The proxy that the story names; null: none. */
    readonly proxy: string | null;
    /** The server that it reached; null: none. */
    readonly server: string | null;
    readonly flows: readonly Flow[];
  },
  look: Look,
): string[] {
  const { onLeft, onRight, left, right } = columnsOf(look);
  const { paint } = look;
  return [
    heads(client, proxy, server === null ? [] : [server], look),
    ...flows.flatMap(({ side, way, text }) => {
      const [tail, head] = way === "out" ? [">-- ", "->"] : ["<-- ", "-<"];
      return side === "client"
        ? onLeft(arrow(`  ${tail}`, text, head, left.room, paint))
        : onRight(arrow(` ${tail}`, text, head, right.room, paint));
    }),
  ];
}
