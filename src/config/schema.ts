/** Looking into the model's schemas: what properties there are, and what their defaults are. */
import * as v from "valibot";

/** A schema of valibot, with what the walks below look at. */
export interface Schema extends v.GenericSchema {
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly item?: Schema;
  /** Of a variant: schemas. */
  readonly options?: readonly unknown[];
  readonly wrapped?: Schema;
  readonly literal?: unknown;
}

/** The schema that says what `value` is: without optional and nullable, and of a variant, the one. */
export function concrete(schema: Schema, value: unknown): Schema | undefined {
  if (schema.wrapped !== undefined) return concrete(schema.wrapped, value);
  if (schema.type !== "variant") return schema;
  const kind = (value as { kind?: unknown } | null | undefined)?.kind;
  const options = schema.options as readonly Schema[] | undefined;
  return options?.find((option) => option.entries?.["kind"]?.literal === kind);
}

/** A copy of the value without the properties that are at their default. */
export function withoutDefaults(schema: Schema, value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  const found = concrete(schema, value);
  const { item, entries } = found ?? {};
  if (Array.isArray(value)) {
    return item === undefined ? value : value.map((each) => withoutDefaults(item, each));
  }
  const kept = Object.entries(value).flatMap(([key, member]) => {
    const entry = entries?.[key];
    if (entry === undefined) return [[key, member] as const];
    const unset = entry.type === "optional" ? JSON.stringify(v.parse(entry, undefined)) : undefined;
    return unset === JSON.stringify(member) ? [] : [[key, withoutDefaults(entry, member)] as const];
  });
  return Object.fromEntries(kept);
}
