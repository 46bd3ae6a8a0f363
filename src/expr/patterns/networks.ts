/** Patterns that are addresses and networks (manual, chapter 7.1.6): the longest prefix wins. */
import { parseIp, parseNetwork } from "../../net/ip/address.ts";
import { IPV4, IPV6, type Sample } from "../sample.ts";
import { ByteTable } from "./byte-table.ts";
import { type PatternIndex, PatternMistake } from "./pattern.ts";

/** The networks of one family, by the length of their prefix. */
class Family {
  readonly #byLength = new Map<number, { table: ByteTable; count: number }>();
  /** Those lengths, the longest first. */
  #lengths: number[] = [];
  readonly #masked: Uint8Array;

  constructor(readonly size: number) {
    this.#masked = new Uint8Array(size);
  }

  add(address: Uint8Array, length: number, id: number, order: number): void {
    let entry = this.#byLength.get(length);
    if (entry === undefined) {
      this.#byLength.set(length, entry = { table: new ByteTable(), count: 0 });
      this.#lengths = [...this.#byLength.keys()].sort((a, b) => b - a);
    }
    entry.table.add(address, id, order);
    entry.count++;
  }

  remove(address: Uint8Array, length: number, id: number): void {
    const entry = this.#byLength.get(length);
    if (!entry?.table.remove(address, id) || --entry.count > 0) return;
    this.#byLength.delete(length);
    this.#lengths = [...this.#byLength.keys()].sort((a, b) => b - a);
  }

  /** The id of the longest prefix of the address at `from`; -1: none. */
  find(bytes: Uint8Array, from: number): number {
    if (this.#lengths.length === 0) return -1;
    const { size } = this;
    const masked = this.#masked;
    for (let i = 0; i < size; i++) masked[i] = bytes[from + i]!;
    let clear = size;
    for (const length of this.#lengths) {
      const whole = length >> 3;
      while (clear > whole) masked[--clear] = 0;
      if ((length & 7) !== 0) {
        masked[whole] = bytes[from + whole]! & 0xff00 >> (length & 7);
        clear = whole + 1;
      }
      const key = this.#byLength.get(length)!.table.find(masked, 0, size);
      if (key !== null && !key.isDead) return key.id;
    }
    return -1;
  }
}

/** An IPv4 network whose mask is no prefix: "10.0.0.1/255.0.0.255". */
interface Masked {
  readonly text: string;
  readonly id: number;
  readonly address: number;
  readonly mask: number;
}

const wordOf = (bytes: Uint8Array, from: number) =>
  bytes[from]! << 24 | bytes[from + 1]! << 16 | bytes[from + 2]! << 8 | bytes[from + 3]!;

function parseMasked(text: string): { address: number; mask: number } | null {
  const slash = text.indexOf("/");
  const [address, mask] = [text.slice(0, slash), text.slice(slash + 1)].map(parseIp);
  if (slash < 0 || address?.length !== 4 || mask?.length !== 4) return null;
  const bits = wordOf(mask, 0);
  return { address: wordOf(address, 0) & bits, mask: bits };
}

/** "ip" */
export class Networks implements PatternIndex {
  readonly #ipv4 = new Family(4);
  readonly #ipv6 = new Family(16);
  readonly #masked: Masked[] = [];
  readonly #mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0);
  #added = 0;

  add(text: string, id: number): void {
    const network = this.#parse(text);
    if (network === null) this.#masked.push({ text, id, ...parseMasked(text)! });
    else network.family.add(network.address, network.length, id, this.#added++);
  }

  remove(text: string, id: number): void {
    const network = this.#parse(text);
    if (network !== null) return network.family.remove(network.address, network.length, id);
    const at = this.#masked.findIndex((each) => each.id === id && each.text === text);
    if (at >= 0) this.#masked.splice(at, 1);
  }

  /** @returns null: its mask is no prefix. @throws {PatternMistake} */
  #parse(text: string): { family: Family; address: Uint8Array; length: number } | null {
    const network = parseNetwork(text);
    if (network === null) {
      if (parseMasked(text) !== null) return null;
      const hint = "write 10.0.0.1, 10.0.0.0/8, 10.0.0.0/255.0.0.0, 2001:db8::/32 or the like";
      throw new PatternMistake(`'${text}' is not an IPv4 or IPv6 address or network`, hint);
    }
    const slash = network.lastIndexOf("/");
    const address = parseIp(network.slice(0, slash))!;
    const family = address.length === 4 ? this.#ipv4 : this.#ipv6;
    return { family, address, length: Number(network.slice(slash + 1)) };
  }

  find({ type, bytes, from }: Sample): number {
    let id = -1;
    if (type === IPV4) {
      id = this.#ipv4.find(bytes, from);
      if (id >= 0) return id;
      for (let i = 0; i < 4; i++) this.#mapped[12 + i] = bytes[from + i]!;
      id = this.#ipv6.find(this.#mapped, 0);
      return id >= 0 ? id : this.#findMasked(bytes, from);
    }
    if (type !== IPV6) return -1;
    id = this.#ipv6.find(bytes, from);
    if (id >= 0) return id;
    const within = ipv4Within(bytes, from);
    return within < 0 ? -1 : this.#ipv4.find(bytes, within);
  }

  #findMasked(bytes: Uint8Array, from: number): number {
    if (this.#masked.length === 0) return -1;
    const word = wordOf(bytes, from);
    return this.#masked.find(({ address, mask }) => (word & mask) === address)?.id ?? -1;
  }
}

/**
 * Where an IPv6 address holds an IPv4 one, as HAProxy looks for it: ::ffff:a.b.c.d, ::a.b.c.d (RFC 4291,
 * section 2.5.5) or 2002:a.b.c.d:: (RFC 3056). -1: nowhere.
 */
function ipv4Within(bytes: Uint8Array, from: number): number {
  if (bytes[from] === 0x20 && bytes[from + 1] === 0x02) return from + 2;
  const head = wordOf(bytes, from) | wordOf(bytes, from + 4);
  const third = wordOf(bytes, from + 8);
  return head === 0 && (third === 0 || third === 0xffff) ? from + 12 : -1;
}
