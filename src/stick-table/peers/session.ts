/**
 * What two peers say to each other once they know who they are (HAProxy's peers.txt): what has changed
 * here goes there, what comes from there is learnt, either may ask for all that the other knows.
 */
import type { ServerKeys } from "../server-keys.ts";
import type { Table } from "../table.ts";
import {
  readData,
  readDefinition,
  readKey,
  redirect,
  type RemoteTable,
  SentKeys,
  writeDefinition,
  writeEntry,
} from "./entry.ts";
import {
  ACKNOWLEDGEMENT,
  CONTROL,
  DEFINITION,
  ERROR,
  HEARTBEAT,
  longestMessage,
  type Message,
  NEXT_TIMED_UPDATE,
  NEXT_UPDATE,
  PROTOCOL_ERROR,
  readMessage,
  RESYNC_CONFIRM,
  RESYNC_FINISHED,
  RESYNC_PARTIAL,
  RESYNC_REQUEST,
  SWITCH,
  TIMED_UPDATE,
  UPDATE,
  UPDATES,
  Writer,
} from "./wire.ts";

/** A table, and what peers call it. */
export interface SharedTable {
  readonly name: string;
  readonly table: Table;
}

/** What a session needs from outside. */
export interface SessionDeps {
  readonly tables: readonly SharedTable[];
  readonly keys: ServerKeys;
  /** Sends bytes, which are the callee's. @returns false: enough, until {@linkcode PeerSession.push} */
  send(bytes: Uint8Array): boolean;
  /** The table that learns what another one learns; null: none does. */
  writeTo(table: Table): Table | null;
  /** The other side does not keep to the protocol. */
  failed(reason: string): void;
  /** Whether this side knows all that there is to know. */
  isComplete(): boolean;
  /** The other side has told all that it knows. @param complete it knows all that there is */
  taught(complete: boolean): void;
}

/** A table as it is told to the other side. */
interface Telling {
  readonly id: number;
  readonly shared: SharedTable;
  /** The number of the last change that was sent. */
  sent: number;
  /** The last that was acknowledged. */
  acknowledged: number;
  /** While all is told: the last entry that was; -1: it is not, or all was. */
  entry: number;
}

/** A table of the other side, and the number of its last update that has come. */
interface Heard {
  remote: RemoteTable;
  last: number;
  /** It has not been acknowledged. */
  fresh: boolean;
}

/** So many bytes are made before they are sent. */
const chunk = 16_384;

/** See above. */
export class PeerSession {
  readonly #deps: SessionDeps;
  readonly #telling: Telling[];
  readonly #sentKeys = new SentKeys();
  readonly #receivedKeys: string[] = [];
  readonly #remote = new Map<number, Heard>();
  readonly #writer = new Writer();
  readonly #message = new Writer();
  /** The table that updates to the other side are about; -1: none yet. */
  #current = -1;
  /** The number of the last update that was sent. */
  #lastSent = 0;
  /** The table that updates from the other side are about. */
  #heard: Heard | null = null;
  #input = new Uint8Array(4096);
  #length = 0;
  #teaching = false;
  #failed = false;

  /**
   * @param known what the other side has acknowledged before, by the names of tables: it is told what
   * has changed since; null: nothing is known of it, and it is told what has changed here so far
   */
  constructor(deps: SessionDeps, known: ReadonlyMap<string, number> | null) {
    this.#deps = deps;
    this.#telling = deps.tables.map((shared, index) => {
      const sent = known?.get(shared.name) ?? 0;
      return { id: index + 1, shared, sent, acknowledged: sent, entry: -1 };
    });
  }

  /** What the other side has acknowledged. */
  acknowledged(): Map<string, number> {
    return new Map(this.#telling.map(({ shared, acknowledged }) => [shared.name, acknowledged]));
  }

  /** Asks the other side for all that it knows. */
  requestAll(): void {
    this.#control(RESYNC_REQUEST);
    this.#flush();
  }

  /** Tells the other side all there is. */
  teach(): void {
    this.#teaching = true;
    for (const one of this.#telling) one.entry = 0;
    this.push();
  }

  /** Whether all that is to be told was told, and taken. */
  get isIdle(): boolean {
    return !this.#teaching &&
      this.#telling.every(({ shared, sent }) => (shared.table.updates?.head ?? sent) === sent);
  }

  heartbeat(): void {
    this.#control(HEARTBEAT);
    this.#flush();
  }

  #control(type: number): void {
    this.#writer.byte(CONTROL);
    this.#writer.byte(type);
  }

  #flush(): boolean {
    return this.#writer.length === 0 || this.#deps.send(this.#writer.take());
  }

  /** Sends what is to be sent, as long as there is room. @returns whether anything was */
  push(): boolean {
    if (this.#failed) return false;
    let any = this.#writer.length > 0;
    for (const one of this.#telling) {
      while (this.#tellSome(one)) {
        any = true;
        if (this.#writer.length >= chunk && !this.#flush()) return true;
      }
    }
    if (this.#teaching && this.#telling.every(({ entry }) => entry < 0)) {
      this.#teaching = false;
      this.#control(this.#deps.isComplete() ? RESYNC_FINISHED : RESYNC_PARTIAL);
      any = true;
    }
    this.#flush();
    return any;
  }

  /** Tells of one entry. @returns whether there was one to look at */
  #tellSome(one: Telling): boolean {
    const { table } = one.shared;
    const { updates } = table;
    table.lock();
    let entry = 0;
    let number = one.sent;
    if (one.entry >= 0) {
      entry = table.next(one.entry);
      one.entry = entry === 0 ? -1 : entry;
      number = updates === null ? one.sent : updates.last(entry);
    } else if (updates !== null) {
      // What is lost is told with all the rest.
      if (updates.isLost(one.sent + 1 | 0) && updates.head !== one.sent) {
        one.entry = 0;
        one.sent = updates.head;
        table.unlock();
        return true;
      }
      while (entry === 0 && one.sent !== updates.head) {
        one.sent = one.sent + 1 | 0;
        number = one.sent;
        entry = updates.at(number);
      }
    }
    if (entry !== 0 && table.isUsed(entry)) this.#writeUpdate(one, entry, number);
    table.unlock();
    return entry !== 0;
  }

  #writeUpdate(one: Telling, entry: number, number: number): void {
    const { shared: { table, name } } = one;
    const now = table.time.now();
    const message = this.#message;
    if (this.#current !== one.id) {
      writeDefinition(message, table, name, one.id);
      this.#finish(DEFINITION);
      this.#current = one.id;
      this.#lastSent = number - 2 | 0;
    }
    const next = (this.#lastSent + 1 | 0) === number;
    if (!next) message.word(number);
    message.word(table.timeLeft(entry, now));
    writeEntry(message, table, entry, now, this.#deps.keys, this.#sentKeys);
    this.#finish(next ? NEXT_TIMED_UPDATE : TIMED_UPDATE);
    this.#lastSent = number;
  }

  /** Ends a message of the class of updates. */
  #finish(type: number): void {
    const { bytes, length } = this.#message;
    this.#writer.byte(UPDATES);
    this.#writer.byte(type);
    this.#writer.integer(length);
    this.#writer.raw(bytes, 0, length);
    this.#message.clear();
  }

  /** Takes what has come. */
  receive(bytes: Uint8Array): void {
    if (this.#failed) return;
    if (this.#length + bytes.length > this.#input.length) {
      const grown = new Uint8Array(2 * (this.#length + bytes.length));
      grown.set(this.#input.subarray(0, this.#length));
      this.#input = grown;
    }
    this.#input.set(bytes, this.#length);
    this.#length += bytes.length;
    let at = 0;
    for (;;) {
      const read = readMessage(this.#input, at, this.#length);
      if (read === null) break;
      if (read === "error") return this.#fail("a message longer than any can be");
      if (!this.#act(read.message)) return;
      at = read.end;
    }
    this.#input.copyWithin(0, at, this.#length);
    this.#length -= at;
    if (this.#length === 0 && this.#input.length > longestMessage) {
      this.#input = new Uint8Array(4096);
    }
    this.#acknowledge();
    this.#flush();
  }

  /** Acknowledges the last update of each table. */
  #acknowledge(): void {
    for (const [id, heard] of this.#remote) {
      if (!heard.fresh) continue;
      heard.fresh = false;
      this.#message.integer(id);
      this.#message.word(heard.last);
      this.#finish(ACKNOWLEDGEMENT);
    }
  }

  #fail(reason: string): void {
    this.#failed = true;
    this.#deps.send(Uint8Array.of(ERROR, PROTOCOL_ERROR));
    this.#deps.failed(reason);
  }

  /** @returns false: the session is over */
  #act({ kind, type, content }: Message): boolean {
    if (kind === UPDATES) {
      if (this.#learn(type, content)) return true;
      this.#fail(`a message that is none, of type ${type}`);
      return false;
    }
    if (kind === ERROR) {
      this.#failed = true;
      this.#deps.failed("the other side reports an error");
      return false;
    }
    if (kind !== CONTROL) {
      this.#fail(`a message of class ${kind}`);
      return false;
    }
    switch (type) {
      case RESYNC_REQUEST:
        this.teach();
        break;
      case RESYNC_FINISHED:
      case RESYNC_PARTIAL:
        this.#control(RESYNC_CONFIRM);
        this.#deps.taught(type === RESYNC_FINISHED);
    }
    return true;
  }

  /** @returns false: it is no such message */
  #learn(type: number, content: Message["content"]): boolean {
    switch (type) {
      case DEFINITION: {
        const find = (name: string) =>
          this.#deps.tables.find((each) => each.name === name)?.table ?? null;
        const table = readDefinition(content, find);
        if (table === null) return false;
        const before = this.#remote.get(table.id) ?? { last: 0, fresh: false };
        this.#heard = { ...before, remote: table };
        this.#remote.set(table.id, this.#heard);
        return true;
      }
      case SWITCH:
        this.#heard = this.#remote.get(content.integer()) ?? null;
        return !content.broken;
      case ACKNOWLEDGEMENT: {
        const id = content.integer();
        const one = this.#telling[id - 1];
        const number = content.word() | 0;
        if (content.broken) return false;
        if (one !== undefined) one.acknowledged = number;
        return true;
      }
      case UPDATE:
      case NEXT_UPDATE:
      case TIMED_UPDATE:
      case NEXT_TIMED_UPDATE: {
        const numbered = type === UPDATE || type === TIMED_UPDATE;
        const heard = this.#heard;
        if (heard === null) return false;
        heard.last = numbered ? content.word() : (heard.last + 1) >>> 0;
        heard.fresh = true;
        const timed = type === TIMED_UPDATE || type === NEXT_TIMED_UPDATE;
        const left = timed ? content.word() : -1;
        return !content.broken && this.#learnEntry(content, heard.remote, left);
      }
      default:
        // One of a later version.
        return true;
    }
  }

  #learnEntry(content: Message["content"], remote: RemoteTable, left: number): boolean {
    const { table } = remote;
    // Nothing of it is wanted here.
    if (table === null) return true;
    const from = content.at;
    if (!this.#learnInto(table, remote, content, left)) return false;
    const other = this.#deps.writeTo(table);
    if (other === null) return true;
    content.at = from;
    return this.#learnInto(other, redirect(remote, other), content, left);
  }

  #learnInto(
    table: Table,
    remote: RemoteTable,
    content: Message["content"],
    left: number,
  ): boolean {
    if (!readKey(content, table)) return false;
    const now = table.time.now();
    table.lock();
    const entry = table.obtain(now);
    const sound = readData(content, remote, entry, now, this.#deps.keys, this.#receivedKeys);
    if (entry !== 0) {
      table.refresh(entry, now);
      if (left >= 0) table.shorten(entry, now, left);
    }
    table.unlock();
    return sound;
  }
}
