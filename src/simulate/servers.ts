/** The servers around a configuration: one of our own for each address at which nothing listens. */
import { type Endpoint, type Network, showEndpoint, SocketError } from "../net/socket.ts";
import { Connection } from "./connection.ts";
import {
  type Arrival,
  DemoServer,
  type DemoServerEvents,
  type ReceivedLine,
  type Sight,
} from "./demo-server.ts";
import type { Clock } from "../time/clock.ts";
import type { StoryTls } from "./tls.ts";
import type { ServerAddress, Topology } from "./topology.ts";

/** How long to look for a server at an address that is not this machine's, ms. */
const lookTime = 2000;

/** See the file. */
export class Servers implements DemoServerEvents {
  /** All of our own, in the configuration's order; those for checks alone left out. */
  readonly origins: DemoServer[] = [];
  /** Servers at whose address something else listens already. */
  readonly foreign: ServerAddress[] = [];
  /** Requests that servers got, checks left out, oldest first; the reader may empty it. */
  readonly sights: Sight[] = [];
  /** Lines that servers got, likewise. */
  readonly lines: ReceivedLine[] = [];
  /** Requests with this line are not kept: somebody sends very many of them. */
  ignored: string | null = null;
  /** From now on is told of requests and lines, as they come, of which none is kept then. */
  watcher: ((event: Sight | ReceivedLine) => void) | null = null;
  readonly #arrivals = new Map<Connection, Arrival>();
  /** null: something else listens there. */
  readonly #byAddress = new Map<string, DemoServer | null>();

  constructor(
    readonly network: Network,
    readonly clock: Clock,
    readonly topology: Topology,
    /** With which some of them speak TLS; null: none does. */
    readonly tls: StoryTls | null = null,
  ) {}

  /**
   * Starts them, but where a proxy of the configuration itself will listen.
   * @throws {SocketError} where none can be had: neither does anything listen there, nor can we
   */
  async start(): Promise<void> {
    const { topology } = this;
    for (const server of topology.servers) {
      for (const endpoint of server.endpoints) {
        if (topology.proxyAt(endpoint) !== null) continue;
        const origin = await this.#startAt(endpoint, nameAt(endpoint, server, topology));
        if (origin === null) {
          if (!this.foreign.includes(server)) this.foreign.push(server);
        } else if (!this.origins.includes(origin)) this.origins.push(origin);
      }
    }
    for (const { checked, label } of topology.servers) {
      if (checked === null || topology.proxyAt(checked) !== null) continue;
      await this.#startAt(checked, `${label} (check)`);
    }
  }

  /** Those behind a server's name: several if it has several ports; servers may share one. */
  originsOf(name: string): readonly DemoServer[] {
    const endpoints = this.topology.serversOf(name).flatMap((server) => server.endpoints);
    return [...new Set(endpoints.map((each) => this.#at(each)))].filter((each) => each !== null);
  }

  /** What they are called, by {@linkcode DemoServer.name}. */
  originName(name: string): string {
    return this.originsOf(name)[0]?.name ?? name;
  }

  /** The one where a server is checked, if it is the only one checked there. */
  checkOriginOf(name: string): DemoServer | null {
    const server = this.topology.serversOf(name).find(({ checked }) => checked !== null);
    const origin = server === undefined ? null : this.#at(server.checked!);
    if (server === undefined || origin === null || this.origins.includes(origin)) return null;
    const address = showEndpoint(origin.endpoint);
    const shared = this.topology.servers.some(({ checked, endpoint }) =>
      checked !== null && showEndpoint(checked) === address &&
      showEndpoint(endpoint) !== showEndpoint(server.endpoint)
    );
    return shared ? null : origin;
  }

  /** Connections to servers that stand, checks among them. */
  *arrivals(): Iterable<Arrival> {
    for (const [connection, arrival] of this.#arrivals) {
      if (connection.isOver) this.#arrivals.delete(connection);
      else yield arrival;
    }
  }

  /** Stops all. */
  stop(): void {
    for (const origin of this.#byAddress.values()) origin?.stop();
  }

  request(sight: Sight): void {
    if (sight.request.line === this.ignored) return;
    if (this.watcher === null) this.sights.push(sight);
    else this.watcher(sight);
  }
  line(line: ReceivedLine): void {
    if (this.watcher === null) this.lines.push(line);
    else this.watcher(line);
  }
  arrived(arrival: Arrival): void {
    this.#arrivals.set(arrival.connection, arrival);
  }

  #at(endpoint: Endpoint): DemoServer | null {
    return this.#byAddress.get(showEndpoint(endpoint)) ?? null;
  }

  async #startAt(endpoint: Endpoint, name: string): Promise<DemoServer | null> {
    const { network, clock, topology, tls: tlsOf } = this;
    const address = showEndpoint(endpoint);
    const there = this.#byAddress.get(address);
    if (there !== undefined) return there;
    const users = topology.servers.filter(({ endpoints, checked }) =>
      [...endpoints, checked].some((each) => each !== null && showEndpoint(each) === address)
    );
    const origin = new DemoServer({
      ...{ network, clock, tlsOf, endpoint, name, checks: topology.names.checks },
      lines: users.some((server) => server.tcp),
      tls: users.some((server) => server.tlsChecks),
      proxyHeader: users.some((server) => server.proxyHeader),
    }, this);
    try {
      origin.start();
      this.#byAddress.set(address, origin);
      return origin;
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      const taken = error.code === "EADDRINUSE" || await this.#answers(endpoint);
      if (!taken) throw new SocketError(error.code, `no origin for ${name} at ${address}`);
      this.#byAddress.set(address, null);
      return null;
    }
  }

  /** Whether something accepts connections there. */
  async #answers(endpoint: Endpoint): Promise<boolean> {
    const connection = new Connection().connect(this.network, endpoint);
    const cancel = this.clock.schedule(lookTime, () => connection.close());
    const answered = await connection.until(() => connection.isOpen);
    cancel();
    connection.close();
    return answered;
  }
}

/**
 * What to call the server at an address: by its name, unless its proxy lists the address several
 * times, and not as a backup. Then nobody can tell which one served, and it is the address.
 */
function nameAt(endpoint: Endpoint, { label, proxy }: ServerAddress, topology: Topology): string {
  const address = showEndpoint(endpoint);
  const labels = topology.servers.flatMap((server) =>
    server.proxy === proxy && !server.backup && server.endpoints.map(showEndpoint).includes(address)
      ? [server.label]
      : []
  );
  return new Set(labels).size > 1 ? address : label;
}
