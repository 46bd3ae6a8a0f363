/**
 * Steps of WebSockets: a client asks for one by HTTP. What is said on it afterwards, and how it ends,
 * is told as of any connection: see talks.ts.
 */
import { Connection } from "../simulate/connection.ts";
import { type Head, messageText, readResponse, status } from "../simulate/message.ts";
import { endFrame, messageFrame, takeMessageOf, upgradeFields } from "../simulate/websocket.ts";
import { hostOf } from "../simulate/browser.ts";
import { arrivalOf, type Talk } from "./calls.ts";
import { claimOf, contradiction } from "./claim.ts";
import type { Call, Client, Wording } from "./clients.ts";
import { isProblem, type Phrase, phrase, type Said } from "./language.ts";
import { endpointOf, fromAddress, requestOf, requestParts, type StoryRequest } from "./requests.ts";
import type { Context, Part, Performed, Step } from "./step.ts";
import { back, out, passage, talkParts, TalkStep } from "./talks.ts";
import { eventually } from "./waiting.ts";

const asMessages: Wording = {
  encode: (text) => messageFrame(text, true),
  take: takeMessageOf,
  rest: () => "",
  ending: endFrame(true),
};

/** The answer to the key (RFC 6455, section 1.3). */
const proof = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** A client asks for a WebSocket. */
class Open extends TalkStep {
  /** What came; null: nothing. */
  response: Head | null = null;
  /** The story expects a status. */
  statusTold = false;

  constructor(said: Said, override readonly client: string, readonly request: StoryRequest) {
    const { uri } = request;
    super(said, client, {
      act: async (call, context) => {
        const { connection } = call;
        connection.send(
          messageText({ line: `GET ${uri} HTTP/1.1`, fields: fieldsFor(call, request) }),
        );
        this.response = await readResponse(connection, "GET");
        if (this.response === null || status(this.response) !== 101) return connection.close();
        await eventually(context.clock, passage, () => arrivalOf(call, context) !== null);
      },
      drawn: ({ arrival }) => {
        const asked = `GET ${uri}, Upgrade: websocket`;
        const answer = this.response?.line ?? "no response";
        return arrival === null ? [out("client", asked), back("client", answer)] : [
          ...[out("client", asked), out("server", asked)],
          ...[back("server", answer), back("client", answer)],
        ];
      },
    }, openParts);
  }
  override get begins(): string {
    return this.client;
  }
  override get requires() {
    return null;
  }

  override async perform(context: Context): Promise<Performed<Talk>> {
    const done = await super.perform(context);
    return { ...done, trouble: this.statusTold ? null : refusal(this.response) };
  }

  protected override concerned(context: Context): Client[] {
    const { request } = this;
    const { network, servers, clients } = context;
    const client = clients.get(this.client);
    client.call?.connection.close();
    const to = endpointOf(request, context);
    const from = request.source === null ? {} : { source: { host: request.source, port: 0 } };
    const connection = new Connection().connect(network, to, from);
    const { proxy } = request;
    const before = new Set(servers.arrivals());
    const wording = asMessages;
    client.call = { proxy, to, connection, wording, before, arrival: null, lines: [] };
    return [client];
  }
}

/** The fields of the request: those that every client sends, unless the story has others. */
function fieldsFor({ to }: Call, { fields }: StoryRequest): string[] {
  const nameOf = (line: string) => line.split(":")[0]!.toLowerCase();
  const own = fields.map(nameOf);
  const usual = [`Host: ${hostOf(to)}`, ...upgradeFields];
  return [...usual.filter((line) => !own.includes(nameOf(line))), ...fields];
}

/** What is wrong with a response that should grant a WebSocket; null: it does. */
function refusal(response: Head | null): string | null {
  if (response === null) return "no response";
  if (status(response) !== 101) return response.line;
  return contradiction(claimOf(`Sec-WebSocket-Accept: ${proof}`), response);
}

/** Sentences indented under it. */
export const openParts: readonly Part<Open>[] = [
  ...requestParts,
  fromAddress,
  phrase("CLIENT gets CLAIM (STATUS; FIELD: VALUE; no FIELD)", (groups, said, _, step) => {
    const claim = claimOf(groups["claim"]!);
    if (claim.kind === "status") step.statusTold = true;
    return step.expect(
      said,
      () => step.response === null ? "no response" : contradiction(claim, step.response),
    );
  }),
  ...talkParts,
];

/** Sentences that stand for themselves. */
export const webSocketSentences: readonly Phrase<Step>[] = [
  phrase("CLIENT opens a WebSocket at URI [to PROXY [port PORT]]", (groups, said, names) => {
    const request = requestOf({ ...groups, method: "GET" }, names);
    return isProblem(request) ? request : new Open(said, groups["client"]!, request);
  }),
];
