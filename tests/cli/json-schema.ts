/** As much of JSON Schema as the configuration's schema uses. */

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
}

/** Keywords that say nothing about what is valid. */
const annotations = ["$schema", "title", "description", "default", "format"];
const understood = new Set([
  ...annotations,
  ...["type", "const", "enum", "properties", "required", "additionalProperties", "items"],
  ...["anyOf", "oneOf", "minimum", "maximum", "minLength", "pattern"],
]);

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/**
 * Where `value` is not what `schema` says.
 * @throws {Error} for a keyword that is not understood here
 */
export function violations(schema: Schema, value: unknown, path = "$"): string[] {
  const unknown = Object.keys(schema).find((keyword) => !understood.has(keyword));
  if (unknown !== undefined) throw new Error(`${path}: JSON Schema keyword '${unknown}'`);
  const found: string[] = [];
  const expect = (holds: boolean, what: string) => void (holds || found.push(`${path}: ${what}`));
  const { type, properties = {}, required = [], additionalProperties, items } = schema;
  const integer = type === "integer";
  if (type !== undefined) expect(typeOf(value) === (integer ? "number" : type), `not ${type}`);
  if (integer) expect(Number.isInteger(value), "not whole");
  if ("const" in schema) expect(value === schema.const, "another constant");
  if (schema.enum !== undefined) expect(schema.enum.includes(value), "none of the choices");
  if (schema.minimum !== undefined) expect((value as number) >= schema.minimum, "too small");
  if (schema.maximum !== undefined) expect((value as number) <= schema.maximum, "too great");
  const { length } = value as { length: number } ?? {};
  if (schema.minLength !== undefined) expect(length >= schema.minLength, "too short");
  if (schema.pattern !== undefined) {
    expect(new RegExp(schema.pattern, "u").test(value as string), `not like ${schema.pattern}`);
  }
  const fits = (choices: readonly Schema[]) =>
    choices.filter((choice) => violations(choice, value, path).length === 0).length;
  if (schema.anyOf !== undefined) expect(fits(schema.anyOf) > 0, "none of anyOf");
  if (schema.oneOf !== undefined) expect(fits(schema.oneOf) === 1, "not exactly one of oneOf");
  if (items !== undefined && Array.isArray(value)) {
    value.forEach((item, i) => found.push(...violations(items, item, `${path}[${i}]`)));
  }
  if (typeOf(value) !== "object") return found;
  const object = value as Record<string, unknown>;
  for (const name of required) expect(name in object, `no '${name}'`);
  for (const [name, item] of Object.entries(object)) {
    const own = properties[name] ?? additionalProperties;
    if (own === false) expect(false, `unknown '${name}'`);
    else if (typeof own === "object") found.push(...violations(own, item, `${path}.${name}`));
  }
  return found;
}
