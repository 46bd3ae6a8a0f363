/** Sets the stage: an origin for each server address at which nothing listens. */
import type { Clock } from "../time/clock.ts";
import { type Endpoint, type Network, SocketError } from "../net/socket.ts";
import { type Origin, origin, type Sight } from "./origin.ts";
import { dial } from "./wire.ts";
import { showEndpoint } from "../net/socket.ts";
import type { Place, World } from "./world.ts";

/** The origins of a demo. */
export interface Stage {
  /** The demo's own servers; several names may mean one origin, as servers may share an address. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** Servers at whose address something else listens already. */
  readonly foreign: readonly Place[];
  /** Requests that servers got, checks left out, oldest first; whoever reads may empty it. */
  readonly sights: Sight[];
  /** Also hears of each such request, as it comes. */
  watch(callback: (sight: Sight) => void): void;
  /** Stops every origin. */
  strike(): void;
}

/** How long to look for somebody at an address that is not this machine's, ms. */
const lookout = 2000;

/**
 * Starts the origins.
 * @throws {SocketError} where none can be had: neither does anything listen there, nor can we
 */
export async function setStage(network: Network, clock: Clock, world: World): Promise<Stage> {
  const sights: Sight[] = [];
  const byAddress = new Map<string, Origin | null>();
  const origins = new Map<string, Origin>();
  const foreign: Place[] = [];
  let watcher: ((sight: Sight) => void) | null = null;
  const saw = (sight: Sight) => {
    sights.push(sight);
    watcher?.(sight);
  };
  const strike = () => byAddress.forEach((each) => each?.stop());

  async function at(endpoint: Endpoint, name: string): Promise<Origin | null> {
    const address = showEndpoint(endpoint);
    const there = byAddress.get(address);
    if (there !== undefined) return there;
    const made = origin(network, endpoint, name, world.cast.checks, saw);
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

  try {
    for (const place of world.servers) {
      const own = await at(place.endpoint, place.label);
      if (own === null) foreign.push(place);
      else origins.set(place.label, own);
      if (place.checked !== null) await at(place.checked, `${place.label} (check)`);
    }
  } catch (error) {
    strike();
    throw error;
  }
  const watch = (callback: (sight: Sight) => void) => {
    watcher = callback;
  };
  return { origins, foreign, sights, watch, strike };
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
