/** Connections without HTTP as a story sees them: where they arrived, and what came on them. */
import type { Connection } from "../simulate/connection.ts";
import type { Arrival } from "../simulate/demo-server.ts";
import { handshake } from "../simulate/server-input.ts";
import type { Names } from "../simulate/topology.ts";
import type { Call, Client, Wording } from "./clients.ts";
import { isServer } from "./language.ts";
import type { Context } from "./step.ts";

/** For how long a connection must stand to be a client's and not a check's, ms. */
export const standing = 50;
/** What stands for whichever server it is. */
export const anybody = "the server";

/** One end of a connection: a server by its name, else a client, which need not be declared. */
export interface Side {
  readonly kind: "client" | "server";
  readonly name: string;
}

/** The side that a name stands for. */
export function sideOf(name: string, names: Names): Side {
  return { kind: isServer(name, names) || name === anybody ? "server" : "client", name };
}

/** A client's connection that a step is about, and how it stood when the step began. */
export interface Subject {
  readonly client: Client;
  readonly call: Call;
  /** How many lines the client had got, and whether either end was over. */
  readonly lines: number;
  readonly clientOver: boolean;
  readonly serverOver: boolean;
}

/** A step as its expectations look at it; a request that is given up has no connection. */
export interface Talk {
  readonly context: Context;
  readonly subjects: readonly Subject[];
  /** How many lines servers had got when it began. */
  readonly serverLines: number;
  /** The request that was given up; null: it is a connection without HTTP. */
  readonly abandoned: Client | null;
}

/** Where a connection arrived: at a server, and it is neither a check nor another client's. */
export function arrivalOf(
  call: Call,
  { servers, clients, clock, topology }: Context,
): Arrival | null {
  if (call.arrival !== null) return call.arrival;
  const taken = new Set([...clients].map((client) => client.call?.arrival));
  const isCheck = ({ use, connection: { received } }: Arrival) =>
    use === "check" || received.startsWith(handshake) ||
    topology.names.checks.some((line) => received.startsWith(line));
  for (const arrival of servers.arrivals()) {
    if (call.before.has(arrival) || taken.has(arrival) || isCheck(arrival)) continue;
    const stands = !arrival.connection.endOfStream && clock.now() - arrival.since >= standing;
    if (!stands && arrival.use === "unknown") continue;
    call.arrival = arrival;
    return arrival;
  }
  return null;
}

/** The lines that a client got so far; what came last may want its end. */
export function linesOf({ connection, lines, wording }: Call): string[] {
  for (let text; (text = wording.take(connection)) !== null;) lines.push(text);
  const rest = wording.rest(connection);
  return rest === "" ? lines : [...lines, rest];
}

/** Texts as lines. @param end RFC 9112, section 2.2: those of HTTP end with CRLF */
export function asLines(end: "\n" | "\r\n"): Wording {
  return {
    encode: (text) => text + end,
    take(connection) {
      const length = connection.received.indexOf("\n") + 1;
      return length === 0 ? null : connection.take(length).replace(/\r?\n$/, "");
    },
    rest: ({ received }) => received,
    ending: "",
  };
}

/** The lines that one side has got since the step began. */
export function receivedBy(
  { kind, name }: Side,
  { context, subjects, serverLines }: Talk,
): string[] {
  const { servers, clients } = context;
  if (kind === "client") {
    const subject = subjects.find(({ client }) => client.name === name);
    const call = subject?.call ?? clients.get(name).call;
    return call === null ? [] : linesOf(call).slice(subject?.lines ?? 0);
  }
  const origin = name === anybody ? null : servers.originName(name);
  return servers.lines.slice(serverLines)
    .flatMap(({ server, text }) => origin === null || server === origin ? [text] : []);
}

/** The ends of the connections that are one side's. */
export function endsOf({ kind, name }: Side, { context, subjects }: Talk): Connection[] {
  const { clients, servers } = context;
  if (kind === "client") {
    const { call } = clients.get(name);
    return call === null ? [] : [call.connection];
  }
  const origin = servers.originName(name);
  return subjects.flatMap(({ call }) => arrivalOf(call, context) ?? [])
    .filter(({ server }) => name === anybody || server === origin)
    .map(({ connection }) => connection);
}

/** What one side has got, in words. */
export function whatWasReceived(side: Side, talk: Talk): string {
  const received = receivedBy(side, talk);
  if (received.length > 0) {
    return `${side.name} heard ${received.map((each) => JSON.stringify(each))}`;
  }
  const [other] = talk.context.servers.lines.slice(talk.serverLines);
  const instead = side.kind === "server" && other !== undefined ? `, ${other.server} did` : "";
  return `${side.name} heard nothing${instead}`;
}

/** How a connection stands, in words that follow others. */
export function howItStands({ connection }: Call): string {
  if (connection.broke !== null) return `: ${connection.broke}`;
  if (connection.endOfStream) return ": the connection was closed";
  return connection.isOpen ? "" : ": the connection gets no answer";
}
