/**
 * A service that is followed (RFC 2782): its SRV records give each of some servers a host, a port and
 * a weight; the host's address comes with them, or is followed in its turn (manual, chapter 5.3.1).
 */
import type { Answer } from "../dns/answers.ts";
import type { Requester, Resolution } from "../dns/resolution.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { NameserverAddress } from "../dns/transports.ts";
import type { Backend } from "./backend.ts";
import type { FollowedServer } from "./followed-server.ts";
import { setUnresolved, setWeight } from "./server-admin.ts";

/** See above. */
export class FollowedService implements Requester {
  /** Servers without a record. */
  readonly #free: FollowedServer[] = [];
  /** Servers by the record that they have. */
  readonly #users = new Map<Answer, FollowedServer>();

  constructor(readonly resolver: Resolver<NameserverAddress>, readonly group: Backend) {}

  /** A server that takes a record of it. */
  add(server: FollowedServer): void {
    this.#free.push(server);
  }

  /** Follows the service of this name from now on. */
  follow(name: string): void {
    this.resolver.link(this, name, "SRV");
  }

  resolved({ answers }: Resolution, _by: string | null, removed: readonly Answer[]): void {
    // In the order of HAProxy, which the log shows.
    const all = [...answers.list, ...removed].sort((a, b) => a.key - b.key);
    const gone = new Set(removed);
    const late: Answer[] = [];
    for (const answer of all) {
      if (gone.has(answer)) this.#release(answer);
      else if (!this.#take(answer)) late.push(answer);
    }
    // What came before those whose servers it can have: HAProxy gives it one with the next response.
    for (const answer of late) this.#take(answer);
  }

  /** Brings the server of a record up to date. @returns false: there is none for it */
  #take(answer: Answer): boolean {
    const { data } = answer;
    if (data.type !== "SRV") return true;
    const server = this.#users.get(answer) ?? this.#free.shift();
    if (server === undefined) return false;
    this.#users.set(answer, server);
    this.#update(server, answer, data);
    return true;
  }

  failed(resolution: Resolution): boolean {
    if (resolution.lapsed === null) return true;
    for (const answer of [...this.#users.keys()]) this.#release(answer);
    return false;
  }

  #update(
    followed: FollowedServer,
    { address: additional, weight }: Answer,
    { target, port }: { readonly target: string; readonly port: number },
  ): void {
    const { server } = followed;
    const at = { port, portOffset: 0 };
    const isAccepted = followed.only === null ||
      additional?.type === (followed.only === 4 ? "A" : "AAAA");
    const address = isAccepted ? additional : null;
    if (address !== null) {
      // The host need not be asked for.
      followed.unfollow();
      if (address.address !== server.place.host) {
        followed.setAddress(address.address, "DNS additional record", at);
      }
    }
    const isNew = followed.name === null;
    followed.name = target;
    if (isNew) followed.logName(target);
    if (address === null && !followed.follows) followed.follow(target);
    const { host } = server.place;
    if (host === null) setUnresolved(server, "entry removed from SRV record", followed.checks);
    else followed.ready();
    if (server.place.port.port !== port) followed.setAddress(host, null, at);
    // From 0..65535 to 0..256, 0 being no one else's.
    if (!server.config.resolveOpts.includes("ignore-weight")) {
      setWeight(server, (weight + 255) >> 8);
    }
  }

  /** A record is gone: the server that had it waits for another one. */
  #release(answer: Answer): void {
    const followed = this.#users.get(answer);
    if (followed === undefined) return;
    this.#users.delete(answer);
    this.#free.push(followed);
    followed.unfollow();
    setUnresolved(followed.server, "entry removed from SRV record", followed.checks);
    followed.name = null;
    followed.setAddress(null, null, { port: 0, portOffset: 0 });
  }
}
