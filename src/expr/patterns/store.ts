/**
 * All lists of patterns of a thread: those of files, which all who name a file share, and those of ACLs.
 * Operators and rules change them by name or number; each change goes to the other threads.
 */
import { eachPatternLine } from "./lines.ts";
import { plainText } from "../../text/utf8.ts";
import { PatternMistake } from "./pattern.ts";
import { type PatternChange, PatternReference } from "./reference.ts";

/** A change of a list, which `list` names: plain data. */
export interface NamedChange {
  /** The file's name, or "#" and the list's number. */
  readonly list: string;
  readonly change: PatternChange;
}

/** See the head of this file. */
export class PatternStore {
  readonly #references: PatternReference[] = [];
  readonly #byName = new Map<string, PatternReference>();
  #numbered = 0;
  /** Entries that wait for "commit", by list and version. */
  readonly #prepared = new Map<
    PatternReference,
    Map<number, { key: string; value: string | null }[]>
  >();
  readonly #versions = new Map<PatternReference, { current: number; next: number }>();

  /** Called with each change that was made here, and must be made by the other threads too. */
  onChange: ((change: NamedChange) => void) | null = null;

  /**
   * @param readFile the text of a file, one character a byte, at the start only.
   * @throws {Error} from readFile, if it cannot be read
   */
  constructor(readonly readFile: (path: string) => string) {}

  /**
   * The list that a file has, read when it is first asked for. "virt@name" has no file, "opt@name" may
   * have none, "file@name" is as "name".
   * @param pairs it is a map, or an ACL of a map's keys ("-M")
   * @param use who asks: "map at file 'a.cfg' line 10"
   * @throws {PatternMistake} if it cannot be read, or is used both as a map and a plain list
   */
  file(name: string, pairs: boolean, use: string): PatternReference {
    const found = this.#byName.get(name);
    if (found !== undefined) {
      if (found.pairs !== pairs) {
        const [is, be] = found.pairs ? ["two", "one"] : ["one", "two"];
        throw new PatternMistake(
          `The file "${name}" is already used as ${is} column file and cannot be used by as ${be} column file.`,
        );
      }
      found.addUse(use);
      return found;
    }
    const reference = new PatternReference(name, pairs);
    eachPatternLine(this.#read(name), pairs, ({ key, value, line }) => {
      reference.add(key, value, line);
    });
    reference.addUse(use);
    this.#references.push(reference);
    this.#byName.set(name, reference);
    return reference;
  }

  #read(name: string): string {
    const [, kind, path = ""] = /^(?:(virt|opt|file)@)?(.*)$/s.exec(name)!;
    if (kind === "virt") return "";
    try {
      return this.readFile(plainText(path));
    } catch (error) {
      if (kind === "opt") return "";
      const reason = error instanceof Error ? error.message : String(error);
      throw new PatternMistake(`failed to open pattern file <${path}>`, reason);
    }
  }

  /**
   * A list for the patterns that stand in an ACL itself.
   * @param use "acl 'path' file 'a.cfg' line 12"
   * @param id "-u"
   */
  inline(use: string, id: number | null = null): PatternReference {
    const reference = new PatternReference(null, false, id);
    reference.addUse(use);
    this.#references.push(reference);
    return reference;
  }

  /** All lists, by their numbers. */
  get references(): readonly PatternReference[] {
    this.#number();
    return this.#references.toSorted((a, b) => a.id - b.id);
  }

  /** The list of a file's name, or of "#" and a number. */
  find(name: string): PatternReference | undefined {
    if (!/^#\d+$/.test(name)) return this.#byName.get(name);
    this.#number();
    return this.#references.find(({ id }) => id === Number(name.slice(1)));
  }

  /** Gives each list its number: the wanted one, else the first that is free. */
  #number(): void {
    if (this.#numbered === this.#references.length) return;
    this.#numbered = this.#references.length;
    const taken = new Set(this.#references.map(({ id, wantedId }) => wantedId ?? id));
    let next = 0;
    for (const reference of this.#references) {
      if (reference.id >= 0) continue;
      if (reference.wantedId !== null) {
        reference.id = reference.wantedId;
        continue;
      }
      while (taken.has(next)) next++;
      reference.id = next++;
    }
  }

  /**
   * Makes a change here and tells the other threads. @returns what keeps it from being made; else null
   * @throws {PatternMistake} if an entry is wrong
   */
  change(reference: PatternReference, change: PatternChange): string | null {
    const problem = reference.apply(change);
    if (problem === null && this.onChange !== null) {
      this.#number();
      this.onChange({ list: reference.name ?? `#${reference.id}`, change });
    }
    return problem;
  }

  /** Makes a change that another thread has made. */
  receive({ list, change }: NamedChange): void {
    this.find(list)?.apply(change);
  }

  /** Current and next version, as "show map" has them. */
  versions(reference: PatternReference): { readonly current: number; readonly next: number } {
    return this.#versions.get(reference) ?? { current: 0, next: 0 };
  }

  /** "prepare map": begins a new version. @returns its number */
  prepare(reference: PatternReference): number {
    const { current, next } = this.versions(reference);
    this.#versions.set(reference, { current, next: next + 1 });
    const waiting = this.#prepared.get(reference) ?? new Map();
    waiting.set(next + 1, []);
    this.#prepared.set(reference, waiting);
    return next + 1;
  }

  /** What waits in a version; undefined: it has not been prepared. */
  prepared(
    reference: PatternReference,
    version: number,
  ): { key: string; value: string | null }[] | undefined {
    return this.#prepared.get(reference)?.get(version);
  }

  /**
   * "commit map": what waits in a version takes the place of all entries, also of older versions.
   * @returns false: there is no such version
   * @throws {PatternMistake} if one of its entries is wrong
   */
  commit(reference: PatternReference, version: number): boolean {
    const entries = this.prepared(reference, version);
    if (entries === undefined) return false;
    this.change(reference, { change: "replace", entries });
    const waiting = this.#prepared.get(reference)!;
    for (const number of [...waiting.keys()]) if (number <= version) waiting.delete(number);
    this.#versions.set(reference, { ...this.versions(reference), current: version });
    return true;
  }
}
