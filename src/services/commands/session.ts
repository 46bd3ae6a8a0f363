/**
 * A client of the runtime API: its lines become commands, and their answers go back (management
 * manual, chapter 9.3). One line and its answer, then the connection closes; unless `prompt` asks for
 * more.
 */
import { textOf } from "../../bytes/bytes.ts";
import type { AccessLevel } from "../../config/keywords/stats-socket.ts";
import type { Socket, SocketEvents } from "../../net/socket.ts";
import type { Clock } from "../../time/clock.ts";
import type { Control } from "../control.ts";
import { CommandError, type CommandSession, type ListedSocket, type Pieces } from "./command.ts";
import { commands, findCommand, helpText, mayRun } from "./table.ts";
import { LineReader, Outbox } from "./wire.ts";

/** Longest line, and longest payload, in bytes. */
const longestLine = 2 ** 20;

/** What a session acts on, and how it begins. */
export interface CliOptions {
  readonly control: Control;
  readonly clock: Clock;
  readonly level: AccessLevel;
  readonly severity: CommandSession["severity"];
  /** ms. */
  readonly timeout: number;
  readonly sockets: readonly ListedSocket[];
  /** The connection is over. */
  readonly ended: () => void;
}

/** Splits a line into commands at `;`, and each into words; a backslash takes the next as it is. */
export function splitCommands(line: string): string[][] {
  const found: string[][] = [];
  let words: string[] = [];
  let word: string | null = null;
  const endWord = () => {
    if (word !== null) words.push(word);
    word = null;
  };
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (char === "\\" && i + 1 < line.length) word = (word ?? "") + line[++i]!;
    else if (char === " " || char === "\t") endWord();
    else if (char === ";") {
      endWord();
      found.push(words);
      words = [];
    } else word = (word ?? "") + char;
  }
  endWord();
  found.push(words);
  return found.filter((each) => each.length > 0);
}

/** See above. */
export class CliSession implements SocketEvents {
  readonly #session: CommandSession;
  readonly #in = new LineReader();
  readonly #out: Outbox;
  /** The lines of a payload so far, and the commands before it; null: none is being read. */
  #payload: { readonly commands: string[][]; readonly end: string; text: string } | null = null;
  /** Commands are being carried out. */
  #busy = false;
  #closing = false;
  #gone = false;
  #cancelTimeout = () => {};
  /** Called when all has been sent. */
  #sent: (() => void) | null = null;

  constructor(readonly socket: Socket, readonly options: CliOptions) {
    const { level, timeout, severity } = options;
    this.#out = new Outbox(socket);
    this.#session = {
      level,
      timeout,
      severity,
      prompt: false,
      expert: false,
      experimental: false,
    };
    this.#touch();
  }

  opened(): void {}
  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.#closing) return;
    this.#touch();
    this.#in.append(bytes);
    if (this.#in.length > longestLine) return this.#close();
    void this.#work();
  }
  drain(): void {
    this.#flush();
  }
  ended(): void {
    // A line without an end is dropped, as in HAProxy.
    if (!this.#busy) this.#finish();
    else this.#closing = true;
  }
  closed(): void {
    this.#leave();
  }

  /** Ends the connection at once. */
  abort(): void {
    if (this.#gone) return;
    this.socket.close();
    this.#leave();
  }

  #touch(): void {
    this.#cancelTimeout();
    const { clock } = this.options;
    this.#cancelTimeout = clock.schedule(this.#session.timeout, () => this.abort());
  }

  /** Carries out the lines that have come. */
  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let line = this.#takeLine(); line !== null; line = this.#takeLine()) {
      await this.#line(line);
      // Who is not asked for more gets one line's answers.
      if (this.#payload === null && !this.#session.prompt) {
        this.#closing = true;
        break;
      }
    }
    this.#busy = false;
    if (this.#closing) this.#finish();
  }

  #takeLine(): string | null {
    if (this.#gone) return null;
    const line = this.#in.take();
    return line === null ? null : textOf(line, 0, line.length).replace(/\r$/, "");
  }

  async #line(line: string): Promise<void> {
    const payload = this.#payload;
    if (payload !== null) {
      if (line !== payload.end) {
        payload.text += `${line}\n`;
        if (payload.text.length > longestLine) this.#close();
        else if (this.#session.prompt) this.#send("+ ");
        return;
      }
      this.#payload = null;
      return await this.#runAll(payload.commands, payload.text);
    }
    const marked = /^(.*)<<(\S*)\s*$/s.exec(line);
    if (marked !== null) {
      const end = /^%?(.*)$/.exec(marked[2]!)?.[1] ?? "";
      this.#payload = { commands: splitCommands(marked[1]!), end, text: "" };
      if (this.#session.prompt) this.#send("+ ");
      return;
    }
    await this.#runAll(splitCommands(line), null);
  }

  async #runAll(all: readonly string[][], payload: string | null): Promise<void> {
    if (all.length === 0) {
      const { level, prompt } = this.#session;
      this.#send(prompt ? "\n> " : `${helpText(level, [], false)}\n`);
    }
    for (const [index, words] of all.entries()) {
      // A command may take its time.
      this.#cancelTimeout();
      const answer = await this.#run(words, index === all.length - 1 ? payload : null);
      if (answer === null || this.#gone) return;
      if (typeof answer !== "string") await this.#sendPieces(answer);
      this.#touch();
      const end = this.#session.prompt ? "\n> " : "\n";
      this.#send(typeof answer === "string" ? answer + end : end);
    }
  }

  /** @returns the answer; null: the connection closes */
  async #run(
    words: readonly string[],
    payload: string | null,
  ): Promise<string | Pieces | null> {
    const session = this.#session;
    const [first = "", ...rest] = words;
    if (first === "help" || first === "?") return helpText(session.level, rest, true);
    if (first === "prompt") {
      session.prompt = !session.prompt;
      return "";
    }
    if (first === "quit") {
      session.prompt = false;
      this.#closing = true;
      return null;
    }
    const found = findCommand(words, commands);
    if (found === null) return helpText(session.level, words, false);
    const { command, length } = found;
    if (!mayRun(session.level, command.level)) return this.#severe("Permission denied\n");
    const { control, clock, sockets } = this.options;
    try {
      const args = words.slice(length);
      return await command.run({ args, payload, control, clock, session, sockets });
    } catch (error) {
      if (error instanceof CommandError) return this.#severe(error.message);
      return this.#severe(`Internal error: ${error instanceof Error ? error.message : error}\n`);
    }
  }

  /** An answer that says what is wrong, with its severity where that is wanted. */
  #severe(text: string): string {
    const { severity } = this.#session;
    return severity === "none" ? text : `[${severity === "number" ? 3 : "err"}]:${text}`;
  }

  #send(text: string): void {
    if (this.#gone || text === "") return;
    this.#out.push(new TextEncoder().encode(text));
    this.#flush();
  }

  /** Sends an answer as fast as the client takes it. */
  async #sendPieces(pieces: Pieces): Promise<void> {
    for await (const bytes of pieces) {
      if (this.#gone) return;
      this.#out.push(bytes);
      this.#flush();
      if (this.#out.empty) continue;
      this.#touch();
      await new Promise<void>((resolve) => this.#sent = resolve);
      this.#cancelTimeout();
    }
  }

  #flush(): void {
    if (this.#gone || !this.#out.flush(() => this.#touch())) return;
    this.#wake();
    if (this.#closing && !this.#busy) this.#finish();
  }

  /** All has been sent, or nothing will be any more. */
  #wake(): void {
    this.#sent?.();
    this.#sent = null;
  }

  /** Closes when all has been sent. */
  #finish(): void {
    this.#closing = true;
    if (!this.#out.empty || this.#gone) return;
    this.socket.close();
    this.#leave();
  }

  #close(): void {
    this.#closing = true;
    this.abort();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#cancelTimeout();
    this.#out.clear();
    this.#wake();
    this.options.ended();
  }
}
