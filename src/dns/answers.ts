/**
 * What the responses for one name have said, for some time: an answer need not name every record, so
 * that one stays until it has not been named for as long as `hold obsolete` says. Who uses which
 * address is kept with it, since servers of one name share its addresses among them.
 */
import { xxh32 } from "../bytes/xxh32.ts";
import type { InNetwork } from "../net/ip/cidr.ts";
import { parseIp } from "../net/ip/address.ts";
import type { DnsRecord, DnsResponse, RecordData } from "./message.ts";
import { encodeName } from "./name.ts";

/** A record, with what became of it. */
export interface Answer {
  readonly data: RecordData;
  /** For their order: see {@linkcode keyOf}. */
  readonly key: number;
  /** When a response named it last, on the clock's scale, ms. */
  seen: number;
  /** Of a service: its share of the load, as named last. */
  weight: number;
  /** Of a service: the address that came with it, and when. */
  address: { readonly type: "A" | "AAAA"; readonly address: string; seen: number } | null;
  /** Who has it. */
  readonly users: Set<Holder>;
}

/** Who can have an answer. */
export interface Holder {
  /** Holders of one group do not share an address, unless they may. */
  readonly group: unknown;
}

/** The most answers that are kept of a name: more than fit in a message, and not without bound. */
const most = 16_384;

/** The answers for a name. HAProxy keeps them in the order of a hash, and so which server has which. */
export class Answers {
  #list: Answer[] = [];
  /** The same by {@linkcode identityOf}. */
  readonly #known = new Map<string, Answer>();

  get list(): readonly Answer[] {
    return this.#list;
  }

  /** Takes in what a response says. */
  update(
    records: readonly DnsRecord[],
    { additional }: Pick<DnsResponse, "additional">,
    now: number,
  ) {
    for (const record of records) this.#take(record, now);
    for (const record of additional) {
      if (record.type === "A" || record.type === "AAAA") this.#addressOf(record, now);
    }
  }

  #take(data: DnsRecord, now: number): void {
    const identity = identityOf(data);
    const known = this.#known.get(identity);
    const weight = data.type === "SRV" ? data.weight : 0;
    if (known !== undefined) {
      known.seen = now;
      known.weight = weight;
      return;
    }
    if (this.#list.length >= most) return;
    const key = keyOf(data);
    const at = this.#list.findIndex((answer) => answer.key > key);
    const answer = { data, key, seen: now, weight, address: null, users: new Set<Holder>() };
    this.#list.splice(at < 0 ? this.#list.length : at, 0, answer);
    this.#known.set(identity, answer);
  }

  /** An address that came with the services of its host. */
  #addressOf(record: DnsRecord & { type: "A" | "AAAA" }, now: number): void {
    for (const answer of this.#list) {
      const { data, address } = answer;
      if (data.type !== "SRV" || data.target !== record.name) continue;
      if (address === null) {
        answer.address = { type: record.type, address: record.address, seen: now };
        return;
      }
      if (address.type !== record.type || address.address !== record.address) continue;
      if (address.seen === now) continue;
      address.seen = now;
      return;
    }
  }

  /** Removes what no response has named for `hold` ms, from its users too. @returns it */
  removeObsolete(hold: number, now: number): Answer[] {
    const isObsolete = ({ seen }: { readonly seen: number }) => seen + hold < now;
    for (const answer of this.#list) {
      if (answer.address !== null && isObsolete(answer.address)) answer.address = null;
    }
    const obsolete = this.#list.filter(isObsolete);
    if (obsolete.length > 0) this.#list = this.#list.filter((answer) => !isObsolete(answer));
    this.#forget(obsolete);
    return obsolete;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#forget(this.#list);
    this.#list = [];
  }

  #forget(answers: readonly Answer[]): void {
    for (const { data, users } of answers) {
      this.#known.delete(identityOf(data));
      users.clear();
    }
  }
}

/** Equal for records that are one answer, whatever their weight. */
function identityOf(data: RecordData): string {
  if (data.type === "SRV") return `SRV ${data.port} ${data.target}`;
  return `${data.type} ${data.type === "CNAME" ? data.target : data.address}`;
}

/** As in HAProxy: XXH32 of the address, or of the service's host, with the record's type for a seed. */
function keyOf(data: RecordData): number {
  if ("address" in data) return xxh32(parseIp(data.address)!, data.type === "A" ? 1 : 28);
  const name = encodeName(data.target);
  // Without the root's label.
  return name === null ? 0 : xxh32(name.subarray(0, -1), 33);
}

/** Which address a server wants (manual: "resolve-prefer", "resolve-net", "resolve-opts"). */
export interface Preference {
  readonly family: 4 | 6;
  /** Addresses in one of these come first. */
  readonly networks: readonly InNetwork[];
  /** It may have what another one of its group has. */
  readonly shares: boolean;
}

/**
 * The address for a server among the answers: of the family that it prefers, else in a network that
 * it prefers, else one that no other has, else the one that it has now; null: none is left.
 * @param current the address that it has
 */
export function chooseAddress(
  answers: readonly Answer[],
  holder: Holder,
  current: string | null,
  { family, networks, shares }: Preference,
): { readonly answer: Answer; readonly address: string } | null {
  let best: { readonly answer: Answer; readonly address: string } | null = null;
  let highest = -1;
  for (const answer of answers) {
    const { data, users } = answer;
    if (data.type !== "A" && data.type !== "AAAA") continue;
    const { address } = data;
    let score = (data.type === "A" ? 4 : 6) === family ? 8 : 0;
    if (networks.some((contains) => contains(address))) score += 4;
    let isUsed = false;
    for (const user of users) isUsed ||= user !== holder && user.group === holder.group;
    if (isUsed && !shares) continue;
    if (!isUsed) score += 2;
    if (address === current) score++;
    if (score > highest) {
      highest = score;
      best = { answer, address };
    }
  }
  return best;
}
