/** The clients of a story, by their names, and what became of each so far. */
import type { Endpoint } from "../net/socket.ts";
import type { Connection } from "../simulate/connection.ts";
import type { Clock } from "../time/clock.ts";
import { Browser, type NetworkFor } from "../simulate/browser.ts";
import type { Arrival, Sight } from "../simulate/demo-server.ts";

/** How texts go over a connection: as lines, or as messages of a WebSocket. */
export interface Wording {
  /** A text as it is sent. */
  encode(text: string): string;
  /** Takes the next text off what came; null: it is not whole yet. */
  take(connection: Connection): string | null;
  /** What came of a text that is not whole. */
  rest(connection: Connection): string;
  /** What is sent before a client hangs up. */
  readonly ending: string;
}

/** A connection of a client without HTTP. */
export interface Call {
  /** The proxy that the story names; null: none. */
  readonly proxy: string | null;
  /** Where it was made to. */
  readonly to: Endpoint;
  readonly connection: Connection;
  /** How what is said there goes over the wire. */
  readonly wording: Wording;
  /** Connections to servers that were there before it. */
  readonly before: ReadonlySet<Arrival>;
  /** Where it arrived, as far as is known. */
  arrival: Arrival | null;
  /** Lines that the client got. */
  readonly lines: string[];
}

/** A request that its client does not wait for. */
export interface Begun {
  /** The request line. */
  readonly line: string;
  /** The proxy that the story names; null: none. */
  readonly proxy: string | null;
  /** What servers saw of it. */
  readonly sights: Sight[];
}

/** Clients that keep sending, and what became of it. */
export interface SteadyLoad {
  /** The request line. */
  readonly line: string;
  sent: number;
  /** How often each status came back, and each failure. */
  readonly outcomes: Map<string, number>;
  /** Ends them: resolves when all have their last response. */
  stop(): Promise<void>;
}

/** A client, and what became of it so far. */
export interface Client {
  readonly name: string;
  readonly browser: Browser;
  /** The server that it met last. */
  previous: string | null;
  begun: Begun | null;
  call: Call | null;
}

/** Those that have appeared. */
export class Clients {
  readonly #all = new Map<string, Client>();
  /** Those that keep sending; null: nobody does. */
  load: SteadyLoad | null = null;
  /** Makes a browser that nobody has seen before. */
  readonly newBrowser: () => Browser;

  /** @param networkFor see {@linkcode NetworkFor} */
  constructor(networkFor: NetworkFor, clock: Clock) {
    this.newBrowser = () => new Browser(networkFor, clock);
  }

  /** The client of this name; one that appears for the first time is made. */
  get(name: string): Client {
    const client = this.#all.get(name) ??
      { name, browser: this.newBrowser(), previous: null, begun: null, call: null };
    this.#all.set(name, client);
    return client;
  }

  [Symbol.iterator](): Iterator<Client> {
    return this.#all.values();
  }

  /**
   * Deals out what the servers saw: a client that waits for a response gets its own.
   * @param sights is emptied
   * @param line the request line of the exchange that is over; null: there was none
   * @returns what is nobody else's
   */
  deal(sights: Sight[], line: string | null): Sight[] {
    return sights.splice(0).filter((sight) => {
      if (sight.request.line === line) return true;
      const waiting = [...this].find(({ begun }) => begun?.line === sight.request.line);
      waiting?.begun?.sights.push(sight);
      return waiting === undefined;
    });
  }

  /** Closes all of their connections. */
  close(): void {
    void this.load?.stop();
    for (const { browser, call } of this) {
      browser.close();
      call?.connection.close();
    }
  }
}
