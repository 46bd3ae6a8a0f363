/**
 * A client of the master's socket (management manual, chapter 9.4): its commands are the master's
 * own, or go on to the runtime API of a worker, which a prefix names.
 */
import { type AccessLevel, accessLevels } from "../config/keywords/stats-socket.ts";
import type { Network, Socket, SocketEvents } from "../net/socket.ts";
import { mayRun } from "../services/commands/table.ts";
import { LineReader, Outbox } from "../services/commands/wire.ts";
import type { Clock } from "../time/clock.ts";
import {
  masterCommands,
  type MasterFacts,
  masterHelp,
  type Mode,
  modes,
} from "./master-commands.ts";

/** What a session needs. */
export interface MasterCliOptions {
  readonly facts: MasterFacts;
  readonly network: Pick<Network, "connect">;
  readonly clock: Clock;
  readonly level: AccessLevel;
  /** It may be silent for so long, ms. */
  readonly timeout: number;
  /** Where a worker has its runtime API; null: it is not known. */
  pathOf(pid: number): string | null;
  /** The connection is over. */
  ended(): void;
}

/** Longest line, and longest payload, in bytes. */
const longestLine = 2 ** 20;

/** Splits a line at `;`, and leaves the commands as they are, escapes and all. */
export function splitLine(line: string): string[] {
  return line.match(/(?:\\.|[^;\\])+/gs)?.map((text) => text.trim()).filter((text) =>
    text !== ""
  ) ??
    [];
}

/** Whom a prefix names: a process's number, 0 for the master; null: nobody. */
export function targetOf(prefix: string, { pid, workers }: MasterFacts): number | null {
  if (prefix === "@" || prefix === "@master" || prefix === "@0") return 0;
  const absolute = /^@!(\d+)$/.exec(prefix);
  if (absolute !== null) {
    const wanted = Number(absolute[1]);
    if (wanted === pid) return 0;
    return workers().some((worker) => worker.pid === wanted) ? wanted : null;
  }
  // There is one worker that serves.
  return prefix === "@1" ? workers().find(({ current }) => current)?.pid ?? null : null;
}

/** See above. */
export class MasterSession implements SocketEvents {
  readonly #in = new LineReader();
  readonly #out: Outbox;
  #level: AccessLevel;
  readonly #modes = new Set<Mode>();
  #prompt = false;
  /** Where commands go without a prefix: a process's number; 0: the master. */
  #target = 0;
  /** The command whose payload is being read, and that so far; null: none is. */
  #payload: { readonly command: string; readonly before: readonly string[]; text: string } | null =
    null;
  #busy = false;
  #closing = false;
  /** The client sends no more. */
  #last = false;
  #gone = false;
  #cancelTimeout = () => {};
  /** Ends a question to a worker. */
  #cancelQuestion = () => {};

  constructor(readonly socket: Socket, readonly options: MasterCliOptions) {
    this.#level = options.level;
    this.#out = new Outbox(socket);
    this.#touch();
  }

  opened(): void {}
  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.#closing) return;
    this.#touch();
    this.#in.append(bytes);
    if (this.#in.length > longestLine) return this.abort();
    void this.#work();
  }
  drain(): void {
    this.#flush();
  }
  ended(): void {
    // What it has sent is answered.
    this.#last = true;
    if (!this.#busy) this.#close();
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
    this.#cancelTimeout = this.options.clock.schedule(this.options.timeout, () => this.abort());
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let line = this.#takeLine(); line !== null; line = this.#takeLine()) {
      this.#cancelTimeout();
      await this.#line(line);
      if (this.#gone) return;
      this.#touch();
      if (this.#payload === null && !this.#prompt) {
        this.#closing = true;
        break;
      }
      if (this.#prompt && !this.#closing) this.#send(this.#payload === null ? this.#ask() : "+ ");
      if (this.#closing) break;
    }
    this.#busy = false;
    if (this.#closing || this.#last) this.#close();
  }

  #takeLine(): string | null {
    if (this.#gone) return null;
    const line = this.#in.take();
    return line === null ? null : new TextDecoder().decode(line).replace(/\r$/, "");
  }

  /** What asks for the next command. */
  #ask(): string {
    const letters = Object.entries(modes).map(([mode, letter]) =>
      this.#modes.has(mode as Mode) ? letter : ""
    ).join("");
    const failed = this.options.facts.reloadFailed ? "[ReloadFailed]" : "";
    const who = this.#target === 0 ? `master${failed}` : String(this.#target);
    return `${who}${letters === "" ? "" : `(${letters})`}> `;
  }

  async #line(line: string): Promise<void> {
    const payload = this.#payload;
    if (payload !== null) {
      if (line !== "") {
        payload.text += `${line}\n`;
        if (payload.text.length > longestLine) this.abort();
        return;
      }
      this.#payload = null;
      for (const command of payload.before) await this.#command(command, null);
      return this.#command(payload.command, payload.text);
    }
    const commands = splitLine(line);
    if (line.trimEnd().endsWith("<<")) {
      this.#payload = { command: commands.at(-1)!, before: commands.slice(0, -1), text: "" };
      return;
    }
    for (const command of commands) {
      await this.#command(command, null);
      if (this.#gone || this.#closing) return;
    }
  }

  async #command(text: string, payload: string | null): Promise<void> {
    const [prefix = ""] = /^@\S*/.exec(text) ?? [];
    let target = this.#target;
    const command = text.slice(prefix.length).trim();
    if (prefix !== "") {
      const found = targetOf(prefix, this.options.facts);
      if (found === null) {
        this.#send(`Can't find the target PID matching the prefix '${prefix}'\n`);
        this.#closing = true;
        return;
      }
      if (command === "") {
        this.#target = found;
        return;
      }
      target = found;
    }
    const words = command.split(/\s+/);
    if (this.#session(words, prefix === "")) return;
    this.#send(
      target === 0
        ? `${await this.#own(words)}\n`
        : await this.#askWorker(target, command, payload),
    );
  }

  /** What concerns the session. @param lasting not for one command only @returns false: nothing */
  #session([first = "", second]: readonly string[], lasting: boolean): boolean {
    if (first === "prompt") this.#prompt = !this.#prompt;
    else if (first === "quit") this.#closing = true;
    else if (Object.hasOwn(modes, first)) {
      if (second !== "off") this.#modes.add(first as Mode);
      else this.#modes.delete(first as Mode);
    } else if (first === "operator" || first === "user") {
      const lower = accessLevels.indexOf(first) < accessLevels.indexOf(this.#level);
      if (lasting && lower) this.#level = first;
      if (!lasting) this.#send("\n");
    } else return false;
    return true;
  }

  /** The master's answer. */
  async #own(words: readonly string[]): Promise<string> {
    const level = this.#level;
    if (words[0] === "help" || words[0] === "?") return masterHelp(level, words.slice(1), true);
    const name = [words.slice(0, 3).join(" "), words.slice(0, 2).join(" "), words[0]!]
      .find((each) => Object.hasOwn(masterCommands, each));
    if (name === undefined) return masterHelp(level, words, false);
    const command = masterCommands[name]!;
    if (!mayRun(level, command.level)) return "Permission denied\n";
    if (name === "reload") this.#closing = true;
    return await command.run(this.options.facts, level);
  }

  /** A worker's answer. */
  #askWorker(pid: number, command: string, payload: string | null): Promise<string> {
    const path = this.options.pathOf(pid);
    if (path === null) return Promise.resolve(`process ${pid} has no runtime API\n\n`);
    // Its session begins anew each time: what this one is, it is told first.
    const first = [
      ...[...this.#modes].filter((mode) => mode !== "mcli-debug-mode").map((mode) => `${mode} on`),
      ...this.#level === "admin" ? [] : [this.#level],
    ];
    const line = [...first, command].join(";");
    const request = new TextEncoder().encode(`${line}\n${payload === null ? "" : `${payload}\n`}`);
    let answer = "";
    const decoder = new TextDecoder();
    return new Promise((resolve) => {
      const done = () => {
        this.#cancelQuestion = () => {};
        // Each of those is answered by an empty line.
        resolve(answer.slice(first.length) || `process ${pid} has not answered\n\n`);
      };
      let sent = 0;
      const send = (socket: Socket) => {
        const taken = socket.write(request, sent, request.length);
        if (taken > 0) sent += taken;
      };
      const socket = this.options.network.connect({ kind: "unix", path }, {}, {
        opened: send,
        drain(socket) {
          if (sent < request.length) send(socket);
        },
        data: (_, bytes) => answer += decoder.decode(bytes, { stream: true }),
        ended(socket) {
          socket.close();
          done();
        },
        closed: done,
      });
      this.#cancelQuestion = () => {
        socket.close();
        done();
      };
    });
  }

  #send(text: string): void {
    if (this.#gone || text === "") return;
    this.#out.push(new TextEncoder().encode(text));
    this.#flush();
  }

  #flush(): void {
    if (this.#gone || !this.#out.flush()) return;
    if (this.#closing && !this.#busy) this.#close();
  }

  /** Closes when all has been sent. */
  #close(): void {
    this.#closing = true;
    if (this.#gone || !this.#out.empty) return;
    this.socket.close();
    this.#leave();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#cancelTimeout();
    this.#cancelQuestion();
    this.#out.clear();
    this.options.ended();
  }
}
