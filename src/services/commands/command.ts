/** What a command of the runtime API is (management manual, chapter 9.3), and what it finds. */
import type { AccessLevel } from "../../config/keywords/stats-socket.ts";
import type { Clock } from "../../time/clock.ts";
import type { BackendControl, Control, FrontendControl, ServerControl } from "../control.ts";

/** What a client of the runtime API has, and may change. */
export interface CommandSession {
  level: AccessLevel;
  /** It may be silent for so long, ms. */
  timeout: number;
  /** It is asked for more commands. */
  prompt: boolean;
  severity: "none" | "number" | "string";
  /** Commands for experts, and unfinished ones, are allowed. */
  expert: boolean;
  experimental: boolean;
}

/** Where the runtime API listens, as `show cli sockets` shows it. */
export interface ListedSocket {
  readonly address: string;
  readonly level: AccessLevel;
}

/** What a command acts on. */
export interface CommandContext {
  /** The words behind its own. */
  readonly args: readonly string[];
  /** What came behind `<<`; null: nothing. */
  readonly payload: string | null;
  readonly control: Control;
  readonly clock: Clock;
  readonly session: CommandSession;
  readonly sockets: readonly ListedSocket[];
}

/** An answer in pieces, each of which is made when the one before has been sent. */
export type Pieces = AsyncIterable<Uint8Array>;

/** One command. */
export interface Command {
  /** The words that it begins with: "show stat". */
  readonly name: string;
  /** What may follow, for the help. */
  readonly usage: string;
  readonly help: string;
  /** Who may give it; "user" unless it says so. */
  readonly level?: AccessLevel;
  /** Not listed in the help. */
  readonly hidden?: true;
  /**
   * @returns the answer, with its lines' ends; one that is long, in pieces
   * @throws {CommandError} for an answer that says what is wrong
   */
  run(context: CommandContext): string | Promise<string> | Pieces;
}

/** What is wrong with a command. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** To be thrown: an answer of one line. */
export function refuse(line: string): CommandError {
  return new CommandError(`${line}\n`);
}

/** An answer of one line. */
export function answer(line: string | null): string {
  return line === null ? "" : `${line}\n`;
}

/** The backend of a name, or of a number behind `#`. */
export function backendOf({ proxies }: Control, name: string): BackendControl | null {
  for (const proxy of proxies) {
    if (proxy.backend !== null && matches(proxy, name)) return proxy.backend;
  }
  return null;
}

/** The frontend of a name, or of a number behind `#`. */
export function frontendOf({ control, args }: CommandContext, index = 0): FrontendControl {
  const name = args[index];
  if (name === undefined) throw refuse("A frontend name is expected.");
  for (const proxy of control.proxies) {
    if (proxy.frontend !== null && matches(proxy, name)) return proxy.frontend;
  }
  throw refuse("No such frontend.");
}

function matches({ name, id }: { readonly name: string; readonly id: number }, wanted: string) {
  return wanted === name || wanted === `#${id}`;
}

/** A server and its backend, of a word `backend/server`. */
export function serverOf(
  { control, args }: CommandContext,
  index = 0,
): { readonly backend: BackendControl; readonly server: ServerControl } {
  const [backendName = "", serverName] = (args[index] ?? "").split("/");
  if (serverName === undefined) throw refuse("Require 'backend/server'.");
  const backend = backendOf(control, backendName);
  if (backend === null) throw refuse("No such backend.");
  const server = backend.servers.find((each) => matches(each, serverName));
  if (server === undefined) throw refuse("No such server.");
  return { backend, server };
}

/** A number at the beginning of a word, as atoi(3) reads it: 0 if there is none. */
export function leadingInteger(text: string): number {
  return Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0);
}
