/**
 * How the value of a variable is written. Each writer also appends the text that follows the
 * variable in the format, so that a small number and the `/` behind it, say, are one string that
 * is already there: a line is put together from half as many pieces.
 */
import { parseIp } from "../../net/ip/address.ts";
import { escapeBy, type Escapes, escapeStructured } from "./escape.ts";

/** Flags of a variable (manual, chapter 8.2.6). */
export interface Flags {
  /** Q: strings stand in quotes. */
  readonly quote: boolean;
  /** X: addresses, ports and some numbers are hexadecimal. */
  readonly hexadecimal: boolean;
  /** E: see {@linkcode escapeStructured}. */
  readonly escape: boolean;
}

/** Numbers below are kept as text. */
const thousand = 1000;

/** How the numbers of a variable are written. */
export interface NumberForm {
  readonly after: string;
  /** What stands for a number that there is none of. */
  readonly missing: string;
  /** The text of each number up to 999. */
  readonly small: readonly string[];
  /** In decimal digits: the last three of a greater one. */
  readonly padded: readonly string[];
  /** Hexadecimal digits at least; 0: it is decimal. */
  readonly digits: number;
}

const tables = new Map<string, readonly string[]>();

/** The numbers up to 999 with `digits` digits at least and `after` behind them. */
function smallNumbers(radix: 10 | 16, digits: number, after: string): readonly string[] {
  const key = `${radix} ${digits} ${after}`;
  let table = tables.get(key);
  if (table === undefined) {
    table = Array.from(
      { length: thousand },
      (_, n) => n.toString(radix).toUpperCase().padStart(digits, "0") + after,
    );
    tables.set(key, table);
  }
  return table;
}

const plain = smallNumbers(10, 1, "");

const missingText = ({ quote }: Flags) => quote ? '""' : "-";

/** @param digits as many hexadecimal digits flag X asks for; 0: the number is always decimal */
export function numberForm(flags: Flags, after: string, digits: number): NumberForm {
  const hexadecimal = flags.hexadecimal && digits > 0;
  return {
    after,
    missing: missingText(flags) + after,
    small: hexadecimal ? smallNumbers(16, digits, after) : smallNumbers(10, 1, after),
    padded: smallNumbers(10, 3, after),
    digits: hexadecimal ? digits : 0,
  };
}

/**
 * Writes a number without its fraction, and what follows it. A plain function, which the engines
 * build into each variable's own: a closure a variable would cost a line 100 ns.
 */
export function writeNumber(form: NumberForm, value: number | undefined): string {
  return value !== undefined && value >= 0 && value < thousand
    ? form.small[Math.floor(value)]!
    : writeOther(form, value);
}

function writeOther(form: NumberForm, value: number | undefined): string {
  const { after, digits } = form;
  if (value === undefined) return form.missing;
  const n = Math.floor(value);
  if (digits > 0) return n.toString(16).toUpperCase().padStart(digits, "0") + after;
  if (n < 0 || n >= thousand * thousand) return n + after;
  const thousands = Math.floor(n / thousand);
  return plain[thousands]! + form.padded[n - thousands * thousand]!;
}

/** What a text looks like, beside the flags. */
export interface TextStyle {
  /** Characters that are always escaped, or how that is done. */
  readonly escapes?: Escapes | ((text: string) => string);
  /** An empty text remains empty: else it is a dash. */
  readonly mayBeEmpty?: boolean;
}

/** How the texts of a variable are written. */
export interface TextForm {
  readonly before: string;
  readonly after: string;
  readonly missing: string;
  readonly escape: ((text: string) => string) | null;
  /** The last text of {@linkcode writeName}, and how it was written. */
  last: string | undefined;
  written: string;
}

/** @param after what follows the variable in the format */
export function textForm(flags: Flags, after: string, style: TextStyle = {}): TextForm {
  const { escapes, mayBeEmpty = false } = style;
  const quote = flags.quote ? '"' : "";
  const missing = (mayBeEmpty ? quote + quote : missingText(flags)) + after;
  return {
    before: quote,
    after: quote + after,
    missing,
    escape: escaping(flags, escapes),
    last: undefined,
    written: missing,
  };
}

/** The same for addresses: flag X writes them as hexadecimal digits, without quotes. */
export function addressForm(flags: Flags, after: string): TextForm {
  return flags.hexadecimal
    ? textForm({ ...flags, quote: false, escape: false }, after, { escapes: hexadecimalAddress })
    : textForm(flags, after);
}

function escaping(
  flags: Flags,
  escapes: TextStyle["escapes"],
): ((text: string) => string) | null {
  const always = typeof escapes === "object"
    ? (text: string) => escapeBy(escapes, text)
    : escapes ?? null;
  if (!flags.escape) return always;
  return always === null ? escapeStructured : (text) => escapeStructured(always(text));
}

/** What is no address, such as `unix`, remains as it is. */
function hexadecimalAddress(address: string): string {
  const bytes = parseIp(address);
  if (bytes === null) return address;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  return digits.join("").toUpperCase();
}

/** Writes a text, and what follows it; undefined: there is none. */
export function writeText(form: TextForm, value: string | undefined): string {
  const { before, after, escape } = form;
  if (value === undefined || value === "") return form.missing;
  return before + (escape === null ? value : escape(value)) + after;
}

/** The same for one of which there are few, such as a server's name: that of the last line is kept. */
export function writeName(form: TextForm, value: string | undefined): string {
  if (value !== form.last) {
    form.last = value;
    form.written = writeText(form, value);
  }
  return form.written;
}

/** What stands before a number that may still grow (manual: "option logasap"). */
export function soFar({ early }: { readonly early?: boolean }): string {
  return early === true ? "+" : "";
}
