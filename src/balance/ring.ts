/**
 * The ring of consistent hashing: servers stand on it as often as their weights say, at places that
 * follow from their ids alone, as in HAProxy. A server that comes, goes, or changes its weight moves no
 * key but its own.
 */
import { xxh32 } from "../bytes/xxh32.ts";
import type { Candidate } from "./balancer.ts";
import { avalanche } from "../bytes/hash-functions.ts";

/** Places on the ring for each unit of weight. */
const placesPerWeight = 16;
/** Places that a server of the greatest weight has. */
const placesPerServer = 256 * placesPerWeight;
const indexRange = 2 ** 20;

/** What a server's places may follow from (manual: "hash-key"). */
export const hashKeys = ["id", "addr", "addr-port"] as const;

/** A server with what says where it stands. */
export interface PlacedCandidate extends Candidate {
  /** What its places follow from (manual: "hash-key"): its id, or its address. */
  readonly ringPlace: number;
}

/** {@linkcode hashKeys} */
export type HashKey = (typeof hashKeys)[number];

/** What the places of a server with this id follow from. */
export const placeOfId = (id: number): number => Math.imul(id, placesPerServer) >>> 0;

/**
 * What the places of a server follow from that is at an address.
 * @param address its bytes, 4 or 16
 * @param port 0: it does not count
 */
export function placeOfAddress(address: Uint8Array, port: number): number {
  const seed = port === 0 ? 0 : avalanche(port);
  if (address.length !== 4) return xxh32(address, seed);
  // HAProxy takes the address as the processors that count here have it: the first byte is the least.
  const word = address[0]! | address[1]! << 8 | address[2]! << 16 | address[3]! << 24;
  return avalanche(seed + word);
}

/** A ring. */
export class Ring<S extends PlacedCandidate> {
  servers: readonly S[] = [];
  /** The places in their order, and the index into `servers` of each one's server. */
  keys = new Uint32Array(0);
  owners = new Uint32Array(0);

  /** Sets which servers stand on it. */
  update(servers: readonly S[]): void {
    this.servers = servers.slice();
    const counts = servers.map(({ weight }) => Math.round(weight * placesPerWeight));
    // Place and owner in one number, 52 bits: typed arrays of numbers sort without comparators.
    const places = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
    let length = 0;
    servers.forEach(({ ringPlace }, index) => {
      for (let i = 0; i < counts[index]!; i++) {
        places[length++] = avalanche(ringPlace + i) * indexRange + index;
      }
    });
    places.sort();
    this.keys = Uint32Array.from(places, (place) => Math.floor(place / indexRange));
    this.owners = Uint32Array.from(places, (place) => place % indexRange);
  }

  get length(): number {
    return this.keys.length;
  }

  /** The first position whose key is at least `key`; {@linkcode Ring.length} if none is. */
  at(key: number): number {
    const { keys } = this;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The position of the place that is closest to a hash, on a ring with places. */
  closest(hash: number): number {
    const { keys } = this;
    const next = this.at(hash) % keys.length;
    const before = (next === 0 ? keys.length : next) - 1;
    return (hash - keys[before]!) >>> 0 <= (keys[next]! - hash) >>> 0 ? before : next;
  }

  /** The server at a position. */
  server(position: number): S {
    return this.servers[this.owners[position]!]!;
  }
}
