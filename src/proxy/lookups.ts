/**
 * Addresses of names, asked for by any thread (manual: "do-resolve"): the main thread has the
 * resolvers, and posts the answers.
 */
import { formatIp, parseIp } from "../net/ip/address.ts";
import { ADDRESS4, ADDRESS6_HIGH, ADDRESS6_LOW, NO_ADDRESS } from "./workers.ts";

/** Asks for addresses. */
export interface Lookups {
  /**
   * Asks for the address of a name.
   * @param section the `resolvers` section
   * @param type the family that is preferred: the other one will do
   * @param callback called once, perhaps at once; null: there is none
   * @returns a function that gives up: nothing is called then
   */
  resolve(
    section: string,
    name: string,
    type: "A" | "AAAA",
    callback: (address: string | null) => void,
  ): () => void;
}

/** Those of a thread that cannot ask: no name has an address. */
export const noLookups: Lookups = {
  resolve(_section, _name, _type, callback) {
    callback(null);
    return () => {};
  },
};

/** What a thread asks the main thread. */
export interface Question {
  readonly question: number;
  readonly section: string;
  readonly name: string;
  readonly type: "A" | "AAAA";
}

/** Hands on a message to a thread: what it is, the number of the question, and two words. */
type Post = (kind: number, question: number, b: number, c: number) => void;

/** Posts the answer to a question; an address of IPv6 takes two messages. */
export function postAnswer(post: Post, question: number, address: string | null): void {
  const bytes = address === null ? null : parseIp(address);
  if (bytes === null) return post(NO_ADDRESS, question, 0, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (bytes.length === 4) return post(ADDRESS4, question, view.getInt32(0), 0);
  post(ADDRESS6_HIGH, question, view.getInt32(0), view.getInt32(4));
  post(ADDRESS6_LOW, question, view.getInt32(8), view.getInt32(12));
}

/** The lookups of a thread that asks another one. */
export class RemoteLookups implements Lookups {
  /** By the question's number. */
  readonly #callbacks = new Map<number, (address: string | null) => void>();
  readonly #ask: (question: Question) => void;
  #last: number;
  /** The first half of an address that is on its way. */
  #high: readonly [number, number] = [0, 0];

  /**
   * @param random from 0 to 1: a thread that takes the place of one that has failed must not take the
   * answers to its questions
   */
  constructor(ask: (question: Question) => void, random: () => number) {
    this.#ask = ask;
    this.#last = Math.floor(random() * 2 ** 32) | 0;
  }

  resolve(
    section: string,
    name: string,
    type: "A" | "AAAA",
    callback: (address: string | null) => void,
  ): () => void {
    const question = this.#last = (this.#last + 1) | 0;
    this.#callbacks.set(question, callback);
    this.#ask({ question, section, name, type });
    return () => this.#callbacks.delete(question);
  }

  /** Acts on a message of the main thread. @returns false: it is for others */
  receive(kind: number, question: number, b: number, c: number): boolean {
    switch (kind) {
      case ADDRESS6_HIGH:
        this.#high = [b, c];
        return true;
      case ADDRESS4:
        this.#answer(question, addressOf([b]));
        return true;
      case ADDRESS6_LOW:
        this.#answer(question, addressOf([...this.#high, b, c]));
        return true;
      case NO_ADDRESS:
        this.#answer(question, null);
        return true;
      default:
        return false;
    }
  }

  #answer(question: number, address: string | null): void {
    const callback = this.#callbacks.get(question);
    this.#callbacks.delete(question);
    callback?.(address);
  }
}

function addressOf(words: readonly number[]): string {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setInt32(4 * i, word));
  return formatIp(bytes);
}
