/** One end of a connection in a test, and what it seen. */
import { fail } from "@std/assert";
import type { Socket, SocketError, SocketEvents } from "#src/net/socket.ts";
import { until } from "../until.ts";

const prime = 65_521;
const pattern = Uint8Array.from({ length: 2 * prime }, (_, i) => (i % prime * 7919) >> 3);

/** `length` bytes (up to 65,521) of an endless sequence in which a lost or doubled byte shows. */
export function sequence(offset: number, length: number): Uint8Array {
  return pattern.subarray(offset % prime, offset % prime + length);
}

/** Callbacks that do nothing; with some replaced, the events of another owner. */
export const ignoringEvents: SocketEvents = {
  opened() {},
  data() {},
  drain() {},
  ended() {},
  closed() {},
};

/** One end of a connection: the socket, and a record of its events. */
export class End implements SocketEvents {
  #socket: Socket | undefined;
  /** Events other than data and drain, in order: "opened", "ended", "closed ECONNRESET". */
  readonly log: string[] = [];
  /** Bytes of all data events. */
  received = 0;
  /** The content of all data events, unless they are only checked against {@linkcode sequence}. */
  content: number[] = [];
  /** Whether what arrives is checked against {@linkcode sequence} and not stored. */
  checks = false;
  /** Whether what arrives is sent back. */
  echoes = false;
  drains = 0;
  /** What is called after an event is recorded, by its name. */
  then: Partial<Record<"opened" | "data" | "drain" | "ended" | "closed", () => void>> = {};
  /** Events that came where none may: inside a call of ours, or data while paused. */
  readonly violations: string[] = [];
  #inside = 0;
  #paused = false;
  #queue: Uint8Array[] = [];
  #sequenceSent = 0;
  #sequenceToSend = 0;

  get socket(): Socket {
    return this.#socket ?? fail("no socket yet");
  }
  set socket(socket: Socket) {
    this.#socket = socket;
  }

  opened(): void {
    this.#record("opened");
    this.#pump();
    this.then.opened?.();
  }
  data(socket: Socket, bytes: Uint8Array): void {
    if (this.#inside > 0) this.violations.push("data inside a call");
    if (this.#paused) this.violations.push("data while paused");
    if (bytes.length === 0) this.violations.push("data without bytes");
    if (this.log.includes("ended")) this.violations.push("data after ended");
    if (this.checks) this.#check(bytes);
    else this.content.push(...bytes);
    this.received += bytes.length;
    if (this.echoes) {
      this.#queue.push(socket.retain(bytes, 0, bytes.length));
      this.#pump();
    }
    this.then.data?.();
  }
  drain(): void {
    if (this.#inside > 0) this.violations.push("drain inside a call");
    this.drains++;
    this.#pump();
    this.then.drain?.();
  }
  ended(): void {
    if (this.#paused) this.violations.push("ended while paused");
    this.#record("ended");
    this.then.ended?.();
  }
  closed(_: Socket, error: SocketError): void {
    this.#record(`closed ${error.code}`);
    this.then.closed?.();
  }

  #record(event: string): void {
    if (this.#inside > 0) this.violations.push(`${event} inside a call`);
    if (this.log.includes(event)) this.violations.push(`${event} twice`);
    this.log.push(event);
  }

  #check(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += prime) {
      const part = bytes.subarray(at, at + prime);
      const expected = sequence(this.received + at, part.length);
      for (let i = 0; i < part.length; i++) {
        if (part[i] !== expected[i]) {
          this.violations.push(`wrong byte at ${this.received + at + i}`);
          return;
        }
      }
    }
  }

  #call<T>(what: () => T): T {
    this.#inside++;
    try {
      return what();
    } finally {
      this.#inside--;
    }
  }

  /** Whether the connection has broken. */
  get broken(): boolean {
    return this.log.some((event) => event.startsWith("closed"));
  }
  write(bytes: Uint8Array): number {
    return this.#call(() => this.socket.write(bytes, 0, bytes.length));
  }
  pause(): void {
    this.#paused = true;
    this.#call(() => this.socket.pause());
  }
  resume(): void {
    this.#paused = false;
    this.#call(() => this.socket.resume());
  }
  shutdown(): void {
    this.#call(() => this.socket.shutdown());
  }
  close(): void {
    this.#call(() => this.socket.close());
  }
  reset(): void {
    this.#call(() => this.socket.reset());
  }

  /** Sends text, the rest of it when drain comes. */
  send(text: string): void {
    this.#queue.push(new TextEncoder().encode(text));
    this.#pump();
  }

  /** Sends `length` bytes of {@linkcode sequence}, as fast as they are taken. */
  sendSequence(length: number): void {
    this.#sequenceToSend = length;
    this.#pump();
  }

  /** How many bytes of the sequence were taken. */
  get sequenceSent(): number {
    return this.#sequenceSent;
  }

  #pump(): void {
    while (this.#queue.length > 0) {
      const bytes = this.#queue[0] as Uint8Array;
      const taken = this.write(bytes);
      if (taken === bytes.length) this.#queue.shift();
      else {
        if (taken >= 0) this.#queue[0] = bytes.subarray(taken);
        else this.#queue = [];
        return;
      }
    }
    while (this.#sequenceSent < this.#sequenceToSend) {
      const length = Math.min(prime, this.#sequenceToSend - this.#sequenceSent);
      const taken = this.write(sequence(this.#sequenceSent, length));
      if (taken > 0) this.#sequenceSent += taken;
      if (taken < length) return;
    }
  }

  /** What arrived, as text. */
  get text(): string {
    return new TextDecoder().decode(Uint8Array.from(this.content));
  }

  /** Waits until `event` (as in {@linkcode log}) was seen. */
  waitFor(event: string): Promise<void> {
    return until(() => this.log.includes(event), () => `${event} (seen: ${this.log.join(", ")})`);
  }
  /** Waits until `length` bytes arrived. */
  got(length: number): Promise<void> {
    return until(
      () => this.received >= length,
      () => `${length} bytes (${this.received} came; heard: ${this.log.join(", ")})`,
      20_000,
    );
  }
}
