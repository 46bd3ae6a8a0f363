/**
 * The peers of a section (manual, chapter 3.5): this process listens for them, and connects to each;
 * of two connections to one the last that was made stays.
 */
import type { Endpoint, Listener, Network, Socket } from "../../net/socket.ts";
import type { Clock } from "../../time/clock.ts";
import type { ServerKeys } from "../server-keys.ts";
import type { Table } from "../table.ts";
import { Connection, type ConnectionEvents, hello, readHello } from "./connection.ts";
import { PeerSession, type SharedTable } from "./session.ts";

/** A peer that this process connects to. */
export interface PeerAddress {
  readonly name: string;
  readonly address: Endpoint;
}

/** What it needs from outside. */
export interface LinksOptions {
  /** The name of this process. */
  readonly own: string;
  /** Where it listens. */
  readonly at: Endpoint;
  /** The others. */
  readonly peers: readonly PeerAddress[];
  readonly tables: readonly SharedTable[];
  readonly keys: ServerKeys;
  /** The table that learns what another one learns (manual: "write-to"). */
  readonly writeTo: (table: Table) => Table | null;
  readonly network: Network;
  readonly clock: Clock;
  readonly pid: number;
  /** A number from 0 to 1. */
  readonly random: () => number;
}

/** See above. */
export interface Links {
  /** Names of the peers with which there is a session now. */
  established(): string[];
  /** Whether it has learnt all that they know, or nobody is there to tell. */
  readonly complete: boolean;
  /** Tells what there is to tell, at once. */
  push(): void;
  close(): void;
}

/** How often what has changed is told, ms. */
const pushInterval = 50;
/** After so long without a message, ms, one shows that this side lives; the other must, too. */
const heartbeatInterval = 3000;
const silence = 5000;
/** How long a greeting, or a lesson, may take, and how soon a connection is tried again, ms. */
const patience = 5000;
const retryInterval = 5000;

/** What there is of one peer. */
class Link {
  connection: Connection | null = null;
  /** null: it has not been greeted. */
  session: PeerSession | null = null;
  /** What it has acknowledged, of the session before. */
  known: ReadonlyMap<string, number> | null = null;
  /** It has said that it does not know all. */
  partial = false;
  /** The other side was there. */
  greeted = false;
  heardAt = 0;
  saidAt = 0;
  /** When to connect, or to give the greeting up; on the clock's scale. */
  due = 0;

  constructor(readonly name: string, readonly address: Endpoint | null) {}
}

/** Starts to share tables. @throws {SocketError} if it cannot listen */
export function startLinks(options: LinksOptions): Links {
  const { own, tables, network, clock, random } = options;
  const links = options.peers.map(({ name, address }) => new Link(name, address));
  // The process before this one, which is of the same name, may teach it.
  const local = new Link(own, null);
  const all = [...links, local];
  const greeting = new Map<Connection, number>();
  let complete = links.length === 0;
  let closed = false;
  /** Who has been asked for all, and until when to wait for it. */
  let teacher: Link | null = null;
  let lessonEnds = clock.now() + patience;

  const listener: Listener = network.listen(options.at, {}, (socket) => accept(socket));
  let cancel = clock.schedule(0, tick);

  function tick(): void {
    if (closed) return;
    const now = clock.now();
    for (const link of all) {
      if (link.session !== null) keep(link, link.session, now);
      else if (link.connection !== null && now >= link.due) drop(link);
      else if (link.connection === null && link.address !== null && now >= link.due) connect(link);
    }
    for (const [connection, until] of greeting) {
      if (now < until) continue;
      greeting.delete(connection);
      connection.close();
    }
    learn(now);
    cancel = clock.schedule(pushInterval, tick);
  }

  /** Tells what has changed, and sees that both sides live. */
  function keep(link: Link, session: PeerSession, now: number): void {
    if (now - link.heardAt > silence) return drop(link);
    if (session.push()) link.saidAt = now;
    else if (now - link.saidAt >= heartbeatInterval) {
      session.heartbeat();
      link.saidAt = now;
    }
  }

  /** Asks one after the other for all that it knows, until one knows all. */
  function learn(now: number): void {
    if (complete) return;
    if (teacher !== null && now < lessonEnds) return;
    if (teacher !== null) teacher.partial = true;
    teacher = links.find(({ session, partial }) => session !== null && !partial) ?? null;
    if (teacher !== null) {
      lessonEnds = now + patience;
      teacher.session!.requestAll();
    } else if (now >= lessonEnds) complete = true;
  }

  function connect(link: Link): void {
    link.due = clock.now() + patience;
    const socket = network.connect(link.address!, {}, {
      opened() {},
      data() {},
      drain() {},
      ended() {},
      closed() {},
    });
    const connection: Connection = new Connection(socket, 1, {
      ...eventsOf(link, () => connection),
      greeted(lines) {
        if (link.connection !== connection) return;
        link.greeted = true;
        if (lines?.[0] === "200") establish(link);
        else drop(link);
      },
    });
    link.connection = connection;
    connection.sendText(hello(link.name, own, options.pid));
  }

  function accept(socket: Socket): Connection {
    const connection: Connection = new Connection(socket, 3, {
      received() {},
      drained() {},
      closed: () => void greeting.delete(connection),
      greeted(lines) {
        greeting.delete(connection);
        const name = readHello(lines, own, (name) => all.some((link) => link.name === name));
        if (typeof name === "number") {
          connection.sendText(`${name}\n`);
          return connection.close();
        }
        const link = all.find((link) => link.name === name)!;
        // Of two connections the last one stays.
        if (link.connection !== null) drop(link);
        link.greeted = true;
        connection.on = eventsOf(link, () => connection);
        link.connection = connection;
        connection.sendText("200\n");
        establish(link);
      },
    });
    greeting.set(connection, clock.now() + patience);
    return connection;
  }

  function eventsOf(link: Link, connection: () => Connection): ConnectionEvents {
    return {
      greeted() {},
      received(bytes) {
        if (link.connection !== connection()) return;
        link.heardAt = clock.now();
        link.session?.receive(bytes);
      },
      drained: () => void link.session?.push(),
      closed() {
        if (link.connection === connection()) drop(link);
      },
    };
  }

  function establish(link: Link): void {
    const { connection } = link;
    link.heardAt = link.saidAt = clock.now();
    link.session = new PeerSession({
      tables,
      keys: options.keys,
      writeTo: options.writeTo,
      send: (bytes) => connection!.send(bytes),
      failed: () => {
        if (link.connection === connection) drop(link);
      },
      isComplete: () => complete,
      taught(all) {
        if (all) complete = true;
        else link.partial = true;
        if (teacher === link) teacher = null;
        learn(clock.now());
      },
    }, link.known);
    link.session.push();
    learn(clock.now());
  }

  function drop(link: Link): void {
    // Where both sides have connected at once, they do not do it at once again.
    const after = link.greeted ? 50 + Math.floor(random() * 2000) : retryInterval;
    link.greeted = false;
    link.known = link.session?.acknowledged() ?? link.known;
    link.session = null;
    link.connection?.close();
    link.connection = null;
    link.due = clock.now() + after;
    if (teacher === link) teacher = null;
  }

  return {
    established: () => all.filter(({ session }) => session !== null).map(({ name }) => name),
    get complete() {
      return complete;
    },
    push() {
      for (const { session } of all) session?.push();
    },
    close() {
      if (closed) return;
      closed = true;
      cancel();
      listener.close();
      for (const link of all) {
        link.session?.push();
        link.connection?.close();
        link.session = null;
      }
      for (const connection of greeting.keys()) connection.close();
    },
  };
}
