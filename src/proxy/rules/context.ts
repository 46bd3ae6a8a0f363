import {
  type Context,
  noPriority,
  type ProcessFacts,
  type ProxyFacts,
  type ServerConnectionFacts,
  type ServerFacts,
  type TransactionFacts,
} from "../../expr/context.ts";
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { bytesOf, textOf } from "../../bytes/bytes.ts";
import { MessageView } from "../../expr/message.ts";
import { processVariables, type Scope, Variables } from "../../expr/variables.ts";
import { Counters } from "../../stick-table/counters.ts";
import { HeadEditor } from "../../http/editor.ts";
import type { Head } from "../../http/head.ts";
import type { LogRecord } from "../../log/record.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Socket } from "../../net/socket.ts";
import type { ProxyRules } from "../../rules/proxy-rules.ts";
import type { RuleReply, RuleStream } from "../../rules/stream.ts";
import type { Clock } from "../../time/clock.ts";
import type { Lookups } from "../lookups.ts";
import type { SessionState } from "./session.ts";

const noTimeouts: Context["timeouts"] = {};

/** All proxies of an instance, for expressions that name one. */
export interface ProxyDirectory {
  proxy(name: string, side: "frontend" | "backend"): ProxyFacts | null;
  readonly process: ProcessFacts;
}

/** What rules are evaluated for: a connection, a TCP session, an HTTP transaction. */
export interface RuleOwner {
  readonly clock: Clock;
  /** Those of its frontend. */
  readonly rules: ProxyRules;
  readonly directory: ProxyDirectory;
  readonly session: SessionState;
  readonly socket: Socket | null;
  readonly connectionAddresses: Addresses;
  readonly acceptedAt: number;
  readonly requests: number;
  readonly httpMajor: number;
  readonly glitches: number;
  readonly frontendFacts: ProxyFacts;
  readonly backendFacts: ProxyFacts | null;
  readonly serverFacts: ServerFacts | null;
  readonly serverConnection: ServerConnectionFacts | null;
  readonly facts: TransactionFacts;
  readonly requestLine: string;
  readonly tarpitTimeout: number;
  logRecord(): LogRecord;
  answer(reply: RuleReply, termination: string): void;
  refuse(status: number, termination: string): void;
  reject(silent: boolean): void;
  wait(ms: number): void;
  readonly lookups: Lookups;
  /** What a rule waited for is there. */
  resume(): void;
  setTimeout(which: "server" | "tunnel" | "client", ms: number): void;
  setLogLevel(level: number | null): void;
  setRead(complete: boolean): void;
  disableRetries(): void;
  hint(response: Uint8Array): void;
  useService(name: string): boolean;
  useCache(cache: string, proxy: string): void;
  storeInCache(cache: string): void;
}

/** Something that a rule has begun, and its result once it is there. */
interface Pending {
  result: { readonly value: unknown } | null;
  cancel: () => void;
}

/**
 * The stream that rules see: what the transaction knows, the messages with the edits of rules, and
 * what rules keep. One a transaction of a proxy with rules; it serves one transaction after the other.
 */
export class RuleContext implements RuleStream {
  readonly request = new MessageView();
  readonly response = new MessageView();
  readonly requestCaptures: (Uint8Array | null)[] = [];
  readonly responseCaptures: (Uint8Array | null)[] = [];
  readonly #transaction = new Variables("txn");
  readonly #ofRequest = new Variables("req");
  readonly #ofResponse = new Variables("res");
  #requestEditor: HeadEditor | null = null;
  #responseEditor: HeadEditor | null = null;
  /** The head is the editor's. */
  #requestEdited = false;
  #responseEdited = false;
  final = false;
  waitingSince = -1;
  #uniqueId: string | null = null;
  lastRule: { readonly file: string; readonly line: number } | null = null;

  priority = noPriority;
  timeouts: Context["timeouts"] = noTimeouts;

  constructor(readonly owner: RuleOwner) {}

  /** Begins with a transaction of which nothing is known. */
  begin(): void {
    this.#forgetPending();
    this.request.clear();
    this.response.clear();
    this.requestCaptures.length = this.responseCaptures.length = 0;
    this.#transaction.clear();
    this.#ofRequest.clear();
    this.#ofResponse.clear();
    this.#requestEdited = this.#responseEdited = this.final = false;
    this.waitingSince = -1;
    this.#uniqueId = null;
    this.lastRule = null;
    this.priority = noPriority;
    this.timeouts = noTimeouts;
  }

  /** The request's id, made when it is first asked for. */
  get uniqueId(): string | null {
    if (this.#uniqueId !== null) return this.#uniqueId;
    const { uniqueId } = this.owner.rules;
    if (uniqueId === null) return null;
    const text = new ByteBuffer(64);
    // The record that it is made of has the id, too: there it is not known yet.
    this.#uniqueId = "-";
    uniqueId.write(this, text);
    return this.#uniqueId = textOf(text.bytes, 0, text.length);
  }

  /** Makes room for what rules capture, behind what is captured of fields. */
  setCaptured(captured: Captured | null): void {
    const { captureSlots } = this.owner.rules;
    fill(this.requestCaptures, captured?.requestHeaders ?? [], captureSlots.request);
    fill(this.responseCaptures, captured?.responseHeaders ?? [], captureSlots.response);
  }

  /** The request has this head. It is looked at only within the call, unless it is retained. */
  setRequest(head: Head, bytes: Uint8Array, end: number): void {
    this.request.set(head, bytes);
    this.#requestEnd = end;
    this.#requestEdited = false;
  }
  #requestEnd = 0;

  setResponse(head: Head, bytes: Uint8Array, end: number): void {
    this.response.set(head, bytes);
    this.#responseEnd = end;
    this.#responseEdited = false;
  }
  #responseEnd = 0;

  /** Makes the request's head outlive the call in which its bytes were given. */
  retainRequest(): void {
    if (this.request.head !== null) this.edit("request");
  }

  /** The request is gone: its bytes are no longer there. */
  releaseRequest(): void {
    this.request.clear();
    this.#ofRequest.clear();
  }

  get requestEdited(): boolean {
    return this.#requestEdited;
  }
  get responseEdited(): boolean {
    return this.#responseEdited;
  }

  edit(message: "request" | "response"): HeadEditor {
    if (message === "request") {
      const editor = this.#requestEditor ??= new HeadEditor();
      if (!this.#requestEdited) {
        this.#requestEdited = true;
        editor.begin(this.request.head!, this.request.bytes, this.#requestEnd);
        this.request.follow(editor);
      }
      return editor;
    }
    const editor = this.#responseEditor ??= new HeadEditor();
    if (!this.#responseEdited) {
      this.#responseEdited = true;
      editor.begin(this.response.head!, this.response.bytes, this.#responseEnd);
      this.response.follow(editor);
    }
    return editor;
  }

  // ---- what the owner knows ----

  get clock(): Clock {
    return this.owner.clock;
  }
  get socket(): Socket | null {
    return this.owner.socket;
  }
  get addresses(): Addresses {
    return this.owner.session.addresses ?? this.owner.connectionAddresses;
  }
  get connectionAddresses(): Addresses {
    return this.owner.connectionAddresses;
  }
  get listener(): Context["listener"] {
    return this.owner.session.listener;
  }
  get acceptedAt(): number {
    return this.owner.acceptedAt;
  }
  get requests(): number {
    return this.owner.requests;
  }
  get httpMajor(): number {
    return this.owner.httpMajor;
  }
  get glitches(): number {
    return this.owner.glitches;
  }
  get frontend(): ProxyFacts {
    return this.owner.frontendFacts;
  }
  get backend(): ProxyFacts | null {
    return this.owner.backendFacts;
  }
  get server(): ServerFacts | null {
    return this.owner.serverFacts;
  }
  get serverConnection(): ServerConnectionFacts | null {
    return this.owner.serverConnection;
  }
  get facts(): TransactionFacts {
    return this.owner.facts;
  }
  get requestLine(): string {
    return this.owner.requestLine;
  }
  /** What the stream itself tracks, or else its session. */
  get counters(): Counters | null {
    return this.#tracks ? this.#counters : this.owner.session.counters;
  }
  #counters: Counters | null = null;
  #tracks = false;
  track(ofSession: boolean): Counters {
    const { session } = this.owner;
    if (ofSession) return session.counters ??= new Counters(null);
    const own = this.#counters ??= new Counters(null);
    own.session = session.counters;
    this.#tracks = true;
    return own;
  }
  /** The stream is over: it tracks nothing any more. */
  endTracking(): void {
    this.#forgetPending();
    if (!this.#tracks) return;
    this.#tracks = false;
    this.#counters!.end();
  }
  get tarpitTimeout(): number {
    return this.owner.tarpitTimeout;
  }

  variables(scope: Scope): Variables {
    switch (scope) {
      case "proc":
        return processVariables;
      case "sess":
        return this.owner.session.variables;
      case "req":
        return this.#ofRequest;
      case "res":
        return this.#ofResponse;
      default:
        return this.#transaction;
    }
  }
  get process(): ProcessFacts {
    return this.owner.directory.process;
  }
  proxy(name: string, side: "frontend" | "backend"): ProxyFacts | null {
    return this.owner.directory.proxy(name, side);
  }

  // ---- what rules do ----

  logRecord(): LogRecord {
    return this.owner.logRecord();
  }
  answer(reply: RuleReply, termination: string): void {
    this.owner.answer(reply, termination);
  }
  refuse(status: number, termination: string): void {
    this.owner.refuse(status, termination);
  }
  reject(silent: boolean): void {
    this.owner.reject(silent);
  }
  wait(ms: number): void {
    this.owner.wait(ms);
  }
  resolve(section: string, name: string, type: "A" | "AAAA"): string | null | undefined {
    return this.later((done) => this.owner.lookups.resolve(section, name, type, done));
  }
  later<T>(begin: (done: (result: T) => void) => () => void): T | undefined {
    let pending = this.#pending;
    if (pending === null) {
      let begins = true;
      const begun: Pending = pending = { result: null, cancel: () => {} };
      this.#pending = begun;
      begun.cancel = begin((value) => {
        begun.result = { value };
        if (!begins && this.#pending === begun) this.owner.resume();
      });
      begins = false;
    }
    const { result } = pending;
    if (result === null) return undefined;
    this.#pending = null;
    return result.value as T;
  }
  /** What a rule waits for; null: nothing. */
  #pending: Pending | null = null;
  #forgetPending(): void {
    const pending = this.#pending;
    this.#pending = null;
    pending?.cancel();
  }
  setAddresses(side: "src" | "dst", host: string | null, port: number | null): void {
    const { remoteAddress, remotePort, localAddress, localPort } = this.addresses;
    this.owner.session.addresses = side === "src"
      ? {
        remoteAddress: host ?? remoteAddress,
        remotePort: port ?? remotePort,
        localAddress,
        localPort,
      }
      : {
        remoteAddress,
        remotePort,
        localAddress: host ?? localAddress,
        localPort: port ?? localPort,
      };
  }
  setTimeout(which: "server" | "tunnel" | "client", ms: number): void {
    this.timeouts = { ...this.timeouts, [which]: ms };
    this.owner.setTimeout(which, ms);
  }
  setLogLevel(level: number | null): void {
    this.owner.setLogLevel(level);
  }
  hint(response: Uint8Array): void {
    this.owner.hint(response);
  }
  expectProxy(): void {
    this.owner.session.expectsProxy = true;
  }
  setRead(complete: boolean): void {
    this.owner.setRead(complete);
  }
  disableRetries(): void {
    this.owner.disableRetries();
  }
  setPriority(which: "class" | "offset", value: number): void {
    this.priority = { ...this.priority, [which]: value };
  }
  setSocketOption(): void {}
  useService(name: string): boolean {
    return this.owner.useService(name);
  }
  useCache(cache: string, proxy: string): void {
    this.owner.useCache(cache, proxy);
  }
  storeInCache(cache: string): void {
    this.owner.storeInCache(cache);
  }
}

/** What was captured of fields, and empty slots up to so many. */
function fill(
  list: (Uint8Array | null)[],
  values: readonly (string | null)[],
  slots: number,
): void {
  for (let i = 0; i < slots; i++) {
    const value = values[i] ?? null;
    if (value !== null) list[i] = bytesOf(value);
    else if (list.length <= i) list.push(null);
  }
}

/** What was captured of the fields of a transaction. */
interface Captured {
  readonly requestHeaders: readonly (string | null)[];
  readonly responseHeaders: readonly (string | null)[];
}
