/** What is known of a stick table without its memory: what it is called, and what it stores. */
import type { StickTable } from "../config/model.ts";
import { type DataName, dataNames, dataTypes, mostElements } from "./data-types.ts";
import { elementField, type Field, fieldOf, type Layout, layOut } from "./layout.ts";

/** The arrays of general purpose. */
export type ArrayName = "gpc" | "gpc_rate" | "gpt";

/** See above. */
export class TableFacts {
  readonly layout: Layout;
  /** Where it has each type of data, by the types' numbers. */
  readonly #fields: readonly (Field | null)[];
  readonly #elements: Readonly<Record<ArrayName, readonly Field[]>>;

  constructor(readonly name: string, readonly config: StickTable) {
    this.layout = layOut(config);
    const fields: (Field | null)[] = [];
    for (const name of dataNames) fields[dataTypes[name].number] = fieldOf(this.layout, name);
    this.#fields = fields;
    const all = (name: ArrayName) =>
      Array.from({ length: mostElements }, (_, i) => elementField(this.layout, name, i))
        .flatMap((field) => field ?? []);
    this.#elements = { gpc: all("gpc"), gpc_rate: all("gpc_rate"), gpt: all("gpt") };
  }

  /**
   * Where it has a type of data, by its number (data-types.ts), also as an element of an array; null:
   * it does not store it.
   */
  field(number: number): Field | null {
    return this.#fields[number]!;
  }

  /** Where it has an element of an array; null: it does not store it, as such. */
  element(array: ArrayName, index: number): Field | null {
    return this.#elements[array][index] ?? null;
  }

  /** Whether it stores a type of data. */
  stores(name: DataName): boolean {
    return this.#fields[dataTypes[name].number] !== null;
  }
}
