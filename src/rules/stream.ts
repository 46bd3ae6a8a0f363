/** What actions do to the stream that they are evaluated for: the proxy implements it. */
import type { Context } from "../expr/context.ts";
import type { HeadEditor } from "../http/editor.ts";
import type { Counters } from "../stick-table/counters.ts";
import type { LogRecord } from "../log/record.ts";

/** A response that a rule gives: HTTP/1, whole. */
export interface RuleReply {
  readonly status: number;
  /** Head and content. */
  readonly whole: Uint8Array;
  /** The head alone, for a HEAD. */
  readonly head: Uint8Array;
}

/** A stream, as rules see it. */
export interface RuleStream extends Context {
  /**
   * The head as it can be edited. From the first call on the views ({@linkcode Context.request}) are
   * of the edited head.
   */
  edit(message: "request" | "response"): HeadEditor;
  /** Facts for log variables in format strings. */
  logRecord(): LogRecord;
  /**
   * Answers in the server's place; a response that has come is thrown away.
   * @param termination two characters for the log: "PR", "LR"
   */
  answer(reply: RuleReply, termination: string): void;
  /** The same with the error page of a status. */
  refuse(status: number, termination: string): void;
  /** Closes the client's connection without an answer. @param silent the client learns nothing of it */
  reject(silent: boolean): void;
  /** Has {@linkcode WAIT} end after so long, ms, unless more input comes. */
  wait(ms: number): void;
  /**
   * Asks for the address of a name, of which "A" or "AAAA" is preferred.
   * @returns null: it has none; undefined: the answer is awaited, and the rule is to {@linkcode WAIT}:
   * it is called again once it is there
   */
  resolve(section: string, name: string, type: "A" | "AAAA"): string | null | undefined;
  /**
   * Begins something that takes time, once: until it is done the rule is to {@linkcode WAIT}, and is
   * called again. @param begin it calls `done` once, perhaps at once @returns gives up
   * @returns what `done` was called with; undefined: that is awaited
   */
  later<T>(begin: (done: (result: T) => void) => () => void): T | undefined;
  /** When this rule began to wait, on the clock's scale; -1: it has not. */
  readonly waitingSince: number;
  /** How long a tarpit lasts: "timeout tarpit", or else "timeout connect", ms. */
  readonly tarpitTimeout: number;
  setAddresses(side: "src" | "dst", host: string | null, port: number | null): void;
  /** Changes a time-out of this transaction, ms. */
  setTimeout(which: "server" | "tunnel" | "client", ms: number): void;
  /** Level of its log line; null: none is written. */
  setLogLevel(level: number | null): void;
  /** Its place in queues (manual: "set-priority-class", "set-priority-offset"). */
  setPriority(which: "class" | "offset", value: number): void;
  /** Marks packets to the client (manual: "set-mark", "set-tos"). */
  setSocketOption(which: "mark" | "tos", value: number): void;
  /** What it tracks itself, or its session ({@linkcode Context.counters}): to track more. */
  track(ofSession: boolean): Counters;
  /** A PROXY header must come before all else (manual: "expect-proxy"). */
  expectProxy(): void;
  /** The content that was waited for is there: the request is read; or it never came. */
  setRead(complete: boolean): void;
  /** The request is not sent again (manual: "disable-l7-retry"). */
  disableRetries(): void;
  /** Sends a response of status 103 before the one to come: HTTP/1, whole. */
  hint(response: Uint8Array): void;
  /** Has a cache answer, where it can. @param proxy the one whose rule says so */
  useCache(cache: string, proxy: string): void;
  /** Has a cache keep the response as it is now, where it may. */
  storeInCache(cache: string): void;
  /** Has a service answer, by its name. @returns false: there is none */
  useService(name: string): boolean;
}
