/**
 * Servers that operators add and remove while the proxy runs (management manual, chapter 9.3: "add
 * server", "del server"). The main thread makes the server, on memory of its own; the others are sent
 * what they need to do the same.
 */
import { loadConfiguration } from "../config/load.ts";
import type * as model from "../config/model.ts";
import { parseIp } from "../net/ip/address.ts";
import type { Refusal } from "../services/control.ts";
import { createMemory, openMemory } from "../shared/memory.ts";
import { serverKey, type ServerMaterial } from "../tls/material.ts";
import type { Backend, ServerPlace } from "./backend.ts";
import type { Checks } from "./server-checks.ts";
import type { Runtime } from "./runtime.ts";
import { admin, type Server } from "./server.ts";
import { hasDynamicWeights } from "./slow-start.ts";
import { addFollower } from "./track.ts";

/**
 * A server has come, or gone, or the cookies of a backend's servers follow from another key: plain data.
 */
export type Membership =
  | {
    readonly kind: "added";
    readonly backend: number;
    readonly config: model.Server;
    readonly place: ServerPlace;
    readonly blocks: readonly SharedArrayBuffer[];
    readonly tls: ServerMaterial | null;
  }
  | { readonly kind: "removed"; readonly backend: number; readonly index: number }
  | {
    readonly kind: "cookie";
    readonly backend: number;
    readonly cookieKey: Backend["cookieKey"];
  };

/** Loads what a server's TLS needs. @returns why it cannot be */
export type LoadServerTls = (proxy: model.Proxy, server: model.Server) =>
  | ServerMaterial
  | string
  | null;

/** What has changed since the start, and what changes it. */
export interface DynamicServers {
  /**
   * Adds a server. @param words as behind the name of a server in the configuration
   * @returns it; or why it cannot be, in HAProxy's words where it has some
   */
  add(backend: Backend, name: string, words: readonly string[]): Server | string;
  /** Why a server cannot be removed now; null: it can. */
  whyNotRemove(server: Server): Refusal;
  /** Removes one. @returns why it cannot be */
  remove(server: Server): Refusal;
  /** Changes what the cookies of a backend's servers follow from. */
  setCookieKey(backend: Backend, cookieKey: Backend["cookieKey"]): void;
  /** What a thread that begins must know. */
  changes(): Membership[];
}

/** What they need. */
export interface DynamicServersOptions {
  readonly configuration: model.Configuration;
  readonly backends: readonly Backend[];
  readonly runtime: Runtime;
  readonly checks: Checks;
  readonly loadTls: LoadServerTls;
  /** Has the other threads do the same. */
  share(change: Membership): void;
}

/** What a server that is added cannot have, as in HAProxy. */
const excluded =
  /^(init-addr|resolvers|resolve-opts|resolve-prefer|resolve-net|namespace|redir|socks4|log-proto|shard)$/;

/** On the main thread. */
export function createDynamicServers(options: DynamicServersOptions): DynamicServers {
  const { configuration, backends, runtime, checks, loadTls } = options;
  const { memory } = runtime;
  const known = new Map<Server, Membership>();
  const gone: Membership[] = [];
  const cookies = new Map<Backend, Membership>();

  /** The server that one is to track. @returns why it cannot be */
  function trackedBy(backend: Backend, name: string): Server | string {
    const [first = "", second] = name.split("/");
    const proxy = second === undefined ? backend.config.name : first;
    const found = backends.find(({ config }) => config.name === proxy)?.servers
      .find((server) => server.name === (second ?? first));
    const path = `${proxy}/${second ?? first}`;
    if (found === undefined) return `unable to find required server '${path}' for tracking.`;
    return known.has(found)
      ? `unable to use ${path} for tracking as it is a dynamic server.`
      : found;
  }

  /** Something in the configuration names a server. */
  function isNamed({ backend, name }: Server): boolean {
    const path = `${backend.config.name}/${name}`;
    if (backend.config.useServer.some(({ words }) => words[0] === name)) return true;
    const rules = configuration.proxies.map(({ servers: _, ...rest }) => JSON.stringify(rest));
    return rules.some((text) => text.includes(`(${path}`)) ||
      JSON.stringify({ ...backend.config, servers: [] }).includes(`(${name})`);
  }

  function whyNotRemove(server: Server): Refusal {
    if ((checks.followers.get(server) ?? []).length > 0 || isNamed(server)) {
      return "This server cannot be removed at runtime due to other configuration elements " +
        "pointing to it.";
    }
    if (!server.maintained) return "Only servers in maintenance mode can be deleted.";
    const used = server.slots.value + server.queue.length + server.pool.everywhere.value;
    if (used > 0) {
      return "Server still has connections attached to it, cannot remove it.";
    }
    return null;
  }

  return {
    add(backend, name, words) {
      const { config: proxy, index: number } = backend;
      if (proxy.dispatch !== null || !hasDynamicWeights(proxy) && !/^first\b/.test(proxy.balance)) {
        return "Backend must use a dynamic load balancing to support dynamic servers.";
      }
      const bad = words.find((word) => excluded.test(word));
      if (bad !== undefined) return `'${bad}' option is not accepted for dynamic server\n`;
      const at = words.indexOf("track");
      const track = at < 0 ? null : words[at + 1] ?? "";
      const rest = at < 0 ? words : words.filter((_, i) => i !== at && i !== at + 1);
      const read = readServer(proxy, name, rest);
      if (typeof read === "string") return `${read}\n`;
      if (backend.servers.some((server) => server.name === name)) {
        return "Already exists a server with the same name in backend.\n";
      }
      const tracked = track === null ? null : trackedBy(backend, track);
      if (typeof tracked === "string") return `${tracked}\n`;
      const place = backend.nextPlace();
      const { id } = read;
      const owner = backend.servers.find((server) => server.id === id);
      if (owner !== undefined) {
        return `'id' : custom id ${id} already used by server '${owner.name}'.\n`;
      }
      const tls = loadTls(proxy, read);
      if (typeof tls === "string") return `${tls}\n`;
      const config = { ...read, track, disabled: !words.includes("enabled") };
      const own = createMemory(memory.threads, memory.self);
      const change: Membership = {
        kind: "added",
        backend: number,
        config,
        place: { ...place, id: id ?? place.id },
        blocks: own.blocks,
        tls,
      };
      keepTls(runtime, backend, change);
      const server = backend.addServer(config, change.place, own);
      if (server.address.kind === "ip" && parseIp(server.address.host) === null) {
        server.admin |= admin.unresolved;
      }
      checks.add(server);
      if (tracked !== null) addFollower(checks.followers, tracked, server);
      known.set(server, change);
      options.share(change);
      return server;
    },
    whyNotRemove,
    remove(server) {
      const refusal = whyNotRemove(server);
      if (refusal !== null) return refusal;
      const owner = backends[server.backend.index]!;
      checks.remove(server);
      owner.removeServer(server);
      const change: Membership = { kind: "removed", backend: owner.index, index: server.index };
      // Whoever begins after it never learns of one that was added.
      if (!known.delete(server)) gone.push(change);
      options.share(change);
      return null;
    },
    setCookieKey(backend, cookieKey) {
      const change: Membership = { kind: "cookie", backend: backend.index, cookieKey };
      backend.cookieKey = cookieKey;
      cookies.set(backend, change);
      options.share(change);
    },
    changes: () => [...gone, ...known.values(), ...cookies.values()],
  };
}

/** Does in another thread what the main thread has done. */
export function followMembership(
  backends: readonly Backend[],
  runtime: Runtime,
  change: Membership,
): void {
  const backend = backends[change.backend]!;
  if (change.kind === "cookie") {
    backend.cookieKey = change.cookieKey;
    return;
  }
  if (change.kind === "removed") {
    const server = backend.at(change.index);
    if (server === undefined) return;
    backend.removeServer(server);
    runtime.tlsLive.forgetServer(serverKey(backend.config, server.config));
    return;
  }
  keepTls(runtime, backend, change);
  const { threads, self } = runtime.memory;
  backend.addServer(change.config, change.place, openMemory(change.blocks, threads, self));
}

function keepTls(
  { tls }: Runtime,
  { config: proxy }: Backend,
  change: Membership & { kind: "added" },
): void {
  if (change.tls !== null) tls.servers.set(serverKey(proxy, change.config), change.tls);
}

/** A server as the configuration would have it. @returns what is wrong with it */
function readServer(
  proxy: model.Proxy,
  name: string,
  words: readonly string[],
): model.Server | string {
  if (words.length === 0) return "'server' expects <name> and <addr>[:<port>] as arguments.";
  const quoted = [name, ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const text = `listen ${proxy.name}\n bind 127.0.0.1:1\n mode ${proxy.mode}\n` +
    (proxy.cookie === null ? "" : " cookie c insert\n") +
    ` server ${quoted.join(" ")}\n`;
  const { configuration, diagnostics } = loadConfiguration([{ name: "add-server.cfg", text }], {});
  const server = configuration?.proxies[0]?.servers[0];
  if (server !== undefined) return server;
  const error = diagnostics.find(({ severity }) => severity === "error");
  return [
    error?.message ?? "the server cannot be read",
    ...error?.hint === undefined ? [] : [error.hint],
  ]
    .join("; ");
}
