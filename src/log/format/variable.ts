/** What a variable of the log format is, and the kinds of them. */
import type { Dates } from "../date.ts";
import type { LogRecord } from "../record.ts";
import { escapeLine, type Escapes } from "./escape.ts";
import * as writers from "./writers.ts";
import type { Flags, NumberForm, TextForm } from "./writers.ts";

/** What lines are made of beside their records. */
export interface FormatEnvironment {
  readonly pid: number;
  readonly hostname: string;
  /** In local time. */
  readonly dates: Dates;
  /** Bytes of a request line at most. */
  readonly longestLine?: number;
}

/** Writes one variable of a line, and what follows it. */
export type Segment = (record: LogRecord) => string;

/**
 * Makes the segment of a variable.
 * @param after what follows it in the format
 */
export type MakeSegment = (
  flags: Flags,
  after: string,
  environment: FormatEnvironment,
) => Segment;

/** What a record must be filled with for a variable, beyond what every record has. */
export type LogFact =
  | "request line"
  | "request date"
  | "handshake and idle time"
  | "uploaded bytes"
  | "frontend address"
  | "source address"
  | "server address"
  | "request count"
  | "log count"
  | "unique id"
  | "captured cookies"
  | "captured headers"
  | "TLS";

/** One variable (manual, chapter 8.2.6). */
export interface LogVariable {
  /** As it stands behind the `%`. */
  readonly name: string;
  readonly type: "numeric" | "string" | "string list" | "IP" | "date";
  /** It says something of HTTP only: a TCP frontend's format cannot have it. */
  readonly httpOnly: boolean;
  readonly needs: LogFact | null;
  /** One line of documentation. */
  readonly help: string;
  /** It may write nothing, and then not what follows it either. */
  readonly optional: boolean;
  readonly make: MakeSegment;
}

type Kind = Pick<LogVariable, "type" | "make">;

/*
 * Each variable has a function of its own that reads the record and calls the writer: the call of
 * a shared reader, which no engine can inline, costs a tenth of a line's time.
 */

/** A number. */
export function numeric(read: (form: NumberForm) => Segment): Kind {
  return { type: "numeric", make: (flags, after) => read(writers.numberForm(flags, after, 0)) };
}

/** A number that flag X writes with so many hexadecimal digits at least. */
export function hexable(
  digits: number,
  read: (form: NumberForm, environment: FormatEnvironment) => Segment,
): Kind {
  return {
    type: "numeric",
    make: (flags, after, environment) =>
      read(writers.numberForm(flags, after, digits), environment),
  };
}

/** An address. */
export function ip(read: (form: TextForm) => Segment): Kind {
  return { type: "IP", make: (flags, after) => read(writers.addressForm(flags, after)) };
}

/** A text of which there are few. */
export function name(
  read: (form: TextForm, environment: FormatEnvironment) => Segment,
): Kind {
  return {
    type: "string",
    make: (flags, after, environment) => read(writers.textForm(flags, after), environment),
  };
}

/** A word without flags. */
export function word(read: (form: TextForm) => Segment): Kind {
  return { type: "string", make: (_, after) => read(writers.textForm(noFlags, after)) };
}

/** A text that a client or server has chosen. */
export function foreign(escapes: Escapes, read: (form: TextForm) => Segment): Kind {
  return {
    type: "string",
    make: (flags, after) => read(writers.textForm(flags, after, { escapes })),
  };
}

/** The request line, or a part of it. */
export function ofLine(
  read: (form: TextForm, environment: FormatEnvironment) => Segment,
): Kind {
  return {
    type: "string",
    make: (flags, after, environment) =>
      read(writers.textForm(flags, after, { escapes: escapeLine, mayBeEmpty: true }), environment),
  };
}

/** A date, which no flag changes. */
export function date(read: (dates: Dates, after: string) => Segment): Kind {
  return { type: "date", make: (_, after, { dates }) => read(dates, after) };
}

const noFlags: Flags = { quote: false, hexadecimal: false, escape: false };
