/** One request, what the servers saw of it, and its response: how that is asserted and drawn. */
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { field, type Head, status } from "../simulate/message.ts";
import type { Outcome } from "../simulate/browser.ts";
import { arrow, centred, type Column, columnsOf, fold, heads, type Look } from "./drawing.ts";
import { knownServer, type Problem } from "./language.ts";
import type { Names } from "../simulate/topology.ts";
import type { Sight } from "../simulate/demo-server.ts";

/** See the file. */
export interface Exchange {
  readonly client: string;
  /** The proxy that the story names; null: none. */
  readonly proxy: string | null;
  readonly sameConnection: boolean;
  /** The address that the story has the client connect from; null: it says nothing of that. */
  readonly source: string | null;
  readonly outcome: Outcome;
  /** In the order of their coming; more than one where the proxy tried again. */
  readonly sights: readonly Sight[];
  /** The server of the client's last exchange; null before the first. */
  readonly previous: string | null;
  /** The origin's name behind a server's: servers may share an address. */
  readonly originOf: (server: string) => string;
}

/** Which server is meant: by its name, or compared with the one that served the client last. */
export type Which =
  | { readonly kind: "named"; readonly server: string }
  | { readonly kind: "any" | "same" | "other" | "none" };

/** Reads a server's name, or the words that stand for one. */
export function whichOf(words: string, names: Names): Which | Problem {
  if (words === "the server") return { kind: "any" };
  if (words === "the same server") return { kind: "same" };
  if (words === "another server") return { kind: "other" };
  return knownServer(words, names) ?? { kind: "named", server: words };
}

/** Whether this server served it. @returns what was so instead; null: it did */
export function served(which: Which, { sights, previous, originOf }: Exchange): string | null {
  const server = sights.at(-1)?.server ?? null;
  if (which.kind === "none") return server === null ? null : `${server} saw it`;
  if (server === null) return "no server saw it";
  switch (which.kind) {
    case "any":
      return null;
    case "named":
      return server === originOf(which.server) ? null : `${server} served it`;
    case "same":
      if (previous === null) return `${server} served it, and no server before it`;
      return server === previous ? null : `${server} served it, ${previous} before it`;
    case "other":
      return server !== previous ? null : `${server} served it again`;
  }
}

/** Whether the server that is meant served it, and saw what `find` looks for. */
export function sawThere(
  which: Which,
  exchange: Exchange,
  find: (sight: Sight) => string | null,
): string | null {
  const sight = exchange.sights.at(-1);
  return served(which, exchange) ?? (sight === undefined ? null : find(sight));
}

/**
 * What goes without saying: there is a response, and it is the server's, with its content.
 * @param statusTold the story expects a status, which the proxy may have put in its place
 * @returns what was there instead; null: it is so
 */
export function unexpected({ outcome, sights }: Exchange, statusTold: boolean): string | null {
  const { failure, response, content } = outcome;
  const sight = sights.at(-1);
  if (response === null) return failure;
  if (sight === undefined) return null;
  if (status(response) !== status(sight.response)) {
    if (statusTold) return null;
    return `the server's response was ${sight.response.line}, not ${response.line}`;
  }
  if (content === sight.content) return null;
  if (field(response, "Content-Encoding") === "gzip" && gunzipped(content) === sight.content) {
    return null;
  }
  const [sent, got] = [sight.content, content].map((each) => JSON.stringify(each));
  return `the server's content was ${sent}, the client's ${got}`;
}

/** What was compressed, one character a byte; null: nothing was. */
function gunzipped(content: string): string | null {
  try {
    return gunzipSync(Buffer.from(content, "latin1")).toString("latin1");
  } catch {
    return null;
  }
}

/** Narration inside an exchange: beside the request, beside the response, or after both. */
export interface Aside {
  readonly place: "request" | "response" | "end";
  readonly text: string;
}

/** How an exchange is drawn. */
export interface ExchangeStyle {
  readonly asides: readonly Aside[];
  /** Names of fields which the story speaks of, in lower case: they are shown in any case. */
  readonly spoken: ReadonlySet<string>;
  /** The story speaks of where the servers see requests come from. */
  readonly sources: boolean;
}

/** Draws it: the client to the left, the server to the right, the proxy as a bar between them. */
export function drawExchange(
  { outcome, sights, client, proxy, sameConnection, source }: Exchange,
  { asides, spoken, sources }: ExchangeStyle,
  look: Look,
): string[] {
  const { paint } = look;
  const last = sights.at(-1);
  const told = (place: Aside["place"]) =>
    asides.filter((aside) => aside.place === place).flatMap((aside) => centred(aside.text, look));
  const { onLeft, onRight, left, right } = columnsOf(look);
  const from = `${client}${sameConnection ? ", same connection" : ""}`;

  const lines = [
    heads(from, proxy, sights.map(({ server }) => server), look),
    ...onLeft([
      ...arrow("  >-- ", outcome.request.line, "->", left.room, paint),
      ...source === null ? [] : [`      ( from ${source} )`],
      ...overTls(outcome, left),
      ...fieldLines(outcome.request, (last ?? outcome).request, spoken, left, paint.yellow),
    ]),
    ...told("request"),
  ];
  const drawAnswer = ({ answered, response }: Sight) =>
    answered
      ? [
        ...arrow(" <-- ", response.line, "-<", right.room, paint),
        ...fieldLines(response, outcome.response, spoken, right, paint.yellow),
      ]
      : [paint.red(" <-- no response")];
  for (const sight of sights) {
    lines.push(
      ...onRight([
        ...arrow(" >-- ", sight.request.line, "->", right.room, paint),
        ...sources ? [`     ( from ${sight.from} )`] : [],
        ...fieldLines(sight.request, outcome.request, spoken, right, paint.green),
        ...drawAnswer(sight),
      ]),
    );
  }
  lines.push(...told("response"));
  if (outcome.response === null) {
    lines.push(...onLeft([paint.red(`  <-- ${outcome.failure ?? "no response"}`)]));
  } else {
    const { response } = outcome;
    lines.push(...onLeft([
      ...arrow("  <-- ", response.line, "-<", left.room, paint),
      ...fieldLines(response, last?.response ?? null, spoken, left, paint.green),
    ]));
  }
  lines.push(...told("end"));
  return lines;
}

/** That a request went over TLS, and whose certificate was shown. */
function overTls({ shown }: Outcome, { indent, room }: Column): string[] {
  if (shown.length === 0) return [];
  return fold(`( over TLS, to ${shown.join(", ")} )`, room - indent - 2)
    .map((part, i) => " ".repeat(i === 0 ? indent : indent + 2) + part);
}

/**
 * The fields worth showing: those of which the story speaks, cookies, and what the proxy took away
 * or added, in colour. The rest (Host, Content-Length, ...) passed unchanged.
 */
function fieldLines(
  head: Head,
  beyond: Head | null,
  spoken: ReadonlySet<string>,
  { indent, room }: Column,
  changed: (text: string) => string,
): string[] {
  const parts = (line: string) => {
    const colon = line.indexOf(":");
    return { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() };
  };
  const others = beyond?.fields.map(parts) ?? [];
  return head.fields.flatMap((line) => {
    const { name, value } = parts(line);
    const same = others.some((other) => other.name === name && other.value === value);
    if (same && !spoken.has(name) && !name.endsWith("cookie")) return [];
    const size = room - indent - 2;
    return fold(`${line.slice(0, name.length)}: ${value}`, size).map((part, i) =>
      `${" ".repeat(i === 0 ? indent : indent + 2)}${same ? part : changed(part)}`
    );
  });
}
