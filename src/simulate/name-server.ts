/** A name server for stories (RFC 1035): it knows addresses of names, and answers over UDP. */
import type { Endpoint } from "../net/socket.ts";
import { parseIp } from "../net/ip/address.ts";

/** Receives datagrams at an address, until the function returned is called. */
export type ReceiveDatagrams = (
  at: Extract<Endpoint, { kind: "ip" }>,
  receive: (bytes: Uint8Array, answer: (bytes: Uint8Array) => void) => void,
) => () => void;

/** RFC 1035, section 3.2.2, and RFC 3596. */
const TYPE_A = 1;
const TYPE_AAAA = 28;
/** RFC 1035, section 4.1.1: a response, with recursion as it was wanted; the codes. */
const RESPONSE = 0x8180;
const NXDOMAIN = 3;
const HEADER = 12;
/** Seconds that an answer is good for. */
const ttl = 1;

/** See the file. */
export class NameServer {
  readonly #zone = new Map<string, readonly string[]>();
  #stop: (() => void) | null = null;

  constructor(
    readonly endpoint: Extract<Endpoint, { kind: "ip" }>,
    private readonly receive: ReceiveDatagrams,
  ) {}

  /** Answers from now on. */
  start(): void {
    this.#stop ??= this.receive(this.endpoint, (query, answer) => {
      const response = this.#respond(query);
      if (response !== null) answer(response);
    });
  }
  /** Answers no more. */
  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }
  /** Knows these addresses of a name from now on; none: there is no such name. */
  know(name: string, addresses: readonly string[]): void {
    if (addresses.length === 0) this.#zone.delete(name.toLowerCase());
    else this.#zone.set(name.toLowerCase(), addresses);
  }

  #respond(query: Uint8Array): Uint8Array | null {
    const question = readQuestion(query);
    if (question === null) return null;
    const { name, type, end } = question;
    const known = this.#zone.get(name);
    const records = (known ?? []).flatMap((address) => recordOf(address, type));
    const head = [
      ...[query[0]!, query[1]!],
      ...u16(RESPONSE | (known === undefined ? NXDOMAIN : 0)),
      ...[...u16(1), ...u16(records.length), ...u16(0), ...u16(0)],
    ];
    return new Uint8Array([...head, ...query.subarray(HEADER, end), ...records.flat()]);
  }
}

const u16 = (value: number) => [value >> 8 & 255, value & 255];

/** The one question of a query (section 4.1.2); null: it is none. */
function readQuestion(query: Uint8Array) {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at++] ?? 0; length > 0; length = query[at++] ?? 0) {
    labels.push(new TextDecoder().decode(query.subarray(at, at + length)));
    at += length;
  }
  if (at + 4 > query.length) return null;
  const type = query[at]! << 8 | query[at + 1]!;
  return { name: labels.join(".").toLowerCase(), type, end: at + 4 };
}

/** The record of an address, if it is of the type; its name is that of the question. */
function recordOf(address: string, type: number): number[][] {
  const bytes = parseIp(address);
  const own = bytes?.length === 4 ? TYPE_A : TYPE_AAAA;
  if (bytes === null || own !== type) return [];
  const pointer = 0xc000 | HEADER;
  const fixed = [...u16(pointer), ...u16(type), ...u16(1), 0, 0, ...u16(ttl)];
  return [[...fixed, ...u16(bytes.length), ...bytes]];
}
