/** Which certificate serves a client, by the name that it asks for (manual: "crt", "strict-sni"). */
import type { KeyKinds } from "./key-kinds.ts";

/** What names lead to: a certificate, and the rest that a line says of it. */
export interface Served {
  readonly kind: "rsa" | "ecdsa" | "dsa";
}

/** What serves the clients of a listener. */
export class NameTable<T extends Served> {
  readonly #exact = new Map<string, T[]>();
  /** By what follows the star, with its dot. */
  readonly #wildcard = new Map<string, T[]>();
  /** Names that a filter takes out of a wildcard of the same entry: "!www.example.org". */
  readonly #without = new Map<T, Set<string>>();
  readonly #fallback: readonly T[];

  /** @param fallback what serves where no name fits; empty: nothing does */
  constructor(fallback: readonly T[]) {
    this.#fallback = fallback;
  }

  /** Adds what serves a name: "www.example.org", "*.example.org", "!www.example.org", "*". */
  add(name: string, served: T): void {
    const lower = name.toLowerCase();
    if (lower.startsWith("!")) {
      const names = this.#without.get(served) ?? new Set();
      this.#without.set(served, names.add(lower.slice(1)));
      return;
    }
    const wild = lower.startsWith("*");
    const table = wild ? this.#wildcard : this.#exact;
    const key = wild ? lower.slice(1) : lower;
    const known = table.get(key);
    if (known === undefined) table.set(key, [served]);
    else if (!known.includes(served)) known.push(served);
  }

  /**
   * What serves a client; null: nothing does.
   * @param name in lower case; null: it asked for none
   */
  find(name: string | null, kinds: KeyKinds): T | null {
    return (name === null ? null : this.#named(name, kinds)) ?? best(this.#fallback, kinds);
  }

  #named(name: string, kinds: KeyKinds): T | null {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return best(exact, kinds);
    const dot = name.indexOf(".");
    if (dot < 0) return null;
    const wild = this.#wildcard.get(name.slice(dot));
    if (wild === undefined) return null;
    const left = this.#without.size === 0
      ? wild
      : wild.filter((one) => this.#without.get(one)?.has(name) !== true);
    return best(left, kinds);
  }
}

/** The one with ECDSA if the client takes it, then RSA, then any. */
function best<T extends Served>(candidates: readonly T[], { rsa, ecdsa }: KeyKinds): T | null {
  const [first = null] = candidates;
  if (candidates.length < 2) return first;
  const ofKind = (kind: Served["kind"]) => candidates.find((one) => one.kind === kind);
  return (ecdsa ? ofKind("ecdsa") : undefined) ?? (rsa ? ofKind("rsa") : undefined) ?? first;
}
