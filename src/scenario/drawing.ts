/** What drawings are made of: colour, three columns, arrows, and lines of a given width. */

/** Wraps text in the escape sequences of a colour, or in none. */
export interface Paint {
  /** Whether it does anything. */
  readonly colour: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/**
 * The paint for an output.
 * @param terminal whether it is a terminal
 * @param env the environment: NO_COLOR, if set to anything, and TERM=dumb ask for plain text
 */
export function paintFor(
  terminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const colour = terminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  const sgr = (on: number, off: number) => (text: string) =>
    colour && text !== "" ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    colour,
    bold: sgr(1, 22),
    dim: sgr(2, 22),
    red: sgr(31, 39),
    green: sgr(32, 39),
    yellow: sgr(33, 39),
    cyan: sgr(36, 39),
  };
}

/** No colour at all. */
export const plain: Paint = paintFor(false, {});

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

/** Where the proxy's bar stands, and how much room there is to its left and right. */
export interface Columns {
  readonly onLeft: (lines: readonly string[]) => string[];
  readonly onRight: (lines: readonly string[]) => string[];
  readonly left: Column;
  readonly right: Column;
}

/** The room for what is drawn in a column, and how far fields are indented. */
export interface Column {
  readonly indent: number;
  readonly room: number;
}

/** The columns of a look. */
export function columnsOf({ width, paint }: Look): Columns {
  const middle = Math.floor(width / 2);
  const bar = " ".repeat(middle);
  return {
    onLeft: (lines) => lines.map((line) => `${pad(line, middle)}${paint.dim("|")}`),
    onRight: (lines) => lines.map((line) => `${bar}${paint.dim("|")}${line}`),
    left: { indent: 6, room: middle - 1 },
    right: { indent: 5, room: width - middle - 2 },
  };
}

/** The names above the columns. */
export function heads(
  from: string,
  named: string | null,
  servers: readonly string[],
  { width, paint }: Look,
): string {
  const proxy = named === null ? "(sluice)" : `(sluice: ${named})`;
  const server = servers.length === 0 ? "(no server)" : `(${[...new Set(servers)].join(", ")})`;
  const start = Math.floor(width / 2) - Math.floor(proxy.length / 2);
  const line = `(${from})`.padEnd(start) + proxy;
  return paint.bold(line + server.padStart(Math.max(server.length + 1, width - line.length)));
}

/** A start line on an arrow that spans the column. */
export function arrow(
  tail: string,
  line: string,
  head: string,
  room: number,
  paint: Paint,
): string[] {
  const [first = "", ...more] = fold(line, room - tail.length - head.length - 2);
  const shaft = "-".repeat(Math.max(0, room - tail.length - first.length - head.length - 1));
  const indent = " ".repeat(tail.length);
  return [
    `${paint.dim(tail)}${paint.bold(first)} ${paint.dim(shaft + head)}`,
    ...more.map((part) => indent + paint.bold(part)),
  ];
}

/** Narration within an exchange stands in parentheses, in the middle, as in the guide. */
export function centred(words: string, { width, paint }: Look): string[] {
  const lines = balanced(`( ${words} )`, width - 12);
  const longest = Math.max(...lines.map((line) => line.length));
  const indent = " ".repeat(Math.max(0, Math.floor((width - longest) / 2)));
  return lines.map((line) => paint.cyan(indent + line));
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

/**
 * Pieces of at most `room` characters: whole words where there are any, nothing left out but blanks.
 */
export function fold(line: string, room: number): string[] {
  const size = Math.max(8, room);
  const parts: string[] = [];
  let rest = line;
  while (rest.length > size) {
    const space = rest.lastIndexOf(" ", size);
    const end = space > 0 ? space : size;
    parts.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...parts, rest];
}

/** Pads to a width that escape sequences do not count in. */
function pad(line: string, width: number): string {
  // deno-lint-ignore no-control-regex -- what paint puts in
  const visible = line.replace(/\x1b\[\d+m/g, "").length;
  return line + " ".repeat(Math.max(0, width - visible));
}

/** Lines as they are written, without blanks at their ends. */
export function text(lines: readonly string[]): string {
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
