/**
 * Draws a scene as lines of text. An exchange is drawn as the Architecture Guide draws its flows:
 * the client to the left, the server to the right, and the proxy as a bar between them.
 */
import type { Head } from "./message.ts";
import type { Paint } from "./paint.ts";
import type { Burst, Exchange, Scene, Verdict } from "./scene.ts";
import type { Aside, Field } from "./steps.ts";

/** How to draw. */
export interface Look {
  /** Columns to draw in. */
  readonly width: number;
  readonly paint: Paint;
  /** The story's file, to be named beside what failed. */
  readonly file: string;
}

/** A width that is pleasant to read, near that of the terminal. */
export function pleasant(columns: number): number {
  return Math.max(60, Math.min(columns, 100));
}

/** A scene as text. A wait that begins leaves its line open: its end completes it. */
export function draw(scene: Scene, look: Look): string {
  const { paint, width } = look;
  switch (scene.kind) {
    case "heading":
      return text([paint.bold(`== ${scene.text} ==`), ""]);
    case "narration":
      return text([...wrap(scene.text, width - 2).map((line) => `  ${line}`), ""]);
    case "exchange":
      return text([
        ...drawExchange(scene.exchange, scene.asides, scene.spoken, look),
        ...scene.verdicts.flatMap((verdict) => drawVerdict(verdict, look)),
        "",
      ]);
    case "burst":
      return text([
        ...drawBurst(scene.burst, look),
        ...scene.verdicts.flatMap((verdict) => drawVerdict(verdict, look)),
        "",
      ]);
    case "deed": {
      const verdict = scene.verdict === null ? [] : drawVerdict(scene.verdict, look);
      return text([paint.cyan(`* ${scene.text}`), ...verdict, ""]);
    }
    case "waiting":
      return paint.cyan(`* ${scene.text} ...`);
    case "waited": {
      const { verdict, ms } = scene;
      const took = paint.dim(` ${seconds(ms)}`);
      if (verdict === null) return text([took, ""]);
      if (verdict.held) return text([`${took}  ${paint.green("ok")}`, ""]);
      return text([took, ...drawVerdict(verdict, look), ""]);
    }
  }
}

/** An expectation and whether it held; what was seen instead follows on a line of its own. */
export function drawVerdict({ held, text, line, saw }: Verdict, { paint, file }: Look): string[] {
  if (held) return [`  ${paint.green("ok")}      ${text}`];
  return [
    `  ${paint.red(paint.bold("FAILED"))}  ${text}  ${paint.dim(`(${file}:${line})`)}`,
    ...saw === null ? [] : [paint.red(`          instead: ${saw}`)],
  ];
}

/** Milliseconds for people: 0.4 s. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function drawExchange(
  exchange: Exchange,
  asides: readonly Aside[],
  spoken: ReadonlySet<string>,
  look: Look,
): string[] {
  const { paint, width } = look;
  const { outcome, sights } = exchange;
  const middle = Math.floor(width / 2);
  const last = sights.at(-1);
  const told = (place: Aside["place"]) =>
    asides.filter((aside) => aside.place === place).flatMap((aside) => centred(aside.text, look));

  const columns = { middle, paint };
  const bar = " ".repeat(middle);
  const onLeft = (lines: readonly string[]) =>
    lines.map((line) => `${pad(line, middle)}${paint.dim("|")}`);
  const onRight = (lines: readonly string[]) =>
    lines.map((line) => `${bar}${paint.dim("|")}${line}`);
  const left = { indent: 6, room: middle - 1 };
  const right = { indent: 5, room: width - middle - 2 };

  const lines = [
    heads(exchange, columns, width),
    ...onLeft([
      ...arrow("  >-- ", outcome.request.line, "->", left.room, paint),
      ...fieldLines(outcome.request, last?.request ?? null, spoken, left, paint.yellow),
    ]),
    ...told("request"),
  ];
  for (const sight of sights) {
    lines.push(
      ...onRight([
        ...arrow(" >-- ", sight.request.line, "->", right.room, paint),
        ...fieldLines(sight.request, outcome.request, spoken, right, paint.green),
        ...arrow(" <-- ", sight.response.line, "-<", right.room, paint),
        ...fieldLines(sight.response, outcome.response, spoken, right, paint.yellow),
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

/** Who is who: the names above the columns. */
function heads(
  { client, sameConnection, sights }: Exchange,
  { middle, paint }: { readonly middle: number; readonly paint: Paint },
  width: number,
): string {
  const from = `(${client}${sameConnection ? ", same connection" : ""})`;
  const proxy = "(sluice)";
  const server = sights.length === 0
    ? "(no server)"
    : `(${[...new Set(sights.map((sight) => sight.server))].join(", ")})`;
  const start = middle - Math.floor(proxy.length / 2);
  const line = from.padEnd(start) + proxy;
  return paint.bold(line + server.padStart(Math.max(server.length + 1, width - line.length)));
}

/** A start line on an arrow that spans the column. */
function arrow(tail: string, line: string, head: string, room: number, paint: Paint): string[] {
  const [first = "", ...more] = chop(line, room - tail.length - head.length - 2);
  const shaft = "-".repeat(Math.max(0, room - tail.length - first.length - head.length - 1));
  const indent = " ".repeat(tail.length);
  return [
    `${paint.dim(tail)}${paint.bold(first)} ${paint.dim(shaft + head)}`,
    ...more.map((part) => indent + paint.bold(part)),
  ];
}

/**
 * The fields worth showing: those of which the story speaks, cookies, and what the proxy took away
 * or added, in colour. The rest (Host, Content-Length, ...) passed unchanged.
 */
function fieldLines(
  head: Head,
  beyond: Head | null,
  spoken: ReadonlySet<string>,
  { indent, room }: { readonly indent: number; readonly room: number },
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
    const parts = wrap(`${field[0]}: ${field[1]}`, size).flatMap((part) => chop(part, size));
    return parts.map((part, i) =>
      `${" ".repeat(i === 0 ? indent : indent + 2)}${same ? part : changed(part)}`
    );
  });
}

/** Narration within an exchange stands in parentheses, in the middle, as in the guide. */
function centred(words: string, { width, paint }: Look): string[] {
  const lines = balanced(`( ${words} )`, width - 12);
  const longest = Math.max(...lines.map((line) => line.length));
  const indent = " ".repeat(Math.max(0, Math.floor((width - longest) / 2)));
  return lines.map((line) => paint.cyan(indent + line));
}

function drawBurst({ line, count, counts, order, statuses }: Burst, look: Look): string[] {
  const { paint, width } = look;
  const longest = Math.max(0, ...[...counts.keys()].map((server) => server.length));
  const room = width - longest - 12;
  const most = Math.max(1, ...counts.values());
  const scale = Math.min(1, room / most);
  const lines = [paint.bold(`${count} requests: ${line}`)];
  for (const [server, n] of counts) {
    const bar = "#".repeat(Math.round(n * scale));
    lines.push(`  ${server.padEnd(longest)}  ${paint.green(bar)} ${n}`);
  }
  const letters = shortNames([...counts.keys()]);
  if (letters !== null && order.length <= 1000) {
    const sequence = order.map((server) => letters.get(server) ?? "?").join("");
    lines.push(
      ...chop(sequence, width - 15).map((part, i) =>
        `  ${i === 0 ? "in this order" : "             "}  ${part}`
      ),
    );
  }
  const silent = statuses.get(0) ?? 0;
  if (silent > 0) lines.push(paint.red(`  ${silent} without a response`));
  return lines;
}

/** A letter for each server, where what distinguishes their names is one letter: webA, webB. */
function shortNames(servers: readonly string[]): ReadonlyMap<string, string> | null {
  let prefix = servers[0] ?? "";
  for (const server of servers) {
    while (!server.startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  const names = servers.map((server) => [server, server.slice(prefix.length)] as const);
  return names.length > 1 && names.every(([, letter]) => letter.length === 1)
    ? new Map(names)
    : null;
}

/** Lines of whole words, none longer than `room` unless a word is. */
export function wrap(words: string, room: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** As {@linkcode wrap}, in as many lines, but of like length: no word left over in the last one. */
function balanced(words: string, room: number): string[] {
  const { length } = wrap(words, room);
  let narrow = Math.ceil(words.length / length);
  while (wrap(words, narrow).length > length) narrow++;
  return wrap(words, narrow);
}

/** Pieces of at most `room` characters. */
function chop(line: string, room: number): string[] {
  const size = Math.max(8, room);
  const parts: string[] = [];
  for (let i = 0; i < line.length; i += size) parts.push(line.slice(i, i + size));
  return parts;
}

/** Pads to a width that escape sequences do not count in. */
function pad(line: string, width: number): string {
  // deno-lint-ignore no-control-regex -- what paint.ts puts in
  const visible = line.replace(/\x1b\[\d+m/g, "").length;
  return line + " ".repeat(Math.max(0, width - visible));
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
