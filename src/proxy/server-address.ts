/** Where a server is: the same for all threads, and changeable while they serve. */
import type * as model from "../config/model.ts";
import { formatIp, isIp, parseIp } from "../net/ip/address.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { Endpoint } from "../net/socket.ts";
import type { SharedMemory } from "../shared/memory.ts";

/** A port of its own, or so much more than the port that the client connected to. */
export interface ServerPort {
  readonly port: number | null;
  readonly portOffset: number;
}

/** Words of one version: the address's family (0: none), itself, whether the port is mapped, and it. */
const FAMILY = 0;
const ADDRESS = 1;
const MAPPED = 5;
const PORT = 6;
const size = 7;

/** Nothing listens there: what a server has that has no address. */
const nowhere: Endpoint = { kind: "ip", host: "0.0.0.0", port: 0 };

/**
 * See above. One thread writes, all read: what is written is the version that is not being read, and
 * counts from the moment when the count of versions is set. So no reader waits.
 */
export class ServerAddress {
  /** The count of versions, then the even and the odd one; null: not an address of IP. */
  readonly #words: Int32Array<SharedArrayBuffer> | null;
  /** What this thread has read last. */
  #seen = -1;
  #host: string | null = null;
  #port: ServerPort = { port: 0, portOffset: 0 };
  #endpoint: Endpoint | null = null;

  /** @param address with an IP address; another host: there is no address yet */
  constructor(memory: SharedMemory, address: model.ServerAddress) {
    if (address.kind !== "ip") {
      this.#words = null;
      this.#endpoint = address;
      return;
    }
    this.#words = memory.ints(1 + 2 * size);
    if (memory.fresh) this.set(parseIp(address.host) === null ? null : address.host, address);
  }

  /** How often it has changed. */
  get version(): number {
    return this.#words === null ? 0 : Atomics.load(this.#words, 0);
  }

  /** Its IP address; null: none, or not of that kind. */
  get host(): string | null {
    this.#read();
    return this.#host;
  }

  /** Its port. */
  get port(): ServerPort {
    this.#read();
    return this.#port;
  }

  /** Where all clients' connections go; null: that depends on the client, or is nowhere. */
  get fixed(): Endpoint | null {
    this.#read();
    return this.#endpoint;
  }

  /**
   * Where a client's connection goes. Without a port of its own, the port depends on the one that the
   * client connected to; at 0.0.0.0 or ::, the address is that which the client connected to (manual:
   * "server", address), whatever it was redirected from.
   */
  for({ addresses }: { readonly addresses: Addresses }): Endpoint {
    this.#read();
    if (this.#endpoint !== null) return this.#endpoint;
    const host = this.#host;
    if (host === null) return nowhere;
    const { port, portOffset } = this.#port;
    const wanted = addresses.originalDestination?.() ??
      { host: addresses.localAddress, port: addresses.localPort };
    return {
      kind: "ip",
      host: isAny(host) ? wanted.host || host : host,
      port: port ?? (wanted.port + portOffset) & 65535,
    };
  }

  /** Changes it. One thread alone does that. @param host an IP address; null: none from now on */
  set(host: string | null, { port, portOffset }: ServerPort): void {
    const words = this.#words;
    if (words === null) return;
    const next = words[0]! + 1;
    const at = 1 + (next & 1) * size;
    const bytes = host === null ? null : parseIp(host);
    words[at + FAMILY] = bytes?.length ?? 0;
    words.fill(0, at + ADDRESS, at + MAPPED);
    bytes?.forEach((byte, i) => words[at + ADDRESS + (i >> 2)]! |= byte << 8 * (i & 3));
    words[at + MAPPED] = port === null ? 1 : 0;
    words[at + PORT] = port ?? portOffset;
    Atomics.store(words, 0, next);
  }

  #read(): void {
    const words = this.#words;
    if (words === null || Atomics.load(words, 0) === this.#seen) return;
    const copy = new Int32Array(size);
    do {
      this.#seen = Atomics.load(words, 0);
      const at = 1 + (this.#seen & 1) * size;
      for (let i = 0; i < size; i++) copy[i] = Atomics.load(words, at + i);
      // The version after the next one is written to the same place.
    } while (Atomics.load(words, 0) !== this.#seen);
    const length = copy[FAMILY]!;
    const bytes = Uint8Array.from(
      { length },
      (_, i) => copy[ADDRESS + (i >> 2)]! >> 8 * (i & 3) & 255,
    );
    this.#host = length === 0 ? null : formatIp(bytes);
    const value = copy[PORT]!;
    this.#port = copy[MAPPED] === 1
      ? { port: null, portOffset: value }
      : { port: value, portOffset: 0 };
    const { port } = this.#port;
    const isFixed = this.#host !== null && port !== null && !isAny(this.#host);
    this.#endpoint = isFixed ? { kind: "ip", host: this.#host!, port: port! } : null;
  }
}

/** The name of a server that is not an address; null: it has none. */
export function nameOf({ address }: { readonly address: model.ServerAddress }): string | null {
  return address.kind === "ip" && !isIp(address.host) ? address.host : null;
}

function isAny(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
