/** The servers of a story: an origin for each server address at which nothing listens. */
import { type Endpoint, type Network, showEndpoint, SocketError } from "../net/socket.ts";
import { Connection } from "../simulate/connection.ts";
import type { Clock } from "../time/clock.ts";
import {
  type Arrival,
  DemoServer,
  type DemoServerEvents,
  type ReceivedLine,
  type Sight,
} from "../simulate/demo-server.ts";
import type { ServerAddress, Topology } from "./topology.ts";

/** How long to look for a server at an address that is not this machine's, ms. */
const lookTime = 2000;

/** The origins of a story. */
export class Servers {
  /** All of the story's own, in the configuration's order; those for checks alone left out. */
  readonly origins: readonly DemoServer[];
  /** Servers at whose address something else listens already. */
  readonly foreign: readonly ServerAddress[];
  /** Requests that servers got, checks left out, oldest first; the reader may empty it. */
  readonly sights: Sight[];
  /** Lines that servers got, likewise. */
  readonly lines: ReceivedLine[];
  readonly #topology: Topology;
  readonly #events: Events;
  readonly #byAddress: ReadonlyMap<string, DemoServer | null>;

  private constructor(
    topology: Topology,
    events: Events,
    byAddress: ReadonlyMap<string, DemoServer | null>,
    foreign: readonly ServerAddress[],
    origins: readonly DemoServer[],
  ) {
    this.#topology = topology;
    this.#events = events;
    this.#byAddress = byAddress;
    this.foreign = foreign;
    this.origins = origins;
    this.sights = events.sights;
    this.lines = events.lines;
  }

  /**
   * Starts the origins, but where a proxy of the configuration itself will listen.
   * @throws {SocketError} where none can be had: neither does anything listen there, nor can we
   */
  static async start(network: Network, clock: Clock, topology: Topology): Promise<Servers> {
    const events = new Events();
    const byAddress = new Map<string, DemoServer | null>();
    const origins = new Set<DemoServer>();
    const foreign: ServerAddress[] = [];
    const { checks } = topology.names;

    async function at(endpoint: Endpoint, name: string): Promise<DemoServer | null> {
      const address = showEndpoint(endpoint);
      const there = byAddress.get(address);
      if (there !== undefined) return there;
      const users = topology.servers.filter((server) =>
        [...server.endpoints, server.checked].some((each) =>
          each !== null && showEndpoint(each) === address
        )
      );
      const lines = users.some((server) => server.tcp);
      const tls = users.some((server) => server.tlsChecks);
      const proxyHeader = users.some((server) => server.proxyHeader);
      const options = { network, clock, endpoint, name, checks, lines, tls, proxyHeader };
      const origin = new DemoServer(options, events);
      try {
        origin.start();
        byAddress.set(address, origin);
        return origin;
      } catch (error) {
        if (!(error instanceof SocketError)) throw error;
        const taken = error.code === "EADDRINUSE" || await answers(network, clock, endpoint);
        if (!taken) throw new SocketError(error.code, `no origin for ${name} at ${address}`);
        byAddress.set(address, null);
        return null;
      }
    }

    try {
      for (const server of topology.servers) {
        for (const endpoint of server.endpoints) {
          if (topology.proxyAt(endpoint) !== null) continue;
          const origin = await at(endpoint, nameAt(endpoint, server, topology));
          if (origin !== null) origins.add(origin);
          else if (!foreign.includes(server)) foreign.push(server);
        }
      }
      for (const { checked, label } of topology.servers) {
        if (checked === null || topology.proxyAt(checked) !== null) continue;
        await at(checked, `${label} (check)`);
      }
    } catch (error) {
      for (const origin of byAddress.values()) origin?.stop();
      throw error;
    }
    return new Servers(topology, events, byAddress, foreign, [...origins]);
  }

  /**
   * The origins behind a server's name: several if it has several ports. Servers may share an
   * address, and then an origin.
   */
  originsOf(name: string): readonly DemoServer[] {
    const endpoints = this.#topology.serversOf(name).flatMap((server) => server.endpoints);
    return [...new Set(endpoints.map((each) => this.#at(each)))].filter((each) => each !== null);
  }

  /** What they are called, by {@linkcode DemoServer.name}. */
  originName(name: string): string {
    return this.originsOf(name)[0]?.name ?? name;
  }

  /** The origin where a server is checked, if it is the only one checked there. */
  checkOriginOf(name: string): DemoServer | null {
    const server = this.#topology.serversOf(name).find(({ checked }) => checked !== null);
    const origin = server === undefined ? null : this.#at(server.checked!);
    if (server === undefined || origin === null || this.origins.includes(origin)) return null;
    const address = showEndpoint(origin.endpoint);
    const shared = this.#topology.servers.some(({ checked, endpoint }) =>
      checked !== null && showEndpoint(checked) === address &&
      showEndpoint(endpoint) !== showEndpoint(server.endpoint)
    );
    return shared ? null : origin;
  }

  /** Connections to servers that stand, checks among them. */
  *arrivals(): Iterable<Arrival> {
    const { arrivals } = this.#events;
    for (const arrival of arrivals) {
      if (arrival.connection.isOver) arrivals.delete(arrival);
      else yield arrival;
    }
  }

  /** From now on tells of requests and lines, as they come, and keeps none. */
  watch(callback: (event: Sight | ReceivedLine) => void): void {
    this.#events.watcher = callback;
    this.sights.length = 0;
    this.lines.length = 0;
  }

  /** Stops every origin. */
  stop(): void {
    for (const origin of this.#byAddress.values()) origin?.stop();
  }

  #at(endpoint: Endpoint): DemoServer | null {
    return this.#byAddress.get(showEndpoint(endpoint)) ?? null;
  }
}

/** Keeps what origins do, until it is watched. */
class Events implements DemoServerEvents {
  readonly sights: Sight[] = [];
  readonly lines: ReceivedLine[] = [];
  readonly arrivals = new Set<Arrival>();
  watcher: ((event: Sight | ReceivedLine) => void) | null = null;

  request(sight: Sight): void {
    if (this.watcher === null) this.sights.push(sight);
    else this.watcher(sight);
  }
  line(line: ReceivedLine): void {
    if (this.watcher === null) this.lines.push(line);
    else this.watcher(line);
  }
  arrived(arrival: Arrival): void {
    this.arrivals.add(arrival);
  }
}

/**
 * What to call the origin of a server: by the server's name, unless its proxy lists the address
 * several times, and not as a backup. Then nobody can tell which one served, and it is the address.
 */
function nameAt(endpoint: Endpoint, { label, proxy }: ServerAddress, topology: Topology): string {
  const address = showEndpoint(endpoint);
  const names = new Set(
    topology.servers.filter((server) =>
      server.proxy === proxy && !server.backup &&
      server.endpoints.map(showEndpoint).includes(address)
    ).map((server) => server.label),
  );
  return names.size > 1 ? address : label;
}

/** Whether something accepts connections there. */
async function answers(network: Network, clock: Clock, endpoint: Endpoint): Promise<boolean> {
  const connection = new Connection().connect(network, endpoint);
  const cancel = clock.schedule(lookTime, () => connection.close());
  const answered = await connection.until(() => connection.isOpen);
  cancel();
  connection.close();
  return answered;
}
