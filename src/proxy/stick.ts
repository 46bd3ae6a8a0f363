/** Clients that stick to servers by stick tables (manual, chapter 4.2: "stick on" and its kin). */
import { dataTypes } from "../stick-table/data-types.ts";
import type { ServerKeys } from "../stick-table/server-keys.ts";
import type { Table } from "../stick-table/table.ts";
import { showEndpoint } from "../net/socket.ts";
import type { StickRules } from "../rules/stick.ts";
import type { RuleStream } from "../rules/stream.ts";
import type { Backend } from "./backend.ts";
import type { Server } from "./server.ts";

const SERVER_ID = dataTypes.server_id.number;
const SERVER_KEY = dataTypes.server_key.number;
/** Keys that a request, and its response, may have noted at most. */
const mostStores = 8;

/** What becomes of a stream of a backend with such rules. One serves one stream after the other. */
export class Sticking {
  /** What will be noted: the tables, and copies of the keys. */
  readonly #tables: Table[] = [];
  readonly #keys: Uint8Array[] = [];

  /** Forgets the stream before. */
  begin(): void {
    this.#tables.length = this.#keys.length = 0;
  }

  /**
   * Looks the request's keys up, and notes those that are to be stored.
   * @param free the stream has no server yet
   * @returns the server that it sticks to; null: none
   */
  ofRequest(rules: StickRules, backend: Backend, stream: RuleStream, free: boolean): Server | null {
    let chosen: Server | null = null;
    for (const { table, matches, stores, setKey } of rules.request) {
      // Only the first key of each table is noted, and no more are looked for.
      if (this.#tables.includes(table) || !setKey(stream)) continue;
      if (matches) {
        const server = find(table, backend, free && chosen === null);
        chosen ??= server;
      }
      if (stores) this.#keep(table);
    }
    return chosen;
  }

  /** Notes the keys of the response that are to be stored. */
  ofResponse(rules: StickRules, stream: RuleStream): void {
    const before = this.#tables.length;
    for (const { table, setKey } of rules.response) {
      if (this.#tables.indexOf(table, before) >= 0 || !setKey(stream)) continue;
      this.#keep(table);
    }
  }

  #keep(table: Table): void {
    if (this.#tables.length >= mostStores) return;
    this.#tables.push(table);
    this.#keys.push(table.copyOfKey());
  }

  /** Whether there is anything to be stored. */
  get pending(): boolean {
    return this.#tables.length > 0;
  }

  /** Stores which server has the stream. */
  store(server: Server, keys: ServerKeys): void {
    for (const [i, table] of this.#tables.entries()) {
      if (server.config.nonStick) break;
      const key = this.#keys[i]!;
      const number = keys.number(keyOf(table, server));
      table.setKey(key, 0, key.length);
      const now = table.time.now();
      table.lock();
      const entry = table.obtain(now);
      if (entry !== 0) {
        const [idField, keyField] = [table.field(SERVER_ID), table.field(SERVER_KEY)];
        if (idField !== null) table.set(entry, idField, server.id, now);
        if (keyField !== null) table.set(entry, keyField, number, now);
        table.touch(entry, now);
      }
      table.unlock();
    }
    this.begin();
  }
}

/** How a table calls a server. */
function keyOf({ config }: Table, server: Server): string {
  if (config.srvkey === "name") return server.name;
  const at = server.place.fixed;
  // Without a port of its own, its host is what there is to know it by.
  return at === null ? server.place.host ?? server.name : showEndpoint(at);
}

/** The server that a table has for the key that was set; null: none, or none that serves. */
function find(table: Table, backend: Backend, wanted: boolean): Server | null {
  const now = table.time.now();
  table.lock();
  const entry = table.find(now);
  if (entry === 0) {
    table.unlock();
    return null;
  }
  const [idField, keyField] = [table.field(SERVER_ID), table.field(SERVER_KEY)];
  const id = idField === null ? 0 : table.get(entry, idField, now);
  const key = keyField === null ? 0 : table.get(entry, keyField, now);
  table.touch(entry, now);
  table.unlock();
  if (!wanted) return null;
  const { tables } = backend.runtime;
  const text = key === 0 ? null : tables.serverKeys.text(key);
  const named = text === null
    ? undefined
    : backend.servers.find((server) => keyOf(table, server) === text);
  const server = named ?? backend.servers.find((server) => server.id === id);
  if (server === undefined) return null;
  return server.serves || backend.config.persist ? server : null;
}
