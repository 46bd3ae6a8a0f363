/** Draws an exchange: the client to the left, the server to the right, the proxy between them. */
import type { Head } from "./message.ts";
import type { Sight } from "./origin.ts";
import { arrow, centred, type Column, columnsOf, fold, heads, type Look } from "./picture.ts";
import type { Scene } from "./scene.ts";
import type { Aside, Field } from "./steps.ts";

/** One request, what the servers saw of it, and its response. */
export function drawExchange(
  { exchange, asides, spoken, sources }: Extract<Scene, { kind: "exchange" }>,
  look: Look,
): string[] {
  const { paint } = look;
  const { outcome, sights, client, proxy, sameConnection } = exchange;
  const last = sights.at(-1);
  const told = (place: Aside["place"]) =>
    asides.filter((aside) => aside.place === place).flatMap((aside) => centred(aside.text, look));
  const { onLeft, onRight, left, right } = columnsOf(look);
  const from = `${client}${sameConnection ? ", same connection" : ""}`;

  const lines = [
    heads(from, proxy, sights.map(({ server }) => server), look),
    ...onLeft([
      ...arrow("  >-- ", outcome.request.line, "->", left.room, paint),
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
    const response = outcome.response;
    lines.push(...onLeft([
      ...arrow("  <-- ", response.line, "-<", left.room, paint),
      ...fieldLines(response, last?.response ?? null, spoken, left, paint.green),
    ]));
  }
  lines.push(...told("end"));
  return lines;
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
  const passed = (field: Field) =>
    beyond?.fields.some(([name, value]) =>
      name.toLowerCase() === field[0].toLowerCase() && value === field[1]
    ) ?? false;
  return head.fields.flatMap((field) => {
    const same = passed(field);
    const name = field[0].toLowerCase();
    if (same && !spoken.has(name) && !name.endsWith("cookie")) return [];
    const size = room - indent - 2;
    return fold(`${field[0]}: ${field[1]}`, size).map((part, i) =>
      `${" ".repeat(i === 0 ? indent : indent + 2)}${same ? part : changed(part)}`
    );
  });
}
