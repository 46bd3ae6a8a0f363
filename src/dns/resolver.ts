/** A `resolvers` section at work: its name servers, and the names that it follows. */
import type { Clock } from "../time/clock.ts";
import { encodeQuery, idOf, judge, type Outcome, type QueryType } from "./message.ts";
import {
  type NameserverCounts,
  type NameserverTransport,
  noCounts,
  type OpenNameserver,
} from "./nameserver.ts";
import { type Asker, type Requester, Resolution, type ResolutionSettings } from "./resolution.ts";
import { chooseAddress } from "./answers.ts";

/** A section's name, name servers (A says where one is) and settings. */
export interface ResolverSettings<A> extends ResolutionSettings {
  readonly name: string;
  readonly nameservers: readonly { readonly name: string; readonly address: A }[];
  readonly acceptedPayloadSize: number;
  readonly holdValid: number;
}

/** What a resolver needs from outside. */
export interface ResolverDeps<A> {
  readonly clock: Clock;
  /** From 0 to 1: what queries are numbered by. */
  readonly random: () => number;
  readonly open: OpenNameserver<A>;
}

/** A name server, with what became of its queries. */
interface Nameserver {
  readonly name: string;
  readonly counts: NameserverCounts;
  readonly transport: NameserverTransport;
}

/** A response that was too long, while it is being asked for again. */
interface Partial {
  readonly from: Nameserver;
  readonly outcome: Outcome;
}

/** Attempts to draw a number that is free. */
const draws = 100;
/** The longest message over TCP. */
const longest = 65535;

/** See above. */
export class Resolver<A> implements Asker {
  readonly clock: Clock;
  readonly settings: ResolverSettings<A>;
  readonly nameservers: readonly Nameserver[];
  readonly #deps: ResolverDeps<A>;
  readonly #resolutions = new Map<string, Resolution>();
  /** Those that are under way, by the number of their queries. */
  readonly #running = new Map<number, Resolution>();
  readonly #partial = new Map<Resolution, Partial>();
  /** Cancel what ends the following of a name that was wanted once. */
  readonly #releases = new Set<() => void>();

  constructor(settings: ResolverSettings<A>, deps: ResolverDeps<A>) {
    this.settings = settings;
    this.clock = deps.clock;
    this.#deps = deps;
    this.nameservers = settings.nameservers.map(({ name, address }) => {
      const nameserver: Nameserver = {
        name,
        counts: noCounts(),
        transport: deps.open(address, (message) => this.#receive(nameserver, message)),
      };
      return nameserver;
    });
  }

  get name(): string {
    return this.settings.name;
  }

  /** All names that it follows: for statistics. */
  get resolutions(): Iterable<Resolution> {
    return this.#resolutions.values();
  }

  /** A name server's response has changed the address of a server: for statistics. */
  countUpdate(nameserver: string): void {
    const found = this.nameservers.find(({ name }) => name === nameserver);
    if (found !== undefined) found.counts.update++;
  }

  /**
   * Follows a name for a requester from now on.
   * @returns null: it is no name
   */
  link(requester: Requester, name: string, type: QueryType): Resolution | null {
    const plain = name.toLowerCase().replace(/\.$/, "");
    if (encodeQuery(0, plain, type, 0) === null) return null;
    const key = `${type} ${plain}`;
    let resolution = this.#resolutions.get(key);
    if (resolution === undefined) {
      resolution = new Resolution(this, plain, type);
      this.#resolutions.set(key, resolution);
    }
    resolution.requesters.add(requester);
    return resolution;
  }

  /** Ends that; what it had of the answers is free. A name that nobody follows is forgotten. */
  unlink(requester: Requester, resolution: Resolution): void {
    resolution.requesters.delete(requester);
    for (const { users } of resolution.answers.list) users.delete(requester);
    if (resolution.requesters.size > 0) return;
    this.#resolutions.delete(`${resolution.type} ${resolution.name}`);
    this.#partial.delete(resolution);
    resolution.stop();
  }

  /**
   * The address of a name, once (manual: "do-resolve"): of the family that is preferred if there is
   * one. The last valid answer will do for as long as `hold valid` says.
   * @param callback called once, perhaps at once; null: it cannot be resolved
   * @returns a function that gives up: nothing is called then
   */
  resolve(
    name: string,
    type: "A" | "AAAA",
    callback: (address: string | null) => void,
  ): () => void {
    const { only = null } = this.settings;
    const accepted = only === null ? type : only === 4 ? "A" : "AAAA";
    const once = new Once(accepted, callback, () => {
      if (resolution !== null) this.#release(once, resolution);
    });
    const resolution = this.link(once, name, accepted);
    if (resolution === null) {
      callback(null);
      return () => {};
    }
    const age = this.clock.now() - resolution.lastEnded;
    const holds = resolution.status === "valid" && age < this.settings.holdValid;
    if (holds) once.resolved(resolution);
    else resolution.trigger();
    return () => once.giveUp();
  }

  /** A name that was wanted once is followed for as long as its answer may be wanted again. */
  #release(once: Once, resolution: Resolution): void {
    const cancel = this.clock.schedule(this.settings.holdValid, () => {
      this.#releases.delete(cancel);
      this.unlink(once, resolution);
    });
    this.#releases.add(cancel);
  }

  /** Ends it. */
  close(): void {
    for (const cancel of this.#releases) cancel();
    for (const resolution of this.#resolutions.values()) resolution.stop();
    this.#resolutions.clear();
    this.#running.clear();
    for (const { transport } of this.nameservers) transport.close();
  }

  begin(resolution: Resolution): number {
    for (let i = 0; i < draws; i++) {
      const id = Math.floor(this.#deps.random() * 65536) & 0xffff;
      if (this.#running.has(id)) continue;
      this.#running.set(id, resolution);
      return id;
    }
    return -1;
  }

  ask(resolution: Resolution): number {
    this.#partial.delete(resolution);
    const query = this.#query(resolution);
    let count = 0;
    for (const { transport, counts } of this.nameservers) {
      if (transport.send(query)) {
        counts.sent++;
        count++;
      } else {
        counts.sendError++;
      }
    }
    return count;
  }

  #query({ id, name, queryType }: Resolution): Uint8Array {
    return encodeQuery(id, name, queryType, this.settings.acceptedPayloadSize)!;
  }

  settle(resolution: Resolution): void {
    const partial = this.#partial.get(resolution);
    if (partial !== undefined) this.#conclude(resolution, partial);
  }

  ended(resolution: Resolution): void {
    this.#running.delete(resolution.id);
    this.#partial.delete(resolution);
  }

  #receive(nameserver: Nameserver, message: Uint8Array): void {
    const { counts, transport } = nameserver;
    const resolution = this.#running.get(idOf(message));
    if (resolution === undefined) {
      counts[idOf(message) < 0 ? "invalid" : "outdated"]++;
      return;
    }
    const partial = this.#partial.get(resolution);
    const most = partial?.from === nameserver ? longest : this.settings.acceptedPayloadSize;
    if (message.length > most) {
      counts.tooBig++;
      return;
    }
    const outcome = judge(message, resolution.name, resolution.queryType);
    const isTruncated = outcome.kind === "valid" ? outcome.response.truncated : outcome.truncated;
    if (isTruncated && partial === undefined && transport.sendAgain !== null) {
      counts.truncated++;
      const kept = { from: nameserver, outcome };
      this.#partial.set(resolution, kept);
      transport.sendAgain(this.#query(resolution), () => {
        if (this.#partial.get(resolution) === kept) this.#conclude(resolution, kept);
      });
      return;
    }
    this.#conclude(resolution, { from: nameserver, outcome });
  }

  #conclude(resolution: Resolution, { from, outcome }: Partial): void {
    this.#partial.delete(resolution);
    from.counts[countOf(outcome)]++;
    resolution.onOutcome(outcome, from.name);
  }
}

/** What a response is counted as. */
function countOf(outcome: Outcome): keyof NameserverCounts {
  if (outcome.kind !== "other") return outcome.kind;
  if (outcome.truncated) return "truncated";
  return outcome.lack === "empty" ? "anyError" : outcome.lack === "alias" ? "cnameError" : "other";
}

/** Who wants to know an address once. */
class Once implements Requester {
  readonly group = null;
  /** null: it has been told, or wants to know no more. */
  #callback: ((address: string | null) => void) | null;
  readonly #type: "A" | "AAAA";
  readonly #over: () => void;

  /** @param over called when it needs the resolution no more */
  constructor(
    type: "A" | "AAAA",
    callback: (address: string | null) => void,
    over: () => void,
  ) {
    this.#type = type;
    this.#callback = callback;
    this.#over = over;
  }

  resolved({ answers }: Resolution): void {
    const family = this.#type === "A" ? 4 : 6;
    const preference = { family, networks: [], shares: true } as const;
    this.#end(chooseAddress(answers.list, this, null, preference)?.address ?? null);
  }
  failed(): boolean {
    this.#end(null);
    return false;
  }
  giveUp(): void {
    if (this.#callback === null) return;
    this.#callback = null;
    this.#over();
  }

  #end(address: string | null): void {
    const callback = this.#callback;
    if (callback === null) return;
    this.#callback = null;
    this.#over();
    callback(address);
  }
}
