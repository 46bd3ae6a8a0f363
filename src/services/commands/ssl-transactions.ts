/** Changes of certificates and of files of authorities that are prepared, and take effect at once. */
import { refuse } from "./command.ts";

/** What is prepared for one file; there is one such change at a time, as in HAProxy. */
export class SslTransaction<T> {
  #of: { readonly name: string; readonly value: T } | null = null;

  /** What is prepared for a file; null: nothing. */
  get(name: string): T | null {
    return this.#of?.name === name ? this.#of.value : null;
  }
  get name(): string | null {
    return this.#of?.name ?? null;
  }

  /** @throws {CommandError} if another file's change is being prepared */
  set(name: string, value: T): "created" | "updated" {
    this.#check(name, `Can't update ${name}!`);
    const what = this.#of === null ? "created" : "updated";
    this.#of = { name, value };
    return what;
  }

  /** @throws {CommandError} if nothing is prepared for it */
  take(name: string): T {
    if (this.#of === null) throw refuse(`No ongoing transaction! !\nCan't commit ${name}!`);
    this.#check(name, `Can't commit ${name}!`);
    return this.#of.value;
  }

  abort(name: string): string {
    if (this.#of === null) throw refuse("No ongoing transaction!");
    if (this.#of.name !== name) {
      throw refuse(
        `The ongoing transaction is about '${this.#of.name}' but you are trying to abort a ` +
          `transaction for '${name}'`,
      );
    }
    this.#of = null;
    return `Transaction aborted for certificate '${name}'!\n`;
  }

  end(): void {
    this.#of = null;
  }

  #check(name: string, end: string): void {
    if (this.#of === null || this.#of.name === name) return;
    throw refuse(
      `The ongoing transaction is about '${this.#of.name}' but you are trying to set '${name}'\n` +
        end,
    );
  }
}

/** One for each process that a command acts on. */
export function transactionsOf<T>(): (of: object) => SslTransaction<T> {
  const known = new WeakMap<object, SslTransaction<T>>();
  return (of) => {
    let found = known.get(of);
    if (found === undefined) known.set(of, found = new SslTransaction<T>());
    return found;
  };
}
