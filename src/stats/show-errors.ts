/** The text of "show errors", in HAProxy 2.6's form (management manual, chapter 9.3). */
import type { CapturedError, Direction, ErrorCaptures, Named } from "./error-captures.ts";

/** Which of them to show; left out, all. */
export interface ErrorFilter {
  /** Of a frontend or backend of this name. */
  readonly proxy?: string;
  readonly direction?: Direction;
}

/** Characters of a line behind the position: with that it is at most 79 wide. */
const width = 70;

const [newline, backslash] = [10, 92];
const letters: Readonly<Record<number, string>> = {
  9: "\\t",
  [newline]: "\\n",
  13: "\\r",
  27: "\\e",
  [backslash]: "\\\\",
};

const encodings = Array.from(
  { length: 256 },
  (_, byte) =>
    letters[byte] ??
      (byte >= 32 && byte < 127
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`),
);

/**
 * The bytes of a message, so that they can be shown on a terminal: one line for each of its own, a
 * long one in several, each with the position of its first byte, which a `+` follows where the line
 * goes on.
 */
export function dumpBytes(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  let line = "";
  let start = 0;
  let continued = false;
  const end = (next: number, goesOn: boolean) => {
    lines.push(`${String(start).padStart(5, "0")}${continued ? "+" : " "} ${line}`);
    line = "";
    start = next;
    continued = goesOn;
  };
  for (let i = 0; i < bytes.length; i++) {
    const encoding = encodings[bytes[i]!]!;
    if (line.length + encoding.length > width) end(i, true);
    line += encoding;
    if (bytes[i] === newline) end(i + 1, false);
  }
  if (line !== "") end(bytes.length, false);
  return lines;
}

/**
 * Shows what is kept.
 * @param date writes a moment (ms since 1970) as `22/Nov/2026:13:36:31.123`
 */
export function showErrors(
  captures: ErrorCaptures,
  nowMs: number,
  date: (ms: number) => string,
  { proxy, direction }: ErrorFilter = {},
): string {
  const text = [`Total events captured on [${date(nowMs)}] : ${captures.total}`];
  for (const error of captures.kept) {
    if (direction !== undefined && error.direction !== direction) continue;
    if (proxy !== undefined && error.frontend.name !== proxy && error.backend?.name !== proxy) {
      continue;
    }
    text.push(" ", ...describe(error, date));
  }
  return text.join("\n") + "\n\n";
}

function describe(error: CapturedError, date: (ms: number) => string): string[] {
  const { direction, backend, frontend, server, reason, bytes, length, offset } = error;
  const ofRequest = direction === "request" || backend === null;
  const [own, other] = ofRequest
    ? [`frontend ${named(frontend)}`, `backend ${named(backend)}`]
    : [`backend ${named(backend)}`, `frontend ${named(frontend)}`];
  const kept = bytes.length < length ? ` (the first ${bytes.length} are kept)` : "";
  const place = offset < 0 ? "" : `, error at position ${offset}`;
  return [
    `[${date(error.wallMs)}] ${own}: invalid ${direction}`,
    `  ${other}, server ${named(server)}, event #${error.event}, ` +
    `src ${error.clientAddress}:${error.clientPort}`,
    `  reason: ${reason}`,
    `  len ${length}${kept}${place}:`,
    "  ",
    ...dumpBytes(bytes).map((line) => `  ${line}`),
  ];
}

function named(proxy: Named | null): string {
  return proxy === null ? "<NONE> (#-1)" : `${proxy.name} (#${proxy.id})`;
}
