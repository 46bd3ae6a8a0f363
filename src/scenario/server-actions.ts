/** Steps that do something to servers, and to proxies as servers of other proxies. */
import { showEndpoint, SocketError } from "../net/socket.ts";
import { answerOf } from "./claim.ts";
import {
  isProblem,
  isServer,
  known,
  knownServer,
  knownServers,
  milliseconds,
  oneOf,
  type Phrase,
  phrase,
  type Said,
} from "./language.ts";
import type { AnswerPart, DemoServer } from "../simulate/demo-server.ts";
import {
  type Context,
  logParts,
  ownLine,
  type Performed,
  Step,
  type Verdict,
  verdictOn,
} from "./step.ts";
import type { Topology } from "../simulate/topology.ts";
import { sleep } from "./waiting.ts";

/** How long what opens and closes listeners is given, ms: on Deno it is done in the next turn. */
export const listenerTime = 10;

/** Does it. @returns why it cannot be done; null: it is done. @throws {SocketError} likewise */
type Act = (context: Context) => string | null;

/** Something is done; of itself it says nothing. */
export class Action extends Step<null> {
  override readonly isAction = true;

  /** @param listens it opens or closes listeners */
  constructor(said: Said, readonly act: Act, readonly listens = false) {
    super(said, logParts);
  }

  override async perform(context: Context): Promise<Performed<null>> {
    const own = this.verdict(context);
    if (this.listens) await sleep(context.clock, listenerTime);
    return { subject: null, own, picture: (look) => ownLine(this.text, own, look) };
  }

  /** null where it is done, and nothing was in question. */
  protected verdict(context: Context): Verdict | null {
    try {
      const trouble = this.act(context);
      return trouble === null ? null : verdictOn(this, trouble);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      return verdictOn(this, error.message);
    }
  }
}

/** The proxy of this configuration that a server is; null: it is none. */
function proxyBehind(server: string, topology: Topology): string | null {
  const endpoint = topology.serversOf(server)[0]?.endpoint;
  return endpoint === undefined ? null : topology.proxyAt(endpoint);
}

/**
 * What is done to the origins of a server, or of all.
 * @param server null: every server
 * @param checks also where its checks are answered
 */
function toOrigins(server: string | null, checks: boolean, act: (origin: DemoServer) => void): Act {
  return ({ servers, topology }) => {
    const names = server === null ? topology.names.servers : [server];
    const own = new Set(names.flatMap((name) => {
      const check = checks ? servers.checkOriginOf(name) : null;
      return [...servers.originsOf(name), ...check === null ? [] : [check]];
    }));
    if (own.size > 0) own.forEach(act);
    else return notOurs(server ?? "none of them", topology);
    return null;
  };
}

function notOurs(server: string, topology: Topology): string {
  const proxy = proxyBehind(server, topology);
  return proxy === null
    ? `${server} is not the demo's own server`
    : `${server} is the proxy '${proxy}' of this file: say it of that one`;
}

/** A proxy listens, or not. */
const listening = (proxy: string, on: boolean): Act => ({ instances }) => {
  const instance = instances.get("newest");
  if (on) instance?.resumeProxy(proxy);
  else instance?.pauseProxy(proxy);
  return null;
};

/** A server starts or stops; one that is a proxy of this configuration does as a proxy. */
const running = (server: string, on: boolean): Act => (context) => {
  const proxy = proxyBehind(server, context.topology);
  if (proxy !== null) return listening(proxy, on)(context);
  return toOrigins(server, true, (origin) => {
    if (!on) origin.stop();
    else if (!origin.withdrawn) origin.start();
  })(context);
};

/** A server's checks are answered where that is apart, or not. */
const answeringChecks = (server: string, on: boolean): Act => ({ servers, topology }) => {
  const origin = servers.checkOriginOf(server);
  if (origin !== null) {
    origin.withdrawn = !on;
    if (on && servers.originsOf(server).some((each) => each.running)) origin.start();
    else origin.stop();
    return null;
  }
  const checked = topology.serversOf(server).find((each) => each.checked !== null)?.checked;
  if (checked === undefined || checked === null) {
    return `${server} is checked where it serves: write '${server} stops', or give it 'check port'`;
  }
  const proxy = topology.proxyAt(checked);
  if (proxy !== null) return `the proxy '${proxy}' answers its checks: write '${proxy} stops'`;
  const others = servers.originsOf(server).length === 0
    ? "not the demo's own"
    : "another server's too";
  return `what answers its checks at ${showEndpoint(checked)} is ${others}`;
};

const answering = (server: string | null, uri: string, answer: AnswerPart | null): Act =>
  toOrigins(server, true, (origin) => origin.answer(uri, answer));

/** `X stops`, `X starts`: X is a server, or a proxy of the configuration. */
function power(verb: string, on: boolean): Phrase<Step> {
  return phrase(`NAME ${verb} (SERVER or PROXY)`, ({ name = "" }, said, names) => {
    if (isServer(name, names)) return new Action(said, running(name, on), true);
    return known(name, "server or proxy", [...names.servers, ...names.proxies]) ??
      new Action(said, listening(name, on), true);
  });
}

/** What is done to one server. */
function toServer(shape: string, act: (server: string) => Act): Phrase<Step> {
  return phrase(
    shape,
    ({ server = "" }, said, names) => knownServer(server, names) ?? new Action(said, act(server)),
  );
}

const hang = (does: boolean) => (server: string) =>
  toOrigins(server, true, (origin) => origin.hang(does));

/** Sentences that stand for themselves. */
export const serverSentences: readonly Phrase<Step>[] = [
  phrase("CLIENT accepts no cookies", ({ client = "" }, said) =>
    new Action(said, ({ clients }) => {
      clients.get(client).browser.acceptsCookies = false;
      return null;
    })),
  power("stops", false),
  power("starts", true),
  toServer("SERVER hangs", hang(true)),
  toServer("SERVER answers again", hang(false)),
  toServer("SERVER stops answering checks", (server) => answeringChecks(server, false)),
  toServer("SERVER answers checks again", (server) => answeringChecks(server, true)),
  phrase("SERVER takes TIME for each request (or: every server)", (groups, said, names) => {
    const { server = "", time = "" } = groups;
    const act = toOrigins(oneOf(server), false, (origin) => {
      origin.pace = milliseconds(time);
    });
    return knownServers(server, names) ?? new Action(said, act);
  }),
  phrase("SERVER speaks TLS with the certificate PATH", (groups, said, names) => {
    const { server = "", path = "" } = groups;
    const act = toOrigins(oneOf(server), true, (origin) => void (origin.certificate = path));
    return knownServers(server, names) ?? new Action(said, act);
  }),
  phrase(
    "SERVER answers URI as usual",
    ({ server = "", uri = "" }, said, names) =>
      knownServers(server, names) ?? new Action(said, answering(oneOf(server), uri, null)),
  ),
  phrase("SERVER answers URI with CLAIM (STATUS; FIELD: VALUE)", (groups, said, names) => {
    const { server = "", uri = "", claim = "" } = groups;
    const answer = answerOf(claim);
    if (isProblem(answer)) return answer;
    return knownServers(server, names) ?? new Action(said, answering(oneOf(server), uri, answer));
  }),
];
