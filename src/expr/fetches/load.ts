/** Fetches of the load of proxies and servers (manual, chapter 7.3.2). */
import { type ArgumentForm, type Arguments, may, need } from "../arguments.ts";
import { backendOf, type Context, type ProxyFacts, type ServerFacts } from "../context.ts";
import type { Fetch } from "../fetch.ts";
import { NEEDS_NOTHING } from "../needs.ts";
import type { References } from "../references.ts";
import { BOOL, SINT } from "../sample.ts";

const chapter = "7.3.2";

/** Reads an integer; below 0: there is none. */
type Read<T> = (facts: T) => number;

/** The proxy that an argument names, or that of the stream. */
function proxyOf(
  args: Arguments,
  side: "frontend" | "backend",
  references: References,
): (context: Context) => ProxyFacts | null {
  if (!args.has(0)) {
    return side === "frontend" ? ({ frontend }) => frontend : backendOf;
  }
  const name = args.text(0);
  if (!references.hasProxy(name, side)) {
    throw args.mistake(0, `there is no ${side} '${name}'`);
  }
  return (context) => context.proxy(name, side);
}

function ofProxy(
  name: string,
  side: "frontend" | "backend",
  doc: string,
  read: Read<ProxyFacts>,
): Fetch {
  const args: ArgumentForm[] = [may(side, side)];
  return {
    name,
    args,
    type: SINT,
    needs: NEEDS_NOTHING,
    doc,
    chapter,
    create(given, references) {
      const find = proxyOf(given, side, references);
      return (context, sample) => {
        const facts = find(context);
        if (facts === null) return false;
        return sample.setInt(read(facts));
      };
    },
  };
}

function ofServer(
  name: string,
  doc: string,
  read: Read<ServerFacts>,
  type: typeof SINT | typeof BOOL = SINT,
): Fetch {
  return {
    name,
    args: [need("backend/server", "server")],
    type,
    needs: NEEDS_NOTHING,
    doc,
    chapter,
    create(args, references) {
      const text = args.text(0);
      const slash = text.indexOf("/");
      const backend = slash < 0 ? references.proxy : text.slice(0, slash);
      const server = text.slice(slash + 1);
      if (!references.hasServer(backend, server)) {
        throw args.mistake(0, `there is no server '${backend}/${server}'`);
      }
      return (context, sample) => {
        const proxy = context.proxy(backend, "backend");
        const facts = proxy?.servers.find((each) => each.name === server);
        if (facts === undefined) return false;
        const value = read(facts);
        return type === BOOL ? sample.setBool(value !== 0) : sample.setInt(value);
      };
    },
  };
}

const usable = ({ servers }: ProxyFacts) => servers.filter(({ up }) => up);
const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
/** How many connections more; -1: as many as there may be. */
const free = (
  { connectionLimit, connections }: Pick<ServerFacts, "connectionLimit" | "connections">,
) =>
  connectionLimit > 0 && Number.isFinite(connectionLimit)
    ? Math.max(0, connectionLimit - connections)
    : -1;

/** {@linkcode Fetch}es of this family. */
export const loadFetches: readonly Fetch[] = [
  ofProxy("nbsrv", "backend", "Usable servers of the backend.", (facts) => usable(facts).length),
  ofProxy("be_conn", "backend", "Streams of the backend.", ({ connections }) => connections),
  ofProxy(
    "be_conn_free",
    "backend",
    "Connections that usable servers still take; none, where one has no limit.",
    (facts) => {
      const all = usable(facts).map(free);
      return all.some((each) => each < 0) ? -1 : sum(all);
    },
  ),
  ofProxy(
    "connslots",
    "backend",
    "Connections and places in queues that are still free.",
    (facts) => {
      const all = usable(facts).map(free);
      return all.some((each) => each < 0) ? -1 : sum(all);
    },
  ),
  ofProxy("be_sess_rate", "backend", "Streams a second.", ({ sessionRate }) => sessionRate),
  ofProxy(
    "queue",
    "backend",
    "Streams that wait, in the backend's queue and in those of its servers.",
    ({ queueLength, servers }) => queueLength + sum(servers.map((each) => each.queueLength)),
  ),
  ofProxy(
    "avg_queue",
    "backend",
    "Streams that wait, by usable server.",
    (facts) => {
      const waiting = facts.queueLength + sum(facts.servers.map((each) => each.queueLength));
      const servers = usable(facts).length;
      return servers === 0 ? waiting : Math.ceil(waiting / servers);
    },
  ),
  ofProxy("fe_conn", "frontend", "Connections of the frontend.", ({ connections }) => connections),
  ofProxy("fe_req_rate", "frontend", "Requests a second.", ({ requestRate }) => requestRate),
  ofProxy("fe_sess_rate", "frontend", "Connections a second.", ({ sessionRate }) => sessionRate),
  ofServer("srv_conn", "Connections of a server.", ({ connections }) => connections),
  ofServer(
    "srv_conn_free",
    "Connections that a server still takes.",
    ({ connectionLimit, connections }) => free({ connectionLimit, connections }),
  ),
  ofServer("srv_is_up", "Whether a server is up.", ({ up }) => up ? 1 : 0, BOOL),
  ofServer("srv_queue", "Streams that wait for a server.", ({ queueLength }) => queueLength),
  ofServer("srv_sess_rate", "Streams a second of a server.", ({ sessionRate }) => sessionRate),
  ofServer("srv_weight", "The weight of a server now.", ({ weight }) => weight),
  ofServer("srv_uweight", "The weight that a server was given.", ({ weight }) => weight),
  ofServer("srv_iweight", "The weight of a server at the start.", (facts) => facts.initialWeight),
];
