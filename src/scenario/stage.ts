/** Sets the stage: an origin for each server address at which nothing listens. */
import type { Clock } from "../time/clock.ts";
import { type Endpoint, type Network, showEndpoint, SocketError } from "../net/socket.ts";
import { type Arrival, type Heard, type Origin, origin, type Sight } from "./origin.ts";
import { dial } from "./wire.ts";
import type { Place, World } from "./world.ts";

/** The origins of a demo. */
export interface Stage {
  /** All of the demo's own servers, in the configuration's order; those for checks alone left out. */
  readonly origins: readonly Origin[];
  /**
   * The demo's own servers behind a name: several if it has several ports. Servers may share an
   * address, and then an origin.
   */
  originsOf(name: string): readonly Origin[];
  /** What they are called, by {@linkcode Origin.name}. */
  originName(name: string): string;
  /** As {@linkcode Stage.originsOf}, where it is checked, if it is the only one checked there. */
  checkOriginOf(name: string): Origin | null;
  /** Servers at whose address something else listens already. */
  readonly foreign: readonly Place[];
  /** Requests that servers got, checks left out, oldest first; whoever reads may empty it. */
  readonly sights: Sight[];
  /** Lines that servers got, likewise. */
  readonly heard: Heard[];
  /** Connections to servers that stand, checks among them. */
  arrivals(): Iterable<Arrival>;
  /** From now on tells of requests and lines, as they come, and keeps none. */
  watch(callback: (event: Sight | Heard) => void): void;
  /** Stops every origin. */
  strike(): void;
}

/** How long to look for somebody at an address that is not this machine's, ms. */
const lookout = 2000;

/**
 * Starts the origins, but where a proxy of the configuration itself is to listen.
 * @throws {SocketError} where none can be had: neither does anything listen there, nor can we
 */
export async function setStage(network: Network, clock: Clock, world: World): Promise<Stage> {
  const sights: Sight[] = [];
  const heard: Heard[] = [];
  const arrivals = new Set<Arrival>();
  const byAddress = new Map<string, Origin | null>();
  const foreign: Place[] = [];
  let watcher: ((event: Sight | Heard) => void) | null = null;
  const witness = {
    saw(sight: Sight) {
      if (watcher === null) sights.push(sight);
      else watcher(sight);
    },
    heard(line: Heard) {
      if (watcher === null) heard.push(line);
      else watcher(line);
    },
    arrived(arrival: Arrival) {
      arrivals.add(arrival);
    },
  };
  const strike = () => byAddress.forEach((each) => each?.stop());
  const own = (endpoint: Endpoint) => byAddress.get(showEndpoint(endpoint)) ?? null;

  async function at(endpoint: Endpoint, name: string): Promise<Origin | null> {
    const address = showEndpoint(endpoint);
    const there = byAddress.get(address);
    if (there !== undefined) return there;
    const users = world.servers.filter((place) =>
      [...place.endpoints, place.checked].some((each) =>
        each !== null && showEndpoint(each) === address
      )
    );
    const made = origin({
      network,
      clock,
      endpoint,
      name,
      checks: world.cast.checks,
      lines: users.some((place) => place.tcp),
      hellos: users.some((place) => place.hellos),
      behalf: users.some((place) => place.behalf),
    }, witness);
    try {
      made.start();
      byAddress.set(address, made);
      return made;
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      const taken = error.code === "EADDRINUSE" || await somebodyAt(network, clock, endpoint);
      if (!taken) throw new SocketError(error.code, `no origin for ${name} at ${address}`);
      byAddress.set(address, null);
      return null;
    }
  }

  const origins = new Set<Origin>();
  try {
    for (const place of world.servers) {
      for (const endpoint of place.endpoints) {
        if (world.proxyAt(endpoint) !== null) continue;
        const there = await at(endpoint, nameAt(endpoint, place, world));
        if (there !== null) origins.add(there);
        else if (!foreign.includes(place)) foreign.push(place);
      }
    }
    for (const { checked, label } of world.servers) {
      if (checked !== null && world.proxyAt(checked) === null) {
        await at(checked, `${label} (check)`);
      }
    }
  } catch (error) {
    strike();
    throw error;
  }
  const originsOf = (name: string) => {
    const endpoints = world.serversOf(name).flatMap((place) => place.endpoints);
    return [...new Set(endpoints.map(own))].filter((each) => each !== null);
  };
  return {
    origins: [...origins],
    originsOf,
    originName: (name) => originsOf(name)[0]?.name ?? name,
    checkOriginOf(name) {
      const [place] = world.serversOf(name).filter(({ checked }) => checked !== null);
      const there = place?.checked === null || place === undefined ? null : own(place.checked);
      if (there === null || place === undefined || origins.has(there)) return null;
      const address = showEndpoint(there.endpoint);
      const shared = world.servers.some(({ checked, endpoint }) =>
        checked !== null && showEndpoint(checked) === address &&
        showEndpoint(endpoint) !== showEndpoint(place.endpoint)
      );
      return shared ? null : there;
    },
    foreign,
    sights,
    heard,
    *arrivals() {
      for (const arrival of arrivals) {
        if (arrival.wire.gone) arrivals.delete(arrival);
        else yield arrival;
      }
    },
    watch(callback) {
      watcher = callback;
      sights.length = 0;
      heard.length = 0;
    },
    strike,
  };
}

/**
 * What to call the origin of a server: by the server's name, unless its proxy lists the address
 * several times, and not as a backup. Then nobody can tell which one served, and it is the address.
 */
function nameAt(endpoint: Endpoint, { label, proxy }: Place, { servers }: World): string {
  const address = showEndpoint(endpoint);
  const names = new Set(
    servers.filter((place) =>
      place.proxy === proxy && !place.backup && place.endpoints.map(showEndpoint).includes(address)
    ).map((place) => place.label),
  );
  return names.size > 1 ? address : label;
}

async function somebodyAt(network: Network, clock: Clock, endpoint: Endpoint): Promise<boolean> {
  const wire = dial(network, endpoint, {});
  const cancel = clock.schedule(lookout, () => wire.close());
  while (!wire.open && !wire.over) await wire.change();
  const answered = wire.open;
  cancel();
  wire.close();
  return answered;
}
