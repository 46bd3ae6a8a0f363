/** What is wrong with a JSON file beyond what valibot reports, and what of it is sound nonetheless. */
import type { Place } from "./diagnostic.ts";
import type { JsonNode } from "./json-text.ts";
import { Configuration, Proxy } from "./model.ts";
import { didYouMean } from "../text/nearest.ts";
import { concrete, type Schema } from "./schema.ts";
import { sectionKinds } from "./sections.ts";

/** A part that the model has no place for. */
export interface Fault {
  readonly path: readonly string[];
  readonly place: Place;
  readonly message: string;
  readonly hint?: string;
  /** Whether it is an array where an object belongs; what is in it was not looked at. */
  readonly isArray: boolean;
}

/**
 * The arrays where the model has objects (valibot takes them for objects), all unknown properties
 * (valibot reports the first of each object), and all that are missing (valibot takes long for it).
 */
export function faultsOf(root: JsonNode): Fault[] {
  return faultsIn(Configuration as Schema, root, []);
}

function faultsIn(schema: Schema, node: JsonNode, path: readonly string[]): Fault[] {
  if (schema.wrapped !== undefined) return faultsIn(schema.wrapped, node, path);
  const isObject = schema.type === "strict_object" || schema.type === "variant";
  if (isObject && Array.isArray(node.value)) {
    const message = "an array cannot stand here";
    return [{ path, place: node.place, message, hint: "an object", isArray: true }];
  }
  const { entries, item } = concrete(schema, node.value) ?? {};
  const missing = Object.entries(entries ?? {}).flatMap(([name, { type }]): Fault[] => {
    if (type === "optional" || node.members.has(name) || !isObjectValue(node.value)) return [];
    const message = `the property '${name}' is missing`;
    return [{ path: [...path, name], place: node.place, message, isArray: false }];
  });
  return missing.concat([...node.members].flatMap(([name, member]) => {
    const inner = [...path, name];
    if (item !== undefined) return faultsIn(item, member.node, inner);
    if (entries === undefined) return [];
    const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (entry !== undefined) return faultsIn(entry, member.node, inner);
    const names = Object.keys(entries);
    const hint = didYouMean(name, names) ?? `one of: ${names.join(", ")}`;
    const message = `unknown property '${name}'`;
    return [{ path: inner, place: member.key, message, hint, isArray: false }];
  }));
}

function isObjectValue(value: unknown): boolean {
  return value !== null && typeof value === "object";
}

/** The settings of a proxy that the checks of others, or of its servers, cannot do without. */
const essential: ReadonlySet<string> = new Set(["name", "kind", "mode", "bind"]);

/** The parts of a file that others refer to. */
const isReferredTo = (top: string) => Object.hasOwn(sectionKinds, top);

/**
 * The file without what is wrong at `paths`, so that the checks of the configuration as a whole can
 * be made of the rest and say nothing that is not so: without the whole server, the whole setting of
 * a proxy, or the whole global section. Null, and those checks wait, if a proxy has an unknown
 * property (it may be any of its settings, misspelt) or is wrong in what others depend on, as are the
 * sections that have names.
 */
export function soundPart(root: JsonNode, paths: readonly (readonly string[])[]): JsonNode | null {
  const cuts = new Set<string>();
  for (const path of paths) {
    const [top, , key = ""] = path;
    if (top === undefined || isReferredTo(top)) return null;
    const ofProxy = top === "proxies";
    if (ofProxy && (!Object.hasOwn(Proxy.entries, key) || essential.has(key))) return null;
    const depth = ofProxy ? (key === "servers" ? 4 : 3) : 1;
    cuts.add(JSON.stringify(path.slice(0, depth)));
  }
  return without(root, [], cuts);
}

function without(node: JsonNode, path: readonly string[], cuts: ReadonlySet<string>): JsonNode {
  const kept = [...node.members].flatMap(([name, { key, node }]) => {
    const inner = [...path, name];
    if (cuts.has(JSON.stringify(inner))) return [];
    return [[name, { key, node: without(node, inner, cuts) }] as const];
  });
  if (Array.isArray(node.value)) {
    const members = new Map(kept.map(([, member], index) => [String(index), member]));
    return { ...node, value: kept.map(([, { node }]) => node.value), members };
  }
  if (node.value === null || typeof node.value !== "object") return node;
  const value = Object.fromEntries(kept.map(([name, { node }]) => [name, node.value]));
  return { ...node, value, members: new Map(kept) };
}
