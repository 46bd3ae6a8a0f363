/** Steps of one request: sent and answered, or begun and waited for later. */
import { lineOf, type RequestSpec } from "../simulate/browser.ts";
import type { AnswerPart } from "../simulate/demo-server.ts";
import { answerOf, type Claim, claimOf, contradiction, matches } from "./claim.ts";
import type { Client } from "./clients.ts";
import {
  type Aside,
  drawExchange,
  type Exchange,
  sawThere,
  served,
  unexpected,
  whichOf,
} from "./exchange.ts";
import {
  type Groups,
  isProblem,
  knownEntry,
  type Phrase,
  phrase,
  type Problem,
  problem,
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
import { eventually } from "./waiting.ts";

/** How long a client waits for a response that the story does not expect, ms. */
const doubt = 3000;
/** How long a request that is begun may take to come to where it waits, ms. */
const settling = 50;

/** A request as a story words it. */
export interface StoryRequest extends RequestSpec {
  /** The proxy it is sent to, and the port; null: the first. */
  readonly proxy: string | null;
  readonly port: number | null;
}

/** Reads `METHOD URI [HTTP/1.0] [to PROXY [port PORT]]`. */
export function requestOf(groups: Groups, names: Names): StoryRequest | Problem {
  const { method = "", uri = "", version = "HTTP/1.1", proxy, port } = groups;
  if (version !== "HTTP/1.0" && version !== "HTTP/1.1") {
    return problem(version, `'${version}' is not spoken here`, "write HTTP/1.0 or HTTP/1.1");
  }
  if (names.checks.includes(`${method} ${uri} ${version}`)) {
    return problem(method, "the health checks send this very request", "ask for another URI");
  }
  const stranger = proxy === undefined ? null : knownEntry(proxy, port, names);
  return stranger ?? {
    method,
    uri,
    version,
    preamble: null,
    fields: [],
    source: null,
    proxy: proxy ?? null,
    port: port === undefined ? null : Number(port),
  };
}

/** Where a request goes. */
export function endpointOf({ proxy, port }: StoryRequest, { topology }: Context) {
  return topology.entryOf(proxy, port).endpoint;
}

/** A step that has a request. */
type Requesting = Step & { readonly request: StoryRequest };

/** How a request is sent: may be indented under it. */
export const requestParts: readonly Part<Requesting>[] = [
  phrase("with FIELD: VALUE", ({ field, value }, _, __, step) => {
    step.request.fields.push(`${field}: ${value}`);
  }),
  phrase("over TLS", (_, __, ___, step) => {
    step.request.tls = true;
  }),
  phrase("with the certificate PATH", ({ path = "" }, _, __, step) => {
    step.request.certificate = path;
  }),
  phrase("after the line TEXT", ({ text = "" }, _, __, step) => {
    step.request.preamble = text;
  }),
];

export const fromAddress: Part<Requesting> = phrase(
  "from ADDRESS",
  ({ address = "" }, _, __, step) => {
    step.request.source = address;
  },
);

/** A step after which there is an exchange. */
abstract class ExchangeStep extends Step<Exchange> {
  readonly asides: Aside[] = [];
  /** Names of fields which the story speaks of, in lower case. */
  readonly spoken = new Set<string>();
  /** The story speaks of where the servers see requests come from. */
  sources = false;
  /** The story expects a status; it expects no response. */
  statusTold = false;
  noneExpected = false;
  /** How long the client waits for the response, ms; undefined: as long as ever. */
  timeout: number | undefined = undefined;
  /** How far the story has told the exchange: narration goes beside what comes next. */
  told: Aside["place"] = "request";

  constructor(said: Said, readonly client: string, parts: readonly Part<never>[]) {
    super(said, parts);
  }

  override narrate(text: string): void {
    const begun = this.told === "request" && this.expectations.length > 0;
    this.asides.push({ place: begun ? "response" : this.told, text });
  }

  speakOf(claim: Claim): void {
    if ("name" in claim) this.spoken.add(claim.name.toLowerCase());
  }

  /** The exchange as it is now over. */
  protected close(
    client: Client,
    what: Pick<Exchange, "proxy" | "sameConnection" | "source" | "outcome" | "sights">,
    { servers }: Context,
  ): Performed<Exchange> {
    const originOf = (name: string) => servers.originName(name);
    const exchange = { ...what, client: this.client, previous: client.previous, originOf };
    client.previous = what.sights.at(-1)?.server ?? client.previous;
    return {
      subject: exchange,
      trouble: this.noneExpected ? null : unexpected(exchange, this.statusTold),
      picture: (look) => drawExchange(exchange, this, look),
    };
  }
}

/** A request, and its response. */
export class Send extends ExchangeStep {
  /** How the server answers this request, beyond what is usual. */
  readonly answers: AnswerPart[] = [];

  constructor(
    said: Said,
    client: string,
    readonly request: StoryRequest,
    readonly sameConnection: boolean,
  ) {
    super(said, client, sendParts);
  }

  override async perform(context: Context): Promise<Performed<Exchange>> {
    const { request, sameConnection, answers } = this;
    const { servers, clients } = context;
    const client = clients.get(this.client);
    clients.deal(servers.sights, null);
    client.begun = null;
    for (const line of request.fields) this.spoken.add(line.split(":")[0]!.toLowerCase());
    for (const origin of servers.origins) origin.answerAll(answers);
    const to = endpointOf(request, context);
    const outcome = await client.browser.send(request, to, sameConnection, this.timeout);
    for (const origin of servers.origins) origin.answerAll([]);
    const sights = clients.deal(servers.sights, lineOf(request));
    const { proxy, source } = request;
    return this.close(client, { sameConnection, proxy, source, outcome, sights }, context);
  }
}

/** A request is sent, and its response not waited for. */
class Begin extends Step<null> {
  constructor(said: Said, readonly client: string, readonly request: StoryRequest) {
    super(said, beginParts);
  }
  override get begins(): string {
    return this.client;
  }

  override async perform(context: Context): Promise<Performed<null>> {
    const { clients, servers, clock } = context;
    const client = clients.get(this.client);
    clients.deal(servers.sights, null);
    const line = lineOf(this.request);
    client.begun = { line, proxy: this.request.proxy, sights: [] };
    client.browser.begin(this.request, endpointOf(this.request, context));
    // It must be there, at a server or in a queue, before anything else happens.
    const isThere = () => servers.sights.some(({ request }) => request.line === line);
    await eventually(clock, settling, isThere);
    clients.deal(servers.sights, null);
    return { subject: null, picture: (look) => ownLine(this.text, null, look) };
  }
}

/** The response to what was begun. */
class Await extends ExchangeStep {
  constructor(said: Said, client: string) {
    super(said, client, exchangeParts);
  }
  override get requires() {
    return { client: this.client, begun: "begins GET /" };
  }

  override async perform(context: Context): Promise<Performed<Exchange>> {
    const { clients, servers } = context;
    const client = clients.get(this.client);
    const { begun } = client;
    if (begun === null) {
      return inVain(this, `${this.client} has nothing to wait for any more`);
    }
    const outcome = await client.browser.response(this.timeout);
    clients.deal(servers.sights, null);
    client.begun = null;
    const { proxy, sights } = begun;
    const told = { sameConnection: false, source: null };
    return this.close(client, { ...told, proxy, outcome, sights }, context);
  }
}

/** The problem with a client that is not the step's own; null if it is. */
function stranger({ client = "" }: Groups, step: ExchangeStep, verb: string): Problem | null {
  if (client === step.client) return null;
  return problem(
    client,
    `'${client}' did not send this request`,
    `${step.client} did, in line ${step.line}: write '${step.client} ${verb}'`,
  );
}

/** How many characters of content are shown. */
const mostShown = 200;

/** Content that is not as expected, in words. */
function whatWasRead(content: string): string {
  if (content === "") return "the content is empty";
  const shown = JSON.stringify(content.slice(0, mostShown));
  return content.length > mostShown ? `${shown} and more` : shown;
}

/** An expectation of what the server sees. */
function ofServer(
  shape: string,
  read: (
    groups: Groups,
    step: ExchangeStep,
  ) => (exchange: Exchange, which: Exclude<ReturnType<typeof whichOf>, Problem>) => string | null,
): Part<ExchangeStep> {
  return phrase(shape, (groups, said, names, step) => {
    const which = whichOf(groups["server"] ?? "the server", names);
    if (isProblem(which)) return which;
    const find = read(groups, step);
    return step.expect(said, (exchange) => find(exchange, which));
  });
}

/** An expectation of what the client gets. */
function ofClient(
  shape: string,
  verb: string,
  read: (groups: Groups, step: ExchangeStep) => (exchange: Exchange) => string | null,
): Part<ExchangeStep> {
  return phrase(shape, (groups, said, _, step) => {
    const wrong = groups["client"] === undefined ? null : stranger(groups, step, verb);
    return wrong ?? step.expect(said, read(groups, step));
  });
}

/** What must be true of an exchange. */
export const exchangeParts: readonly Part<ExchangeStep>[] = [
  ofServer(
    "SERVER serves it (or: the same server, another server)",
    () => (exchange, which) => served(which, exchange),
  ),
  ofServer("no server sees it", () => (exchange) => served({ kind: "none" }, exchange)),
  ofServer("SERVER sees it from ADDRESS", ({ address }, step) => {
    step.sources = true;
    return (exchange, which) =>
      sawThere(which, exchange, ({ from }) => from === address ? null : `it came from ${from}`);
  }),
  ofServer(
    "SERVER sees it on behalf of ADDRESS",
    ({ address }) => (exchange, which) =>
      sawThere(which, exchange, ({ onBehalfOf: told }) => {
        if (told === null) return "no header of the PROXY protocol said so";
        return told === address ? null : `it was on behalf of ${told}`;
      }),
  ),
  ofServer("SERVER sees CLAIM (FIELD: VALUE; no FIELD; METHOD URI VERSION)", (groups, step) => {
    const claim = claimOf(groups["claim"]!);
    step.speakOf(claim);
    return (exchange, which) =>
      sawThere(which, exchange, ({ request }) => contradiction(claim, request));
  }),
  ofClient("CLIENT gets CLAIM (STATUS; FIELD: VALUE; no FIELD)", "gets", (groups, step) => {
    const claim = claimOf(groups["claim"]!);
    step.speakOf(claim);
    step.told = "end";
    if (claim.kind === "status") step.statusTold = true;
    return ({ outcome: { response, failure } }) =>
      response === null ? failure ?? "no response" : contradiction(claim, response);
  }),
  ofClient(
    "CLIENT reads TEXT (a line of the content; * stands for anything)",
    "reads",
    (groups, step) => {
      const { text = "" } = groups;
      step.told = "end";
      return ({ outcome: { response, content, failure } }) => {
        if (response === null) return failure ?? "no response";
        const lines = content.split(/\r?\n/);
        return lines.some((line) => matches(text, line)) ? null : whatWasRead(content);
      };
    },
  ),
  ofClient("CLIENT is shown the certificate of URI (a name)", "is", (groups, step) => {
    const { uri = "" } = groups;
    step.told = "end";
    return ({ outcome: { shown, failure } }) => {
      if (shown.includes(uri)) return null;
      return shown.length > 0 ? `it was that of ${shown.join(", ")}` : failure ?? "there is no TLS";
    };
  }),
  ofClient("CLIENT gets nothing", "gets", (_, step) => {
    step.noneExpected = true;
    step.timeout = doubt;
    return ({ outcome: { response } }) => response?.line ?? null;
  }),
  ofClient("CLIENT is refused", "is", (_, step) => {
    step.noneExpected = true;
    return ({ outcome: { response, refused, failure } }) =>
      response?.line ?? (refused ? null : failure ?? "no response");
  }),
  ofClient("the connection closes", "", (_, step) => {
    step.told = "end";
    return ({ outcome: { closed } }) => closed ? null : "it stays open";
  }),
  ...logParts,
];

/** Sentences indented under a request that is begun, and not waited for. */
export const beginParts: readonly Part<Begin>[] = [...requestParts, fromAddress, ...logParts];

/** Sentences indented under a request. */
export const sendParts: readonly Part<Send>[] = [
  ...requestParts,
  fromAddress,
  phrase("the server answers with CLAIM (STATUS; FIELD: VALUE)", (groups, _, __, step) => {
    const answer = answerOf(groups["claim"]!);
    if (isProblem(answer)) return answer;
    step.speakOf(answer);
    if (step.told === "request") step.told = "response";
    step.answers.push(answer);
    return undefined;
  }),
  ...exchangeParts,
];

/** Sentences that stand for themselves. */
export const requestSentences: readonly Phrase<Step>[] = [
  phrase(
    "CLIENT sends METHOD URI [HTTP/1.0] [on the same connection] [to PROXY [port PORT]]",
    (groups, said, names) => {
      const request = requestOf(groups, names);
      if (isProblem(request)) return request;
      const same = groups["on_the_same_connection"] !== undefined;
      return new Send(said, groups["client"]!, request, same);
    },
  ),
  phrase("CLIENT begins METHOD URI [HTTP/1.0] [to PROXY [port PORT]]", (groups, said, names) => {
    const request = requestOf(groups, names);
    return isProblem(request) ? request : new Begin(said, groups["client"]!, request);
  }),
  phrase(
    "CLIENT waits for its response",
    ({ client = "" }, said) => new Await(said, client),
  ),
];
