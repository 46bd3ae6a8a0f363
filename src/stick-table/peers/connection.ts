/** A connection to a peer: who is at the other end is found out first (HAProxy's peers.txt). */
import { bytesOf, textOf } from "../../bytes/bytes.ts";
import type { Socket, SocketEvents } from "../../net/socket.ts";

/** What the greeting of a connection came to. */
export type Status = 200 | 300 | 501 | 502 | 503 | 504;

/** The version that is spoken. */
const version = "2.1";
/** Longest line of a greeting. */
const longestLine = 512;

/** What becomes of a connection. */
export interface ConnectionEvents {
  /** Lines have come, as many as were asked for; or there is no room for them. */
  greeted(lines: readonly string[] | null): void;
  /** Bytes have come, behind the lines. */
  received(bytes: Uint8Array): void;
  /** What was written has gone. */
  drained(): void;
  closed(reason: string): void;
}

/** See above. Writes what fits, keeps the rest, and reads lines before it reads all else. */
export class Connection implements SocketEvents {
  #pending: Uint8Array[] = [];
  #text = "";
  #over = false;

  /** @param lines so many make a greeting */
  constructor(readonly socket: Socket, readonly lines: number, public on: ConnectionEvents) {
    socket.events = this;
  }

  /** Sends bytes, which it keeps. @returns false: they wait */
  send(bytes: Uint8Array): boolean {
    if (this.#over) return false;
    this.#pending.push(bytes);
    return this.#flush();
  }
  sendText(text: string): void {
    this.send(bytesOf(text));
  }

  #flush(): boolean {
    while (this.#pending.length > 0) {
      const bytes = this.#pending[0]!;
      const taken = Math.max(0, this.socket.write(bytes, 0, bytes.length));
      if (taken < bytes.length) {
        if (taken > 0) this.#pending[0] = bytes.slice(taken);
        return false;
      }
      this.#pending.shift();
    }
    return true;
  }

  opened(): void {
    if (this.#flush()) this.on.drained();
  }
  drain(): void {
    if (this.#flush()) this.on.drained();
  }
  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.#greeted) return this.on.received(bytes);
    this.#text += textOf(bytes, 0, bytes.length);
    const parts = this.#text.split("\n");
    if (parts.length <= this.lines) {
      if (this.#text.length > this.lines * longestLine) this.#greet(null);
      return;
    }
    const rest = parts.slice(this.lines).join("\n");
    this.#greet(parts.slice(0, this.lines).map((line) => line.replace(/\r$/, "")));
    if (rest.length > 0 && !this.#over) this.on.received(bytesOf(rest));
  }
  #greeted = false;
  #greet(lines: readonly string[] | null): void {
    this.#greeted = true;
    this.#text = "";
    this.on.greeted(lines);
  }
  ended(): void {
    this.#end("the other side has closed the connection");
  }
  closed(_socket: Socket, error: { readonly code: string }): void {
    this.#end(error.code);
  }
  #end(reason: string): void {
    if (this.#over) return;
    this.close();
    this.on.closed(reason);
  }

  /** Closes it; nothing comes of it any more. */
  close(): void {
    this.#over = true;
    this.socket.close();
  }
}

/** What this process says to a peer first. */
export function hello(to: string, from: string, pid: number): string {
  return `HAProxyS ${version}\n${to}\n${from} ${pid} 1\n`;
}

/**
 * Reads what a peer says first.
 * @param own the name of this process
 * @param isKnown whether there is a peer of a name
 * @returns the peer's name, or why it is none
 */
export function readHello(
  lines: readonly string[] | null,
  own: string,
  isKnown: (name: string) => boolean,
): string | Status {
  const [first = "", to = "", from = ""] = lines ?? [];
  if (lines === null || !first.startsWith("HAProxyS ")) return 501;
  if (!/^HAProxyS 2\.\d+$/.test(first)) return 502;
  if (to !== own) return 503;
  const [name = ""] = from.split(" ");
  return isKnown(name) ? name : 504;
}
